"""The papers' layouts in small, of images that carry numbers as the grey of their cells, and what reads these.

So what a page must say is known by construction.
"""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

CELL, CELLS = 4, 8


def paint(path: Path, numbers: Sequence[float]) -> None:
    """A grey image of one row of cells, from black at -4 to white at 4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.clip((np.asarray(numbers) + 4) / 8 * 255, 0, 255)
    Image.fromarray(np.repeat(np.repeat(grey[None], CELL, 0), CELL, 1).astype(np.uint8)).save(path, format="PNG")


def encode(files: Sequence[Path]) -> np.ndarray:
    """What the cells say (N, CELLS); NaN of what is no image."""
    rows = np.full((len(files), CELLS), np.nan)
    for row, path in enumerate(files):
        try:
            pixels = np.asarray(Image.open(path).convert("L"), dtype=float)
        except OSError:
            continue
        rows[row] = pixels.reshape(CELL, CELLS, CELL).mean(axis=(0, 2)) / 255 * 8 - 4
    return rows


def blind(files: Sequence[Path]) -> np.ndarray:
    """A control that sees nothing of what is painted."""
    return np.random.default_rng(99).standard_normal((len(files), CELLS))


def write_csv(path: Path, rows: Sequence[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


FINCHES = (
    "fuliginosa",
    "fortis",
    "magnirostris",
    "scandens",
    "difficilis",
    "conirostris",
    "acutirostris",
    "septentrionalis",
)


def make_finches(folder: Path, *, images: int = 5, beaks: bool = True) -> None:
    """Finches whose first cell is the size of their beak; names carry an author, and thus a comma."""
    generator = np.random.default_rng(0)
    rows = []
    for number, name in enumerate(FINCHES):
        for image in range(images):
            uuid = f"{number:04d}-{image}"
            cells = 0.15 * generator.standard_normal(CELLS)
            cells[0] = 0.7 * (number - 3.5) + 0.1 * generator.standard_normal()
            paint(folder / "images" / f"{uuid}.jpg", cells)
            row = {"uuid": uuid, "scientific_name": f"Geospiza {name} Gould, 1837"}
            rows.append(row | ({"beak_depth_mm": 6 + number} if beaks else {}))
    write_csv(folder / "metadata" / "Darwin-finches.csv", rows)


FISH_TABLE = ("species", "image", "Genus", "Family", "Order", "Class", "Folder", "freshwater")


def make_fishnet(folder: Path, *, orders: int = 6, images: int = 2) -> None:
    """Fishes of many families, half of each of fresh water, which the second cell shows; some of a genus alone."""
    generator = np.random.default_rng(0)
    rows = []
    for family in range(2 * orders):
        place = 0.6 * generator.standard_normal(CELLS)
        for species in range(4):
            is_fresh = species % 2 == 0
            own = place + 0.2 * generator.standard_normal(CELLS)
            for image in range(images):
                name = f"f{family}-{species}-{image}.png"
                cells = own + 0.1 * generator.standard_normal(CELLS)
                cells[1] = (2 if is_fresh else -2) + 0.3 * generator.standard_normal()
                paint(folder / "Image_Library" / f"F{family}idae" / name, cells)
                rows.append(
                    {
                        "species": f"s{species}", "image": f"https://example.org/{name}", "Genus": f"Genus{family}",
                        "Family": f"F{family}idae", "Order": f"Order{family // 2}/Other", "Class": "Actinopterygii",
                        "Folder": f"F{family}idae", "freshwater": int(is_fresh),
                    }
                )  # fmt: skip
    rows.append({**rows[0], "freshwater": ""})
    rows.append({**rows[0], "species": ""})
    write_csv(folder / "test.csv", rows)


BIRDS = ("bald_eagle", "dunlin", "whimbrel", "sanderling", "crested_moa")


def make_newt(folder: Path, *, images: int = 12, sexed: bool = True) -> None:
    """Birds that differ in three cells, their age in another, a sixth in sex; and a task that is about neither."""
    generator = np.random.default_rng(0)
    tasks = [(f"ml_age_{bird}", "age", ("not_adult", "adult"), 4) for bird in BIRDS]
    if sexed:
        tasks += [(f"ml_sex_{bird}", "attribute", ("female_bird", "male_bird"), 5) for bird in BIRDS[:4]]
    tasks.append(("ml_tag_nest", "nan", ("no_nest", "nest"), 6))
    places = {bird: np.r_[2 * np.random.default_rng(n).standard_normal(3), np.zeros(5)] for n, bird in enumerate(BIRDS)}
    rows = []
    for task, cluster, words, cell in tasks:
        place = next((own for bird, own in places.items() if task.endswith(bird)), np.zeros(CELLS))
        for image in range(images):
            label = image % 2
            cells = place + 0.2 * generator.standard_normal(CELLS)
            cells[cell] += 2.4 * label - 1.2
            name = f"{task}-{image}"
            paint(folder / "newt2021_images" / f"{name}.jpg", cells)
            rows.append(
                {
                    "id": name, "task_cluster": "appearance", "task_subcluster": cluster, "task": task, "label": label,
                    "text_label": words[label], "split": "train",
                }
            )  # fmt: skip
    write_csv(folder / "newt2021_labels.csv", rows)


LEAVES = {
    "Tomato leaf": 0, "Tomato leaf late blight": 1, "Apple leaf": 0, "Apple Scab Leaf": 1, "grape leaf": 0,
    "grape leaf black rot": 1, "Bell_pepper leaf": 0, "Bell_pepper leaf spot": 1, "Potato leaf early blight": 1,
}  # fmt: skip


def make_plantdoc(folder: Path, *, images: int = 8) -> None:
    """Leaves of five crops, whose ailments show in a cell of their own."""
    generator = np.random.default_rng(0)
    places: dict[str, np.ndarray] = {}
    for name, is_ill in LEAVES.items():
        crop = name.split()[0].lower()
        place = places.setdefault(crop, np.r_[1.5 * generator.standard_normal(4), np.zeros(4)])
        for image in range(images):
            cells = place + 0.2 * generator.standard_normal(CELLS)
            cells[5] += 2.0 * is_ill - 1
            paint(folder / ("train" if image % 2 else "test") / name / f"{image}.jpg", cells)


def make_inat21(folder: Path, *, facts: bool = True, images: int = 3) -> None:
    """Two kingdoms of two families of two genera of two species, which lie as the tree has them."""
    generator = np.random.default_rng(0)
    categories, pictures, marks = [], [], []
    for number in range(16):
        bits = [number >> 3 & 1, number >> 2 & 1, number >> 1 & 1, number & 1]
        ranks = [
            ("Animalia", "Plantae")[bits[0]],
            f"P{bits[0]}",
            f"C{bits[0]}",
            f"O{number >> 2}",
            f"F{number >> 2}idae",
        ]
        ranks += [f"G{number >> 1}", f"s{number}"]
        name = f"{number:05d}_{'_'.join(ranks)}"
        place = np.r_[[3.0, 1.6, 0.9, 0.5] * (2 * np.array(bits) - 1), np.zeros(4)]
        keys = ("kingdom", "phylum", "class", "order", "family", "genus", "specific_epithet")
        categories.append(
            {"id": number, "image_dir_name": name, "common_name": f"thing {number}"}
            | dict(zip(keys, ranks, strict=True))
        )
        for image in range(images):
            file = f"val/{name}/{image}.jpg"
            paint(folder / file, place + 0.05 * generator.standard_normal(CELLS))
            pictures.append({"id": len(pictures), "file_name": file})
            marks.append({"id": len(marks), "image_id": len(marks), "category_id": number})
    if facts:
        found = {"categories": categories, "images": pictures, "annotations": marks}
        (folder / "val.json").write_text(json.dumps(found), encoding="utf-8")
