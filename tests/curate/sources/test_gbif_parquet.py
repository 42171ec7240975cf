"""GBIF's snapshot in Parquet gives the rows of the same download as text, wherever its media lie."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.curate.sources.gbif_archive import files_of, image, occurrence, spec_of, write_folder, write_zip

from thuja.curate.sources.gbif import read_gbif
from thuja.curate.sources.spec import Notes
from thuja.errors import BadFile, UsageError

LINES = [
    occurrence(1, recordedBy="A. Gray|B. Hooker", issue="COORDINATE_ROUNDED;COUNTRY_INVALID", individualCount="2"),
    occurrence(2, decimalLatitude="1.5", eventDate="2012-04-29T12:47:54"),
    occurrence(3),
]
MEDIA = [image(1, title="a"), image(1, "https://a.example/b.jpg"), image(2), image(9), image(2, type="Sound")]


def read(path: Path, **options: str) -> pl.DataFrame:
    return pl.concat(read_gbif(spec_of(path, **options), Notes()))


@pytest.fixture
def expected(tmp_path):
    return read(write_zip(tmp_path / "text.zip", files_of(LINES, MEDIA)))


def write_snapshot(folder: Path, **columns: pl.Series) -> Path:
    """As on GBIF's public buckets: names in lower case, numbers and lists in their types."""
    names = ("gbifID", "recordedBy", "issue", "individualCount", "decimalLatitude", "eventDate", *LINES[0])
    frame = pl.DataFrame({name: [line.get(name) for line in LINES] for name in dict.fromkeys(names)})
    frame = frame.select(pl.all().name.to_lowercase()).with_columns(
        pl.col("gbifid", "individualcount").cast(pl.Int64),
        pl.col("decimallatitude").cast(pl.Float64),
        pl.col("eventdate").str.to_datetime("%Y-%m-%dT%H:%M:%S"),
        pl.col("issue").fill_null("").str.split(";"),
        pl.col("recordedby").str.split("|").list.eval(pl.struct(pl.element().alias("array_element"))),
    )
    folder = folder / "occurrence.parquet"
    folder.mkdir(parents=True)
    frame.with_columns(**columns).head(2).write_parquet(folder / "000000")
    frame.with_columns(**columns).tail(1).write_parquet(folder / "000001")
    return folder.parent


def test_media_beside_the_snapshot_as_text(tmp_path, expected):
    folder = write_snapshot(tmp_path / "s")
    (folder / "multimedia.txt").write_bytes(files_of([], MEDIA)["multimedia.txt"])
    assert read(folder).equals(expected)


def test_media_beside_the_snapshot_in_parquet(tmp_path, expected):
    folder = write_snapshot(tmp_path / "s")
    media = pl.DataFrame(MEDIA, infer_schema_length=None).with_columns(pl.col("gbifID").cast(pl.Int64))
    media.select(pl.all().name.to_lowercase()).write_parquet(folder / "multimedia.parquet")
    assert read(folder).equals(expected)


def test_media_that_an_option_names(tmp_path, expected):
    text = write_folder(tmp_path / "m", {"multimedia.txt": files_of([], MEDIA)["multimedia.txt"]})
    folder = write_snapshot(tmp_path / "s")
    assert read(folder, multimedia=str(text)).equals(expected)
    assert read(folder / "occurrence.parquet", multimedia=str(text / "multimedia.txt")).equals(expected)


@pytest.mark.parametrize("as_json", [False, True])
def test_media_nested_in_the_occurrences(tmp_path, expected, as_json):
    nested = [[dict(medium) for medium in MEDIA if medium["gbifID"] == line["gbifID"]] for line in LINES]
    if as_json:
        column = pl.Series([json.dumps(media) for media in nested])
        folder = write_snapshot(tmp_path / "s", ext_multimedia=column)
    else:
        fields = ("type", "identifier", "title")
        column = pl.Series([[{name: m.get(name) for name in fields} for m in media] for media in nested])
        folder = write_snapshot(tmp_path / "s", multimedia=column)
    known = expected.filter(pl.col("drop_reason").is_null())
    assert read(folder).sort("source_id").equals(known.sort("source_id"))


def test_a_snapshot_without_media_says_what_to_add(tmp_path):
    with pytest.raises(UsageError, match="come without their media") as caught:
        read(write_snapshot(tmp_path / "s"))
    assert "multimedia" in caught.value.hint


def test_a_file_cut_short_is_refused(tmp_path):
    folder = write_snapshot(tmp_path / "s")
    (folder / "multimedia.txt").write_bytes(files_of([], MEDIA)["multimedia.txt"])
    file = folder / "occurrence.parquet" / "000001"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(BadFile, match="cannot be read: Parquet magic bytes"):
        read(folder)


def test_parquet_without_ids_is_refused(tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(BadFile, match="no column gbifID"):
        read(tmp_path / "a.parquet")
