"""The user's own table: what it may say, what it is told when it is wrong, and that it comes first."""

from pathlib import Path

import polars as pl
import pytest
from tests.names.small_backbone import small_backbone

from thuja.errors import BadFile
from thuja.names import Resolver
from thuja.names.tables.answering import answer_rows
from thuja.names.tables.columns import ASKED
from thuja.names.tables.identifiers import IdentifierSources
from thuja.names.tables.overrides import Overrides

RESOLVER = Resolver([small_backbone()])
SOURCES = IdentifierSources.of(RESOLVER.backbones)


def load(tmp_path: Path, text: str) -> Overrides:
    (tmp_path / "own.csv").write_text(text)
    return Overrides.load(tmp_path / "own.csv", RESOLVER, SOURCES)


def answers(overrides: Overrides, *rows: dict[str, str]) -> pl.DataFrame:
    asked = pl.DataFrame([dict.fromkeys(ASKED, "") | row for row in rows])
    return answer_rows(asked.with_columns(pl.lit(1, pl.UInt32).alias("rows")), RESOLVER, overrides=overrides)


def test_a_taxon_is_named_by_its_name_its_id_or_a_lineage(tmp_path: Path) -> None:
    text = "name,taxon,taxon_id,to_kingdom,to_genus,to_species\n"
    text += "blackie,Anas strepera,,,,\nrook,,12,,,\nxx,,,Animalia,Xus,yus\n"
    found = answers(load(tmp_path, text), {"verbatim": "Blackie"}, {"common": "rook"}, {"verbatim": "xx"})
    assert found["match_type"].to_list() == ["override"] * 3
    assert found["accepted_name"].to_list() == ["Mareca strepera", "Corvus corone", "Xus yus"]
    assert found["accepted_rank"].to_list() == ["species"] * 3
    assert found["family"].to_list() == ["Anatidae", "Corvidae", None]
    assert found["species"].to_list() == ["strepera", "corone", "yus"]
    assert found["backbone"].to_list() == ["small", "small", None]
    assert found["reason"].to_list() == [f"own.csv, line {line}" for line in (2, 3, 4)]


def test_overrides_come_before_ids_and_known_names(tmp_path: Path) -> None:
    own = load(tmp_path, "name,taxon\nCorvus corax,Corvus corone\n")
    found = answers(own, {"verbatim": "Corvus corax", "taxon_id": "small:11"}, {"genus": "Corvus", "species": "corax"})
    assert found["accepted_id"].to_list() == ["12", "12"]


def test_ranks_confine_an_override_and_more_ranks_go_first(tmp_path: Path) -> None:
    text = "name,kingdom,family,taxon,to_kingdom\nrosea,,,Corvus corax,\n"
    text += "rosea,Plantae,,Laelia rosea,Plantae\nrosea,Plantae,Corvidae,Corvus,\n"
    rows = [{"verbatim": "rosea"}, {"verbatim": "rosea", "kingdom": "Viridiplantae"}]
    rows.append({"verbatim": "rosea", "kingdom": "Plantae", "family": "Corvidae"})
    assert answers(load(tmp_path, text), *rows)["accepted_id"].to_list() == ["11", "31", "10"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,taxon\nfoo,Corvus coraxx\n", "line 2: foo is to mean Corvus coraxx, which is no one taxon of small"),
        ("name,taxon\nfoo,Laelia rosea\n", "line 2: foo is to mean Laelia rosea, which is no one taxon"),
        ("name,taxon_id\nfoo,4711\nbar,4712\n", r"line 2: foo is to mean 4711, .* \(and 1 more lines\)"),
        ("name,taxon\nfoo,\n", "foo is to mean no taxon"),
        ("name,taxon\nfoo,Corvus\nFoo ,Corvus corax\n", r"foo stands there more than once \(lines 2, 3\)"),
        ("taxon\nCorvus\n", "is no table of overrides"),
        ("name\nCorvus\n", "is no table of overrides"),
    ],
)
def test_a_wrong_table_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadFile, match=said) as error:
        load(tmp_path, text)
    assert "\n" not in error.value.message
