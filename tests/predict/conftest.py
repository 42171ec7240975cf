"""A tiny real model in its folder, with labels beside it, and a few pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thuja.encode import build_labels
from thuja.model import Model
from thuja.taxonomy import Taxon

TAXA = [
    Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", genus, species], common)
    for genus, species, common in (("Corvus", "corax", "raven"), ("Corvus", "corone", ""), ("Pica", "pica", "magpie"))
] + [Taxon.from_names(["Plantae", "", "", "Fabales", "Fabaceae", "Pica", "falsa"])]


@pytest.fixture
def model_folder(tiny_model: Model, tmp_path: Path) -> Path:
    tiny_model.save(tmp_path / "model")
    build_labels(tiny_model, TAXA).save(tmp_path / "model" / "labels")
    return tmp_path / "model"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three pictures, one of them a folder deeper, and between them in order a file that is none."""
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    for name in ("a.png", "c.png", "deeper/d.png"):
        seed = len(name) + ord(name[-5])
        pixels = np.random.default_rng(seed).integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    (folder / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    return folder
