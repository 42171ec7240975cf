"""Fine-tuning on a user's photos: the settings by their number, what a run leaves, what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.train.organisms import living

from thuja.encode import build_labels
from thuja.errors import EmptyInput, UnknownName, UsageError
from thuja.images import Preparation
from thuja.labels import LabelSpace
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, VisionConfig
from thuja.model.description import describe
from thuja.phrasing import phrase
from thuja.predict import Predictor
from thuja.recipes.curated import catalog_taxa
from thuja.recipes.finetune import finetune, require_distinct
from thuja.recipes.finetune.photos import Photos, hold_out, observation_of
from thuja.recipes.finetune.request import Request, batch_size
from thuja.recipes.finetune.scores import Exam, answer, compare, species_accuracy
from thuja.recipes.finetune.told import Outcome
from thuja.taxonomy import Rank
from thuja.train import Corpus, TrainOptions
from thuja.train.lora import Adapters, apply_adapters


@pytest.fixture(scope="module")
def start(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder to tune from, with labels; its weights are as they were drawn."""
    taxa = catalog_taxa(small_world)
    tokenizer = Tokenizer.train([phrase(taxon, kind) for taxon in taxa for kind in ("taxon_com", "sci_com")], 600)
    config = ModelConfig(
        embed_dim=8,
        vision=VisionConfig(image_size=16, patch_size=8, width=16, layers=1, head_width=8),
        text=TextConfig(context_length=64, vocab_size=tokenizer.vocab_size, width=16, heads=2, layers=1),
    )
    model = Model.create(config, tokenizer, Preparation(size=16), generator=torch.Generator().manual_seed(0))
    folder = tmp_path_factory.mktemp("start") / "model"
    model.save(folder)
    build_labels(model, taxa).save(folder / "labels")
    return folder


def told(outcome: Outcome | None) -> Outcome:
    assert outcome is not None
    return outcome


def with_observations(corpus: Corpus, size: int) -> Corpus:
    """The corpus with `size` photos to an observation, each of one species."""
    number: dict[object, int] = {}
    records = []
    for record in corpus.records:
        place = number[record.taxon] = number.get(record.taxon, -1) + 1
        name = f"{record.taxon.species}-{place // size}"
        records.append(replace(record, data_source="field", facts={"observation_id": name}))
    return Corpus(records=records, read=corpus.read)


def test_what_is_held_out_parts_no_observation_and_is_of_every_species_that_has_enough() -> None:
    corpus = with_observations(living(120), size=4)  # six species, five observations each
    held = hold_out(corpus.records)
    rest = set(range(120)) - set(held)
    assert not {observation_of(corpus.records[row]) for row in held} & {
        observation_of(corpus.records[row]) for row in rest
    }
    assert {corpus.records[row].taxon for row in held} == set(corpus.taxa)
    assert len(held) == 6 * 4  # one of five observations a species
    assert hold_out(with_observations(living(48), size=4).records) == []  # two observations a species
    assert hold_out(corpus.records) == held


def test_the_batch_and_the_steps_grow_with_the_photos(start: Path, small_world: Path) -> None:
    said = describe(start)
    photos = Photos.of(small_world)
    found = []
    for count in (200, 2_000, 20_000):
        many = replace(photos, train=living(count))
        recipe = Request().recipe(str(start), said, many)
        found.append((recipe.batch_size, round(recipe.epochs * count / recipe.batch_size)))
    assert found == [(32, 231), (64, 356), (128, 981)]
    assert [batch_size(count) for count in (999, 1_000, 5_000)] == [32, 64, 128]


def test_without_replay_the_model_is_held_near_its_start_and_with_it_old_pictures_come_in_every_batch(
    start: Path, small_world: Path
) -> None:
    said, photos = describe(start), Photos.of(small_world)
    alone = Request().recipe(str(start), said, photos)
    mixed = Request(replay=small_world).recipe(str(start), said, photos)
    assert (len(alone.streams), alone.distill.weight > 0) == (1, True)
    assert [stream.batch_size for stream in mixed.streams] == [alone.batch_size] * 2
    assert mixed.distill.weight == 0
    assert Request(replay=small_world, distill=2.0).recipe(str(start), said, photos).distill.weight == 2
    assert (alone.tune.method, alone.tune.towers, alone.label_text) == ("lora", "both", "taxon_com")
    assert alone.distill.names == 64
    image = Request(towers="image").recipe(str(start), said, photos)
    assert (image.distill.weight, image.distill.names) == (alone.distill.weight, 0)


def test_where_a_model_has_no_labels_its_images_alone_are_held_and_it_is_said(
    tiny_model: Model, small_world: Path, start: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tiny_model.save(tmp_path / "bare")
    said, photos = describe(tmp_path / "bare"), Photos.of(small_world)
    recipe = Request().recipe(str(tmp_path / "bare"), said, photos)
    assert (recipe.distill.weight > 0, recipe.distill.names) == (True, 0)
    assert "nothing holds the names" in caplog.text
    named = Request(labels=start / "labels").recipe(str(tmp_path / "bare"), said, photos)
    assert (named.distill.names, named.distill.labels) == (64, str(start / "labels"))


def test_a_tuned_model_comes_with_labels_adapters_and_a_table(small_world: Path, start: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    outcome = told(finetune(start, small_world, run, request=Request(settings={"epochs": "4"}), old=small_world))
    tuned = Model.load(run)
    assert outcome.model == tuned.id
    assert json.loads((run / "finetune.json").read_text())["rows"] == list(outcome.rows)
    assert {row["exam"] for row in outcome.rows} == {"your photos", "species held out", "old task"}
    species = next(row for row in outcome.rows if row["rank"] == "species")
    exam = Exam.of("your photos", Photos.of(small_world).test, catalog_taxa(small_world))
    assert species["before"] == answer(Model.load(start), exam, text_type="taxon_com").right[Rank.SPECIES]
    assert species["after"] == answer(tuned, exam, text_type="taxon_com").right[Rank.SPECIES]
    assert LabelSpace.load(run / "model" / "labels").model == tuned.id
    again = apply_adapters(Model.load(start), run / "model")
    np.testing.assert_allclose(again.visual.proj.detach(), tuned.visual.proj.detach())
    assert Adapters.load(run / "model").start == outcome.start
    assert "your photos" in outcome.as_text()
    assert "Before and after" in (run / "report.html").read_text()
    assert outcome.kept is not None
    assert 0.5 < outcome.kept.names <= 1
    assert outcome.kept.labels == 8
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(Corpus.open(small_world, "test").read(0))
    (prediction,) = Predictor(run).predict([picture])
    assert len(prediction.answers) == 5


def test_an_interrupted_run_goes_on_to_the_same_table(small_world: Path, start: Path, tmp_path: Path) -> None:
    request = Request(settings={"epochs": "3", "optimizer.lr": "1e-5"})
    whole = told(finetune(start, small_world, tmp_path / "whole", request=request))
    finetune(start, small_world, tmp_path / "parts", request=request, options=TrainOptions(steps=2))
    parts = told(finetune(start, small_world, tmp_path / "parts", request=request, options=TrainOptions(resume=True)))
    assert parts == whole


def test_the_start_model_is_kept_where_nothing_was_better(small_world: Path, start: Path, tmp_path: Path) -> None:
    request = Request(settings={"epochs": "2", "optimizer.lr": "1e-12"})
    outcome = told(finetune(start, small_world, tmp_path / "run", request=request))
    assert outcome.best_step == 0
    assert all(row["before"] == row["after"] for row in outcome.rows)
    assert "Nothing that was learnt was better" in outcome.as_text()


def test_a_probe_leaves_the_model_and_answers_by_what_it_learnt(small_world: Path, start: Path, tmp_path: Path) -> None:
    outcome = told(finetune(start, small_world, tmp_path / "run", request=Request(method="probe")))
    begun, probed = Model.load(start), Model.load(tmp_path / "run")
    assert begun.state_dict().keys() == probed.state_dict().keys()
    assert all((weight == probed.state_dict()[name]).all() for name, weight in begun.state_dict().items())
    assert outcome.kept is None
    labels = LabelSpace.load(tmp_path / "run" / "model" / "labels")
    np.testing.assert_allclose(np.linalg.norm(labels.vectors.astype(np.float32), axis=1), 1, atol=1e-3)
    assert "nothing that it knew is lost" in outcome.as_text()
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(Corpus.open(small_world, "test").read(0))
    (prediction,) = Predictor(tmp_path / "run").predict([picture], k=1)
    assert prediction.answers[0].text in labels.texts


def test_photos_named_to_the_genus_alone_are_no_answers_and_do_not_say_when_to_stop(
    small_world: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Genera were counted as species and answered as species."""
    find = Corpus.find

    def found(data: Path, split: str) -> Corpus | None:
        whole = find(data, split)
        if whole is None:
            return None
        records = [
            replace(record, taxon=record.taxon.at(Rank.GENUS)) if row % 3 == 0 else record
            for row, record in enumerate(whole.records)
        ]
        return Corpus(records=records, read=whole.read)

    monkeypatch.setattr(Corpus, "find", found)
    photos = Photos.of(small_world)
    above = sum(not record.taxon[Rank.SPECIES] for record in photos.train.records)
    assert above > 0
    assert all(record.taxon[Rank.SPECIES] for record in photos.checked.records)
    outcome = told(finetune(start, small_world, tmp_path / "run", request=Request(method="probe")))
    assert (outcome.species, outcome.without_species) == (len({t for t in photos.train.taxa if t.species}), above)
    assert f"{above} of them named above the species only" in outcome.as_text()
    labels = LabelSpace.load(tmp_path / "run" / "model" / "labels")
    assert all(taxon.species for taxon in labels.taxa)
    asked = {row["rank"]: row["pictures"] for row in outcome.rows if row["exam"] == "your photos"}
    assert asked["species"] < asked["genus"]


def test_the_table_says_how_fine_it_is_and_where_answers_got_worse() -> None:
    def row(exam: str, pictures: int, before: float, after: float) -> dict[str, object]:
        shares = {"before": before, "after": after}
        return {"exam": exam, "rank": "species", "pictures": pictures, "names": 9, **shares}

    outcome = Outcome(
        start="a", model="b", method="finetune-lora", photos=50, species=9, without_species=0, checked=10, held_out=0,
        is_tested_apart=True, best_step=7, rows=[row("your photos", 40, 0.25, 0.5), row("old task", 25, 0.4, 0.36)],
        kept=None,
    )  # fmt: skip
    said = outcome.as_text()
    assert "one picture is 2.5 points of your photos (40) and 4 points of old task (25)" in said
    assert "Fewer are named right than before: old task at species (40.0 to 36.0 %)." in said
    assert "25.0 %   50.0 %" in said


def test_answers_that_stay_the_same_are_counted(tiny_model: Model) -> None:
    corpus = living(12)
    exam = Exam.of("x", corpus, corpus.taxa)
    tiny_model.facts = {"label_text": "com"}
    labels = build_labels(tiny_model, corpus.taxa, text_type="com")
    vectors = answer(tiny_model, exam, text_type="com").vectors
    same = compare((tiny_model, vectors), (tiny_model, vectors), exam, old=labels)
    assert (same.images, same.names, same.answers) == (pytest.approx(1, abs=1e-5), pytest.approx(1, abs=1e-5), 1.0)
    moved = compare((tiny_model, vectors), (tiny_model, -vectors), exam, old=labels)
    assert moved.images == pytest.approx(-1, abs=1e-5)
    assert moved.answers == 0
    assert compare((tiny_model, vectors), (tiny_model, vectors), exam, old=None).answers is None
    assert len(corpus.spread(5)) == 5


def test_a_species_that_is_called_by_another_name_is_named_right(tiny_model: Model) -> None:
    """The check that says when to stop counted an answer wrong that has another common name than the photo."""
    corpus = living(12)
    plain = [replace(taxon, common="") for taxon in corpus.taxa]
    own = species_accuracy(tiny_model, corpus, plain, text_type="com")
    called = [replace(taxon, common=f"{taxon.common}bird") for taxon in corpus.taxa]
    records = [
        replace(record, taxon=called[number]) for record, number in zip(corpus.records, corpus.taxon_ids, strict=True)
    ]
    renamed = Corpus(records=records, read=corpus.read)
    assert own > 0
    assert species_accuracy(tiny_model, renamed, plain, text_type="com") == own


def test_names_that_the_tokenizer_cuts_to_one_text_are_refused(tiny_model: Model) -> None:
    """A context of 24 tokens ends before the species of a long lineage."""
    taxa = living(12).taxa
    with pytest.raises(UsageError, match="are one text to this model, which reads 24 tokens"):
        require_distinct(tiny_model, taxa, "taxon_com")


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda start, data, out: finetune(out / "none", data, out / "run"), UsageError, "none is not a model"),
        (
            lambda start, data, out: finetune(start, out / "none", out / "run"),
            EmptyInput,
            "none is not there",
        ),
        (
            lambda start, data, out: finetune(start, start, out / "run"),
            EmptyInput,
            "not a folder that thuja curate",
        ),
        (lambda start, data, out: Request(method="lorra"), UnknownName, 'unknown method: "lorra"'),
        (lambda start, data, out: Request(towers="text"), UnknownName, 'unknown towers: "text"'),
        (lambda start, data, out: Request(captions=True), UsageError, "captions are of replayed pictures"),
        (lambda start, data, out: Request(method="probe", distill=1.0), UsageError, "nothing can be forgotten"),
        (
            lambda start, data, out: finetune(start, data, out / "run", request=Request(settings={"tune.rnk": "4"})),
            UnknownName,
            'unknown recipe field: "tune.rnk"',
        ),
    ],
)
def test_what_does_not_fit_is_one_sentence(
    start: Path,
    small_world: Path,
    tmp_path: Path,
    call: Callable[[Path, Path, Path], object],
    error: type[UsageError],
    says: str,
) -> None:
    with pytest.raises(error, match=says):
        call(start, small_world, tmp_path)
    assert not (tmp_path / "run").exists()


def test_photos_of_one_taxon_are_refused(small_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus.open(small_world, "train")
    rows = [row for row, record in enumerate(corpus.records) if record.taxon == corpus.taxa[0]]
    one = Corpus(records=[corpus.records[row] for row in rows], read=lambda row: corpus.read(rows[row]))
    monkeypatch.setattr(Corpus, "open", lambda data, split: one)
    with pytest.raises(EmptyInput, match="all of one taxon"):
        Photos.of(small_world)
