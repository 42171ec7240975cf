"""What species share by the taxonomy alone."""

import numpy as np
import pytest

from thuja.analyze import Phylogeny
from thuja.analyze.ancestry import (
    EQUAL_STEPS,
    GRAFEN,
    PHYLOGENY,
    ancestries,
    equal_steps,
    grafen,
    shared_ranks,
)
from thuja.errors import EmptyInput, ThujaError
from thuja.taxonomy import Taxon

CROW = Taxon(kingdom="A", phylum="C", class_="Aves", order="P", family="Corvidae", genus="Corvus", species="corone")
RAVEN = Taxon(kingdom="A", phylum="C", class_="Aves", order="P", family="Corvidae", genus="Corvus", species="corax")
MAGPIE = Taxon(kingdom="A", phylum="C", class_="Aves", order="P", family="Corvidae", genus="Pica", species="pica")
OWL = Taxon(kingdom="A", phylum="C", class_="Aves", order="S", family="Strigidae", genus="Strix", species="aluco")
BIRDS = [CROW, RAVEN, MAGPIE, OWL]


def test_equal_steps_count_ranks_from_the_last_common_ancestor() -> None:
    """The birds part at the class, three ranks down; four steps remain to the species."""
    assert equal_steps(BIRDS) == pytest.approx(
        np.array([[1, 3 / 4, 2 / 4, 0], [3 / 4, 1, 2 / 4, 0], [2 / 4, 2 / 4, 1, 0], [0, 0, 0, 1]])
    )


def test_grafens_nodes_stand_as_high_as_there_are_species_below() -> None:
    """Corvus holds 2 of 4 species, Corvidae 3: heights 1/3 and 2/3."""
    expected = np.array([[1, 2 / 3, 1 / 3, 0], [2 / 3, 1, 1 / 3, 0], [1 / 3, 1 / 3, 1, 0], [0, 0, 0, 1]])
    assert grafen(BIRDS) == pytest.approx(expected)
    assert grafen(BIRDS, rho=2)[0, 1] == pytest.approx(1 - 1 / 9)
    with pytest.raises(ThujaError, match="above 0, got 0"):
        grafen(BIRDS, rho=0)


def test_a_rank_that_both_lack_is_nothing_shared() -> None:
    one, other = Taxon(kingdom="A", genus="Ara", species="ararauna"), Taxon(kingdom="A", genus="Bubo", species="bubo")
    third = Taxon(kingdom="A", genus="Ara", species="macao")
    assert shared_ranks([one, other, third]).tolist() == [[7, 1, 6], [1, 7, 1], [6, 1, 7]]


def test_one_species_shares_all_with_itself_and_none_raises() -> None:
    assert equal_steps([CROW]).tolist() == [[1.0]]
    assert grafen([CROW]).tolist() == [[1.0]]
    with pytest.raises(EmptyInput, match="no species"):
        equal_steps([])


def test_covariances_have_no_negative_variance() -> None:
    generator = np.random.default_rng(0)
    taxa = [
        Taxon.from_names(["K", *(f"{letter}{generator.integers(3)}" for letter in "PCOFG"), f"s{number}"])
        for number in range(40)
    ]
    for matrix in (equal_steps(taxa), grafen(taxa), grafen(taxa, rho=0.5)):
        assert np.linalg.eigvalsh(matrix).min() > -1e-9


def test_a_phylogeny_is_a_third_choice_in_the_order_of_the_species() -> None:
    covariance = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 2.0]])
    phylogeny = Phylogeny(taxa=[OWL, CROW, RAVEN], covariance=covariance)
    found = ancestries([RAVEN, OWL], phylogeny=phylogeny)
    assert list(found) == [EQUAL_STEPS, GRAFEN, PHYLOGENY]
    assert found[PHYLOGENY].covariance == pytest.approx(np.eye(2))
    with pytest.raises(ThujaError, match="1 of 2 species are not in the phylogeny, the first is Pica pica"):
        phylogeny.among([OWL, MAGPIE])


@pytest.mark.parametrize(
    ("covariance", "message"),
    [
        (np.eye(2), "3 taxa"),
        (np.diag([1.0, 1.0, 2.0]), "one age, got 1 to 2"),
        (np.full((3, 3), np.nan), "symmetric matrix of numbers"),
    ],
)
def test_what_is_no_phylogeny_is_refused(covariance: np.ndarray, message: str) -> None:
    with pytest.raises(ThujaError, match=message):
        Phylogeny(taxa=BIRDS[:3], covariance=covariance)
