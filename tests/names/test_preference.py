"""Several backbones: each name from whichever knows it, each taxon in the lineage of the preferred one."""

import polars as pl

from thuja.names import Backbone, Resolver, Status
from thuja.names.archives.archive import vernacular_frame
from thuja.names.store import About, build_tables
from thuja.taxonomy import Taxon

BIRDS = {"kingdom": "Animalia", "class_": "Aves"}
GADWALL = Taxon(**BIRDS, family="Anatidae", genus="Mareca", species="strepera", common="Gadwall")
FIRST = Backbone.from_taxa("first", [GADWALL, Taxon(kingdom="Plantae", family="Apiaceae", genus="Oenanthe")])


def usage(id_: str, name: str, status: str, accepted: str, family: str = "Anserinae") -> dict[str, str | None]:
    genus, _, species = name.partition(" ")
    ranks = {"kingdom": "Metazoa", "phylum": "Chordata", "class": "Aves", "order": None, "family": family}
    ranks |= {"genus": genus, "species": species or None}
    is_taxon = status == "accepted"
    return {
        "id": id_, "name": name, "authorship": "L.", "rank": "species" if species else "genus", "status": status,
        "accepted": accepted, **(ranks if is_taxon else dict.fromkeys(ranks)),
    }  # fmt: skip


USAGES = [
    usage("1", "Mareca strepera", "accepted", "1"),
    usage("2", "Anas strepera", "synonym", "1"),
    usage("3", "Mareca americana", "accepted", "3"),
    usage("4", "Oenanthe oenanthe", "accepted", "4", family="Muscicapidae"),
    usage("5", "Mareca", "accepted", "5"),
]
RETIRED = pl.DataFrame({"id": ["77"], "accepted": ["3"]})
SECOND = Backbone(
    build_tables(pl.DataFrame(USAGES), vernacular_frame(), further_ids=RETIRED), About(name="second", version="2")
)
RESOLVER = Resolver([FIRST, SECOND])


def test_a_synonym_of_the_second_backbone_gets_the_lineage_of_the_first() -> None:
    answer = RESOLVER.resolve("Anas strepera")
    assert (answer.status, answer.taxon) == (Status.SYNONYM, GADWALL)
    assert answer.taxon.common == "Gadwall"


def test_a_species_that_only_the_second_knows_gets_its_genus_s_lineage_from_the_first() -> None:
    answer = RESOLVER.resolve("Mareca americana")
    assert answer.status == Status.EXACT
    assert answer.taxon == Taxon(**BIRDS, family="Anatidae", genus="Mareca", species="americana")


def test_the_same_taxon_in_both_is_one_answer() -> None:
    answer = RESOLVER.resolve("Mareca strepera")
    assert (answer.status, answer.runner_up) == (Status.EXACT, "")
    assert answer.score is not None
    assert answer.score > 0.99
    row = RESOLVER.resolve_rows(pl.DataFrame({"verbatim": ["Mareca strepera", "Mareca americana"]}))
    assert row["backbone"].to_list() == ["first", "second"]


def test_a_name_of_another_kingdom_keeps_its_own_lineage() -> None:
    assert RESOLVER.resolve("Oenanthe oenanthe").taxon.family == "Muscicapidae"
    assert RESOLVER.resolve("Oenanthe").taxon.kingdom == "Plantae"


def test_a_retired_id_is_found() -> None:
    hits = SECOND.by_id(pl.Series(["77", "3", "x"]))
    assert SECOND.tables.names["name"].gather(hits.found).to_list() == ["Mareca americana", "Mareca americana"]
    assert hits.asked.tolist() == [0, 1]
