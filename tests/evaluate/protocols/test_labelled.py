"""Zero-shot and few-shot of labelled images: the scripts' rules written out, and numbers known by construction."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluate.tasks.minis import found, value, view_of

from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.evaluate.protocols.classes import Classes
from thuja.evaluate.protocols.few_shot import FOLDS, Script, draw_folds, draw_public
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.protocols.zero_shot import class_vectors, nearest_texts
from thuja.evaluate.task import BOTH, Images, View, Way
from thuja.phrasing import PROMPTS
from thuja.taxonomy import Taxon


def task_of(truth, names=None, *, texts=True, **kwargs):
    names = tuple(names or [f"class {number}" for number in range(max(truth) + 1)])
    classes = kwargs.pop("classes", None) or Classes(names=names, texts=names if texts else ())
    images = Images(folder=Path("data"), paths=tuple(f"{row}.jpg" for row in range(len(truth))))
    return Labelled(images=images, truth=np.array(truth), classes=classes, **kwargs)


def nan_for_the_second(sentences):
    return np.array([[np.nan, 1] if "class 1" in sentence else [1, 0] for sentence in sentences], dtype=np.float32)


# --- zero-shot


def test_three_of_four_right_is_three_quarters_of_images_and_less_of_classes() -> None:
    task = task_of([0, 0, 0, 1])
    outcome = task.measure(view_of(task, [0, 0, 0, 0]), BOTH)
    assert value(outcome, "top-1") == 0.75
    assert value(outcome, "top-1", way=Way.CORRECTED) == 0.75
    assert value(outcome, "macro top-1", way=Way.CORRECTED) == 0.5
    assert found(outcome, "top-1").units == 4
    assert found(outcome, "top-1").clusters == 2
    assert found(outcome, "top-1").note == "2 candidates"


def test_top_three_and_five_need_as_many_classes() -> None:
    task = task_of([0, 1, 2, 3])
    # Image 3 is nearest to class 0, then 1, 2 and its own.
    vectors = np.eye(4, dtype=np.float32)
    vectors[3] = (0.9, 0.5, 0.4, 0.1)
    outcome = task.measure(View(vectors=vectors, texts=view_of(task, [0] * 4).texts), [Way.PUBLIC])
    assert (value(outcome, "top-1"), value(outcome, "top-3")) == (0.75, 0.75)
    assert not [measure for measure in outcome.measures if measure.name == "top-5"]


def test_a_class_vector_is_the_mean_of_unit_vectors_over_the_eighty_prompts() -> None:
    table = {}
    generator = np.random.default_rng(0)

    def texts(sentences):
        return np.stack([table.setdefault(text, generator.normal(size=6).astype(np.float32) * 9) for text in sentences])

    names = [f"bird {number}" for number in range(300)]  # more than are encoded at once
    vectors = class_vectors(texts, names)
    assert len(table) == 300 * 80
    for name in (names[0], names[299]):
        units = [table[prompt.format(name)] / np.linalg.norm(table[prompt.format(name)]) for prompt in PROMPTS]
        mean = np.mean(units, axis=0)
        np.testing.assert_allclose(vectors[names.index(name)], mean / np.linalg.norm(mean), rtol=1e-5)


def test_ranking_is_by_logit_where_posteriors_round_to_zero_and_scores_are_the_posterior() -> None:
    classes = np.eye(4, dtype=np.float32)
    vectors = np.array([[1.0, -0.1, -0.2, -0.3]], dtype=np.float16)
    top = nearest_texts(vectors, classes, scale=1000)
    assert top.indices.tolist() == [[0, 1, 2, 3]]
    unit = vectors[0].astype(np.float64) / np.linalg.norm(vectors[0].astype(np.float64))
    soft = np.exp(unit @ classes.T.astype(float) * 3)
    np.testing.assert_allclose(nearest_texts(vectors, classes, scale=3).scores[0], soft / soft.sum(), rtol=1e-3)


def test_blocks_of_images_give_what_all_at_once_give(monkeypatch) -> None:
    generator = np.random.default_rng(0)
    vectors, classes = generator.normal(size=(50, 8)), generator.normal(size=(9, 8))
    whole = nearest_texts(vectors, classes, scale=10)
    monkeypatch.setattr("thuja.evaluate.protocols.zero_shot._LOGITS_AT_ONCE", 20)
    np.testing.assert_array_equal(nearest_texts(vectors, classes, scale=10).indices, whole.indices)


def test_classes_of_equal_text_are_one_in_the_corrected_way_and_it_is_said() -> None:
    """By text the second of two equal classes is never answered: the public way scores its images wrong."""
    names = ("Yunnan newt", "a crab", "Yunnan  Newt")
    task = task_of([0, 1, 2, 2], names, shots=())
    outcome = task.measure(view_of(task, [0, 1, 0, 0]), BOTH)
    assert value(outcome, "top-1") == 0.5
    assert value(outcome, "top-1", way=Way.CORRECTED) == 1
    assert found(outcome, "top-1").note == "3 candidates"
    assert (
        found(outcome, "top-1", way=Way.CORRECTED).note
        == "2 candidates; 1 class with the text of another, and one with it"
    )
    truth = outcome.answers.filter(outcome.answers["way"].to_numpy(zero_copy_only=False) == "corrected")["truth"]
    assert truth.to_pylist() == ["Yunnan newt", "a crab", "Yunnan newt", "Yunnan newt"]


RAVEN, CROW = (Taxon(family="Corvidae", genus="Corvus", species=name) for name in ("corax", "corone"))
MAGPIE = Taxon(family="Corvidae", genus="Pica", species="pica")
BIRD = Taxon(class_="Aves")
OWL = Taxon(class_="Aves", family="Strigidae", genus="Asio", species="otus")


def test_each_rank_is_scored_by_the_answers_taxon_over_images_that_have_a_name_there() -> None:
    taxa = (RAVEN, CROW, MAGPIE, OWL, BIRD)
    names = tuple(taxon.scientific_name for taxon in taxa)
    task = task_of([0, 1, 2, 3, 4], classes=Classes(names=names, texts=names, taxa=taxa), shots=())
    # The crow is called a raven, the magpie a crow, the bird (named to the class) an owl.
    outcome = task.measure(view_of(task, [0, 0, 1, 3, 3]), [Way.CORRECTED])
    by_rank = {one.part: one for one in outcome.measures if one.name == "top-1" and one.part}
    assert {part: (one.value, one.units) for part, one in by_rank.items()} == {
        "family": (1.0, 4),
        "genus": (0.75, 4),
        "species": (0.5, 4),
    }
    assert by_rank["family"].note == "the answer's taxon among 2"
    assert value(outcome, "macro top-1", "genus", Way.CORRECTED) == pytest.approx((1 + 0 + 1) / 3)


def test_images_are_drawn_by_species_where_classes_are_its_plumages_and_the_species_counts_too() -> None:
    names = ("duck (male)", "duck (female)", "teal")
    classes = Classes(names=names, texts=names, species=("duck", "duck", "teal"))
    task = task_of([0, 0, 1, 1, 2], classes=classes, shots=())
    outcome = task.measure(view_of(task, [0, 1, 0, 1, 2]), [Way.CORRECTED])
    assert found(outcome, "top-1", way=Way.CORRECTED).clusters == 2
    assert value(outcome, "top-1", way=Way.CORRECTED) == 0.6
    assert value(outcome, "top-1", "species", Way.CORRECTED) == 1
    assert outcome.answers["group"].to_pylist() == ["duck"] * 4 + ["teal"]


def test_answers_are_a_row_an_image_with_its_posterior_the_best_five_and_the_taxon() -> None:
    taxa = (RAVEN, CROW, MAGPIE)
    names = tuple(taxon.scientific_name for taxon in taxa)
    task = task_of([2, 0], classes=Classes(names=names, texts=names, taxa=taxa), shots=())
    row = task.measure(view_of(task, [1, 0]), [Way.PUBLIC]).answers.to_pylist()[0]
    assert {name: row[name] for name in ("path", "way", "part", "fold", "truth", "answer", "top", "genus")} == {
        "path": "0.jpg", "way": "public", "part": "", "fold": 0, "truth": "Pica pica", "answer": "Corvus corone",
        "top": ["Corvus corone", "Corvus corax", "Pica pica"], "genus": "Pica",
    }  # fmt: skip
    assert row["score"] == pytest.approx(1)


def test_images_alone_are_selected_and_all_classes_stay_candidates() -> None:
    task = task_of([0, 0, 1, 2], observations=("a", "b", "c", "d"), shots=())
    some = task.select([3, 0])
    assert some.images.paths == ("3.jpg", "0.jpg")
    assert (some.truth.tolist(), some.observations) == ([2, 0], ("d", "a"))
    assert found(some.measure(view_of(some, [2, 1]), [Way.PUBLIC]), "top-1").note == "3 candidates"


# --- few-shot: the public scripts written out


def script_draws(truth, shots_list, *, in_place):
    """What the script keeps of each fold: `random.seed(fold)`, each class's list shuffled, the first k kept."""
    lists: dict[int, list[int]] = {}
    for row, label in enumerate(truth):
        lists.setdefault(label, []).append(row)
    draws = {}
    for shots in shots_list:
        draws[shots] = []
        for fold in range(5):
            random.seed(fold)
            train, test = [], []
            for rows in lists.values():
                shuffled = rows if in_place else rows[:]
                random.shuffle(shuffled)
                train.append(shuffled[:shots])
                test += shuffled[shots:]
            draws[shots].append((train, test))
    return draws


def dense_accuracy(vectors, truth, train, test):
    """CL2N and the nearest class mean by the norm of all differences."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    mean = units[np.concatenate(train)].mean(axis=0)
    moved = (units - mean) / np.linalg.norm(units - mean, axis=1, keepdims=True)
    centres = np.stack([moved[rows].mean(axis=0) for rows in train])
    labels = np.array([truth[rows[0]] for rows in train])
    distance = np.linalg.norm(centres[:, None] - moved[test], axis=-1)
    return float((labels[distance.argmin(axis=0)] == truth[test]).mean())


@pytest.mark.parametrize(
    ("script", "name"), [(Script.PAPERS, "accuracy"), (Script.LATER, "accuracy by classification.py")]
)
def test_few_shot_is_the_scripts_own_to_the_digit(script, name) -> None:
    generator = np.random.default_rng(1)
    truth = generator.permutation(np.repeat(np.arange(7), [6, 9, 12, 8, 20, 7, 5]))
    vectors = generator.normal(size=(len(truth), 16)) + 2 * np.eye(16)[truth] + 1
    draws = script_draws(truth.tolist(), (1, 5), in_place=script is Script.PAPERS)
    ours = draw_public(truth, (1, 5), script=script)
    outcome = task_of(truth.tolist()).measure(View(vectors=vectors.astype(np.float32)), [Way.PUBLIC])
    for shots, folds in draws.items():
        for fold, (train, test) in zip(ours[shots], folds, strict=True):
            assert fold.support.tolist() == sorted(np.concatenate(train).tolist())
            assert fold.query.tolist() == sorted(test)
        accuracies = [dense_accuracy(vectors.astype(np.float32), truth, *fold) for fold in folds]
        measure = found(outcome, name, f"{shots}-shot")
        assert measure.value == pytest.approx(np.mean(accuracies), abs=1e-12)
        assert measure.spread == pytest.approx(np.std(accuracies), abs=1e-12)
        assert measure.units == len(truth) - 7 * shots
        assert measure.low < measure.value < measure.high


def test_the_two_scripts_start_alike_and_part_at_the_second_fold() -> None:
    truth = np.repeat(np.arange(5), 30)
    first, later = (draw_public(truth, (1, 5), script=script) for script in Script)
    assert (first[1][0].support == later[1][0].support).all()
    assert (first[1][1].support != later[1][1].support).any()
    assert (first[5][0].support != later[5][0].support).any()
    assert set(later[1][3].support) <= set(later[5][3].support)


def test_drawing_leaves_the_global_random_numbers_alone() -> None:
    random.seed(7)
    expected = random.random()
    random.seed(7)
    draw_public(np.repeat(np.arange(3), 4))
    assert random.random() == expected


def test_a_class_of_just_k_images_is_never_asked_and_one_of_fewer_is_left_out_and_said() -> None:
    task = task_of([0] * 7 + [1] * 5 + [2] * 3)
    outcome = task.measure(view_of(task, task.truth.tolist()), BOTH)
    public = found(outcome, "accuracy", "5-shot")
    assert (public.value, public.units, public.clusters) == (1, 2, 1)
    assert public.note == (
        "2 candidates; 1 class with fewer than 5 images, where the public script stops, and left out; "
        "1 class with no image left to ask"
    )
    corrected = found(outcome, "macro accuracy", "5-shot", Way.CORRECTED)
    assert (corrected.units, corrected.clusters) == (4, 3)
    assert corrected.note.startswith("3 candidates; 2 classes with fewer than 5 images for support; no observation")


def test_a_class_of_one_image_is_an_answer_that_is_always_wrong() -> None:
    """Three of class 0 lie with class 1's only image, which nobody is asked about."""
    task = task_of([0, 0, 0, 0, 1], texts=False, shots=(1,))
    outcome = task.measure(view_of(task, [0, 1, 1, 1, 1], reads=False), [Way.CORRECTED])
    measure = found(outcome, "macro accuracy", "1-shot", Way.CORRECTED)
    assert (measure.units, measure.clusters) == (3, 1)
    assert "1 class with no image left to ask" in measure.note


def test_macro_few_shot_weighs_classes_alike() -> None:
    """Class 1's images look like class 0's: of 20 queries of class 0 all are right, of 2 of class 1 none or all."""
    task = task_of([0] * 21 + [1] * 3 + [2] * 3, texts=False, shots=(1,))
    outcome = task.measure(view_of(task, [0] * 24 + [2] * 3, reads=False), [Way.CORRECTED])
    # The tie between classes 0 and 1 goes to the first in order.
    assert value(outcome, "macro accuracy", "1-shot", Way.CORRECTED) == pytest.approx(2 / 3)
    assert value(outcome, "accuracy", "1-shot", Way.CORRECTED) == pytest.approx(22 / 24)


# --- few-shot: observations


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=60),
    st.sampled_from([1, 2, 5]),
)
def test_support_and_query_never_share_an_observation(rows, shots) -> None:
    """Observations cross classes, as a camera trap's sequences do."""
    truth, clusters = (np.array(column) for column in zip(*rows, strict=True))
    for fold in draw_folds(truth, shots, clusters=clusters):
        assert not set(clusters[fold.support]) & set(clusters[fold.query])
        assert not set(fold.support) & set(fold.query)
        for label in np.unique(truth):
            given = clusters[fold.support][truth[fold.support] == label]
            seen = len(set(clusters[truth == label]))
            assert len(set(given)) == len(given) == min(shots, max(1, seen - 1))
        free = ~np.isin(clusters, clusters[fold.support])
        assert fold.query.tolist() == np.flatnonzero(free).tolist()


def test_observations_of_one_image_each_change_no_draw() -> None:
    truth = np.random.default_rng(0).integers(0, 6, size=70)
    plain, numbered = draw_folds(truth, 5, seed=2), draw_folds(truth, 5, clusters=np.arange(70), seed=2)
    for one, other in zip(plain, numbered, strict=True):
        assert (one.support == other.support).all()
        assert (one.query == other.query).all()


def test_bursts_do_not_flatter_the_corrected_way() -> None:
    """Each burst looks like itself alone: with a frame of it in support the public way is right, and learns nothing."""
    bursts = np.repeat(np.arange(12), 10)
    truth = np.repeat([0, 1] * 6, 10).tolist()
    names = tuple(f"burst {number}" for number in bursts)
    task = task_of(truth, texts=False, shots=(30,), observations=names)
    outcome = task.measure(View(vectors=np.eye(12, dtype=np.float32)[bursts]), BOTH)
    assert value(outcome, "accuracy", "30-shot") == 1
    corrected = found(outcome, "accuracy", "30-shot", Way.CORRECTED)
    assert corrected.value < 0.7
    assert "share an observation with support" in corrected.note


def test_images_of_no_known_observation_count_as_one_each() -> None:
    task = task_of([0, 0, 1, 1], texts=False, shots=(1,), observations=("", "", "b", ""))
    outcome = task.measure(view_of(task, [0, 0, 1, 1], reads=False), [Way.CORRECTED])
    measure = found(outcome, "accuracy", "1-shot", Way.CORRECTED)
    assert (measure.value, measure.units) == (1, 2)
    assert "3 images of no known observation count as one each" in measure.note


# --- what can be asked


def test_a_model_that_reads_no_text_gets_few_shot_only() -> None:
    task = task_of([0, 0, 1, 1])
    outcome = task.measure(view_of(task, [0, 0, 1, 1], reads=False), BOTH)
    assert {(measure.part, measure.way) for measure in outcome.measures} == {
        ("1-shot", Way.PUBLIC),
        ("1-shot", Way.CORRECTED),
        ("5-shot", Way.CORRECTED),
    }
    with pytest.raises(UsageError, match="reads no text"):
        task_of([0, 1], shots=()).measure(view_of(task_of([0, 1]), [0, 1], reads=False), BOTH)


def test_where_nothing_can_be_asked_it_is_said() -> None:
    task = task_of([0, 1], texts=False)
    with pytest.raises(EmptyInput, match="nothing could be asked"):
        task.measure(view_of(task, [0, 1], reads=False), BOTH)
    with pytest.raises(EmptyInput, match="no image"):
        task.select([]).measure(View(vectors=np.zeros((0, 2), np.float32)), BOTH)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: task_of([0, 0], ["one"]), 'one class only, "one"'),
        (lambda: task_of([0, 2], ["one", "two"]), "outside the 2 classes"),
        (lambda: task_of([0, 1], shots=(0,)), "at least 1, got 0"),
        (lambda: task_of([0, 1], observations=("a",)), "an observation each or none"),
        (lambda: Classes(names=("a", "b"), texts=("a",)), "expected 2 texts"),
        (lambda: task_of([0, 1]).measure(View(vectors=np.eye(3)), BOTH), "expected 2 image vectors, got 3"),
        (lambda: task_of([0, 1]).measure(View(vectors=np.array([[1, np.nan], [0, 1]])), BOTH), "not numbers"),
        (lambda: task_of([0, 1]).measure(View(vectors=np.eye(2), texts=lambda _: np.ones((160, 3))), BOTH),
         "texts have 3 dimensions, and images 2"),
        (lambda: task_of([0, 1]).measure(View(vectors=np.eye(2), texts=nan_for_the_second), BOTH),
         "texts of 1 of 2 classes gave vectors that are not numbers"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(wrong, told) -> None:
    with pytest.raises(ThujaError, match=told):
        wrong()


def test_the_same_seed_gives_the_same_measures_whatever_else_is_asked() -> None:
    generator = np.random.default_rng(0)
    task = task_of(generator.integers(0, 5, size=80).tolist(), texts=False)
    view = View(vectors=generator.normal(size=(80, 6)).astype(np.float32))
    both = task.measure(view, BOTH, seed=3).measures
    alone = task.measure(view, [Way.CORRECTED], seed=3).measures
    assert [measure for measure in both if measure.way is Way.CORRECTED] == list(alone)
    assert task.measure(view, [Way.CORRECTED], seed=4).measures != alone


def test_zero_vectors_are_answered_and_do_not_stop_it() -> None:
    task = task_of([0, 0, 1, 1])
    vectors = np.zeros((4, 2), dtype=np.float32)
    outcome = task.measure(View(vectors=vectors, texts=view_of(task, [0] * 4).texts), BOTH)
    assert all(np.isfinite(measure.value) for measure in outcome.measures)
    assert (
        len(outcome.answers.filter(outcome.answers["part"].to_numpy(zero_copy_only=False) == "1-shot")) == 2 * FOLDS * 2
    )
