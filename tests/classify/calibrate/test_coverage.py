"""Thresholds of conformal sets, and the groups that they hold within."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.classify.making import random_taxa, space, units

from thuja.classify import Tree, marginals
from thuja.classify.calibrate.coverage import Conformity, cut, keys_of
from thuja.taxonomy import Rank, Taxon


@given(st.lists(st.floats(0, 1), max_size=60), st.floats(0.05, 0.99))
def test_as_many_scores_as_the_guarantee_asks_reach_the_cut(scores, coverage) -> None:
    threshold = cut(sorted(scores), coverage)
    reached = sum(score >= threshold for score in scores)
    assert reached >= min((len(scores) + 1) * coverage - 1e-6, len(scores))
    above = sum(score > threshold for score in scores)
    assert threshold == 0 or above < (len(scores) + 1) * coverage


def test_of_too_few_scores_the_cut_lets_everything_in() -> None:
    assert cut([0.1, 0.2, 0.3], 0.8) == 0
    assert cut([0.1, 0.2, 0.3, 0.4], 0.8) == 0.1
    assert cut([], 0.5) == 0


def test_new_observations_are_covered_as_often_as_asked_in_every_group() -> None:
    """One group is easy and one is hard: one threshold for both would cover them unevenly."""
    generator = np.random.default_rng(0)

    def observations(count):
        hard = generator.random(count) < 0.3
        return generator.random(count) ** np.where(hard, 3, 1), [("hard" if one else "easy", "all") for one in hard]

    covered = {"hard": [], "easy": []}
    for _ in range(60):
        conformity = Conformity.of(*observations(700))
        scores, keys = observations(500)
        for score, price, key in zip(scores, conformity.prices(keys, 0.9), keys, strict=True):
            covered[key[0]].append(score >= price)
    for name, found in covered.items():
        assert np.mean(found) == pytest.approx(0.905, abs=0.015), name


def test_small_groups_are_pooled_and_no_score_serves_two_groups() -> None:
    keys = [("a", "x", "all")] * 5 + [("b", "x", "all")] * 2 + [("c", "x", "all")] * 2 + [("d", "y", "all")]
    found = Conformity.of(np.arange(10) / 10, keys)
    parts = {name: len(scores) for name, scores in found.groups(least=4, last=2).items()}
    assert parts == {"a": 5, "x": 4}
    assert {name: len(scores) for name, scores in found.groups(least=4, last=1).items()} == parts | {"all": 1}


def test_what_is_rare_is_measured_by_what_is_rare() -> None:
    """The last few, of no group of their own, were measured by all, most of which were easier: 81 % held of 90."""
    keys = [("common", "all")] * 60 + [(f"rare {n}", "all") for n in range(25)]
    found = Conformity.of(np.concatenate([np.full(60, 0.9), np.full(25, 0.1)]), keys)
    assert found.prices([("common", "all"), ("rare 30", "all")], 0.9).tolist() == [0.9, 0.1]
    few = Conformity.of(np.concatenate([np.full(60, 0.9), np.full(4, 0.1)]), keys[:64])
    assert few.prices([("rare 30", "all")], 0.9).tolist() == [0.9]


def test_a_group_is_as_large_as_the_coverage_asked_needs() -> None:
    """Of sixty scores none can say 0.99: alone, that group would be given everything."""
    keys = [("small", "all")] * 60 + [("large", "all")] * 400
    found = Conformity.of(np.linspace(0.2, 1, 460), keys)
    assert found.prices([("small", "all")], 0.95)[0] == pytest.approx(0.2, abs=0.01)
    assert found.prices([("small", "all"), ("large", "all")], 0.99).min() > 0


def test_groups_name_the_best_taxa_and_the_third_of_the_best_label() -> None:
    generator = np.random.default_rng(0)
    labels = space(units(generator, 30), random_taxa(generator, 30))
    tree = Tree.of(labels)
    block = next(marginals(units(generator, 4), labels, scale=5.0, k=1, tree=tree))
    counts = np.arange(30)
    keys = keys_of(block, tree, counts=counts, thirds=(9.5, 19.5))
    for row, key in enumerate(keys):
        third = sum(block.labels.indices[row, 0] > bound for bound in (9.5, 19.5))
        clades = keys_of(block, tree)[row]
        assert key == tuple(name for clade in clades for name in (f"{clade}|{third}", clade))
        best = [tree.taxa[rank][block.clades[rank].indices[row, 0]] for rank in (Rank.ORDER, Rank.CLASS)]
        assert clades == (f"order {best[0].taxonomic_name}", f"class {best[1].taxonomic_name}", "all")


def test_lineages_without_names_are_groups_as_others_are() -> None:
    """The key of a clade without any name was the empty string, which stood for all observations."""
    labels = space(units(np.random.default_rng(0), 1), [Taxon(species="copepod calanoid")])
    tree = Tree.of(labels)
    (key,) = keys_of(next(marginals(labels.vectors, labels, scale=1.0, k=1, tree=tree)), tree)
    assert key == ("order ", "class ", "all")
