"""Directions that are known are found; where there is none, p is what it should be."""

import numpy as np
import pytest
from scipy import stats
from tests.analyze.directions.making import WIDTH, between_space, taxa_of, within_space

from thuja.analyze import Space, Verdict
from thuja.analyze.directions import DirectionSettings, find_direction
from thuja.taxonomy import Rank, Taxon

QUICK = DirectionSettings(draws=99, redraws=200)
WITHIN = DirectionSettings(is_within=True, draws=99, redraws=200)


def test_a_continuous_direction_is_recovered_and_orders_species_left_out() -> None:
    space, axis = between_space(np.random.default_rng(0))
    found = find_direction(space, "size", np.random.default_rng(1), settings=QUICK)
    assert found.learnt.axis @ axis > 0.95
    assert found.learnt.value.value > 0.95
    assert found.learnt.value.low <= found.learnt.value.value <= found.learnt.value.high
    assert found.learnt.p_value == 0.01
    assert found.learnt.agreement > 0.9


def test_two_levels_of_species_are_parted_by_a_direction_that_is_recovered() -> None:
    generator = np.random.default_rng(3)
    space, axis = between_space(generator)
    size = np.array(space.columns["size"])
    space = Space(
        vectors=space.vectors - 3 * np.outer(size, axis) + 3 * np.outer(size > 0, axis),
        taxa=space.taxa,
        columns={"habitat": ["water" if one > 0 else "land" for one in size]},
    )
    found = find_direction(space, "habitat", generator, settings=QUICK)
    assert found.trait.levels == ("land", "water")
    assert found.plan.measure == "area under the curve"
    assert found.learnt.axis @ axis > 0.95
    assert found.learnt.value.value > 0.99


def test_a_direction_within_species_is_recovered_whatever_lies_between_them() -> None:
    space, axis = within_space(np.random.default_rng(0))
    found = find_direction(
        space, "stage", np.random.default_rng(1), settings=DirectionSettings(is_within=True, levels=("young", "adult"))
    )
    assert found.learnt.axis @ axis > 0.95
    assert found.learnt.value.value > 0.97
    assert found.learnt.p_value == 0.002


def test_a_big_species_weighs_no_more_than_a_small_one() -> None:
    """One species of 2,000 images that lies across the trend turns the direction no more than with six images."""
    few, many = (
        between_space(np.random.default_rng(5), species=30, sizes=np.array([first, *[6] * 29]))[0]
        for first in (6, 2000)
    )
    axes = [find_direction(space, "size", np.random.default_rng(1), settings=QUICK) for space in (few, many)]
    assert len(axes[1].plan.targets) == len(axes[0].plan.targets) == 30
    assert (axes[1].plan.weights == 1).all()


def test_image_scores_average_to_their_species_score() -> None:
    space, _ = between_space(np.random.default_rng(0), species=20)
    found = find_direction(space, "size", np.random.default_rng(1), settings=QUICK)
    own = np.bincount(found.plan.species, weights=found.learnt.image_scores) / found.plan.counts
    np.testing.assert_allclose(own, found.learnt.scores, atol=1e-9)


def test_a_row_has_no_part_in_what_scores_it() -> None:
    """With one species' trait changed at will, its own score stays as it was."""
    space, _ = between_space(np.random.default_rng(0), species=24)
    size = np.array(space.columns["size"])
    other = np.where(space.species == 7, 50.0, size)
    changed = Space(vectors=space.vectors, taxa=space.taxa, columns={"size": list(other)})
    one, two = (find_direction(s, "size", np.random.default_rng(1), settings=QUICK) for s in (space, changed))
    assert one.learnt.scores[7] == pytest.approx(two.learnt.scores[7])
    assert not np.allclose(np.delete(one.learnt.scores, 7), np.delete(two.learnt.scores, 7))


def test_families_are_left_out_whole() -> None:
    space, _ = between_space(np.random.default_rng(0), species=40)
    settings = DirectionSettings(draws=19, left_out=Rank.FAMILY)
    plan = find_direction(space, "size", np.random.default_rng(1), settings=settings).plan
    folds = {(taxon.family, fold) for taxon, fold in zip(plan.taxa, plan.folds, strict=True)}
    assert len(folds) == 5


def test_what_is_left_out_together_is_shuffled_together() -> None:
    """Families of one size swap their values whole, so that the null has the likeness of kin that the trait has."""
    space, _ = between_space(np.random.default_rng(0), species=24)
    own = [float(species // 8) for species in space.species]
    space = Space(vectors=space.vectors, taxa=space.taxa, columns={"x": own})
    settings = DirectionSettings(draws=30, left_out=Rank.FAMILY)
    targets = find_direction(space, "x", np.random.default_rng(1), settings=settings).plan.targets
    assert (targets.reshape(3, 8, 31).std(axis=1) == 0).all()
    assert len(np.unique(targets.T, axis=0)) == 6


def test_families_that_are_left_out_are_redrawn_whole() -> None:
    """Species were redrawn whatever was left out, so that kin counted as so many witnesses."""
    space, _ = between_space(np.random.default_rng(0), species=24)
    settings = DirectionSettings(draws=19, redraws=50, left_out=Rank.FAMILY)
    found = find_direction(space, "size", np.random.default_rng(1), settings=settings)
    counts = np.stack([np.bincount(drawn, minlength=24) for drawn in found.plan.redraws])
    assert (np.ptp(counts.reshape(50, 3, 8), axis=2) == 0).all()
    assert (counts.sum(axis=1) == 24).all()
    assert len(np.unique(counts, axis=0)) > 5
    rows = found.plan.redraws[7]
    expected = stats.spearmanr(found.learnt.scores[rows], found.plan.targets[rows, 0]).statistic
    assert found.learnt.replicates[7] == pytest.approx(expected)


@pytest.mark.parametrize(("left_out", "low", "high"), [(Rank.SPECIES, 0.2, 1.0), (Rank.FAMILY, 0.0, 0.12)])
@pytest.mark.slow
def test_kin_make_a_small_p_unless_families_are_left_out(left_out, low, high) -> None:
    """Trait and space follow the families, each by itself: what holds among species is no more than that."""

    def p_of(seed: int) -> float:
        generator = np.random.default_rng(seed)
        family = np.arange(60) // 4
        taxa = [Taxon(family=f"F{one}", genus=f"G{one}", species=f"s{row}") for row, one in enumerate(family)]
        vectors = generator.standard_normal((15, WIDTH))[family] + 0.5 * generator.standard_normal((60, WIDTH))
        values = generator.standard_normal(15)[family] + 0.5 * generator.standard_normal(60)
        space = Space(vectors=vectors, taxa=taxa, columns={"x": [float(value) for value in values]})
        settings = DirectionSettings(draws=99, redraws=1, left_out=left_out)
        return find_direction(space, "x", generator, settings=settings).learnt.p_value

    assert low <= np.mean([p_of(seed) <= 0.05 for seed in range(100)]) <= high


def test_a_control_is_asked_the_same_and_paired() -> None:
    generator = np.random.default_rng(0)
    space, _ = between_space(generator)
    noise = generator.standard_normal(space.vectors.shape)
    space = Space(
        vectors=space.vectors, taxa=space.taxa, columns=space.columns, controls={"same": space.vectors, "noise": noise}
    )
    found = find_direction(space, "size", generator, settings=QUICK)
    np.testing.assert_array_equal(found.controls["same"].replicates, found.learnt.replicates)
    assert abs(found.controls["noise"].value.value) < 0.5


def _between_p(seed: int) -> float:
    generator = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(14), 2)
    values = generator.standard_normal(14)[numbers]
    space = Space(
        vectors=generator.standard_normal((28, 5)), taxa=taxa_of(numbers), columns={"x": [float(v) for v in values]}
    )
    settings = DirectionSettings(draws=99, redraws=1, folds=3)
    return find_direction(space, "x", generator, settings=settings).learnt.p_value


def _within_p(seed: int) -> float:
    generator = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(5), 8)
    space = Space(
        vectors=generator.standard_normal((40, 5)) + numbers[:, None],
        taxa=taxa_of(numbers),
        columns={"x": [float(v) for v in generator.standard_normal(40)]},
    )
    settings = DirectionSettings(draws=99, redraws=1, folds=3, is_within=True)
    return find_direction(space, "x", generator, settings=settings).learnt.p_value


@pytest.mark.parametrize("p_of", [_between_p, _within_p], ids=["between", "within"])
def test_p_is_uniform_where_the_trait_has_nothing_to_do_with_the_space(p_of) -> None:
    found = [p_of(seed) for seed in range(200)]
    assert stats.kstest(found, "uniform").pvalue > 0.01
    assert 0.01 < np.mean(np.array(found) <= 0.05) < 0.1


def test_observations_of_one_individual_are_shuffled_as_one() -> None:
    """Ten shots of each of four individuals are four facts: p can not fall below one in their few orders."""
    generator = np.random.default_rng(0)
    individuals = np.repeat(np.arange(8), 10)
    own = 5 * generator.standard_normal((8, WIDTH))
    space = Space(
        vectors=own[individuals] + 0.01 * generator.standard_normal((80, WIDTH)),
        taxa=taxa_of(np.repeat([0, 1], 40)),
        columns={"sex": ["f" if one % 2 else "m" for one in individuals]},
        groups=individuals,
    )
    p = find_direction(space, "sex", generator, settings=WITHIN).learnt.p_value
    assert p > 0.05


def test_a_single_species_is_tried_on_other_observations() -> None:
    space, _ = within_space(np.random.default_rng(0), species=1, images=60)
    found = find_direction(space, "stage", np.random.default_rng(1), settings=WITHIN)
    assert found.learnt.value.value > 0.95
    assert len(np.unique(found.plan.folds)) == 5


def test_verdicts_follow_the_truth() -> None:
    from thuja.analyze.directions import direction_section

    space, _ = between_space(np.random.default_rng(0))
    generator = np.random.default_rng(4)
    noise = [float(one) for one in generator.standard_normal(60)[space.species]]
    space = Space(vectors=space.vectors, taxa=space.taxa, columns={**space.columns, "noise": noise})
    verdicts = [
        direction_section(space, name, generator, settings=QUICK).findings[0].verdict for name in ("size", "noise")
    ]
    assert verdicts == [Verdict.HOLDS, Verdict.UNDECIDED]
