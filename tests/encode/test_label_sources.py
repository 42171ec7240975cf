"""What a source of labels stands for, and what is said when it stands for nothing."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thuja.encode.label_sources import LabelRows, find_labels
from thuja.errors import BadFile, EmptyInput, ThujaError, UnknownName, UsageError
from thuja.taxonomy import RANKS, Rank, Taxon

TABLE = """Kingdom,phylum,class,order,family,genus,species,common
Animalia,Chordata,Aves,Passeriformes,Corvidae,Pica,pica,
Animalia,Chordata,Aves,Passeriformes,Corvidae,Corvus,Corvus  corax,raven
Animalia,Chordata,Aves,Passeriformes,Corvidae,Corvus,corax,northern raven
Animalia,Chordata,Aves,Passeriformes,Muscicapidae,Oenanthe,oenanthe,wheatear
Plantae,Tracheophyta,Magnoliopsida,Apiales,Apiaceae,Oenanthe,crocata,
Animalia,Chordata,Aves,Passeriformes,Corvidae,,,crows
,,,,,,,
"""
NAMES = st.sampled_from(["", "Aa", "Bb", "Cc", "Aa x", " Bb ", "Ünd"])


@pytest.fixture
def table(tmp_path: Path) -> str:
    (tmp_path / "taxa.csv").write_text(TABLE, encoding="utf-8")
    return str(tmp_path / "taxa.csv")


def taxa_of(rows: LabelRows) -> list[Taxon]:
    return rows.taxa(0, len(rows))


def test_a_tables_taxa_are_sorted_and_come_once_with_the_first_common_name(table: str) -> None:
    rows = find_labels([table])
    names = [(taxon.scientific_name, taxon.common) for taxon in taxa_of(rows)]
    assert names == [
        ("Corvidae", "crows"),
        ("Corvus corax", "raven"),
        ("Pica pica", ""),
        ("Oenanthe oenanthe", "wheatear"),
        ("Oenanthe crocata", ""),
    ]
    assert (rows.merged, rows.above) == (1, 0)


def test_a_rank_cuts_what_is_below_and_leaves_out_what_is_above(table: str) -> None:
    genera = find_labels([table], rank=Rank.GENUS)
    assert [taxon.scientific_name for taxon in taxa_of(genera)] == ["Corvus", "Pica", "Oenanthe", "Oenanthe"]
    assert all(not taxon.common for taxon in taxa_of(genera))
    assert (genera.merged, genera.above) == (1, 1)
    families = find_labels([table], rank=Rank.FAMILY)
    assert [(taxon.family, taxon.common) for taxon in taxa_of(families)][:1] == [("Corvidae", "crows")]


def test_the_same_source_twice_adds_nothing(table: str) -> None:
    once, twice = find_labels([table]), find_labels([table, table])
    assert twice.digest() == once.digest()
    assert twice.merged == len(once) + 2 * once.merged


@given(rows=st.lists(st.tuples(*[NAMES] * 8), min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_row_is_read_as_a_taxon_is(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    columns = [*(rank.label for rank in RANKS), "common"]
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    frame.write_parquet(tmp_path / "t.parquet")
    wanted = sorted({taxon for row in frame.to_dicts() if (taxon := Taxon.from_columns(row)).rank is not None})
    if not wanted:
        with pytest.raises(EmptyInput):
            find_labels([str(tmp_path / "t.parquet")])
        return
    assert taxa_of(find_labels([str(tmp_path / "t.parquet")])) == wanted


@pytest.mark.parametrize(
    ("within", "found"),
    [
        (["Corvidae"], ["Corvidae", "Corvus corax", "Pica pica"]),
        (["Muscicapidae", "Plantae"], ["Oenanthe oenanthe", "Oenanthe crocata"]),
        (["kingdom Plantae genus Oenanthe"], ["Oenanthe crocata"]),
        (["Animalia Chordata Aves Passeriformes Muscicapidae"], ["Oenanthe oenanthe"]),
    ],
)
def test_within_keeps_what_is_below_any_of_the_taxa(table: str, within: list[str], found: list[str]) -> None:
    assert [taxon.scientific_name for taxon in taxa_of(find_labels([table], within=within))] == found


def test_a_name_of_two_taxa_is_refused_with_the_way_to_say_which(table: str) -> None:
    with pytest.raises(UsageError, match="means several") as caught:
        find_labels([table], within=["Oenanthe"])
    hinted = caught.value.hint.split('"')[1]
    assert len(find_labels([table], within=[hinted])) == 1


@pytest.mark.parametrize("within", ["Nobody", "corax", "genus Nobody", "Corvus corax", "kingdom"])
def test_within_nothing_is_refused(table: str, within: str) -> None:
    with pytest.raises(EmptyInput, match="lies within"):
        find_labels([table], within=[within])


def test_a_catalogs_dropped_rows_are_no_labels(tmp_path: Path) -> None:
    rows = {"genus": ["Pica", "Corvus"], "species": ["pica", "corax"], "drop_reason": [None, "duplicate"]}
    pl.DataFrame(rows).write_parquet(tmp_path / "catalog.parquet")
    assert [taxon.binomial for taxon in taxa_of(find_labels([str(tmp_path)]))] == ["Pica pica"]


def test_the_backbone_gives_its_species_below_a_taxon() -> None:
    corvids = find_labels(["backbone"], within=["Corvidae"])
    assert 100 < len(corvids) < 300
    assert {taxon.family for taxon in taxa_of(corvids)} == {"Corvidae"}
    assert all(taxon.genus and taxon.species for taxon in taxa_of(corvids))
    genera = find_labels(["backbone"], within=["Corvidae"], rank=Rank.GENUS)
    assert {taxon.genus for taxon in taxa_of(corvids)} <= {taxon.genus for taxon in taxa_of(genera)}
    assert len(find_labels(["backbone"])) > 1_000_000


def test_a_list_is_free_texts_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("a  moth\n\na bird\na moth\n", encoding="utf-8")
    rows = find_labels([str(tmp_path / "texts.txt")])
    assert rows.texts(0, 9) == ["a moth", "a bird"]
    assert (rows.has_taxa, rows.merged, rows.taxa(0, 9)) == (False, 1, [])


def test_a_list_is_resolved_when_asked_and_only_when_all_of_it_is_certain(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text("pica pica\nCorvus corax Linnaeus, 1758\n", encoding="utf-8")
    rows = find_labels([str(file)], resolve=True)
    assert [taxon.taxonomic_name for taxon in taxa_of(rows)] == [
        "Animalia Chordata Aves Passeriformes Corvidae Corvus corax",
        "Animalia Chordata Aves Passeriformes Corvidae Pica pica",
    ]
    file.write_text("Pica pica\nXyzzyus nullus\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"1 of 2 names.*Xyzzyus"):
        find_labels([str(file)], resolve=True)


def test_sources_that_are_none_are_refused(tmp_path: Path, table: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "photo.jpg").touch()
    (tmp_path / "texts.txt").write_text("a moth")
    (tmp_path / "columns.csv").write_text("a,b\n1,2\n")
    (tmp_path / "bad.parquet").write_bytes(b"no")
    (tmp_path / "void.csv").write_bytes(b"")
    wrong: list[tuple[list[str], type[ThujaError], str]] = [
        (["empty"], UsageError, "no catalog.parquet"),
        (["photo.jpg"], UnknownName, "photo.jpg"),
        (["none.csv"], UsageError, "there is no"),
        (["columns.csv"], BadFile, "none of the columns"),
        (["bad.parquet"], BadFile, "cannot be read"),
        (["void.csv"], BadFile, "cannot be read"),
        (["texts.txt", "taxa.csv"], UsageError, "free texts"),
    ]
    for names, error, said in wrong:
        with pytest.raises(error, match=said):
            find_labels([str(tmp_path / name) for name in names])
    with pytest.raises(UsageError, match="free texts"):
        find_labels([str(tmp_path / "texts.txt")], rank=Rank.GENUS)


def test_a_table_of_scientific_names_without_ranks_is_refused(tmp_path: Path) -> None:
    """A manifest with `kingdom` and `scientific_name` gave one label a kingdom, without a word."""
    path = tmp_path / "manifest.csv"
    path.write_text("file,scientific_name,kingdom\na.jpg,Corvus corax,Animalia\n", encoding="utf-8")
    with pytest.raises(UsageError, match="scientific_name, which is not read") as caught:
        find_labels([str(path)])
    assert "--resolve" in (caught.value.hint or "")
