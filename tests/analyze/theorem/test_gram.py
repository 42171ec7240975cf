"""Gram against tree, on prototypes that grow along it and on those that do not."""

from itertools import combinations

import numpy as np
import pytest
from tests.analyze.theorem.clouds import taxa_of

from thuja.analyze.space import Prototypes
from thuja.analyze.theorem import gram_fits, rank_steps
from thuja.analyze.theorem.gram import _agreement, cosine_distances
from thuja.errors import UsageError
from thuja.taxonomy import Taxon, tree_distance

TAXA = taxa_of(24)


def grown(taxa: list[Taxon], seed: int = 0, width: int = 400) -> np.ndarray:
    """An independent increment for every prefix of a lineage: what docs/theorem.md assumes of texts that follow it."""
    generator = np.random.default_rng(seed)
    increments: dict[tuple[str, ...], np.ndarray] = {}
    rows = []
    for taxon in taxa:
        prefixes = [taxon.names[: depth + 1] for depth in range(7)]
        rows.append(sum(increments.setdefault(prefix, generator.standard_normal(width)) for prefix in prefixes))
    return np.array(rows)


def test_rank_steps_are_tree_distances() -> None:
    taxa = [*TAXA, Taxon(kingdom="Plantae", phylum="P"), Taxon(kingdom="Animalia", phylum="Chordata", class_="Aves")]
    expected = np.zeros((len(taxa), len(taxa)))
    for first, second in combinations(range(len(taxa)), 2):
        expected[first, second] = expected[second, first] = tree_distance(taxa[first], taxa[second])
    np.testing.assert_array_equal(rank_steps(taxa), expected)


def test_prototypes_that_grow_along_the_tree_follow_it_and_shuffled_ones_do_not() -> None:
    vectors, generator = grown(TAXA), np.random.default_rng(1)
    kinds = {
        "grown": Prototypes(taxa=TAXA, vectors=vectors),
        "shuffled": Prototypes(taxa=TAXA, vectors=vectors[generator.permutation(len(TAXA))]),
    }
    found, shuffled = gram_fits(kinds, generator, permutations=99)
    assert found.spearman is not None
    assert shuffled.spearman is not None
    assert found.spearman.value > 0.75
    assert found.spearman.low > 0.65
    assert found.p_value == 0.01
    assert found.beyond_genus is not None
    assert found.beyond_genus > 0.6
    assert found.cophenetic is not None
    assert found.cophenetic > 0.9
    assert found.agreement is not None
    assert found.agreement > 0.95
    assert abs(shuffled.spearman.value) < 0.25
    assert shuffled.agreement == pytest.approx(0.5, abs=0.1)


def test_the_cosines_of_grown_prototypes_are_the_share_of_ranks_they_share() -> None:
    """G = sum of |u|^2 over shared prefixes: 6 of 7 within a genus, 3 of 7 within the class."""
    (found,) = gram_fits({"grown": Prototypes(taxa=TAXA, vectors=grown(TAXA, width=4000))}, np.random.default_rng(0))
    cosines = {step.steps: step.cosine for step in found.by_step}
    assert sorted(cosines) == [2, 4, 6, 8]
    for steps, cosine in cosines.items():
        assert cosine == pytest.approx((7 - steps / 2) / 7, abs=0.03)


def test_names_alone_follow_the_tree_within_genera_and_nowhere_above() -> None:
    generator = np.random.default_rng(0)
    genera: dict[str, np.ndarray] = {}
    for taxon in TAXA:
        genera.setdefault(taxon.genus, generator.standard_normal(400))
    vectors = np.array([genera[taxon.genus] for taxon in TAXA]) + generator.standard_normal((24, 400))
    (found,) = gram_fits({"names": Prototypes(taxa=TAXA, vectors=vectors)}, generator)
    assert found.by_step[0].cosine == pytest.approx(0.5, abs=0.1)
    assert found.beyond_genus is not None
    assert abs(found.beyond_genus) < 0.2


def test_agreement_is_that_of_all_triples() -> None:
    vectors, steps = grown(TAXA, width=6)[:12], rank_steps(TAXA[:12])
    distances = cosine_distances(vectors)
    expected = []
    for row in range(12):
        told = [
            float(distances[row, near] < distances[row, far])
            for near in range(12)
            for far in range(12)
            if row not in (near, far) and steps[row, near] < steps[row, far]
        ]
        expected.append(np.mean(told))
    assert _agreement(distances, steps) == pytest.approx(np.mean(expected))


def test_the_null_of_mantel_is_uniform_for_prototypes_of_chance() -> None:
    generator = np.random.default_rng(5)
    values = []
    for _ in range(60):
        prototypes = Prototypes(taxa=TAXA[:12], vectors=generator.standard_normal((12, 20)))
        (found,) = gram_fits({"chance": prototypes}, generator, permutations=39)
        assert found.p_value is not None
        values.append(found.p_value)
    assert 0.35 < np.mean(values) < 0.65
    assert np.mean(np.array(values) <= 0.1) < 0.25


def test_of_many_taxa_some_are_drawn() -> None:
    (found,) = gram_fits({"some": Prototypes(taxa=TAXA, vectors=grown(TAXA))}, np.random.default_rng(0), most=10)
    assert found.taxa == 10


@pytest.mark.parametrize(
    ("taxa", "vectors", "note"),
    [
        (TAXA[:2], np.eye(2), "2 taxa have no tree to follow"),
        (TAXA[:4:2], np.eye(2), "2 taxa have no tree to follow"),
        (TAXA[::8], np.eye(3), "equally far apart on the tree"),
        (TAXA, np.ones((24, 5)), "all texts are equally far apart"),
        (TAXA, np.zeros((24, 5)), "all texts are equally far apart"),
    ],
)
def test_what_has_nothing_to_compare_is_said(taxa: list[Taxon], vectors: np.ndarray, note: str) -> None:
    (found,) = gram_fits({"text": Prototypes(taxa=taxa, vectors=vectors)}, np.random.default_rng(0))
    assert note in found.note
    assert found.spearman is None


def test_a_fit_without_permutations_is_refused() -> None:
    with pytest.raises(UsageError, match="a permutation"):
        gram_fits({}, np.random.default_rng(0), permutations=0)
