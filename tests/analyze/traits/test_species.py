"""Values of images become one a species, and what is left out is counted."""

import numpy as np
import pytest

from thuja.analyze import Space
from thuja.analyze.traits import Kind, choose_rank, clades_of, species_means, species_trait
from thuja.errors import ThujaError, UnknownName
from thuja.taxonomy import Rank, Taxon

A, B, C = (Taxon(family=f"F{name}", genus="G", species=name) for name in "abc")
GENUS_ONLY = Taxon(family="Fa", genus="G")
TAXA = [A, A, A, B, B, C, GENUS_ONLY]
SPACE = Space(
    vectors=np.array([[3, 4], [0, 2], [1, 0], [0, 0], [2, 0], [0, 5], [1, 1]], dtype=np.float16),
    taxa=TAXA,
    columns={
        "beak": [1, 2.0, None, 4, float("nan"), None, 9],
        "habitat": ["sea", "land", "sea", "land", "sea", "", "sea"],
        "is_red": [True, True, False, False, False, True, True],
        "empty": [None] * 7,
    },
)


def test_numbers_are_means_and_unknown_ones_are_counted() -> None:
    found = species_trait(SPACE, "beak")
    assert found.taxa == [A, B]
    assert found.values.tolist() == [1.5, 4]
    assert found.notes == (
        "1 of 7 images are named to no species and are left out.",
        "beak is unknown of 3 of 7 images, and of 1 of 3 species.",
    )


def test_categories_are_what_most_images_say() -> None:
    found = species_trait(SPACE, "habitat")
    assert found.taxa == [A]
    assert found.names == ("sea",)
    assert found.notes[-1] == "1 species have no one value that most images say."
    assert [species_trait(SPACE, "is_red").names[label] for label in species_trait(SPACE, "is_red").labels] == [
        "True",
        "False",
        "True",
    ]


def test_a_column_of_two_numbers_is_categories_unless_numbers_are_asked_for() -> None:
    space = Space(vectors=np.eye(3), taxa=[A, B, C], columns={"wings": [2, 4, 2]})
    assert species_trait(space, "wings").names == ("2", "4")
    assert species_trait(space, "wings", kind=Kind.NUMBER).values.tolist() == [2, 4, 2]


def test_what_is_asked_wrongly_is_said() -> None:
    with pytest.raises(UnknownName, match="beek"):
        species_trait(SPACE, "beek")
    with pytest.raises(ThujaError, match='no numbers: "sea"'):
        species_trait(SPACE, "habitat", kind=Kind.NUMBER)
    assert species_trait(SPACE, "empty").taxa == []


def test_mean_vectors_are_of_images_of_length_one() -> None:
    species = SPACE.species
    found = species_means(SPACE.vectors, species, np.array([0, 1]), is_unit=True)
    assert found == pytest.approx(np.array([[1.6 / 3, 1.8 / 3], [0.5, 0]]), abs=1e-3)
    plain = species_means(SPACE.vectors, species, np.array([2, 0]), is_unit=False)
    assert plain == pytest.approx(np.array([[0, 5], [4 / 3, 2]]), abs=1e-3)


def test_another_rank_is_left_out_where_the_one_asked_for_does_not_serve() -> None:
    taxa = [Taxon.from_names(["K", "P", f"C{n // 20}", "O", f"F{n // 8}", f"G{n}", "s"]) for n in range(40)]
    assert choose_rank(taxa, Rank.FAMILY) == (Rank.FAMILY, "")
    rank, note = choose_rank(taxa, Rank.ORDER) or (None, "")
    assert rank is Rank.FAMILY
    assert note.startswith("The rank of order has too few clades")
    rank, note = choose_rank(taxa, Rank.GENUS) or (None, "")
    assert rank is Rank.FAMILY
    assert "hardly more than one species" in note
    assert choose_rank(taxa[:3], Rank.ORDER) is None


def test_species_without_a_name_at_the_rank_go_with_what_is_above() -> None:
    taxa = [Taxon(class_="C", order="", genus="G", species="a"), Taxon(class_="C", genus="H", species="b")]
    clades, names = clades_of(taxa, Rank.ORDER)
    assert clades.tolist() == [0, 0]
    assert [name.scientific_name for name in names] == ["C"]
