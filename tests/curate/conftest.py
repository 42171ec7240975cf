"""Small real pictures in folders, and a small backbone to name them by."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from thuja.curate import CurateSummary, Handed, SourceCall, curate, recipe_of
from thuja.names import resolve_names

SPECIES = {
    "Corvus corax": "Corvidae",
    "Corvus corone": "Corvidae",
    "Pica pica": "Corvidae",
    "Parus major": "Paridae",
    "Parus minor": "Paridae",
    "Sitta europaea": "Sittidae",
}
Curator = Callable[..., CurateSummary]


def _paint(path: Path, number: int, size: int = 24) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (size, size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="session")
def paint() -> Callable[..., Path]:
    """Writes a picture of noise, another for every number: paint(path, number, size=24)."""
    return _paint


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six species with 4 to 9 pictures each, 39 in all."""
    return paint_photos(tmp_path / "photos")


def paint_photos(folder: Path) -> Path:
    """The same, once where several tests only read them."""
    number = 0
    for index, name in enumerate(SPECIES):
        for picture in range(4 + index):
            number += 1
            _paint(folder / name / f"{picture}.jpg", number)
    return folder


@pytest.fixture
def backbone(tmp_path: Path) -> Path:
    """What knows the six."""
    return write_backbone(tmp_path / "backbone.parquet")


def write_backbone(path: Path) -> Path:
    """The same, elsewhere."""
    rows = [
        {"kingdom": "Animalia", "class": "Aves", "family": family, "genus": name.split()[0], "species": name.split()[1]}
        for name, family in SPECIES.items()
    ]
    pl.DataFrame(rows).write_parquet(path)
    return path


@pytest.fixture
def run(backbone: Path, tmp_path: Path) -> Curator:
    """Curate a source into tmp_path/out (or `out`), with settings by keyword."""

    def curator(
        source: Path,
        *,
        out: str = "out",
        labels: Path | None = None,
        resume: bool = False,
        force: bool = False,
        previous: Path | None = None,
        changes: Sequence[str] = (),
        **flags: object,
    ) -> CurateSummary:
        call = SourceCall(source=source, labels=labels)
        recipe = recipe_of(call, flags={"backbones": (str(backbone),), **flags}, changes=changes)
        handed = Handed(resolve=partial(resolve_names, backbones=(str(backbone),)))
        return curate(recipe, tmp_path / out, handed=handed, resume=resume, force=force, previous=previous)

    return curator
