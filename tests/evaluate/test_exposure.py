import pytest

from thuja.evaluate.exposure import FAMILIES, GENERA, SPECIES, imagenet_class, is_listed
from thuja.names import embedded
from thuja.taxonomy import Rank, Taxon

BIRD = {"kingdom": "Animalia", "phylum": "Chordata", "class_": "Aves"}


@pytest.mark.parametrize(
    ("names", "rank"),
    [
        ({"family": "Cardinalidae", "genus": "Passerina", "species": "cyanea"}, Rank.SPECIES),
        ({"family": "Anatidae", "genus": "Mergus", "species": "serrator"}, Rank.SPECIES),
        ({"family": "Fringillidae", "genus": "Spinus", "species": "tristis"}, Rank.SPECIES),
        ({"family": "Pelecanidae", "genus": "Pelecanus", "species": "erythrorhynchos"}, Rank.GENUS),
        ({"family": "Trochilidae", "genus": "Calypte", "species": "anna"}, Rank.FAMILY),
        ({"family": "Vireonidae", "genus": "Vireo", "species": "solitarius"}, None),
    ],
)
def test_the_closest_class_that_holds_a_bird_is_found(names: dict[str, str], rank: Rank | None) -> None:
    taxon = Taxon(**BIRD, **names)
    assert is_listed(taxon)
    assert imagenet_class(taxon) == rank


def test_of_other_clades_nothing_is_claimed() -> None:
    assert not is_listed(Taxon(kingdom="Plantae", family="Orchidaceae"))


def test_every_listed_name_is_a_bird_or_a_primate_in_the_backbone() -> None:
    """A misspelt name would mark nothing, in silence."""
    table = embedded().taxa_at(Rank.SPECIES)
    listed = table.filter((table["class"] == "Aves") | (table["order"] == "Primates"))
    binomials = set((listed["genus"] + " " + listed["species"]).to_list())
    assert SPECIES - binomials == set()
    assert GENERA - set(listed["genus"]) == set()
    assert FAMILIES - set(listed["family"]) == set()
