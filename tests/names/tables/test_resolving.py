"""Tables resolved as wholes: every way people write them, what is kept, and what bad ones are told."""

import gzip
import json
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.names.small_backbone import small_backbone

from thuja.errors import BadFile, EmptyInput, OutputExists, UsageError
from thuja.names import Resolver
from thuja.names.store import write_tables
from thuja.names.tables.resolving import OUTPUT, Summary, TableOptions, resolve_tables, resolve_words
from thuja.taxonomy import Taxon

WORLD = small_backbone()
ROWS = "uuid,Kingdom,cls,scientific_name,score\na,Animalia,Aves,Corvus corax,1\nb,,,,2\nc,Plantae,,Laelia rosea,3\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("backbones") / "small"
    write_tables(WORLD.tables, WORLD.about, folder)
    return str(folder)


def table(tmp_path: Path, name: str, content: bytes | str) -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def resolved(path: Path, store: str, **options: object) -> pl.DataFrame:
    out = path.with_name("out.parquet")
    resolve_tables([path], out, TableOptions(backbones=(store,), **options), force=True)  # type: ignore[arg-type]
    return pl.read_parquet(out)


def test_every_row_and_column_is_kept_and_only_what_is_displaced_is_renamed(tmp_path: Path, store: str) -> None:
    out = tmp_path / "out.csv"
    summary = resolve_tables([table(tmp_path, "in.csv", ROWS)], out, TableOptions(backbones=(store,)))
    found = pl.read_csv(out, infer_schema=False)
    assert found.columns == ["uuid", "verbatim_kingdom", "cls", "scientific_name", "verbatim_score", *OUTPUT]
    assert found["uuid"].to_list() == ["a", "b", "c"]
    assert found["verbatim_score"].to_list() == ["1", "2", "3"]
    assert found["match_type"].to_list() == ["exact", "empty", "exact"]
    assert found["accepted_id"].to_list() == ["11", None, "31"]
    assert found["species"].to_list() == ["corax", None, "rosea"]
    assert (summary.rows, summary.distinct, summary.match_types) == (3, 3, {"exact": 2, "empty": 1})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv", "scientific_name,x\nCorvus corax,é\nPicä pica,ü\n".encode()),
        ("bom.csv", b"\xef\xbb\xbf" + "scientific_name,x\nCorvus corax,é\nPicä pica,ü\n".encode()),
        ("utf16.csv", "scientific_name,x\nCorvus corax,é\nPicä pica,ü\n".encode("utf-16")),
        ("windows.csv", "scientific_name;x\r\nCorvus corax;é\r\nPicä pica;ü\r\n".encode("cp1252")),
        ("tabs.tsv", "ScientificName\tx\nCorvus corax\té\nPicä pica\tü\n".encode()),
        ("packed.csv.gz", gzip.compress("scientific_name,x\nCorvus corax,é\nPicä pica,ü\n".encode(), mtime=0)),
    ],
)
def test_a_table_is_read_in_whatever_encoding(tmp_path: Path, store: str, name: str, content: bytes) -> None:
    found = resolved(table(tmp_path, name, content), store)
    assert found["x"].to_list() == ["é", "ü"]
    assert found[:, 0].to_list() == ["Corvus corax", "Picä pica"]
    assert found["match_type"].to_list() == ["exact", "unresolved"]


def test_windows_1252_is_said(tmp_path: Path, store: str, caplog: pytest.LogCaptureFixture) -> None:
    resolved(table(tmp_path, "w.csv", b"scientific_name\nCorvus corax\nPic\xe4 pica\n"), store)
    assert [record.message for record in caplog.records] == [
        f"{tmp_path / 'w.csv'} is not UTF-8: 1 lines were read as Windows-1252"
    ]


def test_a_text_has_a_name_on_each_line_and_an_empty_line_is_a_row(tmp_path: Path, store: str) -> None:
    found = resolved(table(tmp_path, "names.txt", 'Corvus corax\r\n\nCommon Raven\n"Xus" yus, 1900\n'), store)
    assert found["scientific_name"].to_list() == ["Corvus corax", None, "Common Raven", '"Xus" yus, 1900']
    assert found["match_type"].to_list() == ["exact", "empty", "common_name", "unresolved"]


def test_a_folder_becomes_a_folder_with_a_file_for_each_table(tmp_path: Path, store: str) -> None:
    table(tmp_path, "in/a/one.csv", ROWS)
    (tmp_path / "in/b").mkdir()
    pl.DataFrame({"genus": ["Corvus"], "species": ["corax"]}).write_parquet(tmp_path / "in/b/two.parquet")
    resolve_tables([tmp_path / "in"], tmp_path / "out", TableOptions(backbones=(store,)))
    assert pl.read_csv(tmp_path / "out/a/one.csv").height == 3
    assert pl.read_parquet(tmp_path / "out/b/two.parquet")["accepted_id"].to_list() == ["11"]


def test_two_tables_are_never_one_file_nor_an_output_in_its_input(tmp_path: Path, store: str) -> None:
    table(tmp_path, "in/a.csv", ROWS)
    table(tmp_path, "in/a.txt", "Corvus corax\n")
    options = TableOptions(backbones=(store,))
    with pytest.raises(UsageError, match=r"two tables would be written to .*a\.csv"):
        resolve_tables([tmp_path / "in"], tmp_path / "out", options)
    with pytest.raises(UsageError, match="lies in the input"):
        resolve_tables([tmp_path / "in"], tmp_path / "in" / "out", options)


def test_several_tables_become_one_file_in_their_order(tmp_path: Path, store: str) -> None:
    one = table(tmp_path, "one.csv", "scientific_name\nCorvus corax\n")
    two = table(tmp_path, "two.csv", "genus,note\nCorvus,x\n")
    out = tmp_path / "all.parquet"
    resolve_tables([two, one], out, TableOptions(backbones=(store,)))
    assert pl.read_parquet(out)["accepted_name"].to_list() == ["Corvus", "Corvus corax"]


def test_an_answer_can_be_resolved_again(tmp_path: Path, store: str) -> None:
    first = resolved(table(tmp_path, "in.csv", ROWS), store)
    again = tmp_path / "again.parquet"
    resolve_tables([tmp_path / "out.parquet"], again, TableOptions(backbones=(store,)))
    second = pl.read_parquet(again)
    assert second["verbatim_kingdom"].to_list() == first["verbatim_kingdom"].to_list()
    assert second["verbatim_kingdom_2"].to_list() == first["kingdom"].to_list()
    assert second["accepted_id"].to_list() == first["accepted_id"].to_list()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.csv", "foo,uuid\na,b\n", "has no column with names"),
        ("case.csv", "genus,Genus\na,b\n", "genus and Genus say the same"),
        ("twice.csv", "genus,genus\na,b\n", "has the column genus more than once"),
        ("ragged.csv", "genus,x\na,b,c\n", "more cells than the heading"),
        ("zero.csv", b"genus\na\0b\n", "holds zero bytes"),
        ("short.parquet", b"PAR1xxxx", "cannot be read"),
        ("short.csv.gz", gzip.compress(b"genus\nCorvus\n" * 9, mtime=0)[:-9], "cannot be read"),
        ("quote.csv", 'genus,x\n"Corvus,1\nPica,2\n', "cannot be read"),
    ],
)
def test_a_bad_table_is_one_sentence(tmp_path: Path, store: str, name: str, content: bytes | str, said: str) -> None:
    with pytest.raises(BadFile, match=said) as error:
        resolved(table(tmp_path, name, content), store)
    assert name in error.value.message
    assert "\n" not in error.value.message
    assert not (tmp_path / "out.parquet").exists()


def test_what_is_not_there_or_empty_is_a_usage_error(tmp_path: Path, store: str) -> None:
    with pytest.raises(UsageError, match="there is no table"):
        resolved(tmp_path / "no.csv", store)
    with pytest.raises(EmptyInput, match=r"e\.csv is empty"):
        resolved(table(tmp_path, "e.csv", ""), store)
    (tmp_path / "folder").mkdir()
    with pytest.raises(EmptyInput, match="holds no table"):
        resolve_tables([tmp_path / "folder"], tmp_path / "o.csv", TableOptions(backbones=(store,)))


def test_lists_are_no_names(tmp_path: Path, store: str) -> None:
    pl.DataFrame({"genus": [["Corvus"]]}).write_parquet(tmp_path / "l.parquet")
    with pytest.raises(BadFile, match="genus holds List"):
        resolved(tmp_path / "l.parquet", store)


def test_an_output_is_not_replaced_unasked_nor_the_input_ever(tmp_path: Path, store: str) -> None:
    path, options = table(tmp_path, "in.csv", ROWS), TableOptions(backbones=(store,))
    out = table(tmp_path, "out.csv", "mine")
    with pytest.raises(OutputExists):
        resolve_tables([path], out, options)
    assert out.read_text() == "mine"
    with pytest.raises(UsageError, match="is the input"):
        resolve_tables([path], path, options, force=True)
    assert path.read_text() == ROWS


def test_a_table_that_breaks_half_way_leaves_nothing(tmp_path: Path, store: str) -> None:
    path = table(tmp_path, "in.csv", "genus,x\n" + "Corvus,1\n" * 50_000 + "a,b,c\n")
    with pytest.raises(BadFile):
        resolved(path, store)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.csv"]


def test_hostile_cells_are_rows_and_take_no_time(tmp_path: Path, store: str) -> None:
    cells = [
        "Corvus " * 150_000,
        "x" * 1_000_000,
        "(" * 1_000_000,
        "× " * 500_000,
        "a.b" * 300_000,
        "1827)",
        "\u202eCorvus",
    ]
    pl.DataFrame({"scientific_name": [*cells, "Corvus corax"]}).write_csv(tmp_path / "h.csv")
    start = time.monotonic()
    found = resolved(tmp_path / "h.csv", store)
    assert time.monotonic() - start < 20
    assert found["scientific_name"].str.len_chars().to_list() == [*map(len, cells), 12]
    assert found["match_type"].to_list()[:-2] == ["unresolved"] * 6
    assert found["match_type"][-1] == "exact"


def test_ids_come_before_names_and_contradictions_are_said(tmp_path: Path, store: str) -> None:
    text = "scientific_name,taxonID\nCorvus corone,11\nCorvus corax,11\n,91\nCorvus corone,999\n"
    found = resolved(table(tmp_path, "i.csv", text), store, id_backbone="small")
    assert found["accepted_id"].to_list() == ["11", "11", "11", "12"]
    assert found["match_type"].to_list() == ["identifier"] * 3 + ["exact"]
    assert found["score"].to_list()[:3] == [None, 1.0, 1.0]
    assert found["changed"][0] == "name: Corvus corone -> Corvus corax"
    assert found["runner_up"].to_list()[:2] == ["Corvus corone", None]


def test_ids_of_nobody_are_left_alone_and_that_is_said(
    tmp_path: Path, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = resolved(table(tmp_path, "i.csv", "scientific_name,taxonID\nCorvus corone,11\n"), store)
    assert found["accepted_id"].to_list() == ["12"]
    assert caplog.records[0].message.startswith("taxonID not used")


def test_common_names_in_another_language(tmp_path: Path, store: str) -> None:
    path = table(tmp_path, "in.csv", "scientific_name\nCorvus corax\nCorvus corone\n")
    assert resolved(path, store)["common"].to_list() == ["Common Raven", "Carrion Crow"]
    assert resolved(path, store, language="fr")["common"].to_list() == ["Grand Corbeau", None]
    with pytest.raises(UsageError, match='unknown language: "xx"'):
        resolved(path, store, language="xx")


def test_workers_change_nothing(tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thuja.names.tables.answering._PART", 2)
    path = table(tmp_path, "in.csv", "scientific_name\nCorvus corax\nCorvus coronne\nXus yus\nOenanthe\nOenanthe\n")
    alone = resolved(path, store)
    assert resolved(path, store, workers=2).equals(alone)


NAMES = st.sampled_from(["Corvus corax", "Xus yus", "Xus zus", "Corvus coraxx", "Oenanthe", ""])
FAMILIES = st.sampled_from(["Xidae", "Yidae", "Corvidae", ""])
ORDERS = st.sampled_from(["Passeriformes", "Qales", ""])


@pytest.mark.slow
@settings(max_examples=6)
@given(rows=st.lists(st.tuples(NAMES, FAMILIES, ORDERS), min_size=1, max_size=14), data=st.data())
def test_the_order_of_rows_and_their_parting_into_files_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, store: str, rows: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("order")
    order = data.draw(st.permutations(range(len(rows))))
    cut = data.draw(st.integers(0, len(rows)))
    frame = pl.DataFrame(rows, schema=["scientific_name", "family", "order"], orient="row")
    frame = frame.with_columns(pl.lit("Animalia").alias("kingdom")).with_row_index("uuid")
    frame.write_parquet(folder / "whole.parquet")
    moved = frame[order]
    parts = [folder / "1.parquet", folder / "2.parquet"]
    moved[:cut].write_parquet(parts[0])
    moved[cut:].write_parquet(parts[1])
    options = TableOptions(backbones=(store,))
    resolve_tables([folder / "whole.parquet"], folder / "a.parquet", options)
    resolve_tables(parts, folder / "b.parquet", options)
    assert pl.read_parquet(folder / "b.parquet").sort("uuid").equals(pl.read_parquet(folder / "a.parquet"))


def test_taxonopy_s_files(tmp_path: Path, store: str) -> None:
    header = "uuid,kingdom,phylum,class,order,family,genus,species,scientific_name,common_name,source_id"
    rows = "\nu1,Animalia,,,,,,Corvus corax,,raven,7\nu2,Animalia,,,,Xidae,Xus,yus,,,\nu3,,,,,,,,,,\n"
    path = table(tmp_path, "source=gbif/in.csv", header + rows)
    resolve_tables([path], tmp_path / "out", TableOptions(backbones=(store,), is_taxonopy=True))
    solved = pl.read_parquet(tmp_path / "out/in.resolved.parquet")
    assert solved.columns[:16] == [
        "uuid", "scientific_name", "common_name", "source_dataset", "source_id", "resolution_status", "kingdom",
        "phylum", "class", "order", "family", "genus", "species", "resolution_path", "resolution_strategy",
        "final_query_term",
    ]  # fmt: skip
    row = solved.row(0, named=True)
    assert (row["uuid"], row["source_dataset"], row["source_id"], row["common_name"]) == ("u1", "gbif", "7", "raven")
    assert (row["species"], row["resolution_path"], row["final_query_rank"]) == ("Corvus corax", "RESOLVED", "species")
    lost = pl.read_parquet(tmp_path / "out/in.unsolved.parquet")
    assert lost["uuid"].to_list() == ["u2", "u3"]
    assert lost["resolution_status"].to_list() == ["NO_MATCH_RETRIES_EXHAUSTED", "EMPTY_INPUT_TAXONOMY"]
    assert (lost["family"].to_list(), lost["species"].to_list()) == (["Xidae", ""], ["yus", ""])
    reasons = ["Xus yus is in no backbone; the kingdom given, Animalia, is", "no name was given"]
    assert lost["resolution_failure_reason"].to_list() == reasons
    numbers = json.loads((tmp_path / "out/resolution_stats.json").read_text())
    assert numbers["total_entry_groups_processed"] == 3
    assert numbers["final_status_exact_match_primary_source_accepted"] == 1
    manifest = json.loads((tmp_path / "out/taxonopy_resolve_manifest.json").read_text())
    assert manifest["files"] == ["in.resolved.parquet", "in.unsolved.parquet"]


def test_words_are_answered_as_rows_are(store: str) -> None:
    found = resolve_words(["Corvus corax", "Common Raven", ""], TableOptions(backbones=(store,)))
    alone = Resolver([WORLD]).resolve_all(["Corvus corax", "Common Raven", ""], [Taxon()] * 3)
    assert found["match_type"].to_list() == [str(one.status) for one in alone] == ["exact", "common_name", "empty"]


def test_a_summary_names_what_was_lost() -> None:
    summary = Summary(rows=3, distinct=2, match_types={"unresolved": 2, "exact": 1}, unresolved=(("Xus yus", 2),))
    assert str(summary) == "3 rows, 2 distinct: unresolved 2, exact 1\ncommonest unresolved: Xus yus (2)"
