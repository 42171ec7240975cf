"""Names in good English, whatever is known of a taxon."""

import pytest

from thuja.captions.prompts.naming import lineage, name_of, naming, organism
from thuja.taxonomy import Taxon

CASES = [
    (Taxon(genus="Corvus", species="corax", common="common raven"), "common raven (Corvus corax)", '"common raven"'),
    (Taxon(genus="Corvus", species="corax"), "Corvus corax", '"Corvus corax"'),
    (
        Taxon(genus="Sciurus", species="carolinensis", common="squirrel, eastern gray"),
        "squirrel, eastern gray (Sciurus carolinensis)",
        '"squirrel, eastern gray"',
    ),
    (Taxon(genus="Mentha", species="× piperita"), "Mentha × piperita", '"Mentha × piperita"'),
    (Taxon(genus="× Cuprocyparis"), "a member of the genus × Cuprocyparis", "a member of the genus × Cuprocyparis"),
    (Taxon(genus="Quercus"), "a member of the genus Quercus", "a member of the genus Quercus"),
    (Taxon(genus="Quercus", species="sp."), "a member of the genus Quercus", "a member of the genus Quercus"),
    (Taxon(genus="Quercus", common="oaks"), "oaks (genus Quercus)", '"oaks"'),
    (Taxon(class_="Aves", family="Corvidae"), "a member of the family Corvidae", "a member of the family Corvidae"),
    (Taxon(kingdom="Fungi"), "a member of the kingdom Fungi", "a member of the kingdom Fungi"),
    (Taxon(species="copepod calanoid"), "copepod calanoid", '"copepod calanoid"'),
    (Taxon(genus="Gorilla", species="gorilla", common="Gorilla gorilla"), "Gorilla gorilla", '"Gorilla gorilla"'),
    (Taxon(common='the "old" one'), "the 'old' one", "\"the 'old' one\""),
]  # fmt: skip


@pytest.mark.parametrize(("taxon", "shown", "said"), CASES, ids=[shown for _, shown, _ in CASES])
def test_a_taxon_is_shown_and_named_in_good_english(taxon: Taxon, shown: str, said: str) -> None:
    assert organism(taxon) == shown
    assert naming(taxon) == f"Name it once, as {said}, where it fits into the sentence."
    assert naming(taxon, is_name_wanted=False).startswith("Do not name it")


def test_the_name_asked_for_comes_before_the_taxons_own() -> None:
    raven = Taxon(family="Corvidae", genus="Corvus", species="corax", common="common raven")
    assert name_of(raven, (" ", "northern raven", "raven")) == "northern raven"
    assert organism(raven, ("northern raven",)) == "northern raven (Corvus corax)"
    assert organism(raven, ("corvus corax",)) == "Corvus corax"
    assert name_of(raven.at(raven.rank), ()) == "common raven" if raven.rank else False
    assert lineage(raven) == "genus Corvus, family Corvidae"


def test_nothing_known_has_no_name() -> None:
    assert (name_of(Taxon()), organism(Taxon()), lineage(Taxon())) == ("", "", "")
    assert naming(Taxon()) == "Do not guess its name."
    assert name_of(Taxon(genus="Quercus", species="spp.")) == "Quercus"


def test_a_name_without_an_end_is_cut() -> None:
    long = Taxon(genus="A", species="b", common="very " * 1000 + "long worm")
    assert len(name_of(long)) <= 120
    assert name_of(long).endswith("very…")
