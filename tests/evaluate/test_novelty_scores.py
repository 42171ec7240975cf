"""Scores by exposure and novelty, and the ceiling that nobody passes by guessing."""

import numpy as np
import pytest

from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.novelty import RARE_SPECIES, Novelty, TrainingTaxa
from thuja.evaluate.novelty_scores import COLUMNS, Asked, score_by_novelty
from thuja.report import Report
from thuja.taxonomy import Taxon


def bird(genus: str, species: str, family: str = "Corvidae", kingdom: str = "Animalia") -> Taxon:
    return Taxon(kingdom=kingdom, family=family, genus=genus, species=species)


@pytest.fixture
def training() -> TrainingTaxa:
    return TrainingTaxa(
        images=140,
        species={"corvus corax": {"animalia": 120}, "corvus corone": {"animalia": 15}, "pica pica": {"": 5}},
        genera={"corvus": {"animalia": 135}, "pica": {"": 5}},
        families={"corvidae": {"animalia": 140}},
    )


CANDIDATES = [
    bird("Corvus", "corax"),
    bird("Corvus", "corone"),
    bird("Corvus", "monedula"),
    bird("Corvus", "albus"),
    bird("Parus", "major", "Paridae"),
    bird("Corvus", "x", "", "Plantae"),
]


def test_the_ceiling_is_one_over_the_candidates_that_a_genus_leaves(training: TrainingTaxa) -> None:
    taxa = [CANDIDATES[0], CANDIDATES[2], CANDIDATES[2], CANDIDATES[4], bird("Corvus", "frugilegus")]
    asked = Asked.of(taxa, CANDIDATES, training)
    assert asked.images.tolist() == [120, 0, 0, 0, 0]
    assert asked.ceiling.tolist() == [1, 1 / 4, 1 / 4, 1, 0]
    assert asked.ruled_out.tolist() == [1, 1 / 2, 1 / 2, 1, 0]
    assert asked.columns()["novelty"].to_pylist()[:2] == [Novelty.KNOWN.value, Novelty.SPECIES.value]


def test_no_answer_that_knows_genera_and_met_species_alone_passes_the_ceiling(training: TrainingTaxa) -> None:
    """Who guesses among the species of the right genus that were never met scores the ceiling in the mean."""
    unseen = [CANDIDATES[2], CANDIDATES[3], CANDIDATES[4]]
    generator = np.random.default_rng(0)
    taxa = [unseen[one] for one in generator.integers(3, size=6000)]
    choices = {"Corvus": unseen[:2], "Parus": unseen[2:]}
    right = [choices[one.genus][generator.integers(len(choices[one.genus]))] == one for one in taxa]
    asked = Asked.of(taxa, CANDIDATES, training)
    assert np.mean(right) == pytest.approx(asked.ruled_out.mean(), abs=0.02)


def test_scores_by_bin_and_novelty_are_the_means_of_their_images(training: TrainingTaxa) -> None:
    taxa = [
        *[bird("Corvus", "corax")] * 4,
        *[bird("Corvus", "corone")] * 2,
        *[bird("Pica", "pica")] * 2,
        *[bird("Corvus", "monedula")] * 3,
        bird("Parus", "major", "Paridae"),
        bird("Corvus", ""),
    ]
    right = [1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]
    bands = score_by_novelty(right, Asked.of(taxa, CANDIDATES, training), np.random.default_rng(0))
    found = {(band.by, band.band): (band.species, band.images, round(band.score.value, 3)) for band in bands}
    assert found == {
        ("all", "all"): (6, 13, round(6 / 13, 3)),
        ("training images", "0"): (2, 4, 0.25),
        ("training images", "1-9"): (1, 2, 0.0),
        ("training images", "10-99"): (1, 2, 0.5),
        ("training images", "100 or more"): (1, 4, 0.75),
        ("novelty", "known species"): (3, 8, 0.5),
        ("novelty", "new species of a known genus"): (1, 3, round(1 / 3, 3)),
        ("novelty", "new family"): (1, 1, 0.0),
        ("novelty", "not told by the labels"): (1, 1, 1.0),
    }
    new = next(band for band in bands if band.band == "0")
    assert (new.ceiling, new.ruled_out) == ((3 / 4 + 1) / 4, (3 / 2 + 1) / 4)
    assert new.score.low == 0 < new.score.high
    Report("Exposure").section("Rare Species", RARE_SPECIES).table(COLUMNS, [band.cells() for band in bands])


def test_scores_that_are_not_one_an_image_are_refused(training: TrainingTaxa) -> None:
    asked = Asked.of([bird("Corvus", "corax")], CANDIDATES, training)
    with pytest.raises(ThujaError, match="a score for each of 1 images"):
        score_by_novelty([1, 0], asked, np.random.default_rng(0))
    with pytest.raises(EmptyInput):
        score_by_novelty([], Asked.of([], CANDIDATES, training), np.random.default_rng(0))
