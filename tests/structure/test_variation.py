"""The share inside the span, its correction and the alignment, on Gaussians whose figures are known."""

import numpy as np
import pytest
from tests.structure.clouds import cloud, turned, two_level_variances, values

from thuja.structure.alignment import ALIGNMENT
from thuja.structure.halves import cuts_of
from thuja.structure.reading import Reading
from thuja.structure.specimens import Sample
from thuja.structure.variation import DEBIASED, SHARE, Draws, measure_variation

FEW = Draws(halves=3, subspaces=12)


def readings_of(vectors: np.ndarray, sample: Sample, *, seed: int = 0, draws: Draws = FEW) -> list[Reading]:
    generator = np.random.default_rng(seed)
    cuts = cuts_of(sample, draws.halves, generator)
    return measure_variation(vectors, sample, generator, cuts=cuts, subspaces=draws.subspaces)


def measured(seed: int = 0, **knobs) -> tuple[dict[str, float], list[Reading]]:
    readings = readings_of(*cloud(seed, **knobs), seed=seed)
    return values(readings), readings


def test_of_many_images_all_measures_are_what_the_variances_say() -> None:
    """Seven axes of variance 0.3 that species differ along, 33 of variance 1 that they do not."""
    variances = two_level_variances(0.3, 1.0, axes=7, width=40)
    found, readings = measured(species=8, each=400, apart=3.0, variances=variances)
    true = 7 * 0.3 / variances.sum()
    assert found[SHARE] == pytest.approx(true, rel=0.05)
    assert found[DEBIASED] == pytest.approx(true, rel=0.03)
    assert found[ALIGNMENT] == pytest.approx(0.3 * 40 / variances.sum(), rel=0.05)
    assert readings[0].random is not None
    assert readings[0].random.value == 7 / 40
    assert all(reading.note == "" for reading in readings)


def test_variation_the_same_everywhere_is_in_the_span_by_its_dimensions_however_few_the_images() -> None:
    """Six species of six images in 200 dimensions: 36 images span 35 of these, and no null may lie in them alone."""
    shares, alignments, nulls, bars = [], [], [], []
    for seed in range(12):
        found, readings = measured(seed, species=6, each=6, apart=3.0, variances=np.ones(200))
        shares.append(found[SHARE])
        alignments.append(found[ALIGNMENT])
        nulls.append(readings[0].null.value)
        bars.append(readings[2].null.value)
    assert np.mean(shares) == pytest.approx(5 / 200, rel=0.1)
    assert np.mean(nulls) == pytest.approx(5 / 200, rel=0.15)
    assert np.mean(alignments) == pytest.approx(1, rel=0.15)
    assert np.mean(bars) == pytest.approx(1, rel=0.15)


@pytest.mark.parametrize(("inside", "factor"), [(0.2, 1.25), (3.0, 0.97)])
def test_of_few_images_the_share_is_off_and_its_debiased_form_is_right_in_the_mean(
    inside: float, factor: float
) -> None:
    """Eight images a species: too large where variation lies outside the span, and too small where it lies inside."""
    variances = two_level_variances(inside, 1.0, axes=7, width=40)
    true = 7 * inside / variances.sum()
    found = [measured(seed, species=8, each=8, apart=2.5, variances=variances)[0] for seed in range(25)]
    plain, debiased = (np.array([one[name] for one in found]) for name in (SHARE, DEBIASED))
    assert plain.mean() / factor > true if factor > 1 else plain.mean() / factor < true
    assert abs(debiased.mean() - true) < 2.5 * debiased.std() / 5
    assert abs(debiased.mean() - true) < 0.3 * abs(plain.mean() - true)


def test_species_as_many_as_dimensions_make_the_plain_share_meaningless_and_the_others_stay_right() -> None:
    """They differ along four of twelve axes: halves of the images agree on those, and on no more."""
    variances = two_level_variances(0.25, 1.0, axes=4, width=12)
    found, readings = measured(species=30, each=60, apart=2.0, variances=variances, axes=4)
    assert found[SHARE] == pytest.approx(1)
    assert readings[0].note.startswith("meaningless: the means of 30 species span all 12")
    assert readings[1].note.startswith("of 4 of 12 directions")
    assert readings[1].random.value == 4 / 12
    assert found[DEBIASED] == pytest.approx(4 * 0.25 / variances.sum(), rel=0.05)
    assert found[ALIGNMENT] == pytest.approx(0.25 * 12 / variances.sum(), rel=0.05)


def test_species_drawn_as_images_are_lie_where_the_matched_subspaces_lie() -> None:
    """Means with the spectrum of all variance: their span holds more than a random one, and as much as a matched."""
    variances = 1.0 / np.arange(1, 61) ** 1.5
    generator = np.random.default_rng(3)
    vectors, sample = cloud(1, species=6, each=40, apart=0.0, variances=variances)
    vectors += (generator.standard_normal((6, 60)) * np.sqrt(variances))[sample.species]
    readings = readings_of(vectors, sample, draws=Draws(halves=3, subspaces=60))
    share, null = values(readings)[SHARE], readings[0].null
    assert null.low < share < null.high
    assert share > 3 * readings[0].random.high


def test_no_measure_depends_on_the_coordinates() -> None:
    variances = two_level_variances(0.2, 1.0, axes=4, width=20)
    vectors, sample = cloud(5, species=5, each=9, apart=2.0, variances=variances)
    first, other = values(readings_of(vectors, sample)), values(readings_of(turned(vectors) + 7, sample))
    assert first == pytest.approx(other, rel=1e-7)


def test_where_species_do_not_differ_no_direction_is_known_and_that_is_said() -> None:
    found, readings = measured(species=10, each=6, apart=0.0, variances=np.ones(50))
    assert readings[1].note == "halves of the images agree on no direction along which species differ"
    assert found[DEBIASED] == 0
    assert readings[0].note == ""


def test_only_the_directions_that_halves_agree_on_are_counted() -> None:
    """Two directions are plain and two are a twentieth of the noise: 19 species span 18, and two of these are known."""
    vectors, sample = cloud(0, species=19, each=10, apart=0.0, variances=np.ones(60))
    steps = np.random.default_rng(1).standard_normal((19, 4)) * [3, 2, 0.05, 0.05]
    vectors[:, :4] += steps[sample.species]
    readings = readings_of(vectors, sample)
    assert readings[1].note.startswith("of 2 of 18 directions")
    assert values(readings)[DEBIASED] == pytest.approx(2 / 60, rel=0.3)
