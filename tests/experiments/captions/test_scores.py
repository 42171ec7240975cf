"""Scores of what captions teach, on vectors planted by hand."""

import numpy as np
import pytest

from thuja.biosphere.traits import TRAITS
from thuja.experiments.captions.morphospace import shared_with, species_means, trait_columns
from thuja.experiments.captions.reading import explained
from thuja.experiments.captions.scores import by_mean_score, retrieval_chances, retrieval_scores
from thuja.experiments.scores import Pictures
from thuja.taxonomy import Taxon


def planted(seed: int = 0, *, species: int = 90, each: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors of 12 numbers of which the first three are the species' own, those three, and whose a row is."""
    generator = np.random.default_rng(seed)
    own = generator.normal(size=(species, 3))
    numbers = np.repeat(np.arange(species), each)
    vectors = np.concatenate([own[numbers], generator.normal(size=(len(numbers), 9))], axis=1)
    return vectors, own[numbers], numbers


def test_what_vectors_hold_is_read_on_species_never_fitted_and_what_they_lack_is_not() -> None:
    vectors, own, numbers = planted()
    lacking = np.random.default_rng(1).normal(size=(90, 2))[numbers]
    found = explained(vectors, np.concatenate([own, lacking], axis=1), numbers, is_test=numbers >= 60)
    assert (found[:3] > 0.95).all()
    assert (np.abs(found[3:]) < 0.2).all()


def test_canonical_correlation_is_high_where_a_space_is_shared_and_no_more_than_chance_elsewhere() -> None:
    vectors, own, numbers = planted()
    means, truth = species_means(vectors, numbers), species_means(own, numbers)
    is_test = np.arange(90) >= 60
    r2, shared, chance = shared_with(means, truth, is_test=is_test)
    assert r2 > 0.9
    assert shared > 0.8 > chance
    r2, apart, chance = shared_with(means, np.random.default_rng(2).normal(size=truth.shape), is_test=is_test)
    assert r2 < 0.1
    assert apart < chance + 0.15


def test_a_share_is_one_column_and_a_state_one_flag_each() -> None:
    traits = [{"hue": 0.25, "ocelli": 2}, {"hue": 0.5, "ocelli": 4}]
    assert trait_columns(traits, TRAITS["hue"]).tolist() == [[0.25], [0.5]]
    assert trait_columns(traits, TRAITS["ocelli"]).tolist() == [[0, 1, 0, 0], [0, 0, 0, 1]]


def test_retrieval_counts_every_picture_of_a_caption_as_its_own() -> None:
    """Thirteen captions in thirteen directions, the first of two pictures; one picture lies opposite its caption."""
    axes = np.eye(13, dtype=np.float32)
    captions = [f"{number:02}" for number in (*range(13), 0)]
    images = axes[[*range(13), 0]].copy()
    images[5] *= -1
    found = retrieval_scores(images, axes[[*range(13), 0]], captions, ending="")
    assert found == {"to_text": pytest.approx(13 / 14), "to_image": pytest.approx(12 / 13)}
    chances = retrieval_chances(captions)
    assert chances["to_text_chance"] == pytest.approx(10 / 13)
    assert chances["to_image_chance"] == pytest.approx((12 * 10 / 14 + 1 - 4 * 3 / (14 * 13)) / 13)


def test_the_nearest_mean_is_found_among_all_species_taught() -> None:
    taxa = [Taxon(genus="A", species=name) for name in "bcd"]
    axes = np.eye(3, dtype=np.float32)
    taught = Pictures(vectors=axes[[0, 0, 1, 2]], taxa=[taxa[0], *taxa], traits=[{}] * 4)
    asked = Pictures(vectors=axes[[0, 2, 1]], taxa=[taxa[0], taxa[0], taxa[1]], traits=[{}] * 3)
    assert by_mean_score(taught, asked) == pytest.approx((0.5 + 1) / 2)
