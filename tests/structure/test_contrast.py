"""The difference between two levels: its length, the variance about it, and the share of it inside the span."""

import numpy as np
import pytest
from tests.structure.clouds import cloud, values

from thuja.structure.contrast import BETWEEN, FISHER, FISHER_PLAIN, SHARE, WITHIN, Steps, measure_contrast
from thuja.structure.halves import KnownSpan, cuts_of
from thuja.structure.reading import Reading
from thuja.structure.span import Deviations, axes_of, squared
from thuja.structure.specimens import Contrast, Sample, Specimens, draw_contrast

WIDTH, SPECIES = 50, 8


def contrasted(vectors: np.ndarray, sample: Sample, *, seed: int = 0) -> list[Reading]:
    generator = np.random.default_rng(seed)
    cuts = cuts_of(sample, 3, generator)
    span = KnownSpan.of(vectors, sample, cuts)
    return measure_contrast("stage", vectors, sample, cuts=cuts, span=span, generator=generator, subspaces=12)


def stepped(
    seed: int, *, each: int, inside: float, length: float = 4.0, axes: int | None = None
) -> tuple[np.ndarray, Sample]:
    """Species apart along seven axes, whose second level is a step away with this share of its square in them."""
    vectors, sample = cloud(seed, species=SPECIES, each=each, apart=4.0, variances=np.full(WIDTH, 0.5), axes=axes)
    step = np.zeros(WIDTH)
    step[0], step[-1] = np.sqrt(inside), np.sqrt(1 - inside)
    return vectors + length * step * sample.is_second[:, None], sample


@pytest.mark.parametrize("inside", [0.0, 0.4, 1.0])
def test_the_share_and_the_fisher_ratio_are_what_the_step_says(inside: float) -> None:
    """Three images a level: the means' noise is as long as the step, and is taken off."""
    found = []
    for seed in range(20):
        vectors, sample = stepped(seed, each=6, inside=inside)
        found.append(values(contrasted(vectors, sample, seed=seed)))
    mean = {name: np.mean([one[name] for one in found]) for name in found[0]}
    assert mean[BETWEEN] == pytest.approx(16, rel=0.1)
    assert mean[WITHIN] == pytest.approx(2 * WIDTH * 0.5, rel=0.03)
    assert mean[FISHER] == pytest.approx(16 / WIDTH, rel=0.1)
    assert mean[FISHER_PLAIN] == pytest.approx(16 / WIDTH + 1 / 3, rel=0.05)
    assert mean[SHARE] == pytest.approx(inside, abs=0.06)


def test_a_level_that_varies_more_than_the_other_does_not_pull_the_difference_into_the_span() -> None:
    """Within a half the noise of a step leans to that of the mean halfway where the levels vary unequally.

    The share of a step beside the species came out at .2 of eight images a level, one varying 1.5 times as far.
    """
    found = []
    for seed in range(12):
        vectors, sample = cloud(seed, species=12, each=16, apart=1.5, variances=np.zeros(200))
        noise = np.random.default_rng(seed).standard_normal(vectors.shape)
        vectors += np.where(sample.is_second, 0.45, 0.3)[:, None] * noise + np.eye(200)[-1] * sample.is_second[:, None]
        cuts = cuts_of(sample, 3, np.random.default_rng(seed))
        share = Steps.of(vectors, sample, cuts).inside_known(KnownSpan.of(vectors, sample, cuts))
        found.append(share.value)
    assert np.mean(found) == pytest.approx(0, abs=0.05)


def test_random_and_matched_subspaces_hold_what_their_dimensions_say_where_nothing_leans() -> None:
    vectors, sample = stepped(0, each=40, inside=0.0, length=1.0)
    share = contrasted(vectors, sample)[0]
    assert share.random.value == 7 / WIDTH
    assert share.random.low < 7 / WIDTH < share.random.high


def test_unequal_mixtures_of_levels_do_not_pull_the_difference_into_the_span() -> None:
    """Half of the species are known by their young, half by adults: their plain means part along that difference."""
    generator = np.random.default_rng(0)
    vectors, sample = stepped(1, each=24, inside=0.0, length=5.0, axes=3)
    is_kept = np.ones(len(vectors), dtype=bool)
    for species in range(SPECIES):
        rare = np.flatnonzero((sample.species == species) & (sample.is_second == bool(species % 2)))
        is_kept[generator.permutation(rare)[4:]] = False
    vectors, species, second = vectors[is_kept], sample.species[is_kept], sample.is_second[is_kept]
    specimens = Specimens(species=species, factors={"life_stage": np.where(second, "adult", "juvenile")})
    contrast = Contrast(factor="life_stage", first="juvenile", second="adult")

    step = np.zeros((1, WIDTH))
    step[0, -1] = 1
    means = np.stack([vectors[species == one].mean(axis=0) for one in range(SPECIES)])
    assert squared(step, axes_of(means))[0] > 0.5

    drawn = draw_contrast(specimens, contrast, generator, most=100)
    assert drawn.sizes.tolist() == [8] * SPECIES
    taken = vectors[drawn.rows]
    assert squared(step, axes_of(Deviations.of(taken, drawn).means))[0] < 0.2
    assert values(contrasted(taken, drawn))[SHARE] < 0.05


def test_no_difference_is_said_and_has_no_share() -> None:
    for seed in range(20):
        vectors, sample = stepped(seed, each=6, inside=0.0, length=0.0)
        readings = contrasted(vectors, sample)
        found = values(readings)
        if readings[0].ratio.bottoms.sum() <= 0:
            assert readings[0].note == "no difference of the levels is seen"
            assert np.isnan(found[SHARE])
            return
    pytest.fail("an unbiased estimate of nothing is below zero half of the time")
