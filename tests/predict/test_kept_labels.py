"""Published labels that are turned once and kept."""

import json
from pathlib import Path

import numpy as np
import pytest

from thuja.labels import LabelSpace
from thuja.predict import kept_labels
from thuja.predict.kept_labels import open_published


@pytest.fixture(name="files")
def published_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    matrix, names = tmp_path / "txt_emb_species.npy", tmp_path / "txt_emb_species.json"
    vectors = np.random.default_rng(0).standard_normal((8, 5)).astype(np.float32)
    np.save(matrix, vectors / np.linalg.norm(vectors, axis=0))
    lineage = ["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus"]
    names.write_text(json.dumps([[[*lineage, f"species{place}"], "crow"] for place in range(5)]), encoding="utf-8")
    return matrix, names


def test_large_labels_are_kept_once_and_say_the_same(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kept_labels, "_LEAST", 1)
    plain = LabelSpace.load_published(*files, model="raven-1")
    first = open_published(*files, model="raven-1")
    assert "are kept in float16 in" in capsys.readouterr().err
    again = open_published(*files, model="raven-1")
    assert capsys.readouterr().err == ""
    for kept in (first, again):
        assert kept.id == plain.id
        assert list(kept.taxa) == list(plain.taxa)
        assert kept.vectors.dtype == np.float16
        np.testing.assert_allclose(kept.vectors, plain.vectors, atol=1e-3)
    assert len(list((tmp_path / "cache" / "labels").iterdir())) == 1


def test_another_file_or_model_is_another_copy(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_labels, "_LEAST", 1)
    open_published(*files, model="raven-1")
    assert open_published(*files, model="raven-2").model == "raven-2"
    matrix, names = files
    np.save(matrix, -np.load(matrix))
    np.testing.assert_allclose(open_published(matrix, names, model="raven-1").vectors.T, np.load(matrix), atol=1e-3)
    assert len(list((tmp_path / "cache" / "labels").iterdir())) == 3


def test_small_labels_are_read_where_they_are(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert open_published(*files, model="raven-1").vectors.dtype == np.float32
    assert not (tmp_path / "cache").exists()
