"""Whose id a cell is, however it is written."""

import polars as pl
import pytest
from tests.names.small_backbone import small_backbone

from thuja.errors import UnknownName
from thuja.names import Resolver
from thuja.names.rows import tidy_rows
from thuja.names.tables.identifiers import IdentifierSources, identified

OPEN = IdentifierSources.of([small_backbone("inat"), small_backbone("gbif-2023"), small_backbone("mine")])


def key(cell: object, heading: str = "taxonID", sources: IdentifierSources = OPEN) -> str:
    return str(pl.DataFrame({"id": [cell]}).select(sources.key(pl.col("id"), heading)).item())


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("https://www.gbif.org/species/2480528", "gbif-2023:2480528"),
        ("https://api.gbif.org/v1/species/2480528/", "gbif-2023:2480528"),
        ("GBIF:2480528", "gbif-2023:2480528"),
        ("https://www.inaturalist.org/taxa/8010", "inat:8010"),
        ("https://www.inaturalist.org/taxa/8010-Corvus-corax", "inat:8010"),
        ("inat:8010", "inat:8010"),
        ("https://www.catalogueoflife.org/data/taxon/6MB3T", ""),
        ("8010", ""),
        ("", ""),
        (None, ""),
        ("https://example.org/8010", ""),
    ],
)
def test_a_prefix_or_a_url_says_whose_an_id_is(cell: str | None, expected: str) -> None:
    assert key(cell) == expected


def test_a_bare_id_is_gbif_s_in_gbif_s_columns_or_whose_the_user_says() -> None:
    assert key("2480528", "taxonKey") == "gbif-2023:2480528"
    assert key(2480528, "acceptedTaxonKey") == "gbif-2023:2480528"
    assert key(2480528.0, "taxonKey") == "gbif-2023:2480528"
    mine = IdentifierSources.of([small_backbone("mine")], "mine")
    assert key("11", "taxonID", mine) == "mine:11"
    with pytest.raises(UnknownName, match='unknown backbone for ids: "gbif"'):
        IdentifierSources.of([small_backbone("mine")], "gbif")


def rows(**columns: str) -> pl.DataFrame:
    table = pl.DataFrame([{"verbatim": "", "taxon_id": "", "accepted_id": ""} | columns])
    return tidy_rows(table).hstack(table.select("taxon_id", "accepted_id")).with_row_index("row")


def test_an_id_of_a_synonym_is_its_taxon_and_one_of_a_subspecies_its_species() -> None:
    resolver = Resolver([small_backbone()])
    synonym = identified(rows(taxon_id="small:90"), resolver).row(0, named=True)
    assert (synonym["accepted_id"], synonym["matched_name"], synonym["score"]) == ("40", "Anas strepera", 1.0)
    below = identified(rows(taxon_id="small:13"), resolver).row(0, named=True)
    assert (below["accepted_id"], below["accepted_name"], below["accepted_rank"]) == ("11", "Corvus corax", "species")


def test_the_accepted_id_answers_where_the_taxon_s_own_is_not_known() -> None:
    resolver = Resolver([small_backbone()])
    assert identified(rows(taxon_id="small:4711", accepted_id="small:12"), resolver)["accepted_id"].to_list() == ["12"]
    assert identified(rows(taxon_id="small:4711"), resolver).is_empty()


def test_a_lineage_that_differs_is_told() -> None:
    found = identified(
        rows(taxon_id="small:11", verbatim="Corvus corax", family="Paridae"), Resolver([small_backbone()])
    )
    assert found["changed"].to_list() == ["family: Paridae -> Corvidae"]
    assert found["score"].to_list() == [1.0]
