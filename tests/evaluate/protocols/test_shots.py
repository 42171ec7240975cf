"""Questions, zero-shot and few-shot on vectors whose answers are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.evaluate.protocols.few_shot import FOLDS, answer, draw_folds
from thuja.evaluate.protocols.zero_shot import by_roll_up, by_text
from thuja.evaluate.question import Question, distinct_at
from thuja.evaluate.scores import Method, Task
from thuja.labels import LabelSpace
from thuja.taxonomy import Rank, Taxon

RAVEN = Taxon(family="Corvidae", genus="Corvus", species="corax")
CROW = Taxon(family="Corvidae", genus="Corvus", species="corone", common="crow")
ROOK = Taxon(family="Fringillidae", genus="Corvus", species="x")


def test_a_question_keeps_homonyms_apart_and_does_not_ask_what_has_no_name():
    question = Question.put(Rank.GENUS, [RAVEN, ROOK], [CROW, ROOK, Taxon(family="Corvidae"), Taxon(genus="Pica")])
    assert [taxon.family for taxon in question.candidates] == ["Corvidae", "Fringillidae"]
    assert question.truth.tolist() == [0, 1, -1, -1]
    assert question.asked.tolist() == [True, True, False, False]


def test_of_equal_lineages_the_one_with_a_common_name_is_asked_about():
    bare = Taxon(family="Corvidae", genus="Corvus", species="corone")
    assert [taxon.common for taxon in distinct_at([bare, CROW, bare], Rank.SPECIES)] == ["crow"]


def test_by_text_and_by_roll_up_can_differ_and_each_follows_its_definition():
    """Three species: the single best is in family A, but the two of family B together outweigh it."""
    taxa = [
        Taxon(family=family, genus="G", species=species) for family, species in (("A", "a"), ("B", "b"), ("B", "c"))
    ]
    species = LabelSpace(texts=["a", "b", "c"], vectors=np.eye(3, dtype=np.float32), model="m", taxa=taxa)
    vector = np.log(np.array([[0.4, 0.3, 0.3]], np.float32))
    question = Question.put(Rank.FAMILY, taxa, [taxa[0]])
    rolled = by_roll_up(vector, species, question, scale=1.0)
    assert rolled.indices.tolist() == [[1, 0]]
    np.testing.assert_allclose(rolled.scores, [[0.6, 0.4]], rtol=1e-5)
    assert by_text(vector, species, scale=1.0).indices[0, 0] == 0


def test_a_clade_that_is_no_candidate_is_never_answered():
    taxa = [RAVEN, ROOK]
    species = LabelSpace(texts=["a", "b"], vectors=np.eye(2, dtype=np.float32), model="m", taxa=taxa)
    question = Question.put(Rank.FAMILY, [ROOK], [RAVEN, ROOK])
    top = by_roll_up(np.eye(2, dtype=np.float32), species, question, scale=10.0)
    assert top.indices.tolist() == [[0], [0]]
    assert question.candidates[0].family == "Fringillidae"


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=60), st.sampled_from([1, 5]))
def test_every_fold_parts_the_asked_rows_and_takes_its_shots(truth, shots):
    truth = np.array(truth)
    folds = draw_folds(truth, shots)
    assert len(folds) == FOLDS
    for fold in folds:
        both = np.concatenate([fold.support, fold.query])
        assert sorted(both.tolist()) == np.flatnonzero(truth >= 0).tolist()
        for label in np.unique(truth[truth >= 0]):
            there = int((truth == label).sum())
            assert (truth[fold.support] == label).sum() == min(shots, max(1, there - 1))


def test_the_support_of_one_shot_is_part_of_the_support_of_five():
    truth = np.repeat(np.arange(4), 9)
    for one, five in zip(draw_folds(truth, 1), draw_folds(truth, 5), strict=True):
        assert set(one.support) <= set(five.support)


def test_folds_differ_and_a_seed_gives_them_again():
    truth = np.repeat(np.arange(10), 10)
    first, again = draw_folds(truth, 1, seed=3), draw_folds(truth, 1, seed=3)
    assert all((a.support == b.support).all() for a, b in zip(first, again, strict=True))
    assert len({tuple(fold.support) for fold in first}) == FOLDS


def test_few_shot_on_clusters_far_apart_is_always_right():
    truth = np.repeat(np.arange(3), 4)
    vectors = (np.eye(3)[truth] + np.random.default_rng(0).normal(size=(12, 3)) * 0.01).astype(np.float32)
    for fold in draw_folds(truth, 1):
        assert (answer(vectors, truth, fold) == truth[fold.query]).all()


def task_of(truth, candidates=4):
    question = Question(rank=Rank.SPECIES, candidates=(Taxon(),) * candidates, truth=np.array(truth))
    return Task(name="zero-shot", split="test", question=question, species=np.array(truth))


def test_chance_is_one_in_the_number_of_candidates_not_of_those_that_occur():
    score = task_of([0, 0, 1, -1], candidates=8).chance()
    assert (score.accuracy, score.macro, score.top5) == (1 / 8, 1 / 8, 5 / 8)
    assert (score.candidates, score.classes, score.images) == (8, 2, 3)


def test_the_majority_is_that_of_training_and_may_not_occur_in_testing():
    task = task_of([0, 0, 1])
    assert task.majority(np.array([0, 1, 0, -1, -1, -1])).accuracy == pytest.approx(2 / 3)
    assert task.majority(np.array([0, 1, 0])).macro == pytest.approx(1 / 2)
    assert task.majority(np.array([3, 3, 0])).accuracy == 0


def test_images_that_are_not_asked_are_in_no_score():
    score = task_of([0, 1, -1]).score(np.array([[0], [0], [0]]), Method.MODEL, np.random.default_rng(0))
    assert (score.accuracy, score.images, score.top5) == (0.5, 2, None)
