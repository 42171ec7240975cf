"""p-values under the null are as likely to be anything, over 200 spaces in which nothing is to be found."""

import numpy as np
import pytest
from scipy.stats import kstest

from thuja.structure.consistency import Consistency
from thuja.structure.contrast import Steps
from thuja.structure.decoding import INSIDE, MEASURE, DecodingSettings, measure_decoding
from thuja.structure.halves import cuts_of, halves_of
from thuja.structure.local import LocalSpans, confusables_of
from thuja.structure.local_share import measure_local, rests_by_species
from thuja.structure.prototypes import measure_prototypes
from thuja.structure.span import Deviations
from thuja.structure.specimens import Sample, draw_sample
from thuja.structure.variation import measure_variation


def is_uniform(p_values: list[float], draws: int) -> bool:
    """Whether p-values are as likely to be anything, by Kolmogorov and Smirnov's test.

    Only multiples of 1 / (1 + draws) can be, so each is drawn within its step.
    """
    spread = np.random.default_rng(0).random(len(p_values)) / (1 + draws)
    return bool(kstest(np.array(p_values) - spread, "uniform").pvalue > 0.01)


def uneven(seed: int, *, species: int = 4, each: int = 16) -> tuple[np.ndarray, Sample, np.random.Generator]:
    """Species that differ along directions drawn blindly, and within which some directions vary more than others."""
    generator = np.random.default_rng(seed)
    number = np.repeat(np.arange(species), each)
    vectors = 4 * generator.standard_normal((species, 10))[number]
    vectors += generator.standard_normal((len(number), 10)) * np.geomspace(1.5, 0.5, 10)
    return vectors, draw_sample(number, generator, most=each), generator


def test_shares_of_all_species_and_of_texts_against_random_subspaces() -> None:
    means, texts = [], []
    for seed in range(200):
        vectors, sample, generator = uneven(seed)
        cuts = cuts_of(sample, 1, generator)
        read = measure_variation(vectors, sample, generator, cuts=cuts, subspaces=19)
        means.append(read[1].below_random)
        half = next(halves_of(vectors, sample, cuts))
        points = generator.standard_normal((4, 10))
        deviations = Deviations.of(vectors, sample)
        texts.append(measure_prototypes("", deviations, points, half, generator=generator, subspaces=19).below_random)
    assert is_uniform(means, 19)
    assert is_uniform(texts, 19)


def test_local_shares_against_the_spans_of_other_species() -> None:
    shares, alongs = [], []
    for seed in range(200):
        vectors, sample, generator = uneven(seed, species=8, each=6)
        deviations = Deviations.of(vectors, sample)
        points = generator.standard_normal((8, 10))  # independent of what varies within
        spans = LocalSpans.of(points, confusables_of(points, count=2, temperature=0.5))
        rests = rests_by_species([(0, deviations.rests, sample.species)], 8)
        share, along = measure_local("", spans, rests, generator, others=9, width=10)
        shares.append(share.below)
        alongs.append(along.below)
    assert is_uniform(shares, 9)
    assert is_uniform(alongs, 9)


def test_consistency_against_flipped_levels() -> None:
    found = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        true = generator.standard_normal((6, 8)) * np.geomspace(2, 0.5, 8)
        halves = true + 0.3 * generator.standard_normal((2, 1, 6, 8))
        _, p_value = Consistency.of(Steps(here=halves[0], there=halves[1])).flipped(generator, flips=39)
        found.append(p_value)
    assert is_uniform(found, 39)


@pytest.mark.slow
def test_decoding_against_permuted_levels() -> None:
    found = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        species = np.repeat(np.arange(4), 12)
        sample = Sample(rows=np.arange(48), species=species, is_second=np.tile(np.arange(12) >= 6, 4))
        deviations = Deviations.of(generator.standard_normal((48, 3)), sample)
        settings = DecodingSettings(folds=2, permutations=4)
        read = measure_decoding("", deviations, np.eye(3), generator=generator, settings=settings)
        found.append(next(one.p_value for one in read if one.measure == f"{MEASURE} {INSIDE}"))
    # Accuracies tie, and a tie counts as doing as well: no p-value is too low.
    assert np.mean(np.array(found) <= 0.2) <= 0.25
    assert 0.5 < np.mean(found) < 0.7
