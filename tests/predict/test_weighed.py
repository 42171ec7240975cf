"""A predictor with labels chosen, weighed and calibrated, from a model's folder to its answers."""

import csv
import json
import shutil

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from PIL import Image
from tests.classify.making import units
from tests.conftest import make_tiny_model
from tests.predict.conftest import TAXA

from thuja.classify.priors.clade_size import tree_uniform
from thuja.cli.calibrate import calibrate
from thuja.cli.predict import predict
from thuja.embeddings import Embeddings
from thuja.encode import build_labels
from thuja.errors import UsageError
from thuja.model import Model
from thuja.predict import InputOptions, Predictor, PredictorOptions, Question
from thuja.predict.narrowing import Wish, narrowed
from thuja.predict.none_of_these import NONE_OF_THESE
from thuja.taxonomy import RANKS, Rank, Taxon

SPECIES = [
    *TAXA[:3],
    *(
        Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Paridae", "Parus", epithet])
        for epithet in ("major", "minor", "ater")
    ),
]


@pytest.fixture
def calibrated(made, tmp_path):
    """A copy of the model's folder, to write beside."""
    return shutil.copytree(made, tmp_path / "weighed")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A model's folder with labels and a calibration, made of vectors that lie about the labels."""
    tiny_model, tmp_path = make_tiny_model(), tmp_path_factory.mktemp("calibrated")
    folder = tmp_path / "weighed"
    tiny_model.save(folder)
    labels = build_labels(tiny_model, SPECIES)
    labels.save(folder / "labels")
    generator = np.random.default_rng(1)
    truth = np.arange(360) % len(SPECIES)
    vectors = np.asarray(labels.vectors, dtype=np.float32)[truth] + 0.05 * units(
        generator, 360, labels.vectors.shape[1]
    )
    columns = {rank.label: [SPECIES[row][rank] for row in truth] for rank in RANKS}
    columns["observation_id"] = [str(row // 2) for row in range(360)]
    places = {"latitude": 10.5 + 20.0 * (truth % 2), "longitude": np.full(360, 20.5)}
    Embeddings(
        ids=[str(row) for row in range(360)],
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        model=tiny_model.id,
        columns=pa.table({**columns, **places}),
    ).save(tmp_path / "labelled.parquet")
    result = CliRunner().invoke(calibrate, [str(folder), str(tmp_path / "labelled.parquet")], catch_exceptions=False)
    assert result.exit_code == 0
    return folder


def run(*words):
    result = CliRunner().invoke(predict, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result


def scores_of(predictor, pictures, **asked):
    [prediction] = predictor.predict(pictures / "a.png", **asked)
    return {answer.taxon: answer.score for answer in prediction.answers}


def test_a_calibration_beside_the_model_is_taken_and_one_beside_no_labels_of_its_own_is_not(calibrated, pictures):
    own = Predictor(calibrated)
    assert own.among.weighing.calibration.labels == own.labels.id
    [prediction] = own.predict(pictures / "a.png", confidence=0.3, coverage=0.9)
    judgement = prediction.judgement
    assert set(judgement.unseen) == {Rank.SPECIES, Rank.GENUS, Rank.FAMILY}
    assert judgement.unseen[Rank.SPECIES] >= judgement.unseen[Rank.GENUS] >= judgement.unseen[Rank.FAMILY]
    assert judgement.within is not None
    raw = Predictor(calibrated, options=PredictorOptions(is_calibrated=False))
    assert raw.among.weighing.calibration is None
    assert scores_of(raw, pictures) != scores_of(own, pictures)


def test_within_a_clade_the_calibration_is_fitted_again_and_kept(calibrated, pictures):
    birds = Predictor(calibrated, within="Paridae")
    assert [taxon.genus for taxon in birds.labels.taxa] == ["Parus"] * 3
    refitted = birds.among.weighing.calibration
    assert refitted.labels == birds.labels.id != Predictor(calibrated).labels.id
    assert refitted.observations < Predictor(calibrated).among.weighing.calibration.observations
    kept = list((calibrated / "calibration" / "fits").iterdir())
    assert len(kept) == 1
    assert Predictor(calibrated, within="Paridae").among.weighing.calibration.digest == refitted.digest
    kept[0].write_text("{}")
    assert Predictor(calibrated, within="Paridae").among.weighing.calibration.digest == refitted.digest


def test_what_a_question_narrows_to_is_calibrated_and_nothing_is_written(calibrated, pictures):
    """A server that wrote down the fit of whatever strangers asked for would fill its disk."""
    predictor = Predictor(calibrated)
    narrow = narrowed(predictor, Wish(within=("Paridae",))).among
    assert narrow.labels.id == Predictor(calibrated, within="Paridae").labels.id
    assert narrow.weighing.calibration.labels == narrow.labels.id
    shutil.rmtree(calibrated / "calibration" / "fits")
    listed = narrowed(predictor, Wish(checklist=("Parus major", "Parus ater"))).among
    assert [taxon.species for taxon in listed.labels.taxa] == ["major", "ater"]
    assert not (calibrated / "calibration" / "fits").exists()
    assert narrowed(predictor, Wish()).among is predictor.among


def test_a_calibration_that_has_too_little_for_these_labels_is_refused_in_a_sentence(calibrated, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(calibrated, other)
    strange = [
        Taxon.from_names(["Plantae", "", "", "Rosales", "Rosaceae", "Rosa", name]) for name in ("canina", "alba")
    ]
    build_labels(Model.load(calibrated), strange).save(tmp_path / "roses")
    roses = Predictor(other, labels=str(tmp_path / "roses"))
    assert [taxon.species for taxon in roses.labels.taxa] == ["canina", "alba"]
    assert roses.among.weighing.calibration is None
    assert any("uncalibrated" in remark.text for remark in roses.told)
    with pytest.raises(UsageError, match="needs a calibration"):
        roses.asked(Question(coverage=0.9))


def test_clade_size_is_made_up_for_and_the_calibration_fitted_with_it(calibrated, pictures):
    plain = Predictor(calibrated, options=PredictorOptions(is_calibrated=False))
    uniform = Predictor(calibrated, options=PredictorOptions(is_calibrated=False, clade_size=1.0))
    before, after = (scores_of(predictor, pictures, k=6) for predictor in (plain, uniform))
    weights = dict(
        zip((plain.labels.taxa[row] for row in plain.among.tree.order), tree_uniform(plain.among.tree), strict=True)
    )
    told = {taxon: share * np.exp(weights[taxon]) for taxon, share in before.items()}
    total = sum(told.values())
    assert after == pytest.approx({taxon: share / total for taxon, share in told.items()}, rel=1e-3)
    calibrated_too = Predictor(calibrated, options=PredictorOptions(clade_size=1.0)).among.weighing
    assert calibrated_too.calibration.options == {"clade_size": 1.0}
    assert calibrated_too.unseen is None


def test_what_is_recorded_in_a_country_is_all_that_is_answered(calibrated, pictures, tmp_path):
    table = tmp_path / "records.csv"
    table.write_text(
        "scientificName,countryCode,decimalLatitude,decimalLongitude\n"
        "Corvus corax,CR,9.5,-84.1\nParus major,CR,9.6,-84.0\nPica pica,DE,50.1,8.6\n"
    )
    result = run(pictures / "a.png", "-m", calibrated, "--occurrences", table, "--country", "CR", "-k", 2)
    assert {row["species"] for row in csv.DictReader(result.stdout.splitlines())} == {"Corvus corax", "Parus major"}
    with pytest.raises(UsageError, match="no label has"):
        run(pictures / "a.png", "-m", calibrated, "--occurrences", table, "--country", "FR")


def test_a_prior_weighs_by_the_place_of_a_row_and_is_told_with_and_without(calibrated, pictures, tmp_path):
    table = tmp_path / "ranges.csv"
    lines = [f"{taxon.binomial},{10.5 + 20.0 * (row % 2)},20.5,2020-05-03" for row, taxon in enumerate(SPECIES)]
    table.write_text("scientificName,decimalLatitude,decimalLongitude,eventDate\n" + "\n".join(lines * 40) + "\n")
    listed = tmp_path / "list.csv"
    listed.write_text(f"path,latitude,longitude\n{pictures / 'a.png'},10.5,20.5\n{pictures / 'a.png'},,\n")
    out = tmp_path / "out.jsonl"
    run(listed, "-m", calibrated, "--prior", table, "-k", 6, "--out", out)
    placed, nowhere = (json.loads(line) for line in out.read_text().splitlines())
    # Whether it is known at all is told by the image alone.
    assert placed["unseen"] == pytest.approx(nowhere["unseen"], rel=1e-3)
    assert set(placed["unseen"]) == {"species", "genus", "family"}
    risen = {answer["text"] for answer in placed["answers"] if answer["score"] > answer["unplaced"]}
    assert risen <= {taxon.binomial for taxon in SPECIES[::2]}
    assert risen
    assert all("unplaced" not in answer or answer["unplaced"] is not None for answer in nowhere["answers"])


def test_images_arrays_bytes_and_vectors_are_answered_as_files_are(calibrated, pictures):
    predictor = Predictor(calibrated, options=PredictorOptions(is_calibrated=False))
    file = pictures / "a.png"
    [by_file] = predictor.predict(file, k=6)
    with Image.open(file) as image:
        held = [image.convert("RGB"), np.asarray(image.convert("RGB")), file.read_bytes()]
        found = list(predictor.predict(held, k=6))
    assert [one.file_name for one in found] == ["0", "1", "2"]
    wanted = {answer.taxon: pytest.approx(answer.score, rel=1e-3) for answer in by_file.answers}
    for one in found:
        assert {answer.taxon: answer.score for answer in one.answers} == wanted


def test_images_of_one_observation_are_pooled_to_one_answer(calibrated, pictures, tmp_path):
    table = tmp_path / "list.csv"
    table.write_text(f"path,observation_id\n{pictures / 'a.png'},7\n{pictures / 'c.png'},7\n{pictures / 'b.jpg'},7\n")
    [pooled] = Predictor(calibrated).predict(table, given=InputOptions(group_by="observation_id"))
    assert (pooled.id, pooled.images, pooled.failed) == ("7", 2, 1)
    assert pooled.answers


def test_a_page_and_explanations_are_made_beside_the_answers(calibrated, pictures, tmp_path):
    page, folder = tmp_path / "page.html", tmp_path / "why"
    run(
        pictures,
        "-m",
        calibrated,
        "--html",
        page,
        "--explain",
        folder,
        "--out",
        tmp_path / "out.csv",
        "--confidence",
        0.5,
    )
    told = [json.loads(line) for line in (folder / "explanations.jsonl").read_text().splitlines()]
    assert sorted(row["file_name"].rpartition("/")[2] for row in told) == ["a.png", "c.png", "d.png"]
    assert all((folder / row["png"]).read_bytes().startswith(b"\x89PNG") for row in told)
    assert page.read_text().count("<li") >= 4
    log = json.loads((tmp_path / "out.csv.log.json").read_text())
    assert log["calibration"]["digest"] == Predictor(calibrated).among.weighing.calibration.digest
    assert log["counts"] == {"answered": 3, "failed": 1, "empty": 0, "kept_of_an_earlier_run": 0}


def test_examples_answer_alone_and_with_the_labels(calibrated, pictures, tmp_path):
    for name, file in (("Parus major", "a.png"), ("Tyto alba", "c.png")):
        (tmp_path / "examples" / name).mkdir(parents=True)
        for number in range(3):
            with Image.open(pictures / file) as image:
                image.rotate(number).save(tmp_path / "examples" / name / f"{number}.png")
    saved = tmp_path / "saved"
    alone = run(pictures / "c.png", "-m", calibrated, "--examples", tmp_path / "examples", "--blend", "none", "-k", 2)
    best = next(csv.DictReader(alone.stdout.splitlines()))
    assert best["species"] == "Tyto alba"
    both = run(
        pictures / "c.png", "-m", calibrated, "--examples", tmp_path / "examples", "--save-examples", saved, "-k", 7
    )
    again = run(pictures / "c.png", "-m", calibrated, "--examples", saved, "-k", 7)
    assert both.stdout == again.stdout
    named = {row["species"] for row in csv.DictReader(both.stdout.splitlines())}
    assert named == {taxon.binomial for taxon in SPECIES} | {"Tyto alba"}


def test_a_class_of_examples_that_no_label_names_is_answered_beside_a_calibration_too(calibrated, pictures, tmp_path):
    """Under a temperature, which divides no logit of such a class, it vanished from all answers without a word."""
    for name, file in (("my red one", "a.png"), ("my other one", "c.png")):
        (tmp_path / "examples" / name).mkdir(parents=True)
        for number in range(3):
            with Image.open(pictures / file) as image:
                image.rotate(number).save(tmp_path / "examples" / name / f"{number}.png")
    said = run(pictures / "c.png", "-m", calibrated, "--examples", tmp_path / "examples", "-k", 1)
    [row] = csv.DictReader(said.stdout.splitlines())
    assert row["species"] == "my other one"


def test_a_confidence_is_told_to_be_no_promise_where_nothing_is_calibrated(calibrated, pictures):
    """`at confidence 0.9` stood above raw scores without a word."""
    words = (pictures / "a.png", "-m", calibrated, "--confidence", "0.9")
    assert "uncalibrated" not in run(*words).stderr
    assert "uncalibrated" not in run(*words, "--calibration", "none").stderr
    shutil.rmtree(calibrated / "calibration")
    assert "confidence 0.9 is the model's own word, not how often it is right" in run(*words).stderr


def test_none_of_these_competes_with_taxa_and_with_labels_that_name_some(calibrated, pictures):
    predictor = Predictor(calibrated)
    away = -np.asarray(predictor.labels.vectors, dtype=np.float32).mean(axis=0, keepdims=True)
    vectors = away / np.linalg.norm(away)
    [without] = predictor.judge(vectors)
    [asked] = predictor.judge(vectors, Question(allows_none=True))
    share = next(answer.score for answer in asked.answers if answer.text == NONE_OF_THESE)
    assert 0 < share < 1
    assert share == pytest.approx(asked.unseen[Rank.SPECIES])
    before = {answer.text: answer.score for answer in without.answers}
    for answer in asked.answers:
        if answer.text != NONE_OF_THESE:
            assert answer.score == pytest.approx(before[answer.text] * (1 - share), rel=1e-6)
    for one, other in zip(without.path, asked.path, strict=True):
        left = 1 - asked.unseen.get(one.taxon.rank, 0)
        assert other.score == pytest.approx(one.score * left, rel=1e-6)
    corvids = run(pictures / "a.png", "-m", calibrated, "--label", "Corvus", "--label", "Pica", "--none-of-these")
    named = {row["classification"]: float(row["score"]) for row in csv.DictReader(corvids.stdout.splitlines())}
    assert set(named) == {"Corvus", "Pica", NONE_OF_THESE}
    assert sum(named.values()) == pytest.approx(1, abs=1e-5)
    raw = Predictor(calibrated, options=PredictorOptions(is_calibrated=False))
    with pytest.raises(UsageError, match="needs a calibration"):
        raw.asked(Question(allows_none=True))
