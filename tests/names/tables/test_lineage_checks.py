"""One lineage a taxon over a whole table, also where no backbone vouches for it."""

import polars as pl
from tests.names.small_backbone import small_backbone

from thuja.names import Resolver
from thuja.names.store import LINEAGE
from thuja.names.tables.answering import answer_rows
from thuja.names.tables.columns import ASKED

RESOLVER = Resolver([small_backbone()])
PLANT = {"verbatim": "Xus yus", "family": "Yidae", "kingdom": "Plantae"}
TIT = {"verbatim": "Corvus corax", "family": "Paridae"}


def answers(*rows: tuple[int, dict[str, str]]) -> pl.DataFrame:
    """Answers to rows that stand there so many times."""
    asked = pl.DataFrame([dict.fromkeys(ASKED, "") | {"kingdom": "Animalia"} | row for _, row in rows])
    return answer_rows(asked.with_columns(pl.Series("rows", [count for count, _ in rows], dtype=pl.UInt32)), RESOLVER)


def test_most_rows_decide_and_the_others_are_told() -> None:
    found = answers((2, {"verbatim": "Xus yus", "family": "Xidae"}), (3, {"verbatim": "Xus yus", "family": "Yidae"}))
    assert found["family"].to_list() == ["Yidae", "Yidae"]
    assert found["changed"].to_list() == ["family: Xidae -> Yidae", None]


def test_of_as_many_rows_the_most_complete_lineage_decides_then_the_alphabet() -> None:
    found = answers(
        (1, {"verbatim": "Xus yus", "family": "Xidae"}),
        (1, {"verbatim": "Xus yus", "family": "Yidae", "order": "Qales"}),
        (1, {"verbatim": "Zus yus", "family": "Zidae"}),
        (1, {"verbatim": "Zus yus", "family": "Aidae"}),
    )
    assert found["family"].to_list() == ["Yidae", "Yidae", "Aidae", "Aidae"]
    assert found["order"].to_list() == ["Qales", "Qales", None, None]


def test_names_of_two_kingdoms_are_two_taxa() -> None:
    found = answers(
        (1, {"verbatim": "Xus yus", "family": "Xidae"}),
        (9, PLANT),
    )
    assert found["family"].to_list() == ["Xidae", "Yidae"]


def test_names_that_share_only_a_kingdom_keep_their_own_lineages() -> None:
    """The kingdom is what was looked up last for both: it once stood for their name."""
    found = answers((1, {"verbatim": "Xus yus", "family": "Xidae"}), (9, {"verbatim": "Zus yus", "family": "Zidae"}))
    assert found["family"].to_list() == ["Xidae", "Zidae"]
    assert found["changed"].to_list() == [None, None]


def test_what_a_backbone_vouches_for_outweighs_rows() -> None:
    found = answers((1, {"verbatim": "Xus yus", "family": "Corvidae"}), (9, {"verbatim": "Xus yus", "family": "Xidae"}))
    assert found["family"].to_list() == ["Corvidae", "Corvidae"]
    assert found["order"].to_list() == ["Passeriformes", "Passeriformes"]
    assert found["accepted_id"].to_list() == ["4", "4"]
    assert found["changed"].to_list() == [None, "family: Xidae -> Corvidae"]


def test_species_of_one_unknown_genus_share_its_lineage_and_genera_their_family_s() -> None:
    found = answers(
        (3, {"verbatim": "Xus yus", "genus": "Xus", "family": "Xidae", "order": "Qales"}),
        (1, {"verbatim": "Xus zus", "genus": "Xus", "family": "Yidae", "order": "Rales"}),
        (1, {"verbatim": "Wus wus", "genus": "Wus", "family": "Xidae", "order": "Sales"}),
    )
    assert found["family"].to_list() == ["Xidae"] * 3
    assert found["order"].to_list() == ["Qales"] * 3
    assert found["changed"].to_list() == [
        None,
        "order: Rales -> Qales; family: Yidae -> Xidae",
        "order: Sales -> Qales",
    ]


def test_a_family_given_moves_no_one_to_another_family_of_its_order() -> None:
    other = {"verbatim": "Zus zus", "family": "Zidae", "order": "Passeriformes"}
    found = answers((1, {"verbatim": "Xus yus", "family": "Corvidae"}), (1, other))
    assert found["family"].to_list() == ["Corvidae", "Zidae"]
    assert found["order"].to_list() == ["Passeriformes", "Passeriformes"]


def test_answers_of_a_backbone_are_left_as_they_are() -> None:
    found = answers((1, TIT), (9, {"verbatim": "Agathis alba", "family": "Xidae"}))
    assert found["match_type"].to_list() == ["exact", "ambiguous"]
    assert found["family"][0] == "Corvidae"
    assert found["changed"][0] == "family: paridae -> Corvidae"
    assert found.row(0, named=True)["species"] == "corax"
    assert [found[rank][0] for rank in LINEAGE][:3] == ["Animalia", "Chordata", "Aves"]
