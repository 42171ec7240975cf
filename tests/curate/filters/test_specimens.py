"""Museum images that show no specimen, by a small embedding that the eye can follow."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from thuja.curate.filters.image_types import MUSEUM_KINDS
from thuja.curate.filters.specimens import SpecimenSettings, specimens_step
from thuja.curate.filters.support import SupportSet, digest_of, make_support
from thuja.errors import BadFile, EmptyInput, UsageError

Run = Callable[..., dict[str, dict[str, Any]]]


def colours(images: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
    """Mean and spread of red, green and blue, round the middle of the scale."""
    pixels = [np.asarray(image.resize((16, 16)), np.float32).reshape(-1, 3) / 255 for image in images]
    return np.stack([np.concatenate([p.mean(axis=0) - 0.5, p.std(axis=0)]) for p in pixels])


def draw(path: Path, kind: str, seed: int) -> Path:
    """A leaf on a sheet, a beetle on white, or a label of text."""
    rng = np.random.default_rng(seed)
    ground = {"leaf": (235, 225, 190), "beetle": (250, 250, 250), "label": (245, 240, 225)}[kind]
    image = Image.new("RGB", (96, 96), ground)
    pen = ImageDraw.Draw(image)
    x, y = rng.integers(5, 25, 2)
    if kind == "leaf":
        pen.ellipse((x, y, x + 60, y + 60), fill=(40, int(rng.integers(110, 150)), 40))
    elif kind == "beetle":
        pen.ellipse((x, y, x + 55, y + 55), fill=(int(rng.integers(20, 60)), 20, 30))
    else:
        for line in range(10, 90, 16):
            pen.line((8, line, int(rng.integers(40, 88)), line), fill=(60, 60, 60), width=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


@pytest.fixture(scope="module")
def support(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("support")
    for seed in range(6):
        draw(folder / "images" / "specimen" / "leaf" / f"{seed}.png", "leaf", seed)
        draw(folder / "images" / "specimen" / "beetle" / f"{seed}.png", "beetle", seed)
        draw(folder / "images" / "other" / "label" / f"{seed}.png", "label", seed)
    make_support(folder / "images", colours).write(folder / "any.npz")
    return folder / "any.npz"


def test_labels_go_and_specimens_stay(run: Run, support: Path, tmp_path: Path) -> None:
    kinds = ["leaf", "beetle", "label"] * 8
    rows = [
        {"place": str(draw(tmp_path / f"{n}.png", kind, 100 + n)), "basis_of_record": "PRESERVED_SPECIMEN"}
        for n, kind in enumerate(kinds)
    ]
    done = run(specimens_step(SpecimenSettings(support=support), colours), rows)
    assert [done[f"u{n}"]["specimen_class"] for n in range(24)] == kinds
    wanted = ["not_a_specimen" if kind == "label" else None for kind in kinds]
    assert [done[f"u{n}"]["drop_reason"] for n in range(24)] == wanted


def test_only_the_papers_five_bases_are_looked_at(run: Run, support: Path, tmp_path: Path) -> None:
    label = {"place": str(draw(tmp_path / "label.png", "label", 7))}
    bases = ["HUMAN_OBSERVATION", None, "PreservedSpecimen", "FOSSIL_SPECIMEN", "LIVING_SPECIMEN", "MATERIAL_SAMPLE"]
    rows = [label | {"basis_of_record": basis} for basis in [*bases, "MATERIAL_CITATION"]]
    done = run(specimens_step(SpecimenSettings(support=support), colours), rows)
    assert [done[f"u{n}"]["drop_reason"] is not None for n in range(7)] == [False, False, *[True] * 5]


def test_each_of_the_twelve_kinds_can_have_its_own_support_set(run: Run, support: Path, tmp_path: Path) -> None:
    """Where only plants have a set, a label is dropped among plants alone."""
    folder = tmp_path / "sets"
    folder.mkdir()
    SupportSet.read(support).write(folder / "Plant.npz")
    label = {"place": str(draw(tmp_path / "label.png", "label", 7)), "basis_of_record": "PRESERVED_SPECIMEN"}
    rows = [label | {"img_type": f"Museum Specimen: {kind}"} for kind in MUSEUM_KINDS]
    done = run(specimens_step(SpecimenSettings(support=folder), colours), rows)
    dropped = [done[f"u{n}"]["img_type"] for n in range(12) if done[f"u{n}"]["drop_reason"]]
    assert dropped == ["Museum Specimen: Plant"]


def test_prototypes_find_the_clusters_of_a_class() -> None:
    rng = np.random.default_rng(0)
    corners = np.eye(3, 8, dtype=np.float32)
    points = np.concatenate([corner + rng.normal(0, 0.01, (20, 8)) for corner in corners]).astype(np.float32)
    whole = SupportSet(
        embeddings=points / np.linalg.norm(points, axis=1, keepdims=True), classes=("a",) * 60, is_specimen=(True,) * 60
    )
    found = whole.prototypes(3).embeddings
    assert np.sort(found.argmax(axis=1)).tolist() == [0, 1, 2]
    assert (found.max(axis=1) > 0.99).all()
    assert whole.prototypes(3).embeddings.tolist() == found.tolist()


def test_one_image_of_a_class_is_its_one_prototype() -> None:
    one = SupportSet(embeddings=np.eye(2, 4, dtype=np.float32), classes=("a", "b"), is_specimen=(True, False))
    assert one.prototypes(5).classes == ("a", "b")


def test_a_support_set_of_another_model_is_refused(support: Path) -> None:
    with pytest.raises(UsageError, match="6 numbers, one of the model 4"):
        SupportSet.read(support).nearest(np.zeros((1, 4), np.float32))


def test_another_kind_for_one_support_set_is_another_setting(support: Path, tmp_path: Path) -> None:
    """The digest left out the names of the files, which say what each is for."""
    (tmp_path / "Insect.npz").write_bytes(support.read_bytes())
    first = digest_of(tmp_path)
    (tmp_path / "Insect.npz").rename(tmp_path / "Plant.npz")
    assert digest_of(tmp_path) != first


def test_bad_support_sets_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no support set"):
        specimens_step(SpecimenSettings(support=tmp_path / "none.npz"), colours)
    (tmp_path / "bad.npz").write_bytes(b"PK nothing")
    with pytest.raises(BadFile, match="no support set"):
        specimens_step(SpecimenSettings(support=tmp_path / "bad.npz"), colours)
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmptyInput, match="no support set in"):
        specimens_step(SpecimenSettings(support=tmp_path / "empty"), colours)
    with pytest.raises(EmptyInput, match="both specimens and other"):
        make_support(tmp_path / "empty", colours)
