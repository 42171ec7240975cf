"""The species behind names of the papers' layouts: the birds of NeWT's tasks of age, the crops of PlantDoc."""

from typing import Final

from thuja.taxonomy import Taxon

_ACCIPITRIDAE: Final = ("Accipitriformes", "Accipitridae")
_CHARADRIIDAE: Final = ("Charadriiformes", "Charadriidae")
_SCOLOPACIDAE: Final = ("Charadriiformes", "Scolopacidae")


def _bird(order_family: tuple[str, str], genus: str, species: str, common: str) -> Taxon:
    return Taxon.from_names(["Animalia", "Chordata", "Aves", *order_family, genus, species], common)


BIRDS: Final = {
    "bald_eagle": _bird(_ACCIPITRIDAE, "Haliaeetus", "leucocephalus", "bald eagle"),
    "coopers_hawk": _bird(_ACCIPITRIDAE, "Accipiter", "cooperii", "Cooper's hawk"),
    "rough_legged_hawk": _bird(_ACCIPITRIDAE, "Buteo", "lagopus", "rough-legged hawk"),
    "sharp_shinned_hawk": _bird(_ACCIPITRIDAE, "Accipiter", "striatus", "sharp-shinned hawk"),
    "swainsons_hawk": _bird(_ACCIPITRIDAE, "Buteo", "swainsoni", "Swainson's hawk"),
    "black_bellied_plover": _bird(_CHARADRIIDAE, "Pluvialis", "squatarola", "black-bellied plover"),
    "semipalmated_plover": _bird(_CHARADRIIDAE, "Charadrius", "semipalmatus", "semipalmated plover"),
    "dunlin": _bird(_SCOLOPACIDAE, "Calidris", "alpina", "dunlin"),
    "least_sandpiper": _bird(_SCOLOPACIDAE, "Calidris", "minutilla", "least sandpiper"),
    "sanderling": _bird(_SCOLOPACIDAE, "Calidris", "alba", "sanderling"),
    "western_sandpiper": _bird(_SCOLOPACIDAE, "Calidris", "mauri", "western sandpiper"),
    "whimbrel": _bird(_SCOLOPACIDAE, "Numenius", "phaeopus", "whimbrel"),
}
"""NeWT's tasks of age by what their names say behind `ml_age_`."""


def _crop(names: str, common: str, *, clade: str = "Magnoliopsida") -> Taxon:
    return Taxon.from_names(["Plantae", "Tracheophyta", clade, *names.split()], common)


_SOYBEAN: Final = _crop("Fabales Fabaceae Glycine max", "soybean")
CROPS: Final = {
    "apple": _crop("Rosales Rosaceae Malus domestica", "apple"),
    "bell pepper": _crop("Solanales Solanaceae Capsicum annuum", "bell pepper"),
    "blueberry": _crop("Ericales Ericaceae Vaccinium corymbosum", "blueberry"),
    "cherry": _crop("Rosales Rosaceae Prunus avium", "cherry"),
    "corn": _crop("Poales Poaceae Zea mays", "corn", clade="Liliopsida"),
    "grape": _crop("Vitales Vitaceae Vitis vinifera", "grape"),
    "peach": _crop("Rosales Rosaceae Prunus persica", "peach"),
    "potato": _crop("Solanales Solanaceae Solanum tuberosum", "potato"),
    "raspberry": _crop("Rosales Rosaceae Rubus idaeus", "raspberry"),
    "soyabean": _SOYBEAN,
    "soybean": _SOYBEAN,
    "squash": _crop("Cucurbitales Cucurbitaceae Cucurbita pepo", "squash"),
    "strawberry": _crop("Rosales Rosaceae Fragaria ananassa", "strawberry"),
    "tomato": _crop("Solanales Solanaceae Solanum lycopersicum", "tomato"),
}
"""PlantDoc's plants; a class names the crop, and the species is the one that is usually grown."""


def unnamed(words: str) -> Taxon:
    """A species of its own of which a layout says no scientific name: it has no relatives in any tree."""
    return Taxon(genus="(unnamed)", species=words, common=words)
