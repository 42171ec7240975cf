"""A backbone small enough to read: synonyms, authors, homonyms in one and in two kingdoms, subspecies, pets."""

from collections.abc import Mapping

import polars as pl

from thuja.names import Backbone
from thuja.names.store import About, build_tables
from thuja.taxonomy import RANKS

Lineage = tuple[str | None, ...]
"""Names from the kingdom down, None where a rank is lacking."""
BIRDS = ("Animalia", "Chordata", "Aves", "Passeriformes")
MAMMALS = ("Animalia", "Chordata", "Mammalia", "Carnivora")
INSECTS = ("Animalia", "Arthropoda", "Insecta")
APIALES = ("Plantae", "Tracheophyta", "Magnoliopsida", "Apiales")
ORCHIDS = ("Plantae", "Tracheophyta", "Liliopsida", "Asparagales", "Orchidaceae")
DUCKS = ("Animalia", "Chordata", "Aves", "Anseriformes", "Anatidae")
SCHEMA = dict.fromkeys(
    ["id", "name", "authorship", "rank", "status", "accepted", *(rank.label for rank in RANKS)],
    pl.String,
)  # fmt: skip
SPOKEN = {"id": pl.String, "name": pl.String, "language": pl.String, "is_preferred": pl.Boolean, "source": pl.String}

TAXA: dict[str, tuple[str, str, str, Lineage]] = {
    "1": ("Animalia", "", "kingdom", ("Animalia",)),
    "2": ("Plantae", "", "kingdom", ("Plantae",)),
    "3": ("Aves", "", "class", BIRDS[:3]),
    "4": ("Corvidae", "Leach, 1820", "family", (*BIRDS, "Corvidae")),
    "5": ("Paridae", "Vigors, 1825", "family", (*BIRDS, "Paridae")),
    "10": ("Corvus", "Linnaeus, 1758", "genus", (*BIRDS, "Corvidae", "Corvus")),
    "11": ("Corvus corax", "Linnaeus, 1758", "species", (*BIRDS, "Corvidae", "Corvus", "corax")),
    "12": ("Corvus corone", "Linnaeus, 1758", "species", (*BIRDS, "Corvidae", "Corvus", "corone")),
    "13": ("Corvus corax principalis", "Ridgway, 1887", "subspecies", (*BIRDS, "Corvidae", "Corvus", "corax")),
    "20": ("Oenanthe", "Vieillot, 1816", "genus", (*BIRDS, "Muscicapidae", "Oenanthe")),
    "21": ("Oenanthe oenanthe", "(Linnaeus, 1758)", "species", (*BIRDS, "Muscicapidae", "Oenanthe", "oenanthe")),
    "22": ("Oenanthe", "L.", "genus", (*APIALES, "Apiaceae", "Oenanthe")),
    "23": ("Oenanthe crocata", "L.", "species", (*APIALES, "Apiaceae", "Oenanthe", "crocata")),
    "30": ("Laelia rosea", "Bryk, 1948", "species", (*INSECTS, "Lepidoptera", "Erebidae", "Laelia", "rosea")),
    "31": ("Laelia rosea", "Lindl.", "species", (*ORCHIDS, "Laelia", "rosea")),
    "40": ("Mareca strepera", "(Linnaeus, 1758)", "species", (*DUCKS, "Mareca", "strepera")),
    "50": ("Felis catus", "Linnaeus, 1758", "species", (*MAMMALS, "Felidae", "Felis", "catus")),
    "51": ("Canis lupus", "Linnaeus, 1758", "species", (*MAMMALS, "Canidae", "Canis", "lupus")),
    "60": ("Agathis alba", "Green, 1900", "species", (*INSECTS, "Hymenoptera", "Braconidae", "Agathis", "alba")),
    "61": ("Agathis alba", "White, 1950", "species", (*INSECTS, "Coleoptera", "Carabidae", "Agathis", "alba")),
}  # fmt: skip
"""Accepted taxa by id: name, authorship, rank, lineage."""
SYNONYMS = {
    "90": ("Anas strepera", "Linnaeus, 1758", "species", "40"),
    "91": ("Corvus major", "Vieillot, 1817", "species", "11"),
    "92": ("Canis familiaris", "Linnaeus, 1758", "species", "51"),
    # Two synonyms of one taxon with the same letters.
    "93": ("Corvus niger", "Mathews, 1912", "species", "12"),
    "94": ("Corvus niger", "Brehm, 1831", "species", "12"),
}
COMMON = [
    ("11", "Common Raven", "en"),
    ("11", "Grand Corbeau", "fr"),
    ("12", "Carrion Crow", "en"),
    ("50", "Domestic Cat", "en"),
]


def small_backbone(
    name: str = "small",
    *,
    without: tuple[str, ...] = (),
    taxa: Mapping[str, tuple[str, str, str, Lineage]] | None = None,
    synonyms: Mapping[str, tuple[str, str, str, str]] | None = None,
    **moved: Lineage,
) -> Backbone:
    """The backbone without some ids, with more taxa and synonyms, and other lineages for ids written as `id_11`."""
    rows = []
    for id_, (scientific, authorship, rank, lineage) in (TAXA | dict(taxa or {})).items():
        above = moved.get(f"id_{id_}", lineage)
        rows.append((id_, scientific, authorship, rank, "accepted", id_, *above, *[None] * (7 - len(above))))
    for id_, (scientific, authorship, rank, accepted) in (SYNONYMS | dict(synonyms or {})).items():
        rows.append((id_, scientific, authorship, rank, "synonym", accepted, *[None] * 7))
    usages = pl.DataFrame([row for row in rows if row[0] not in without], schema=SCHEMA, orient="row")
    spoken = pl.DataFrame([(*row, True, "test") for row in COMMON], schema=SPOKEN, orient="row")
    return Backbone(build_tables(usages, spoken), About(name=name, version="1", title="A small world"))
