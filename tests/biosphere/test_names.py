"""Names: coined apart from looks, descriptive when asked, shared across kingdoms."""

from collections import Counter
from functools import lru_cache

import numpy as np
import pytest

from thuja.biosphere import World, WorldConfig
from thuja.biosphere.evolution import columns_of
from thuja.biosphere.traits import TRAITS
from thuja.taxonomy import RANKS, Rank


@lru_cache(maxsize=40)
def world_of(seed: int = 0, **knobs: float) -> World:
    return World.make(WorldConfig(**{"seed": seed, "species": 200, "images": 2, "homonyms": 0.0, **knobs}))


def letters(world: World) -> np.ndarray:
    """Groups of two to four letters of every species' own words, hashed: (S, 2048), rows of length one.

    The nouns of common names are left out: they are the family's, and so the tree's.
    """
    found = np.zeros((len(world.species), 2048))
    for row, species in zip(found, world.species, strict=True):
        own = (species.taxon.common.rpartition(" ")[0], species.common_es.partition(" ")[2])
        for name in (species.taxon.species, *own):
            text = f"^{name.lower()}$"
            for size in (2, 3, 4):
                for start in range(len(text) - size + 1):
                    row[sum(ord(c) * 131**i for i, c in enumerate(text[start : start + size])) % 2048] += 1
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def lineages(world: World) -> np.ndarray:
    """Which groups each species is named in: (S, groups)."""
    columns = []
    for rank in RANKS[: Rank.SPECIES]:
        names = np.array([species.taxon[rank] for species in world.species])
        columns.append((names[:, None] == np.unique(names)[None]).astype(float))
    return np.hstack(columns)


def smoother(features: np.ndarray, penalty: float) -> np.ndarray:
    """The matrix (S, S) that gives ridge predictions of each fifth of the species from the others' targets."""
    folds = np.random.default_rng(0).permutation(len(features)) % 5
    found = np.zeros((len(features), len(features)))
    for fold in range(5):
        is_test = folds == fold
        centre = features[~is_test].mean(axis=0)
        train, test = features[~is_test] - centre, features[is_test] - centre
        weights = np.linalg.solve(train @ train.T + penalty * np.eye(len(train)), train @ test.T).T
        weights += (1 - weights.sum(axis=1, keepdims=True)) / len(train)  # the targets' mean
        found[np.ix_(is_test, ~is_test)] = weights
    return found


def surprise(world: World, names: list[str]) -> tuple[float, float]:
    """R2 of traits by the lineage, and by how many standard deviations letters tell the rest better than shuffled."""
    targets = world.liabilities[:, columns_of(names)]
    targets = targets - targets.mean(axis=0)
    rest = targets - smoother(lineages(world), 1.0) @ targets
    by_letters, generator = smoother(letters(world), 1.0), np.random.default_rng(1)
    found = np.sum((by_letters @ rest) * rest)
    orders = [generator.permutation(len(rest)) for _ in range(200)]
    shuffled = [np.sum((by_letters[np.ix_(order, order)] @ rest) * rest) for order in orders]
    return 1 - np.sum(rest**2) / np.sum(targets**2), (found - np.mean(shuffled)) / np.std(shuffled)


def drawn(world: World, *, named: bool) -> list[str]:
    return [name for name, role in world.roles.items() if role != "noise" and TRAITS[name].is_named == named]


def test_text_predicts_no_trait_beyond_the_tree_on_ten_worlds():
    found = [
        surprise(world_of(seed), drawn(world_of(seed), named=named)) for seed in range(10) for named in (True, False)
    ]
    by_tree, by_letters = np.array(found).T
    assert by_tree.mean() > 0.15, "the lineage itself tells traits, as kin look alike"
    # Twenty standard normal numbers, two a world: their mean is within three standard errors of 0.
    assert abs(by_letters.mean()) < 3 / np.sqrt(10)
    assert np.abs(by_letters).max() < 4


def test_descriptive_names_do_predict_the_named_traits_and_only_those():
    """The same measure sees descriptive names at once: it could have failed above."""
    told = {
        named: np.mean(
            [surprise(world_of(seed, descriptive=1.0), drawn(world_of(seed), named=named))[1] for seed in range(4)]
        )
        for named in (True, False)
    }
    assert told[True] > 4 / np.sqrt(4)
    assert abs(told[False]) < 3 / np.sqrt(4)


def test_names_come_from_a_stream_of_their_own():
    """Other looks, same names."""
    plain, other = world_of(1), world_of(1, convergence=0.1, overlap=0.9)
    assert [s.taxon for s in plain.species] == [s.taxon for s in other.species]
    assert [s.looks for s in plain.species] != [s.looks for s in other.species]


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_the_share_of_descriptive_epithets_is_the_one_asked(share):
    changed = []
    for seed in range(3):
        plain, told = world_of(seed), world_of(seed, descriptive=share)
        changed += [a.taxon.species != b.taxon.species for a, b in zip(plain.species, told.species, strict=True)]
    # A name that another species bears already, or a species without a trait at an end, keeps its coined one.
    assert 0.7 * share < np.mean(changed) <= share + 0.06


def test_homonyms_are_genera_of_two_kingdoms():
    world = world_of(2, homonyms=0.1)
    kingdoms: dict[str, set[str]] = {}
    for species in world.species:
        kingdoms.setdefault(species.taxon.genus, set()).add(species.taxon.kingdom)
    shared = [genus for genus, found in kingdoms.items() if len(found) > 1]
    genera = len(np.unique(world.labelling.groups[Rank.GENUS]))
    assert len(shared) == round(0.1 * genera)
    assert all(len(kingdoms[genus]) == 2 for genus in shared)
    assert all(len(found) == 1 for found in _kingdoms(world_of(2)).values())


def _kingdoms(world: World) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for species in world.species:
        found.setdefault(species.taxon.genus, set()).add(species.taxon.kingdom)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_world_has_monotypic_groups(seed):
    world = world_of(seed)
    for rank in (Rank.FAMILY, Rank.GENUS):
        sizes = Counter(world.labelling.groups[rank].tolist())
        assert sum(size == 1 for size in sizes.values()) > 0.1 * len(sizes)


@pytest.mark.parametrize("knobs", [{}, {"descriptive": 1.0}])
def test_binomials_and_common_names_are_unique_in_both_languages(knobs):
    species = World.make(WorldConfig(species=1500, images=1, homonyms=0.0, **knobs)).species
    for names in (
        {s.taxon.binomial for s in species},
        {s.taxon.common for s in species},
        {s.common_es for s in species},
    ):
        assert len(names) == 1500
