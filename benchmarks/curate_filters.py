"""Filters on real photos: how many of each set are dropped, rightly and wrongly, and a wall of those that are.

    python benchmarks/curate_filters.py people PHOTOS --detector yunet --walls walls
    python benchmarks/curate_filters.py faces PHOTOS --faces lfw_subset.npy
    python benchmarks/curate_filters.py quality PHOTOS --walls walls

PHOTOS is a folder with `manifest.csv` (set, file, label). A table's interval is Wilson's at 95 %.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw, ImageFilter

from thuja.curate.filters.measures import SIDE, contrast_of, measures_of, sharpness_of
from thuja.curate.filters.people import PeopleSettings, person_score
from thuja.errors import ImageError
from thuja.images import read_image
from thuja.model.detectors import FaceFinder

FACES = (
    "n02536864_coho",
    "n02641379_gar",
    "n02514041_barracouta",
    "n02640242_sturgeon",
    "Rose_breasted_Grosbeak/0030",
    "rose/7456771390",
)
"""Photos that were looked at and hold a person's face, whatever their label says."""
NO_ORGANISMS = ("robust",)
BLURS = (1, 2, 4)
THRESHOLDS = {"sharpness": 8.0, "contrast": 12.0}


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share, in percent."""
    if not total:
        return 0.0, 100.0
    z, share = 1.96, hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * np.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, 100 * (middle - half)), min(100.0, 100 * (middle + half))


def photos(folder: Path, per_set: int) -> Iterator[tuple[str, Path, Image.Image]]:
    """Set, file and image, of each set at most so many, evenly from all of it."""
    manifest = pl.read_csv(folder / "manifest.csv").filter(~pl.col("set").is_in(NO_ORGANISMS))
    for (name,), rows in sorted(manifest.group_by("set", maintain_order=True)):
        files = rows["file"].to_list()
        for file in files[:: max(1, -(-len(files) // per_set))] if per_set else files:
            try:
                yield name, folder / file, read_image(folder / file)
            except ImageError:
                continue


HEAD = "| n | kept | dropped | share | Wilson 95 % |\n|---|---|---|---|---|---|"


def print_line(name: str, dropped: int, total: int) -> None:
    low, high = wilson(dropped, total)
    share = 100 * dropped / max(total, 1)
    print(f"| {name} | {total:,} | {total - dropped:,} | {dropped:,} | {share:.2f} % | {low:.2f}-{high:.2f} % |")


def write_wall(images: Sequence[tuple[Image.Image, str]], path: Path) -> None:
    """Thumbnails with a word under each, ten in a row."""
    if not images:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    wall = Image.new("RGB", (10 * 150, -(-len(images) // 10) * 165), "white")
    pen = ImageDraw.Draw(wall)
    for place, (image, text) in enumerate(images):
        corner = (place % 10 * 150, place // 10 * 165)
        small = image.copy()
        small.thumbnail((146, 146))
        wall.paste(small, corner)
        pen.text((corner[0], corner[1] + 148), text, fill="black")
    wall.save(path)


def people(folder: Path, detector: str, per_set: int, walls: Path | None) -> None:
    """The rule with its guard, and the plain detector beside it."""
    rules = {"plain": PeopleSettings(rule=detector, guard=False), "guarded": PeopleSettings(rule=detector)}
    finder = FaceFinder(detector=detector)
    counts: dict[tuple[str, str], list[int]] = {}
    shown: list[tuple[Image.Image, str]] = []
    seconds, seen = 0.0, 0
    for name, file, image in photos(folder, per_set):
        group = "photos with a face" if any(word in file.as_posix() for word in FACES) else name
        started = time.perf_counter()
        faces = finder(image)
        seconds, seen = seconds + time.perf_counter() - started, seen + 1
        for rule, settings in rules.items():
            score = person_score(faces, settings)
            is_person = score >= settings.min_score if detector == "yunet" else score > settings.mean_score
            tally = counts.setdefault((rule, group), [0, 0])
            tally[0] += is_person
            tally[1] += 1
            if is_person and rule == "guarded":
                shown.append((image, f"{group[:12]} {score:.2f}"))
    for rule in rules:
        print(f"\n{detector}, {rule}\n\n| set {HEAD}")
        mine = {group: tally for (of, group), tally in counts.items() if of == rule}
        for group, (dropped, total) in sorted(mine.items()):
            print_line(group, dropped, total)
        wrong = [tally for group, tally in mine.items() if group != "photos with a face"]
        print_line("all without a face", sum(t[0] for t in wrong), sum(t[1] for t in wrong))
    print(f"\n{1000 * seconds / max(seen, 1):.0f} ms an image")
    if walls:
        write_wall(shown, walls / f"people-{detector}.png")


def pasted(faces: Path, folder: Path, detector: str) -> None:
    """Recall on the face crops of `lfw_subset.npy` (scikit-image), pasted on photos without people."""
    crops = np.load(faces)[:100]
    quiet = ("birds_cub100", "flowers5")
    grounds = [image.resize((720, 720)) for name, _, image in photos(folder, 10) if name in quiet]
    finder, settings = FaceFinder(detector=detector), PeopleSettings(rule=detector)
    print(f"\n| side of the pasted crop {HEAD}")
    for side in (48, 84, 168):
        found = 0
        for number, crop in enumerate(crops):
            face = (
                Image.fromarray((crop * 255).astype(np.uint8))
                .convert("RGB")
                .resize((side, side), Image.Resampling.BICUBIC)
            )
            image = grounds[number % len(grounds)].copy()
            image.paste(face, (300, 250))
            score = person_score(finder(image), settings)
            found += score >= settings.min_score if detector == "yunet" else score > settings.mean_score
        print_line(f"{side} of 720 pixels", found, len(crops))


def quality(folder: Path, per_set: int, walls: Path | None) -> None:
    """Real photos under the recommended thresholds, and how many of planted blurs and blanks are."""
    wrong: dict[str, dict[str, list[int]]] = {}
    planted: dict[str, list[int]] = {}
    shown: list[tuple[Image.Image, str]] = []
    seconds, seen = 0.0, 0
    for name, _, image in photos(folder, per_set):
        started = time.perf_counter()
        found = measures_of(image)
        seconds, seen = seconds + time.perf_counter() - started, seen + 1
        for measure, least in THRESHOLDS.items():
            tally = wrong.setdefault(measure, {}).setdefault(name, [0, 0])
            tally[0] += getattr(found, measure) < least
            tally[1] += 1
        if found.sharpness < 2 * THRESHOLDS["sharpness"] or found.contrast < 3 * THRESHOLDS["contrast"]:
            shown.append((image, f"{name[:8]} {found.sharpness:.0f} {found.contrast:.0f}"))
        for radius in BLURS:
            blurred = image.filter(ImageFilter.GaussianBlur(radius * max(1.0, max(image.size) / SIDE)))
            tally = planted.setdefault(f"blur of {radius} px at {SIDE}", [0, 0])
            tally[0] += sharpness_of(blurred) < THRESHOLDS["sharpness"]
            tally[1] += 1
        washed = Image.blend(image, Image.new("RGB", image.size, (128, 128, 128)), 0.96)
        tally = planted.setdefault("contrast cut to 4 %", [0, 0])
        tally[0] += contrast_of(washed) < THRESHOLDS["contrast"]
        tally[1] += 1
    for measure, sets in wrong.items():
        print(f"\n{measure} < {THRESHOLDS[measure]:g}\n\n| set {HEAD}")
        for name, (dropped, total) in sorted(sets.items()):
            print_line(name, dropped, total)
    print(f"\n| planted {HEAD}")
    for name, (dropped, total) in planted.items():
        print_line(name, dropped, total)
    print(f"\n{1000 * seconds / max(seen, 1):.2f} ms an image for both measures")
    if walls:
        write_wall(shown, walls / "quality.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["people", "faces", "quality"])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--detector", choices=["yunet", "mtcnn"], default="yunet")
    parser.add_argument("--per-set", type=int, default=0, help="at most so many images of each set (0: all)")
    parser.add_argument(
        "--faces", type=Path, default=Path("lfw_subset.npy"), help="lfw_subset.npy of scikit-image, to paste on photos"
    )
    parser.add_argument("--walls", type=Path, help="folder for walls of images")
    told = parser.parse_args()
    if told.what == "quality":
        quality(told.photos, told.per_set, told.walls)
    elif told.what == "faces":
        pasted(told.faces, told.photos, told.detector)
    else:
        people(told.photos, told.detector, told.per_set, told.walls)


if __name__ == "__main__":
    main()
