"""What a trunk pretrained on ImageNet has met before: its classes among birds and primates, by taxon.

A score on a species that the trunk was trained to tell is no score on a new species. The classes
are those of ImageNet-1k, with the names that are accepted for them; other clades are not listed.
"""

from thuja.taxonomy import Rank, Taxon

LISTED = (Taxon(class_="Aves"), Taxon(order="Primates"))
"""The clades whose classes are listed here; of other taxa nothing is said."""

_SPECIES = """
    Alectoris chukar|Aptenodytes patagonicus|Aramus guarauna|Ardea alba|Arenaria interpres|Ateles geoffroyi|
    Bonasa umbellus|Cacatua galerita|Calidris alpina|Carduelis carduelis|Ciconia ciconia|Ciconia nigra|
    Cinclus mexicanus|Cygnus atratus|Egretta caerulea|Erythrocebus patas|Fringilla montifringilla|
    Fulica americana|Gallus gallus|Gorilla gorilla|Haemorhous mexicanus|Haliaeetus leucocephalus|Indri indri|
    Lemur catta|Lyrurus tetrix|Mergus serrator|Nasalis larvatus|Pan troglodytes|Passerina cyanea|Pongo pygmaeus|
    Psittacus erithacus|Saimiri sciureus|Spinus tristis|Strix nebulosa|Struthio camelus|Symphalangus syndactylus|
    Tringa totanus|Turdus migratorius
"""
"""Classes that are one species. *Spinus tristis* stands for the class "goldfinch" in North America."""

_GENERA = """
    Alouatta|Ara|Botaurus|Callithrix|Cebus|Centropus|Cercopithecus|Colobus|Coturnix|Cyanocitta|Garrulus|Haematopus|
    Hylobates|Junco|Lagopus|Limnodromus|Macaca|Papio|Pavo|Pelecanus|Perdix|Phoenicopterus|Pica|Platalea|
    Plecturocebus|Poecile|Porphyrio|Semnopithecus|Trachypithecus|Tympanuchus
"""

_FAMILIES = """
    Anatidae|Bucerotidae|Cathartidae|Diomedeidae|Galbulidae|Gruidae|Meropidae|Otididae|Pycnonotidae|Ramphastidae|
    Trochilidae
"""


def _names(table: str) -> frozenset[str]:
    return frozenset(name.strip() for name in table.split("|"))


SPECIES, GENERA, FAMILIES = _names(_SPECIES), _names(_GENERA), _names(_FAMILIES)


def imagenet_class(taxon: Taxon) -> Rank | None:
    """The rank at which a class of ImageNet holds this taxon, or None where no listed class does.

    >>> imagenet_class(Taxon(class_="Aves", family="Anatidae", genus="Mergus", species="serrator"))
    <Rank.SPECIES: 6>
    >>> imagenet_class(Taxon(class_="Aves", family="Anatidae", genus="Anas", species="strepera")).label
    'family'
    """
    if taxon.binomial in SPECIES:
        return Rank.SPECIES
    if taxon.genus in GENERA:
        return Rank.GENUS
    return Rank.FAMILY if taxon.family in FAMILIES else None


def is_listed(taxon: Taxon) -> bool:
    """Whether the classes of this taxon's clade are listed at all."""
    return any(taxon.is_within(clade) for clade in LISTED)
