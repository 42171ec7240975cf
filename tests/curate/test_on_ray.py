"""A whole curation on a Ray cluster of two workers gives the files that one machine gives, byte for byte."""

import importlib.util
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from thuja.curate import Handed, curate
from thuja.curate.leaks import LeakIndexSettings, build_leak_index
from thuja.curate.recipe_file import load_recipe
from thuja.names import resolve_names

SCRIPT = Path(__file__).with_name("ray_curation.py")
SPECIES = [
    ("Corvidae", "Corvus corax"), ("Corvidae", "Corvus corone"), ("Corvidae", "Pica pica"), ("Paridae", "Parus major"),
    ("Paridae", "Parus minor"), ("Paridae", "Parus cinereus"), ("Sittidae", "Sitta europaea"),
    ("Sittidae", "Sitta canadensis"),
]  # fmt: skip
EACH = 6
RECIPE = """
seed = 5
[[sources]]
kind = "table"
path = "source/table.csv"
[quality]
min_side = 100
[bursts]
[duplicates]
perceptual = true
[leaks]
indexes = ["set.parquet"]
[caps]
max_images = 5
[splits]
by = "observation"
unseen_species = 1
val = 0.1
test = 0.2
[shards]
size = 8
"""


def scene(number: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    noise = np.random.default_rng(number).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((240, 180), Image.Resampling.BICUBIC).resize(size, Image.Resampling.LANCZOS)


def write_images(folder: Path, benchmark: Path) -> None:
    """Six images of each of eight species, two an observation, and copies of some; two make a benchmark."""
    rows = []

    def add(name: str, species: str, observation: str) -> Path:
        rows.append({"file": f"images/{name}", "scientific_name": species, "observation_id": observation})
        return folder / "images" / name

    (folder / "images").mkdir(parents=True)
    for at, (_, species) in enumerate(SPECIES):
        for number in range(EACH):
            path = add(f"{at}-{number}.png", species, f"{at}-{number // 2}")
            scene(EACH * at + number).save(path)
    for at in (0, 3):
        species = SPECIES[at][1]
        shutil.copy(folder / "images" / f"{at}-0.png", add(f"{at}-bytes.png", species, f"{at}-bytes"))
        scene(EACH * at + 1).save(add(f"{at}-pixels.png", species, f"{at}-pixels"), compress_level=1)
        scene(EACH * at + 2, (160, 120)).save(add(f"{at}-near.png", species, f"{at}-near"))
        scene(EACH * at + 4, (200, 150)).save(add(f"{at}-burst.png", species, f"{at}-2"))
        scene(1000 + at, (80, 60)).save(add(f"{at}-small.png", species, f"{at}-small"))
    pl.DataFrame(rows).write_csv(folder / "table.csv")
    benchmark.mkdir()
    for name in ("4-0", "5-3"):
        with Image.open(folder / "images" / f"{name}.png") as image:
            image.save(benchmark / f"{name}.jpg", quality=90)


def files_of(out: Path) -> dict[str, bytes]:
    paths = [out / "catalog.parquet", out / "names.csv", *sorted((out / "shards").iterdir())]
    return {path.name: path.read_bytes() for path in paths}


@pytest.mark.slow
def test_a_cluster_curates_as_one_machine_does(tmp_path: Path) -> None:
    """Every step that looks across rows has something to find."""
    assert importlib.util.find_spec("ray"), "pip install thuja[curate-ray]"
    write_images(tmp_path / "source", tmp_path / "set")
    build_leak_index(tmp_path / "set", tmp_path / "set.parquet", LeakIndexSettings(name="set"))
    backbone = tmp_path / "backbone.parquet"
    taxa = [
        {"kingdom": "Animalia", "class": "Aves", "family": family, "genus": name.split()[0], "species": name.split()[1]}
        for family, name in SPECIES
    ]
    pl.DataFrame(taxa).write_parquet(backbone)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)
    handed = Handed(resolve=partial(resolve_names, backbones=(str(backbone),)))
    summary = curate(load_recipe(recipe), tmp_path / "native", handed=handed)
    assert {step.name: dict(step.dropped) for step in summary.steps if step.dropped} == {
        "quality": {"too_small": 2},
        "bursts": {"near_duplicate": 2},
        "duplicates": {"duplicate": 2, "duplicate_pixels": 2, "near_duplicate": 2},
        "leaks": {"leak": 2},
        "caps": {"over_taxon_cap": 6},
    }
    command = [sys.executable, str(SCRIPT), str(recipe), str(backbone), str(tmp_path / "ray")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-4000:]
    native = files_of(tmp_path / "native")
    assert len([name for name in native if name.endswith(".tar")]) >= 6
    assert files_of(tmp_path / "ray") == native
