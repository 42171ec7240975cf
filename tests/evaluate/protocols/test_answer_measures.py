"""Confidence and distance on the tree of zero-shot answers, by hand on four images."""

import numpy as np
import pytest

from thuja.classify import Top
from thuja.evaluate.protocols.answer_measures import confidence_measures, tree_measures
from thuja.evaluate.protocols.answers import Answers
from thuja.evaluate.protocols.classes import Classes
from thuja.evaluate.task import Measure, Way
from thuja.taxonomy import Taxon

RAVEN = Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"])
CROW = Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corone"])
OAK = Taxon.from_names(["Plantae", "Tracheophyta", "Magnoliopsida", "Fagales", "Fagaceae", "Quercus", "robur"])


def answers(taxa: tuple[Taxon, ...] = (RAVEN, CROW, OAK)) -> Answers:
    """A raven and a crow named right, a raven taken for a crow, an oak for a raven."""
    names = ("raven", "crow", "oak")
    return Answers(
        part="",
        way=Way.CORRECTED,
        classes=Classes(names=names, texts=names, taxa=taxa),
        rows=np.arange(4),
        truth=np.array([0, 0, 1, 2]),
        top=Top(indices=np.array([[0], [1], [1], [0]]), scores=np.array([[0.9], [0.6], [0.8], [0.7]], np.float32)),
        folds=np.zeros(4, dtype=np.int64),
        note="",
        seed=0,
    )


def by_name(measures: list[Measure]) -> dict[str, float]:
    assert all(one.low <= one.value + 1e-9 and one.value <= one.high + 1e-9 for one in measures if one.name != "ECE")
    assert {(one.units, one.clusters) for one in measures} == {(4, 3)}
    return {one.name: one.value for one in measures}


def test_a_confidence_is_held_against_what_came_of_it() -> None:
    found = by_name(confidence_measures(answers()))
    assert found == {
        "ECE": pytest.approx((0.1 + 0.6 + 0.2 + 0.7) / 4, abs=1e-6),
        "Brier of the answer": pytest.approx((0.1**2 + 0.6**2 + 0.2**2 + 0.7**2) / 4, abs=1e-6),
        "AURC": pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4),
    }


def test_mistakes_are_as_severe_as_the_common_ancestor_is_high() -> None:
    assert by_name(tree_measures(answers())) == {
        "full path": 0.5,
        "nLCA": pytest.approx((1 + 6 / 7 + 1 + 0) / 4),
        "severity": (1 + 7) / 4,
        "severity of the wrong": (1 + 7) / 2,
    }


def test_classes_without_taxa_lie_on_no_tree() -> None:
    assert tree_measures(answers(taxa=())) == []


def test_a_class_without_a_name_is_left_out() -> None:
    found = tree_measures(answers(taxa=(RAVEN, CROW, Taxon())))
    assert {(one.units, one.clusters) for one in found} == {(3, 2)}
    assert {one.name: one.value for one in found}["severity"] == pytest.approx(1 / 3)
