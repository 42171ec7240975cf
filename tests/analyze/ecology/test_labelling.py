"""Labels of genera and families from introductions, and the label that an organism is given."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from thuja.analyze.ecology import Ecology, EcologyLabel, Trait, label_ecology, primary_of, woodiness
from thuja.captions.descriptions.description import Source
from thuja.captions.descriptions.pages import Found, Section
from thuja.errors import ThujaError
from thuja.taxonomy import Taxon

WHALE = Taxon(kingdom="Animalia", family="Blobidae", genus="Blobus", species="magnus")
NEWT = Taxon(kingdom="Animalia", family="Blobidae", genus="Newtus", species="parvus")
BUSH = Taxon(kingdom="Plantae", family="Plantaceae", genus="Planta", species="viridis")


class Shelf:
    """Introductions as sentences by name."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def pages(self, taxa: Sequence[Taxon]) -> Iterator[tuple[Taxon, Found]]:
        for taxon in taxa:
            text = self._texts.get(taxon.scientific_name, "")
            source = Source(name="shelf", revision="1")
            sections = (Section(text=text),) if text else ()
            yield taxon, Found(source=source, sections=sections, reason="" if text else "no_page")


SHELF = Shelf(
    {"Blobus": "Blobus is a genus of whales.", "Blobidae": "A freshwater family.", "Planta": "Planta are shrubs."}
)


def test_every_genus_and_family_is_labelled_once_and_growth_form_is_of_plants() -> None:
    labels = label_ecology([WHALE, NEWT, WHALE, BUSH], SHELF)
    assert [(label.taxon.scientific_name, label.trait.value, label.primary) for label in labels] == [
        ("Blobus", "habitat", "marine"),
        ("Blobidae", "habitat", "freshwater"),
        ("Newtus", "habitat", ""),
        ("Planta", "habitat", ""),
        ("Planta", "growth_form", "shrub"),
        ("Plantaceae", "habitat", ""),
        ("Plantaceae", "growth_form", ""),
    ]
    reasons = {label.taxon.scientific_name: label.reason for label in labels if label.trait is Trait.HABITAT}
    assert reasons["Newtus"] == "no_page"
    assert reasons["Planta"] == "says_nothing"


def test_an_organism_has_its_genus_label_and_else_its_family_label() -> None:
    ecology = Ecology(labels=label_ecology([WHALE, NEWT, BUSH], SHELF))
    found = [ecology.of(taxon, Trait.HABITAT) for taxon in (WHALE, NEWT, BUSH)]
    assert [label and label.primary for label in found] == ["marine", "freshwater", None]


def test_no_taxon_gives_no_label() -> None:
    assert label_ecology([], SHELF) == []
    assert label_ecology([Taxon(kingdom="Plantae")], SHELF) == []


def test_a_label_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(ThujaError, match='no habitat is called "tree"'):
        EcologyLabel(taxon=WHALE, trait=Trait.HABITAT, labels=("tree",))


def test_sets_are_put_in_one_word() -> None:
    assert [primary_of(labels) for labels in ([], ["herb"], ["tree", "shrub"], ["herb", "shrub"])] == [
        "",
        "herb",
        "tree_or_shrub",
        "mixed",
    ]
    assert [woodiness(labels) for labels in ([], ["tree", "shrub"], ["herb", "graminoid"], ["herb", "tree"])] == [
        "",
        "woody",
        "herbaceous",
        "",
    ]
