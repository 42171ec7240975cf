"""What finding duplicates costs and finds: near pairs beside FAISS, millions of hashes, and copies of real photos.

    python benchmarks/curate_duplicates.py [PHOTOS] [--millions 1 3 10]

PHOTOS is the data folder's `photos`. Prints the tables of docs/benchmarks.md and docs/curate-duplicates.md.
"""

import argparse
import io
import random
import resource
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import faiss
import numpy as np
import pdqhash
from PIL import Image, ImageEnhance

from thuja.curate.duplicates import hashes_of, near_pairs
from thuja.curate.duplicates.bands import Hashes, Integers
from thuja.curate.duplicates.confirming import same_pixels, thumbnail
from thuja.curate.duplicates.hashing import hash_bytes
from thuja.images import read_image

SETS = {
    "photos": ("imagenet_organisms", "flowers5", "primates10"),
    "birds": ("birds_cub100",),
    "fish": ("fish4knowledge",),
    "plankton": ("plankton_ndsb",),
}
Copy = Callable[[Image.Image], Image.Image]
SAMPLE = 200
MOST_SKEWED = 3
"""Millions: in a crowd pairs grow with the square, and so does what is written."""


def as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data).convert("RGB")


def cropped(image: Image.Image, share: float) -> Image.Image:
    """Without this share of the width and of the height at each edge."""
    left, top = round(image.width * share), round(image.height * share)
    return image.crop((left, top, image.width - left, image.height - top))


COPIES: dict[str, Copy] = {
    "half the side": lambda image: image.resize((max(1, image.width // 2), max(1, image.height // 2)), 1),
    "squashed to 224": lambda image: image.resize((224, 224), Image.Resampling.BICUBIC),
    "JPEG 90": lambda image: as_jpeg(image, 90),
    "JPEG 60": lambda image: as_jpeg(image, 60),
    "brighter by 8 %": lambda image: ImageEnhance.Brightness(image).enhance(1.08),
    "saturation 1.2": lambda image: ImageEnhance.Color(image).enhance(1.2),
    "crop, 2 % of the area": lambda image: cropped(image, 0.005),
    "crop, 2 % of each side": lambda image: cropped(image, 0.01),
}


def bits(count: int, rng: np.random.Generator) -> tuple[Hashes, Integers]:
    """Random hashes with one in a hundred planted within ten bits of another, and those pairs."""
    hashes = rng.integers(0, 256, (count, 32), dtype=np.uint8)
    rows = rng.permutation(count)[: 2 * (count // 100)].reshape(2, -1)
    flips = rng.random((rows.shape[1], 256)).argsort(axis=1) < rng.integers(0, 11, rows.shape[1])[:, None]
    hashes[rows[1]] = np.packbits(np.unpackbits(hashes[rows[0]], axis=1) ^ flips, axis=1)
    pairs = np.sort(rows.T, axis=1).astype(np.int64)
    return hashes, pairs[np.lexsort(pairs.T[::-1])]


def plain_ground(count: int, rng: np.random.Generator) -> Hashes:
    """Skewed: a tenth lies around 20 centres and differs from its own in 64 of the bits only, each changed in 3 of 10.

    So a bucket of one band holds thousands, as of small things on one plain ground.
    """
    hashes = rng.integers(0, 256, (count, 32), dtype=np.uint8)
    crowd = rng.permutation(count)[: count // 10]
    flips = np.zeros((len(crowd), 256), bool)
    flips[:, rng.choice(256, 64, replace=False)] = rng.random((len(crowd), 64)) < 0.3
    hashes[crowd] = hashes[:20][rng.integers(0, 20, len(crowd))] ^ np.packbits(flips, axis=1)
    return hashes


def by_faiss(hashes: Hashes, distance: int) -> Integers:
    """All pairs by comparing everything."""
    index = faiss.IndexBinaryFlat(256)
    index.add(hashes)
    ends, _, found = index.range_search(hashes, distance + 1)  # below the radius
    rows = np.repeat(np.arange(len(hashes)), np.diff(ends.astype(np.int64)))
    pairs = np.stack([rows, found], axis=1)[rows < found].astype(np.int64)
    return pairs[np.lexsort(pairs.T[::-1])]


def timed(work: Callable[[], Integers], times: int = 1) -> tuple[float, Integers]:
    """The median of the seconds, and the last result."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)), found


def beside_faiss(rng: np.random.Generator) -> None:
    for name, hashes in (("random, planted", bits(50_000, rng)[0]), ("plain ground", plain_ground(50_000, rng))):
        theirs, expected = timed(lambda hashes=hashes: by_faiss(hashes, 10), 3)
        ours, found = timed(lambda hashes=hashes: near_pairs(hashes), 5)
        same = f"{len(found)} pairs, identical: {np.array_equal(found, expected)}"
        print(f"50,000 {name}: FAISS {theirs:.3f} s, bands {ours:.4f} s, {theirs / ours:.0f} x; {same}")


def millions(counts: list[int], rng: np.random.Generator) -> None:
    costs = []
    for million in counts:
        hashes, planted = bits(million * 1_000_000, rng)
        seconds, found = timed(lambda hashes=hashes: near_pairs(hashes, threads=2))
        gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        whole = np.array_equal(found, planted)
        print(
            f"{million} million random: {seconds:.2f} s on two threads, peak {gigabytes:.2f} GB, all planted: {whole}"
        )
        if million <= MOST_SKEWED:
            skewed = plain_ground(million * 1_000_000, rng)
            longer, found = timed(lambda skewed=skewed: near_pairs(skewed, threads=2))
            print(f"{million} million, a tenth on plain ground: {longer:.2f} s, {len(found)} pairs")
        costs.append((million, seconds))
    for (low, before), (high, after) in pairwise(costs):
        print(f"from {low} to {high} million: seconds to the power {np.log(after / before) / np.log(high / low):.2f}")


def photos_of(folder: Path) -> Iterator[tuple[str, list[Image.Image]]]:
    for name, sets in SETS.items():
        files = sorted(file for one in sets for file in (folder / one).rglob("*") if file.suffix.lower() in ENDS)
        random.Random(0).shuffle(files)
        yield name, [read_image(file) for file in files[:SAMPLE]]


ENDS = {".jpg", ".jpeg", ".png"}


def full_hash(image: Image.Image) -> Hashes:
    """PDQ of the image as it is."""
    return np.packbits(pdqhash.compute(np.asarray(image))[0])


def near_hash(image: Image.Image) -> Hashes:
    return hash_bytes([hashes_of(image).pdq])[0]


def apart(left: list[Hashes], right: list[Hashes]) -> Integers:
    return np.bitwise_count(np.stack(left) ^ np.stack(right)).sum(axis=1, dtype=np.int64)


def copies_of(folder: Path) -> None:
    """By kind of copy: distance at full size and after the preparation, within ten, and confirmed."""
    for name, images in photos_of(folder):
        seconds, _ = timed(lambda images=images: np.stack([near_hash(image) for image in images]))
        slow, _ = timed(lambda images=images: np.stack([full_hash(image) for image in images]))
        ours, theirs = [near_hash(image) for image in images], [full_hash(image) for image in images]
        looks = np.stack([thumbnail(image) for image in images])
        enough = np.array([hashes_of(image).pdq_quality >= 50 for image in images])
        print(f"{name}: {len(images)}, {len(images) / seconds:.0f}/s (full size {len(images) / slow:.0f}/s)", end="; ")
        between = apart(ours, theirs)
        print(f"to the full PDQ {between.mean():.1f}, {between.max()}; {enough.mean():.1%} of quality 50")
        for kind, make in COPIES.items():
            made = [make(image) for image in images]
            full, near = apart(theirs, [full_hash(one) for one in made]), apart(ours, [near_hash(one) for one in made])
            agreed = same_pixels(looks, np.stack([thumbnail(one) for one in made]))
            gate = enough & np.array([hashes_of(one).pdq_quality >= 50 for one in made])
            print(
                f"  {kind}: full {full.mean():.1f}, {np.mean(full <= 10):.1%}; prepared {near.mean():.1f}, "
                f"{np.mean(near <= 10):.1%}; gate {np.mean((near <= 10) & gate):.1%}; "
                f"confirmed {np.mean((near <= 10) & gate & agreed):.1%}"
            )
        insets(images)


def insets(images: list[Image.Image]) -> None:
    """Two images of one ground with different insets of 10 to 30 % of its side: how many pass each gate."""
    rng = random.Random(1)
    near = gated = passed = 0
    for number, ground in enumerate(images):
        side = max(2, round(max(ground.size) * (0.1, 0.15, 0.2, 0.3)[number % 4]))
        box = (rng.randrange(max(1, ground.width - side)), rng.randrange(max(1, ground.height - side)))
        pair = [ground.copy(), ground.copy()]
        for one in pair:
            one.paste(rng.choice(images).resize((side, side)), box)
        is_near = apart([near_hash(pair[0])], [near_hash(pair[1])])[0] <= 10
        is_gated = is_near and min(hashes_of(one).pdq_quality for one in pair) >= 50
        near += is_near
        gated += is_gated
        passed += is_gated and bool(same_pixels(thumbnail(pair[0])[None], thumbnail(pair[1])[None])[0])
    print(f"  another inset: {near} of {len(images)} near, {gated} after the gate, {passed} confirmed")


def whole_folder(folder: Path) -> None:
    """Every pair of different photos within 10 and within 31 bits."""
    images = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in ENDS and "robust" not in file.parts]
    hashes = hash_bytes(hashes_of(read_image(file)).pdq for file in images)
    for distance in (10, 31):
        pairs = near_pairs(hashes, distance=distance)
        print(
            f"{len(images)} photos, within {distance}: {[(images[a].name, images[b].name) for a, b in pairs.tolist()]}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="?", type=Path)
    parser.add_argument("--millions", nargs="*", type=int, default=[1, 3, 10])
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    beside_faiss(rng)
    millions(arguments.millions, rng)
    if arguments.photos:
        copies_of(arguments.photos)
        whole_folder(arguments.photos)


if __name__ == "__main__":
    main()
