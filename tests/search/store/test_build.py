"""What goes into an index, and what is refused."""

import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.search.making import MODEL, contents, embeddings, ids, made, table, vectors, written
from tests.shards.making import uuid as uuid_of
from tests.shards.making import write as write_shards

from thuja.errors import BadFile, EmptyInput, OutputExists, UnknownName, UsageError
from thuja.images import decode
from thuja.search.filters import Filter, Range
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, add_to_index, build_index
from thuja.search.store.changes import Doomed, compact, delete_rows
from thuja.search.store.plain import taken
from thuja.search.store.rewriting import CompactOptions
from thuja.taxonomy import RANKS, Taxon


def raw(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("segment_rows", [3, 5, 1000])
def test_every_row_is_found_under_its_id_with_its_vector_and_columns(tmp_path: Path, segment_rows: int) -> None:
    index = Index.open(made(tmp_path / "index", range(20), segment_rows=segment_rows))
    assert (len(index), index.dim, index.model, index.version) == (20, 8, MODEL, 1)
    keys = index.keys_of(ids(range(20)))
    assert np.abs(index.vectors(keys) - vectors(range(20))).max() < 1e-3
    rows = index.rows(keys)
    assert rows.column("uuid").to_pylist() == ids(range(20))
    assert rows.select(table(range(20)).column_names).to_pylist() == table(range(20)).to_pylist()
    assert index.search(vectors([7]), k=1).keys.tolist() == [[keys[7]]]


def test_segments_are_of_like_size_and_sorted_by_lineage(tmp_path: Path) -> None:
    index = Index.open(made(tmp_path / "index", range(25), segment_rows=10))
    assert [one.rows for one in index.segments] == [9, 9, 7]
    for segment in index.segments:
        names = segment.stored.whole().to_pylist()
        lineages = [tuple(row.get(rank.label) or "" for rank in RANKS) for row in names]
        assert lineages == sorted(lineages)


def test_what_no_search_could_find_is_refused_and_counted(tmp_path: Path) -> None:
    good = vectors([1])[0].tolist()
    broken = [good, None, [0.0] * 8, [np.nan] * 8, [np.inf, *good[1:]], good[:4], good, good]
    source = raw(tmp_path / "x.parquet", uuid=["a", "b", "c", "d", "e", "f", None, ""], emb=broken)
    report = build_index([source], tmp_path / "index", BuildOptions(model=MODEL))
    assert report.refused == Counter(no_id=2, other_length=2, zero=1, not_finite=2)
    assert report.read == 8 == len(report.version) + report.refused.total()
    assert Index.open(tmp_path / "index").keys_of(["a"]) == [0]


def test_vectors_of_any_length_come_in_as_unit_vectors(tmp_path: Path) -> None:
    scaled = [(vectors([number])[0] * scale).tolist() for number, scale in enumerate([1e-30, 1e30, 7.0])]
    source = raw(tmp_path / "x.parquet", uuid=["a", "b", "c"], emb=scaled)
    build_index([source], tmp_path / "index", BuildOptions())
    index = Index.open(tmp_path / "index")
    assert np.abs(index.vectors(index.keys_of(["a", "b", "c"])) - vectors([0, 1, 2])).max() < 1e-3


def test_of_rows_with_one_id_the_last_counts_within_a_file_and_across(tmp_path: Path) -> None:
    one = raw(
        tmp_path / "1.parquet", uuid=["a", "b", "a"], emb=vectors([1, 2, 3]).tolist(), n=["first", "other", "second"]
    )
    two = raw(tmp_path / "2.parquet", uuid=["c", "b"], emb=vectors([4, 5]).tolist(), n=["more", "late"])
    for rows in (1, 2, 100):
        out = tmp_path / f"index-{rows}"
        report = build_index([one, two], out, BuildOptions(segment_rows=rows))
        assert (report.read, report.repeated, report.replaced, len(report.version)) == (5, 2, 0, 3)
        assert {row["uuid"]: row["n"] for row in contents(Index.open(out)).values()} == {
            "a": "second",
            "b": "late",
            "c": "more",
        }
        assert np.abs(Index.open(out).vectors(Index.open(out).keys_of(["b"])) - vectors([5])).max() < 1e-3


def test_added_rows_replace_those_of_their_id_and_leave_the_rest(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(10), segment_rows=4)
    before = Index.open(folder)
    report = add_to_index([written(tmp_path / "new.parquet", range(8, 12))], folder, BuildOptions())
    assert (report.replaced, len(report.version), report.version.number) == (2, 12, 2)
    assert contents(Index.open(folder)) == contents(Index.open(made(tmp_path / "whole", range(12))))
    assert len(contents(before)) == 10
    assert len(before.refreshed()) == 12


def test_names_are_cleaned_as_a_taxon_reads_them(tmp_path: Path) -> None:
    source = raw(
        tmp_path / "x.parquet",
        uuid=["a", "b"],
        emb=vectors([1, 2]).tolist(),
        genus=["Corvus", " Corvus  "],
        species=["Corvus corax", "cornix"],
        common_name=["raven", ""],
    )
    build_index([source], tmp_path / "index", BuildOptions())
    index = Index.open(tmp_path / "index")
    rows = index.rows(index.keys_of(["a", "b"])).to_pylist()
    assert [(row["genus"], row["species"]) for row in rows] == [("Corvus", "corax"), ("Corvus", "cornix")]
    assert rows[0]["common"] == "raven"
    assert index.tree().resolve("Corvus corax") == [Taxon(genus="Corvus", species="corax")]


def test_columns_come_as_text_numbers_and_truths_and_what_is_neither_is_named(tmp_path: Path) -> None:
    from datetime import UTC, date, datetime

    source = raw(
        tmp_path / "x.parquet",
        uuid=["a"],
        emb=vectors([1]).tolist(),
        day=[date(2020, 2, 3)],
        moment=[datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)],
        count=pa.array([2**60], type=pa.int64()),
        word=pa.array(["x"]).dictionary_encode(),
        small=pa.array([1.5], type=pa.float32()),
        wild=[True],
        tags=[["x", "y"]],
    )
    report = build_index([source], tmp_path / "index", BuildOptions())
    assert report.left_out == ("tags",)
    (row,) = Index.open(tmp_path / "index").rows([0]).to_pylist()
    assert row == {
        "uuid": "a",
        "day": "2020-02-03",
        "moment": "2020-02-03T04:05:06",
        "count": 2**60,
        "word": "x",
        "small": 1.5,
        "wild": True,
    }


def test_files_of_other_columns_share_an_index_with_nulls_where_one_has_none(tmp_path: Path) -> None:
    one = raw(tmp_path / "1.parquet", uuid=["a"], emb=vectors([1]).tolist(), n=[1], only=["x"])
    two = raw(tmp_path / "2.parquet", uuid=["b"], emb=vectors([2]).tolist(), n=[2.5], here=[True])
    build_index([one], tmp_path / "index", BuildOptions())
    add_to_index([two], tmp_path / "index", BuildOptions())
    index = Index.open(tmp_path / "index")
    assert index.rows(index.keys_of(["b", "a"])).to_pylist() == [
        {"uuid": "b", "n": 2.5, "only": None, "here": True},
        {"uuid": "a", "n": 1.0, "only": "x", "here": None},
    ]


def test_texts_among_numbers_are_refused_in_one_sentence(tmp_path: Path) -> None:
    one = raw(tmp_path / "1.parquet", uuid=["a"], emb=vectors([1]).tolist(), n=[1])
    two = raw(tmp_path / "2.parquet", uuid=["b"], emb=vectors([2]).tolist(), n=["many"])
    build_index([one], tmp_path / "index", BuildOptions())
    with pytest.raises(UsageError, match='column "n" is number in the index, in these files text') as caught:
        add_to_index([two], tmp_path / "index", BuildOptions())
    assert "--without n" in caught.value.hint
    add_to_index([two], tmp_path / "index", BuildOptions(without=("n",)))
    assert len(Index.open(tmp_path / "index")) == 2


def test_a_table_brings_columns_by_id_and_places_can_stay_out(tmp_path: Path) -> None:
    catalog = raw(
        tmp_path / "catalog.parquet", uuid=ids([3, 1, 99]), licence=["CC0", "CC BY", "?"], genus=["Ursus", None, "x"]
    )
    folder = made(tmp_path / "index", range(5), segment_rows=2, tables=(catalog,), without=("latitude",))
    rows = contents(Index.open(folder))
    assert [rows[one]["licence"] for one in ids(range(5))] == [None, "CC BY", None, "CC0", None]
    assert [rows[one]["genus"] for one in ids(range(5))] == ["Corvus", "Pica", "Quercus", "Ursus", "Corvus"]
    assert "latitude" not in Index.open(folder).columns


def test_places_that_stayed_out_stay_out_of_what_is_added_and_however_they_are_spelt(tmp_path: Path) -> None:
    rows = {
        "emb": vectors(range(2)).tolist(),
        "latitude": [1.0, 2.0],
        "decimalLongitude": [3.0, 4.0],
        "sex": ["f", "m"],
    }
    one, two = (raw(tmp_path / f"{name}.parquet", uuid=[name, f"{name}2"], **rows) for name in "ab")
    folder = tmp_path / "index"
    build_index([one], folder, BuildOptions(without=("latitude", "longitude")))
    add_to_index([two], folder, BuildOptions())
    assert set(Index.open(folder).columns) == {"sex"}
    compact(folder, CompactOptions())
    add_to_index([one], folder, BuildOptions())
    assert set(Index.open(folder).columns) == {"sex"}


def test_a_column_to_leave_out_that_is_misspelt_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match='"lattitude"') as caught:
        made(tmp_path / "index", range(3), without=("lattitude", "altogether else"))
    assert caught.value.hint == "did you mean latitude?"
    assert not (tmp_path / "index" / "index.json").exists()


def test_the_catalog_of_a_data_folder_brings_what_it_knows_but_no_path(tmp_path: Path) -> None:
    from thuja.record import CATALOG_SCHEMA, Record

    rows = [Record(uuid=one, path=f"/home/me/{one}", facts={"license_name": "CC0"}).to_row() for one in ids([0, 1])]
    (tmp_path / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema=CATALOG_SCHEMA), tmp_path / "data" / "catalog.parquet")
    index = Index.open(made(tmp_path / "index", range(3), tables=(tmp_path / "data",)))
    assert set(index.columns) == {"license_name", *table(range(3)).column_names}
    rows = index.rows(index.keys_of(ids([0, 2])), ["license_name", "genus"]).to_pylist()
    assert [(row["license_name"], row["genus"]) for row in rows] == [("CC0", "Corvus"), (None, "Quercus")]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ({"model": "other"}, r"share one model: .*1.parquet has a-model, .*2.parquet has other"),
        ({"dim": 4}, r"share one length of vector: .* has 8, .* has 4"),
    ],
)
def test_files_of_two_spaces_make_no_index(tmp_path: Path, second: dict[str, object], told: str) -> None:
    sources = [written(tmp_path / "1.parquet", range(3)), written(tmp_path / "2.parquet", range(3), **second)]
    with pytest.raises(UsageError, match=told):
        build_index(sources, tmp_path / "index", BuildOptions())
    assert not (tmp_path / "index").exists()
    build_index(sources[:1], tmp_path / "index", BuildOptions())
    with pytest.raises(UsageError, match="the index holds vectors of the"):
        add_to_index(sources[1:], tmp_path / "index", BuildOptions())
    assert len(Index.open(tmp_path / "index")) == 3


def test_what_is_there_is_not_overwritten_but_by_force_as_a_version(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(5))
    with pytest.raises(OutputExists, match="there is an index"):
        build_index([tmp_path / "index.parquet"], folder, BuildOptions())
    build_index([written(tmp_path / "2.parquet", range(3), dim=4, model="other")], folder, BuildOptions(), force=True)
    index = Index.open(folder)
    assert (index.version, len(index), index.model) == (2, 3, "other")
    assert len(Index.open(folder, version=1)) == 5
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tmp").write_text("x")
    with pytest.raises(OutputExists, match="something else"):
        build_index([tmp_path / "2.parquet"], tmp_path / "mine", BuildOptions())


def test_a_folder_of_ones_own_segments_is_not_taken_for_an_index(tmp_path: Path) -> None:
    """A build swept away all that lay in a folder called segments, whoever had put it there."""
    folder = tmp_path / "recordings"
    (folder / "segments" / "song-1").mkdir(parents=True)
    source = written(tmp_path / "1.parquet", range(3))
    with pytest.raises(OutputExists, match="something else"):
        build_index([source], folder, BuildOptions())
    made(tmp_path / "index", range(3))
    (tmp_path / "index" / "segments" / "song-1").mkdir()
    add_to_index([source], tmp_path / "index", BuildOptions())
    assert (tmp_path / "index" / "segments" / "song-1").is_dir()
    assert (folder / "segments" / "song-1").is_dir()


def test_all_that_an_index_names_is_on_the_disk_before_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut left the name of a version whose files were empty."""
    synced: set[int] = set()
    named: list[set[str]] = []
    sync, replace_file = os.fsync, os.replace

    def fsync(opened: int) -> None:
        synced.add(os.fstat(opened).st_ino)
        sync(opened)

    def replace(one: Path, other: Path) -> None:
        if Path(other).name == "index.json":
            paths = [Path(one), *(tmp_path / "index" / "segments").rglob("*"), *(tmp_path / "index").glob("versions/*")]
            named.append({path.name for path in paths if path.stat().st_ino not in synced})
        replace_file(one, other)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    delete_rows(made(tmp_path / "index", range(10), segment_rows=4), Doomed(ids=ids([3])))
    assert named == [set(), set()]


def test_a_segment_is_called_by_all_that_it_holds(tmp_path: Path) -> None:
    """By rows and vectors alone: what a cache kept of one with other pictures was taken for this one's."""
    Image.new("RGB", (30, 30), "red").save(tmp_path / "id-00001.png")
    plain, again = made(tmp_path / "plain", range(3)), made(tmp_path / "again", range(3))
    pictured = made(tmp_path / "pictured", range(3), thumbnails=(tmp_path,))
    names = [Index.open(folder).segments[0].name for folder in (plain, again, pictured)]
    assert (names[0] == names[1], names[0] == names[2]) == (True, False)


@settings(deadline=None, max_examples=20)
@given(rows=st.lists(st.none() | st.integers(0, 5), max_size=12))
def test_rows_are_taken_as_arrow_takes_them(rows: list[int | None]) -> None:
    """Arrow takes none of a column of 2 GB of text, which a segment of ten million rows easily has."""
    table = pa.table(
        {
            "text": pa.chunked_array([["a", None], ["bc", ""], ["d", "e"]]),
            "number": pa.chunked_array([[1, 2, 3, 4, 5, 6]]),
        }
    )
    places = pa.array(rows, pa.int64())
    assert taken(table, places).equals(table.take(places))


def test_wrong_files_are_one_sentence_and_leave_no_index(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no")
    (tmp_path / "empty").mkdir()
    raw(tmp_path / "bare.parquet", uuid=["a"])
    raw(tmp_path / "words.parquet", uuid=["a"], emb=[["x"]])
    raw(tmp_path / "none.parquet", uuid=["a"], emb=[[0.0, 0.0]])
    for name, kind, told in [
        ("absent.parquet", UsageError, "there is no file of embeddings"),
        ("text.parquet", BadFile, "not a Parquet file"),
        ("empty", EmptyInput, "no Parquet file"),
        ("bare.parquet", BadFile, 'no column "emb"'),
        ("words.parquet", BadFile, "lists of numbers"),
        ("none.parquet", EmptyInput, "no row that an index can hold: 1 zero"),
    ]:
        with pytest.raises(kind, match=told):
            build_index([tmp_path / name], tmp_path / "index", BuildOptions())
        assert not (tmp_path / "index" / "index.json").exists()


def cut(path: Path) -> None:
    """Spoil the last pages of a file, and leave its footer whole."""
    data = bytearray(path.read_bytes())
    footer = int.from_bytes(data[-8:-4], "little") + 8
    data[-footer - 4000 : -footer] = b"\xff" * 4000
    path.write_bytes(data)


def test_a_file_broken_in_the_middle_keeps_the_segments_before_it(tmp_path: Path) -> None:
    good = written(tmp_path / "1.parquet", range(40))
    bad = tmp_path / "2.parquet"
    pq.write_table(embeddings(range(40, 400)).to_table(), bad, row_group_size=20, compression="none")
    cut(bad)
    with pytest.raises(BadFile, match=r"2\.parquet cannot be read to its end"):
        build_index([good, bad], tmp_path / "index", BuildOptions(segment_rows=40))
    units = sorted((tmp_path / "index" / "building").glob("unit-*"))
    done = [json.loads(unit.read_text())["segment"] for unit in units]
    assert done
    assert sorted(path.name for path in (tmp_path / "index" / "segments").iterdir()) == done


def test_a_column_of_few_rows_is_no_reason_to_code_a_million_urls(tmp_path: Path) -> None:
    """A column kept the kind that it had in a first small segment, and every URL became a word of a dictionary."""
    few = raw(tmp_path / "1.parquet", uuid=["a"], emb=[[1.0, 0.0]], url=["one"])
    rows = 10_050
    urls = [f"https://x/{number}" for number in range(rows)]
    many = raw(tmp_path / "2.parquet", uuid=ids(range(rows)), emb=[[1.0, 0.0]] * rows, url=urls)
    build_index([few], tmp_path / "index", BuildOptions())
    assert Index.open(tmp_path / "index").columns["url"] == "text"
    add_to_index([many], tmp_path / "index", BuildOptions())
    assert Index.open(tmp_path / "index").columns["url"] == "distinct"


def test_a_column_that_a_file_has_no_value_of_is_of_the_kind_that_others_give_it(tmp_path: Path) -> None:
    """It counted as text: numbers of other files became texts beside it, and an index of numbers refused the file."""
    emb = [[1.0, 0.0], [0.0, 1.0]]
    none = raw(tmp_path / "1.parquet", uuid=["a", "b"], emb=emb, n=pa.nulls(2))
    some = raw(tmp_path / "2.parquet", uuid=["c", "d"], emb=emb, n=[1.5, 2.0])
    build_index([none, some], tmp_path / "index", BuildOptions(tables=(none,)))
    add_to_index([none], tmp_path / "index", BuildOptions())
    index = Index.open(tmp_path / "index")
    assert dict(index.columns) == {"n": "number"}
    assert {name: row["n"] for name, row in contents(index).items()} == {"a": None, "b": None, "c": 1.5, "d": 2.0}


def test_great_whole_numbers_among_fractions_are_rounded_and_stop_nothing(tmp_path: Path) -> None:
    """Whoever added fractions to them ended every search that met one, and every compaction."""
    emb = [[1.0, 0.0], [0.0, 1.0]]
    whole = raw(tmp_path / "1.parquet", uuid=["a", "b"], emb=emb, n=[2**60 + 1, 5])
    parts = raw(tmp_path / "2.parquet", uuid=["c", "d"], emb=emb, n=[1.5, None])
    build_index([whole], tmp_path / "index", BuildOptions())
    add_to_index([parts], tmp_path / "index", BuildOptions())
    told = {"a": 2.0**60, "b": 5.0, "c": 1.5, "d": None}
    assert {name: row["n"] for name, row in contents(Index.open(tmp_path / "index")).items()} == told
    assert compact(tmp_path / "index", CompactOptions()).to_segments == 1
    build_index([parts, whole], tmp_path / "other", BuildOptions(tables=(whole,)))
    for folder in ("index", "other"):
        assert {name: row["n"] for name, row in contents(Index.open(tmp_path / folder)).items()} == told


def test_dates_with_the_time_of_day_can_be_filtered_by_however_many_differ(tmp_path: Path) -> None:
    """Each picture has a second of its own: beyond 10,000 rows the column counted as one of addresses."""
    rows = 10_050
    times = [f"20{number % 20:02}-05-01T10:{number // 60 % 60:02}:{number % 60:02}.{number}" for number in range(rows)]
    source = raw(tmp_path / "1.parquet", uuid=ids(range(rows)), emb=[[1.0, 0.0]] * rows, event_date=times)
    build_index([source], tmp_path / "index", BuildOptions())
    index = Index.open(tmp_path / "index")
    assert index.columns["event_date"] == "text"
    assert index.count(Filter(ranges={"event_date": Range(low="2003", high="2004-05")})) == 2 * 503


def test_thumbnails_come_from_shards_and_folders_small_and_without_a_place(tmp_path: Path) -> None:
    write_shards(tmp_path / "shards", range(6))
    photos = tmp_path / "photos"
    (photos / "sub").mkdir(parents=True)
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (900, 300), "red").save(photos / "sub" / "wide.jpg", exif=exif)
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xffno")
    names = [uuid_of(0), uuid_of(5), "sub/wide.jpg", "broken", "nowhere"]
    source = raw(tmp_path / "x.parquet", uuid=names, emb=vectors(range(5)).tolist())
    options = BuildOptions(thumbnails=(tmp_path / "shards", photos))
    report = build_index([source], tmp_path / "index", options)
    assert report.thumbnails == 3
    index = Index.open(tmp_path / "index")
    assert index.has_thumbnails
    found = [index.thumbnail(key) for key in index.keys_of(names)]
    assert [one is None for one in found] == [False, False, False, True, True]
    assert [index.has_thumbnail(key) for key in index.keys_of(names)] == [True, True, True, False, False]
    assert [decode(one).size for one in found if one] == [(40, 30), (40, 30), (224, 75)]
    assert all(b"Exif" not in one for one in found if one)


def test_pictures_that_are_not_there_are_said_before_anything_is_written(tmp_path: Path) -> None:
    source = written(tmp_path / "1.parquet", range(3))
    with pytest.raises(UsageError, match="no folder of pictures"):
        build_index([source], tmp_path / "index", BuildOptions(thumbnails=(tmp_path / "photos",)))
    assert not (tmp_path / "index" / "segments").exists()


def test_no_id_stands_in_two_living_rows_whatever_is_added(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(10), segment_rows=3)
    rng = np.random.default_rng(0)
    for step in range(4):
        numbers = rng.integers(0, 15, 6).tolist()
        add_to_index([written(tmp_path / f"{step}.parquet", numbers)], folder, BuildOptions(segment_rows=4))
    index = Index.open(folder)
    living = index.rows(index.keys(), ["uuid"]).column("uuid").to_pylist()
    assert len(living) == len(set(living)) == len(index)
