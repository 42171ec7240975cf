"""`thuja names common` as a user calls it."""

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from thuja.cli.names_common import common
from thuja.errors import BadFile, OutputExists, ThujaError, UnknownName, UsageError
from thuja.names import Backbone
from thuja.names.archives.archive import vernacular_frame
from thuja.names.store import About, build_tables, write_tables
from thuja.taxonomy import Taxon

ADDED = ["common_name", "common_name_rank", "common_name_language", "common_name_source"]
SEVEN = ["kingdom", "phylum", "class", "order", "family", "genus", "species"]
LINEAGE = ("Animalia", None, "Aves", None, "Corvidae", "Corvus")
USAGES = pl.DataFrame(
    [
        ("1", "Corvus", None, "genus", "accepted", "1", *LINEAGE, None),
        ("2", "Corvus corax", None, "species", "accepted", "2", *LINEAGE, "corax"),
        ("3", "Corvus corone", None, "species", "accepted", "3", *LINEAGE, "corone"),
    ],
    schema=dict.fromkeys(["id", "name", "authorship", "rank", "status", "accepted", *SEVEN], pl.String),
    orient="row",
)
SPOKEN = pl.DataFrame(
    [("1", "Crows", "en", True, ""), ("2", "Common Raven", "en", True, "Zoo"), ("2", "Kolkrabe", "de", True, "")],
    schema=vernacular_frame().schema,
    orient="row",
)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backbones") / "world"
    write_tables(build_tables(USAGES, SPOKEN), About(name="world"), folder)
    return folder


def run(*words: object) -> Result:
    return CliRunner().invoke(common, [str(word) for word in words])


def refusal(*words: object) -> ThujaError:
    error = run(*words).exception
    assert isinstance(error, ThujaError), error
    return error


def test_names_are_printed_with_what_they_are_called(backbone: Path) -> None:
    result = run("corvus coraxx", "Corvus corone", "--backbone", backbone, "--language", "de", "--language", "en")
    assert result.stdout.splitlines() == [
        f"verbatim,match_type,accepted_name,accepted_rank,{','.join(ADDED)}",
        "corvus coraxx,fuzzy,Corvus corax,species,Kolkrabe,species,de,world",
        "Corvus corone,exact,Corvus corone,species,,,,",
    ]
    result = run("Corvus corone", "--backbone", backbone, "--higher-rank")
    assert result.stdout.splitlines()[1] == "Corvus corone,exact,Corvus corone,species,Crows,genus,en,world"


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_a_table_keeps_its_columns_and_rows(backbone: Path, tmp_path: Path, suffix: str) -> None:
    table = pl.DataFrame(
        {"uuid": ["b", "a", "c"], "Genus": ["Corvus"] * 3, "Species": ["corone", "Corvus corax", None]}
    )
    source, out = tmp_path / "in.parquet", tmp_path / f"out{suffix}"
    table.write_parquet(source)
    result = run(source, "--backbone", backbone, "--out", out)
    assert result.stderr == f"2 of 3 rows have a common name: {out}\n"
    named = (
        pl.read_parquet(out) if suffix == ".parquet" else pl.read_csv(out, separator="\t" if suffix == ".tsv" else ",")
    )
    assert named.select(table.columns).equals(table)
    assert named.select(ADDED).rows() == [
        (None, None, None, None),
        ("Common Raven", "species", "en", "world: Zoo"),
        ("Crows", "genus", "en", "world"),
    ]


def test_a_table_of_names_is_resolved_and_one_of_taxonopy_is_not(backbone: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("scientificName,note\nCorvus corax L.,x\nKolkrabe,y\n")
    rows = run(names, "--backbone", backbone).stdout.splitlines()
    called = "Common Raven,species,en,world: Zoo"
    assert rows[1:] == [f"Corvus corax L.,x,{called}", f"Kolkrabe,y,{called}"]
    solved = tmp_path / "solved.csv"
    solved.write_text(
        "scientific_name,common_name,resolution_status,genus,species\nKolkrabe,old,EXACT,Corvus,Corvus corone\n"
    )
    assert run(solved, "--backbone", backbone).stdout.splitlines() == [
        "scientific_name,resolution_status,genus,species,common_name,common_name_rank,common_name_language,common_name_source",
        "Kolkrabe,EXACT,Corvus,Corvus corone,,,,",
    ]


def test_named_twice_is_named_once(backbone: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    (tmp_path / "in.csv").write_text("species\nCorvus corax\n")
    run(tmp_path / "in.csv", "--backbone", backbone, "--out", first)
    run(first, "--backbone", backbone, "--out", second)
    assert second.read_text() == first.read_text()


def test_what_cannot_be_done_is_said_in_one_sentence(backbone: Path, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("species\nCorvus corax\n")
    there = tmp_path / "there.csv"
    there.write_text("mine")
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    mute = tmp_path / "mute"
    write_tables(build_tables(USAGES, vernacular_frame()), About(name="mute"), mute)
    known = ["--backbone", backbone]
    assert "no language" in refusal("Corvus corax", *known, "--language", "English").message
    assert isinstance(error := refusal("Corvus corax", *known, "--language", "ja"), UnknownName)
    assert error.hint == "one of en, de"
    assert "no common names in mute" in refusal("Corvus corax", "--backbone", mute).message
    assert isinstance(refusal(table, *known, "--out", there), OutputExists)
    assert there.read_text() == "mine"
    assert "is the input" in refusal(table, *known, "--out", table, "--force").message
    assert "cannot tell how to write" in refusal(table, *known, "--out", tmp_path / "x.xlsx").message
    assert "there is no table" in refusal(tmp_path / "none.csv", *known).message
    assert "other words beside it" in refusal(table, "Corvus", *known).message
    assert "no column that says a taxon" in refusal(other, *known).message
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 nothing")
    assert isinstance(refusal(tmp_path / "cut.parquet", *known), (BadFile, UsageError))


def test_a_backbone_of_lineages_has_its_common_names_too(tmp_path: Path) -> None:
    raven = Taxon(kingdom="Animalia", genus="Corvus", species="corax", common="Common Raven")
    write_tables(Backbone.from_taxa("own", [raven]).tables, About(name="own"), tmp_path / "own")
    assert run("Corvus corax", "--backbone", tmp_path / "own").stdout.endswith("Common Raven,species,en,own\n")
