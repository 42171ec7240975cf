"""A calibration's folder: read back, fitted to other labels again, refused where it cannot be."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from thuja.classify import Tree
from thuja.classify.calibrate.fitting import Added
from thuja.embeddings import Embeddings
from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.labels import LabelSpace
from thuja.predict.calibrations import Calibrations
from thuja.predict.labelling import calibrate, evidence_of, report
from thuja.taxonomy import RANKS, Rank, Taxon

SCALE = 15.0


def units(generator, count):
    vectors = generator.normal(size=(count, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def labels() -> LabelSpace:
    taxa = [
        Taxon.from_names(["k", "p", f"c{n // 12}", f"o{n // 6}", f"f{n // 6}", f"g{n // 3}", f"s{n}"])
        for n in range(24)
    ]
    vectors = units(np.random.default_rng(0), 24)
    return LabelSpace(texts=[taxon.binomial for taxon in taxa], vectors=vectors, model="m", taxa=taxa)


@pytest.fixture(scope="module")
def evidence(labels) -> Embeddings:
    """600 images near their labels, two of each observation."""
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 24, 300).repeat(2)
    vectors = labels.vectors[truth] + 0.5 * units(generator, 600)
    columns = {rank.label: [labels.taxa[n][rank] for n in truth] for rank in RANKS}
    columns |= {"observation_id": [str(n // 2) for n in range(600)], "latitude": np.linspace(-60, 60, 600)}
    return Embeddings(
        ids=[f"i{n}" for n in range(600)],
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16),
        model="m",
        columns=pa.table(columns),
    )


@pytest.fixture(scope="module")
def made(labels, evidence) -> Calibrations:
    return calibrate(evidence, labels, scale=SCALE, counts={taxon: n for n, taxon in enumerate(labels.taxa)})


def test_a_folder_read_back_is_the_same(made, labels, tmp_path) -> None:
    made.save(tmp_path / "c")
    found = Calibrations.open(tmp_path / "c")
    assert found.calibration == made.calibration
    assert found.counts == made.counts
    assert (found.evidence.vectors == made.evidence.vectors).all()
    assert found.evidence.columns.equals(made.evidence.columns)
    assert found.calibration.labels == labels.id
    assert (found.calibration.images, found.calibration.observations) == (600, 300)
    assert Calibrations.beside(tmp_path) is None
    made.save(tmp_path / "calibration")
    assert Calibrations.beside(tmp_path).calibration == made.calibration


def test_for_labels_of_the_same_names_and_other_vectors_it_is_fitted_again(made, labels) -> None:
    """The label space's id knows no vectors: a calibration was taken as it was for labels that were built again with
    another text type or other prompts."""
    rephrased = replace(labels, vectors=units(np.random.default_rng(7), len(labels)))
    assert rephrased.id == labels.id
    fitted = made.fitted_to(rephrased, scale=SCALE, model_id="m")
    assert fitted.calibration is not made.calibration
    halves = replace(labels, vectors=labels.vectors.astype(np.float16))
    assert made.fitted_to(halves, scale=SCALE, model_id="m").calibration is made.calibration


def test_for_the_labels_it_was_made_for_a_calibration_is_taken_as_it_is(made, labels) -> None:
    fitted = made.fitted_to(labels, scale=SCALE, model_id="m")
    assert fitted.calibration is made.calibration
    assert fitted.counts.tolist() == list(range(24))
    assert fitted.reason == ""


def test_for_other_labels_it_is_fitted_again_on_the_images_of_their_taxa_and_kept(made, labels, tmp_path) -> None:
    made.save(tmp_path / "c")
    opened = Calibrations.open(tmp_path / "c")
    some = labels.subset(np.arange(12))
    fitted = opened.fitted_to(some, scale=SCALE, model_id="m").calibration
    rows = made.evidence.columns.to_pylist()
    shown = {row["observation_id"] for row in rows if row["class"] == "c0"}
    assert fitted.labels == some.id != made.calibration.labels
    assert fitted.observations == len(shown) < 300
    (kept,) = (tmp_path / "c" / "fits").iterdir()
    assert json.loads(kept.read_text())["labels"] == fitted.labels
    assert Calibrations.open(tmp_path / "c").fitted_to(some, scale=SCALE, model_id="m").calibration == fitted


def test_what_cannot_be_fitted_is_refused_with_a_sentence(made, labels) -> None:
    few = made.fitted_to(labels.subset([0, 1]), scale=SCALE, model_id="m")
    assert few.calibration is None
    assert "scores are uncalibrated among these labels" in few.reason
    assert "a calibration needs 50" in few.reason
    other = made.fitted_to(labels, scale=SCALE, model_id="n")
    assert (other.calibration, other.counts) == (None, None)
    assert other.reason == "scores are uncalibrated: the calibration is of the model m, not of n"
    texts = made.fitted_to(replace(labels, taxa=()), scale=SCALE, model_id="m")
    assert "for labels that are taxa" in texts.reason


def test_something_added_to_logits_asks_for_a_fit_with_it(made, labels) -> None:
    seen = []

    def added_to(evidence: Embeddings) -> Added:
        latitudes = evidence.columns.column("latitude").to_numpy()

        def bias_of(images):
            seen.extend(latitudes[images].tolist())
            return lambda rows, which: np.zeros((24, 1), dtype=np.float32)[rows]

        return Added(bias_of=bias_of, options={"place": 1})

    fitted = made.fitted_to(labels, scale=SCALE, model_id="m", added_to=added_to).calibration
    assert fitted.options == {"place": 1}
    assert fitted.temperature == pytest.approx(made.calibration.temperature, rel=0.2)
    assert set(seen) <= set(np.linspace(-60, 60, 600).tolist())
    assert len(set(seen)) == 300


def test_evidence_keeps_the_facts_under_whatever_name_they_came(labels) -> None:
    found = Embeddings(
        ids=["a", "b"],
        vectors=labels.vectors[:2],
        model="m",
        columns=pa.table({"taxon": ["g0 s0", None], "decimalLatitude": ["1.5", "x"], "occurrenceID": [7, 8]}),
    )
    kept = evidence_of(found, Tree.of(labels)).embeddings
    assert kept.ids == ["a"]
    (row,) = kept.columns.to_pylist()
    assert Taxon.from_columns(row) == labels.taxa[0]
    assert (row["observation_id"], row["latitude"]) == ("7", 1.5)
    assert "longitude" not in row


def test_vectors_of_another_model_are_refused(evidence, labels) -> None:
    with pytest.raises(UsageError, match="made by n, the labels by m"):
        calibrate(replace(evidence, model="n"), labels, scale=SCALE)


def test_what_is_no_calibration_folder_is_refused(made, tmp_path: Path) -> None:
    with pytest.raises(EmptyInput):
        Calibrations.open(tmp_path)
    made.save(tmp_path / "c")
    (tmp_path / "c" / "calibration.json").write_text("{}")
    with pytest.raises(BadFile, match="not a calibration"):
        Calibrations.open(tmp_path / "c")


def test_the_report_says_what_was_found_at_each_rank(made) -> None:
    lines = report(made)
    assert lines[0] == "rank\tECE before\tECE after"
    assert sum(line.startswith(tuple(rank.label for rank in RANKS)) for line in lines) == 7
    checks = made.calibration.checks
    assert f"species\t{checks.before[Rank.SPECIES]:.3f}\t{checks.after[Rank.SPECIES]:.3f}" in lines
