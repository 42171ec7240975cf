"""A calibration: what its scores are, and that it is the same read back."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa, space, units

from thuja.classify import Tree, marginals
from thuja.classify.calibrate.backing import paths_of
from thuja.classify.calibrate.calibration import Calibration, Checks, shared, told_best
from thuja.classify.calibrate.coverage import Conformity, keys_of
from thuja.classify.calibrate.reliability_maps import BetaMap
from thuja.classify.calibrate.subtrees import candidates_of, jitter, subtrees_at
from thuja.errors import BadFile, ThujaError
from thuja.taxonomy import RANKS, Rank, Taxon

CURVES = st.builds(BetaMap, a=st.floats(0, 3), b=st.floats(0, 3), c=st.floats(-3, 3))


def calibration(**changes) -> Calibration:
    plain = Calibration(
        labels="l",
        model="m",
        temperature=1.0,
        maps={rank: BetaMap(a=0.8, b=1.1, c=-0.1 * rank) for rank in RANKS},
        conformity=Conformity(scores=(0.4, 0.1, 0.2), keys=(("o", "all"), ("p", "all"), ("o", "all"))),
        images=5,
        observations=4,
    )
    return replace(plain, **changes)


def looked(seed: int = 0, *, images: int = 6, scale: float = 8.0):
    generator = np.random.default_rng(seed)
    labels = space(units(generator, 40), random_taxa(generator, 40, names=3))
    tree = Tree.of(labels)
    return labels, tree, next(marginals(units(generator, images), labels, scale=scale, k=32, tree=tree))


@settings(max_examples=30)
@given(st.integers(0, 100), st.lists(CURVES, min_size=7, max_size=7))
def test_a_parent_is_never_less_probable_than_its_child(seed, curves) -> None:
    _, tree, block = looked(seed)
    found = calibration(maps=dict(zip(RANKS, curves, strict=True)))
    path = found.path_scores(paths_of(block, tree))
    assert (np.diff(path, axis=1) <= 0).all()
    best = np.stack([found.scores(block, rank)[:, 0] for rank in RANKS], axis=1)
    assert (np.diff(best, axis=1) <= 0).all()


@settings(max_examples=30)
@given(st.integers(0, 100), CURVES, st.sampled_from([None, Rank.GENUS]))
def test_calibrated_scores_keep_their_order_and_are_no_more_than_one_together(seed, curve, rank) -> None:
    _, _, block = looked(seed)
    told = calibration(maps=dict.fromkeys(RANKS, curve)).scores(block, rank)
    assert (np.diff(told, axis=1) <= 1e-12).all()
    assert told.min() >= 0
    assert (told.sum(axis=1) <= 1 + 1e-6).all()


def test_the_curves_of_the_identity_leave_scores_as_they_are() -> None:
    _, tree, block = looked()
    found = calibration(maps=dict.fromkeys(RANKS, BetaMap()))
    for rank in RANKS:
        assert found.scores(block, rank) == pytest.approx(block.clades[rank].scores, abs=2e-6)
    assert found.scores(block) == pytest.approx(block.labels.scores, abs=2e-6)
    paths = paths_of(block, tree)
    assert found.path_scores(paths) == pytest.approx(paths.probabilities, abs=2e-6)


def test_no_score_is_surer_than_its_observations_can_show() -> None:
    """Of 290 observations none can show that a kingdom is right 100.0 % of the time."""
    _, tree, block = looked()
    found = calibration(maps=dict.fromkeys(RANKS, BetaMap(c=40.0)), observations=290)
    most = 291 / 292
    assert found.scores(block, Rank.KINGDOM).max() == pytest.approx(most)
    assert found.path_scores(paths_of(block, tree)).max() == pytest.approx(most)


def test_what_the_best_leaves_is_shared_as_before() -> None:
    told = shared(np.array([0.7, 0.3]), np.array([[0.5, 0.3, 0.1], [0.5, 0.4, 0.1]]))
    assert told == pytest.approx(np.array([[0.7, 0.18, 0.06], [0.3, 0.3, 0.14]]))
    assert told_best(dict.fromkeys(RANKS, BetaMap()), np.zeros((1, 7))).max() == 0


def test_a_best_score_that_rounds_to_one_leaves_the_others_what_the_curve_leaves() -> None:
    """What lay beyond a float's reach was divided by nothing, and the second taxon came out as likely as the first."""
    told = shared(np.array([0.98]), np.array([[1.0, 3e-9, 1e-9]], dtype=np.float32))
    assert told == pytest.approx(np.array([[0.98, 0.015, 0.005]]))
    alone = shared(np.array([0.98]), np.array([[1.0, 0.0]], dtype=np.float32))
    assert alone == pytest.approx(np.array([[0.98, 0.0]]))


def test_sets_are_cut_at_the_price_of_an_images_group() -> None:
    _, tree, block = looked(images=20)
    found = calibration()
    prices = found.conformity.prices(keys_of(block, tree), 0.75) / jitter(block)
    plain = subtrees_at(candidates_of(block, tree), prices, tree)
    told = found.subtrees(block, tree, coverage=0.75)
    assert [[(one.rank, one.index) for one in each] for each in told] == [
        [(one.rank, one.index) for one in each] for each in plain
    ]
    scores = {rank: found.scores(block, rank)[:, 0] for rank in RANKS}
    for row, subtrees in enumerate(told):
        for one in subtrees:
            if one.index == block.clades[one.rank].indices[row, 0]:
                assert one.mass == pytest.approx(scores[one.rank][row])
            assert 0 <= one.mass <= scores[one.rank][row] + 1e-9


def test_counts_go_with_the_calibration_that_was_fitted_with_them() -> None:
    labels, tree, block = looked()
    with pytest.raises(ThujaError, match="the counts of labels"):
        calibration(thirds=(1.0, 2.0)).subtrees(block, tree, coverage=0.9)
    with pytest.raises(ThujaError, match="the counts of labels"):
        calibration().subtrees(block, tree, coverage=0.9, counts=np.ones(len(labels)))


def test_a_calibration_read_back_is_the_same() -> None:
    checks = Checks(before={Rank.CLASS: 0.2}, after={Rank.CLASS: 0.1}, right=0.95, depth=5.5, covered={0.9: 0.91})
    found = calibration(checks=checks, thirds=(1.0, 2.0), options={"clade_size": 0.3}, unseen={"a": [1]})
    assert Calibration.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    empty = json.loads(json.dumps(calibration().to_dict(), allow_nan=False))
    assert Calibration.from_dict(empty) == calibration()


@pytest.mark.parametrize(
    "change",
    [
        {"version": 9},
        {"temperature": 0},
        {"maps": {}},
        {"labels": None, "checks": 3},
        {"maps": {rank.label: [float("nan"), 1, 0] for rank in RANKS}},
        {"thirds": ["a"]},
        {"options": 3},
        {"unseen": 3},
        {"conformity": {"scores": [0.1, 0.2], "names": ["all"], "groups": [[0]]}},
        {"conformity": {"scores": [0.1, 0.2], "names": ["all"], "groups": [[0], []]}},
        {"conformity": {"scores": [float("nan")], "names": ["all"], "groups": [[0]]}},
    ],
)
def test_what_is_no_calibration_is_refused(change) -> None:
    with pytest.raises(BadFile):
        Calibration.from_dict(calibration().to_dict() | change)


def test_of_a_species_with_several_labels_the_best_label_has_its_own_part_alone() -> None:
    """The best label was told with the whole species' probability, and its twin with next to nothing."""
    generator = np.random.default_rng(0)
    taxa = [Taxon.from_names(["k", "p", "c", "o", "f", "g", f"s{n // 2}"]) for n in range(8)]
    labels = space(units(generator, 8), taxa)
    found = calibration(maps=dict.fromkeys(RANKS, BetaMap()))
    block = next(marginals(units(generator, 20), labels, scale=4.0, k=8, tree=Tree.of(labels)))
    assert found.scores(block) == pytest.approx(block.labels.scores, abs=1e-5)
