"""A whole evaluation on a world whose scores are known, and what it writes."""

import dataclasses
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.evaluate import Method, Settings, evaluate, save, summary
from thuja.evaluate.baselines import raw_pixels
from thuja.evaluate.data import read_curated
from thuja.taxonomy import Rank


def score_of(evaluation, method, *, split="test", rank="species", task="zero-shot"):
    score = summary.find(evaluation.scores, method, task=task, split=split, rank=rank)
    assert score is not None
    return score


@pytest.fixture(scope="module")
def evaluation(known_world):
    untrained = known_world.encoders(looks=dict.fromkeys(known_world.looks, known_world.seen[2]))
    return evaluate(known_world.encoders(), known_world.folder, untrained=untrained)


def test_zero_shot_is_right_exactly_where_a_picture_looks_like_what_it_is(evaluation):
    """Of 32 test pictures eight look like a sister species, and one like a species of the other family."""
    species = score_of(evaluation, Method.MODEL)
    assert (species.accuracy, species.images, species.candidates) == (23 / 32, 32, 8)
    assert species.macro == pytest.approx((2 / 4 + 7 * 3 / 4) / 8)
    for method in (Method.MODEL, Method.ROLLED_UP):
        assert score_of(evaluation, method, rank="genus").accuracy == 31 / 32
        family = score_of(evaluation, method, rank="family")
        assert (family.accuracy, family.candidates) == (31 / 32, 2)
        assert family.macro == pytest.approx((15 / 16 + 16 / 16) / 2)
    low, high = species.accuracy_interval
    assert low < 23 / 32 < high


def test_ranks_with_one_taxon_are_not_asked(evaluation):
    asked = {score.rank for score in evaluation.scores if score.task == "zero-shot"}
    assert asked == {"family", "genus", "species"}


def test_species_never_met_are_asked_for_the_taxa_that_have_trained_members(evaluation):
    for rank, candidates in (("family", 2), ("genus", 4)):
        score = score_of(evaluation, Method.ROLLED_UP, split="unseen", rank=rank)
        assert (score.macro, score.images, score.classes, score.candidates) == (1.0, 3, 1, candidates)
    assert summary.find(evaluation.scores, Method.MODEL, task="zero-shot", split="unseen", rank="species") is None
    every_name = score_of(evaluation, Method.MODEL, split="unseen", task="zero-shot, all names")
    assert (every_name.accuracy, every_name.candidates) == (1.0, 9)


def test_baselines_are_what_they_say(evaluation):
    """The untrained model sees the third species everywhere; the first species is the commonest in training."""
    assert score_of(evaluation, Method.CHANCE).accuracy == 1 / 8
    assert score_of(evaluation, Method.MAJORITY).accuracy == 4 / 32
    assert score_of(evaluation, Method.MAJORITY, rank="family").accuracy == 16 / 32
    assert score_of(evaluation, Method.UNTRAINED_TEXT).accuracy == 4 / 32
    assert score_of(evaluation, Method.UNTRAINED).accuracy in {4 / 32}
    # A look is a bar in a picture: its pixels tell it as surely as the model's own vectors do.
    assert score_of(evaluation, Method.PIXELS).accuracy == 23 / 32
    assert score_of(evaluation, Method.CENTROID).accuracy == 23 / 32


def test_few_shot_asks_all_pictures_that_are_not_support(evaluation):
    one = score_of(evaluation, Method.MODEL, task="few-shot, 1 shot")
    assert (one.images, one.candidates) == (24, 8)
    five = score_of(evaluation, Method.MODEL, task="few-shot, 5 shots")
    assert five.images == 8  # four pictures a species: three for support, one asked
    assert five.spread is not None


def test_without_an_untrained_model_its_columns_are_missing_and_nothing_else(known_world, evaluation):
    bare = evaluate(known_world.encoders(), known_world.folder)
    gone = {Method.UNTRAINED, Method.UNTRAINED_TEXT}
    kept = {(score.task, score.split, score.rank, score.method) for score in bare.scores}
    every = {(score.task, score.split, score.rank, score.method) for score in evaluation.scores}
    assert kept == {row for row in every if row[3] not in gone}


def test_the_same_seed_gives_the_same_scores(world):
    first, second = (evaluate(world.encoders(), world.folder, settings=Settings(seed=4)) for _ in range(2))
    assert first.scores == second.scores


def test_a_picture_that_cannot_be_read_is_counted_and_is_in_no_score(world):
    lost = next(uuid for uuid, taxon in world.taxon_of.items() if taxon == world.never_met)
    looks = {uuid: look for uuid, look in world.looks.items() if uuid != lost}
    evaluation = evaluate(world.encoders(looks), world.folder)
    assert evaluation.unreadable == {"test": 0, "unseen": 1}
    assert score_of(evaluation, Method.MODEL, split="unseen", rank="family").images == 2
    assert "1 pictures could not be read" in " ".join(summary.sentences(evaluation))


def test_a_limit_takes_pictures_from_every_species_in_turn(world):
    evaluation = evaluate(world.encoders(), world.folder, settings=Settings(limit=8))
    assert sorted(evaluation.pictures["test"].taxa) == sorted(world.seen)
    assert len(evaluation.pictures["unseen"]) == 3


def test_predictions_hold_the_answer_to_every_picture(known_world, evaluation, tmp_path):
    save(evaluation, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "predictions.parquet")
    rows = {row["uuid"]: row for row in table.to_pylist()}
    asked = {uuid for uuid in known_world.looks if uuid in rows}
    assert len(rows) == len(asked) == 35
    for uuid, row in rows.items():
        look = known_world.looks[uuid]
        assert row["family"] == known_world.taxon_of[uuid].family
        assert row["family_rolled_up"] == look.family
        assert row["all_names_species"][0] == look.binomial
        if row["split"] == "test":
            assert row["species_by_text"] == row["top_species"][0] == look.binomial
            assert len(row["top_scores"]) == 5
        else:
            assert row["species_by_text"] is None


def test_scores_json_repeats_the_scores(evaluation, tmp_path):
    save(evaluation, tmp_path / "out")
    said = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert len(said["scores"]) == len(evaluation.scores)
    first = dataclasses.asdict(evaluation.scores[0])
    assert {**said["scores"][0], "accuracy_interval": tuple(said["scores"][0]["accuracy_interval"])}[
        "accuracy_interval"
    ] == first["accuracy_interval"]
    assert said["pictures"] == {"test": 32, "unseen": 3}


def test_the_report_is_the_same_twice_and_names_right_and_wrong(known_world, evaluation, tmp_path):
    (tmp_path / "run").mkdir()
    rows = [{"step": step, "loss": 1 / step, "lr": 0.1, "val_species": 0.5} for step in range(1, 5)]
    (tmp_path / "run" / "metrics.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "run" / "recipe.json").write_text('{"name": "small", "optimizer": {"lr": 0.1}}')
    for name in ("one", "two"):
        save(evaluation, tmp_path / name, run=tmp_path / "run")
    page = (tmp_path / "one" / "report.html").read_text(encoding="utf-8")
    assert page == (tmp_path / "two" / "report.html").read_text(encoding="utf-8")
    assert page.count("✗ wrong") == 9  # as many as there are among the pictures of trained species
    assert page.count("✓ right") == 15 + 3
    for words in ("The main scores", "Training", "What is taken for what", "A map of the pictures", "optimizer.lr"):
        assert words in page
    assert "http" not in page.replace("http://www.w3.org/", "")
    assert len(list((tmp_path / "one" / "examples").iterdir())) == 4 + 3


def test_the_printed_tables_hold_the_main_figures(evaluation):
    text = summary.as_text(evaluation)
    lines = [line.split() for line in text.splitlines() if line.strip().startswith("species, new pictures")]
    assert lines[0][3:7] == ["8", "8", "32", "71.9"]
    assert "the right family in 100.0 % as a mean over 1 families" in text


def test_a_species_with_no_training_picture_is_not_counted_as_met(world_at, tmp_path):
    world = world_at(tmp_path / "data")
    world.write("train", [(taxon, taxon) for taxon in world.seen[:4]])
    world.write("test", [(taxon, taxon) for taxon in world.seen])
    score = score_of(evaluate(world.finish().encoders(), world.folder), Method.MODEL)
    assert (score.candidates, score.images) == (4, 4)


def test_data_without_a_training_split_is_asked_for_its_own_species(world_at, tmp_path):
    world = world_at(tmp_path / "data")
    world.write("test", [(taxon, taxon) for taxon in world.seen])
    evaluation = evaluate(world.finish().encoders(), world.folder)
    assert score_of(evaluation, Method.MODEL).accuracy == 1
    assert summary.find(evaluation.scores, Method.PIXELS, task="zero-shot", split="test", rank="species") is None


def test_dropped_rows_of_a_catalog_are_not_read(world):
    curated = read_curated(world.folder)
    assert {split: len(pictures) for split, pictures in curated.splits.items()} == {
        "train": 18, "val": 0, "test": 32, "unseen": 3,
    }  # fmt: skip


def test_a_folder_without_a_catalog_test_pictures_or_a_second_species_is_refused(world_at, tmp_path):
    with pytest.raises(EmptyInput, match="no curated data"):
        read_curated(tmp_path)
    untested = world_at(tmp_path / "a")
    untested.write("train", [(untested.seen[0], untested.seen[0])])
    with pytest.raises(EmptyInput, match="no picture to test with"):
        read_curated(untested.finish().folder)
    single = world_at(tmp_path / "b")
    single.write("test", [(single.seen[0], single.seen[0])])
    with pytest.raises(EmptyInput, match="one class only"):
        read_curated(single.finish().folder)


def test_a_catalog_that_is_no_parquet_is_a_bad_file(tmp_path):
    (tmp_path / "shards").mkdir()
    (tmp_path / "catalog.parquet").write_text("not a table")
    with pytest.raises(BadFile, match="not a catalog"):
        read_curated(tmp_path)


def test_settings_below_one_are_refused():
    with pytest.raises(UsageError, match="limit must be at least 1"):
        Settings(limit=0)


def test_raw_pixels_leave_out_what_cannot_be_decoded(world):
    images = [*read_curated(world.folder)["unseen"].images(), ("broken", b"\xff\xd8 no more")]
    pixels = raw_pixels(images)
    assert len(pixels) == 3
    assert pixels.dim == 3072
    np.testing.assert_allclose(np.linalg.norm(pixels.vectors, axis=1), 1, rtol=1e-5)


def test_answered_is_by_text_at_species_and_rolled_up_above(evaluation):
    assert evaluation.answered("test", Rank.SPECIES).method == Method.MODEL
    assert evaluation.answered("test", Rank.FAMILY).method == Method.ROLLED_UP
    assert evaluation.answered("unseen", Rank.SPECIES) is None


def test_a_rank_that_only_taxa_without_a_species_have_is_not_rolled_up(world_at, tmp_path):
    """Labels without a family beside photos named to the family alone: nothing to sum, and it crashed."""
    world = world_at(tmp_path)
    shown = [
        *(world.seen[row].at(Rank.FAMILY) for row in (0, 4)),
        *(dataclasses.replace(world.seen[0], species=name, genus="", family="") for name in ("blob", "fluff")),
    ]
    for split in ("train", "test"):
        world.write(split, [(taxon, taxon) for taxon in shown])
    evaluation = evaluate(world.finish().encoders(), world.folder)
    assert score_of(evaluation, Method.MODEL, rank="family").candidates == 2
    assert summary.find(evaluation.scores, Method.ROLLED_UP, task="zero-shot", split="test", rank="family") is None


def test_a_very_long_name_still_names_a_file(world_at, tmp_path):
    """Names of 500 letters are kept by curation; the example's file name was too long for the disk."""
    world = world_at(tmp_path / "data")
    long = dataclasses.replace(world.seen[0], genus="", species="é" * 500)
    for split in ("train", "test"):
        world.write(split, [(taxon, taxon) for taxon in (long, world.seen[1])])
    taxa = dict.fromkeys(world.looks, world.seen[0])
    save(evaluate(world.finish().encoders(looks=taxa), world.folder), tmp_path / "out")
    assert len(list((tmp_path / "out" / "examples").iterdir())) == 2
