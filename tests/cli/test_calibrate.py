"""`thuja calibrate` as a user runs it."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from thuja.cli.calibrate import calibrate
from thuja.embeddings import Embeddings
from thuja.encode import build_labels
from thuja.errors import EmptyInput, OutputExists, UnknownName, UsageError
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.predict.calibrations import Calibrations
from thuja.taxonomy import RANKS, Taxon

TAXA = [
    Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", family, genus, species])
    for family, genus, species in (
        ("Corvidae", "Corvus", "corax"),
        ("Corvidae", "Corvus", "corone"),
        ("Corvidae", "Pica", "pica"),
        ("Turdidae", "Turdus", "merula"),
    )
]


@pytest.fixture
def model_folder(tiny_model: Model, tmp_path: Path) -> Path:
    tiny_model.save(tmp_path / "model")
    build_labels(tiny_model, TAXA).save(tmp_path / "model" / "labels")
    return tmp_path / "model"


@pytest.fixture
def embedded(model_folder: Path, tmp_path: Path) -> Path:
    """120 vectors near those of their labels."""
    labels = LabelSpace.load(model_folder / "labels")
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 4, 120)
    vectors = labels.vectors[truth].astype(np.float32) + 0.3 * generator.normal(size=(120, 8)).astype(np.float32)
    columns = {rank.label: [TAXA[n][rank] for n in truth] for rank in RANKS}
    Embeddings(
        ids=[str(n) for n in range(120)],
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        model=labels.model,
        columns=pa.table(columns | {"who": [n // 2 for n in range(120)]}),
    ).save(tmp_path / "embedded.parquet")
    return tmp_path / "embedded.parquet"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(calibrate, [str(argument) for argument in arguments], catch_exceptions=False)


def test_embeddings_with_ranks_become_a_calibration_beside_the_model(model_folder: Path, embedded: Path) -> None:
    said = run(model_folder, embedded, "--observation", "who")
    found = Calibrations.beside(model_folder)
    assert found is not None
    assert (found.calibration.observations, found.calibration.images) == (60, 120)
    assert said.stdout.startswith("rank\tECE before\tECE after\nkingdom\t")
    assert "observations\t60\tof 120 images, 0 outside the labels" in said.stdout
    with pytest.raises(OutputExists):
        run(model_folder, embedded)
    run(model_folder, embedded, "--force", "--within", "Corvidae")
    again = Calibrations.beside(model_folder)
    assert again is not None
    assert again.calibration.labels != found.calibration.labels
    assert again.calibration.outside > 0


def test_a_table_of_files_and_names_is_embedded_first(model_folder: Path, tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    with (tmp_path / "named.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "scientific_name", "lat"])
        for number in range(54):
            pixels = generator.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"{number}.png")
            writer.writerow([f"{number}.png", TAXA[number % 4].scientific_name, number / 2])
        writer.writerow(["missing.png", "Corvus corax", ""])
    out = tmp_path / "made"
    run(model_folder, tmp_path / "named.csv", "--out", out, "--precision", "fp32", "--threads", 1)
    found = Calibrations.open(out)
    assert len(found.evidence) == 54
    assert found.evidence.columns.column("latitude").to_pylist() == [number / 2 for number in range(54)]
    assert sorted(path.name for path in out.iterdir()) == ["calibration.json", "evidence.parquet", "thuja.job.json"]
    assert not [path for path in tmp_path.iterdir() if path.name.endswith((".parts", "evidence.parquet"))]


def test_what_cannot_be_calibrated_on_is_one_sentence(model_folder: Path, embedded: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="says of no image what it shows"):
        run(model_folder, tmp_path)
    with pytest.raises(UnknownName, match="column of observations"):
        run(model_folder, embedded, "--observation", "whose")
    with pytest.raises(UsageError, match="has no splits"):
        run(model_folder, embedded, "--split", "test")
    with pytest.raises(UsageError, match="there is no"):
        run(model_folder, tmp_path / "nothing.csv")
    with pytest.raises(EmptyInput, match="lies within"):
        run(model_folder, embedded, "--within", "Aces")
    other = Embeddings.load(embedded)
    Embeddings(ids=other.ids, vectors=other.vectors, model="another", columns=other.columns).save(embedded)
    with pytest.raises(UsageError, match="made by another"):
        run(model_folder, embedded)
    assert not (model_folder / "calibration").exists()


def test_a_split_of_a_data_folder_without_images_is_refused(model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "shards").mkdir(parents=True)
    (tmp_path / "data" / "catalog.parquet").touch()
    with pytest.raises(EmptyInput, match="has no images in val"):
        run(model_folder, tmp_path / "data")
