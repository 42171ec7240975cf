"""GBIF downloads that are broken: what is counted, cut or refused, and in which words."""

import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from tests.curate.sources.gbif_archive import files_of, image, occurrence, spec_of, table, write_zip

from curate_gbif_terms import MULTIMEDIA
from curate_gbif_world import write_archive
from thuja.curate.sources import cells, containers
from thuja.curate.sources.gbif import read_gbif
from thuja.curate.sources.spec import Notes, SourceSpec
from thuja.errors import BadFile, ThujaError, UsageError


def read(path: Path, notes: Notes | None = None, **options: str) -> pl.DataFrame:
    frames = list(read_gbif(spec_of(path, **options), Notes() if notes is None else notes))
    return pl.concat(frames) if frames else pl.DataFrame()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    path = tmp_path_factory.mktemp("world") / "world.zip"
    return path, write_archive(path, media=6_000, hosts=30, taxa=300, seed=1)


def test_ragged_lines_are_counted_and_shift_nothing(tmp_path):
    files = files_of([occurrence(1), occurrence(2)], [image(1), image(2)])
    files["occurrence.txt"] += b"3\ttoo\tshort\n" + b"4" + b"\t" * 400 + b"\n\n"
    notes = Notes()
    rows = read(write_zip(tmp_path / "a.zip", files), notes)
    assert rows["verbatim_name"].to_list() == ["Parus major Linnaeus, 1758"] * 2
    assert notes["occurrence.txt:ragged_lines"] == 2


def test_a_short_line_beside_a_long_one_is_not_taken_for_two_whole_ones(tmp_path):
    files = files_of([occurrence(1)], [image(1)])
    files["multimedia.txt"] += b"1" + b"\t" * 13 + b"\n" + b"1" + b"\t" * 15 + b"\n"
    notes = Notes()
    assert len(read(write_zip(tmp_path / "a.zip", files), notes)) == 1
    assert notes["multimedia.txt:ragged_lines"] == 2


def test_lines_that_are_not_utf8_are_read_as_latin1_and_counted(tmp_path):
    files = files_of([occurrence(1, recordedBy="Müller"), occurrence(2, recordedBy="@")], [image(1), image(2)])
    files["occurrence.txt"] = files["occurrence.txt"].replace(b"@", "Ødegård".encode("latin-1"))
    notes = Notes()
    rows = read(write_zip(tmp_path / "a.zip", files), notes)
    assert rows["recorded_by"].to_list() == ["Müller", "Ødegård"]
    assert notes["occurrence.txt:lines_not_utf8"] == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_says_how_to_read(tmp_path, encoding):
    files = files_of([occurrence(1, recordedBy="Müller")], [image(1)])
    files["occurrence.txt"] = files["occurrence.txt"].decode().encode(encoding)
    assert read(write_zip(tmp_path / "a.zip", files))["recorded_by"].item() == "Müller"


def test_an_encoding_that_meta_xml_names_is_believed(tmp_path):
    files = files_of([occurrence(1, recordedBy="Müller")], [image(1)])
    files["meta.xml"] = files["meta.xml"].replace(b'encoding="UTF-8"', b'encoding="ISO-8859-1"')
    files["occurrence.txt"] = files["occurrence.txt"].decode().encode("latin-1")
    assert read(write_zip(tmp_path / "a.zip", files))["recorded_by"].item() == "Müller"


def test_nul_bytes_are_taken_out_and_counted(tmp_path):
    files = files_of([occurrence(1, recordedBy="A.\0 Gray")], [image(1)])
    notes = Notes()
    assert read(write_zip(tmp_path / "a.zip", files), notes)["recorded_by"].item() == "A. Gray"
    assert notes["occurrence.txt:nul_bytes"] == 1


def test_a_cell_of_ten_megabytes_is_cut_and_counted(tmp_path):
    files = files_of([occurrence(1, habitat="x" * 10_000_000), occurrence(2)], [image(1), image(2)])
    notes = Notes()
    rows = read(write_zip(tmp_path / "a.zip", files), notes)
    assert len(json.loads(rows["traits"][0])["habitat"]) == cells.MAX_CELL
    assert notes["occurrence.txt:cut_cells"] == 1
    assert len(rows) == 2


def test_an_archive_without_its_end_is_refused(world, tmp_path):
    data = world[0].read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadFile, match="cut short or damaged"):
        read(tmp_path / "cut.zip")


def test_a_damaged_member_is_refused(world, tmp_path):
    data = bytearray(world[0].read_bytes())
    with zipfile.ZipFile(world[0]) as archive:
        start = archive.getinfo("occurrence.txt").header_offset + 200_000
    data[start : start + 64] = bytes(64)
    (tmp_path / "bad.zip").write_bytes(data)
    with pytest.raises(BadFile, match=r"occurrence\.txt of .* is cut short or damaged"):
        read(tmp_path / "bad.zip")


def test_an_archive_that_claims_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "_ALWAYS_ALLOWED", 1 << 20)
    files = files_of([occurrence(1)], [image(1)]) | {"occurrence.txt": bytes(30 << 20)}
    with pytest.raises(BadFile, match="far more than its size"):
        read(write_zip(tmp_path / "bomb.zip", files))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda files: files.pop("multimedia.txt") and files.pop("meta.xml"), UsageError, "no multimedia.txt"),
        (lambda files: files.pop("multimedia.txt"), BadFile, "not in"),
        (lambda files: files.clear() or files.update({"readme.txt": b"x"}), BadFile, "no occurrence.txt"),
        (lambda files: files.update({"occurrence.txt": b""}), BadFile, "is empty"),
        (lambda files: files.update({"meta.xml": b"<archive"}), BadFile, "is not XML"),
        (lambda files: files.update({"meta.xml": b"<!DOCTYPE a><archive/>"}), BadFile, "declares entities"),
        (
            lambda files: files.update({"occurrence.txt": files["occurrence.txt"].replace(b"\t", b"$")}),
            BadFile,
            "another",
        ),
        (lambda files: files.update({"occurrence.txt": bytes(4096)}), BadFile, "no text in UTF-8"),
        (
            lambda files: (
                files.update({"0012345.csv": b"gbifID\tdatasetKey\n1\tx\n"})
                or [files.pop(name) for name in ("occurrence.txt", "multimedia.txt", "verbatim.txt", "meta.xml")]
            ),
            UsageError,
            "simple format",
        ),
    ],
)
def test_what_is_no_download_with_media_gets_one_clear_sentence(tmp_path, change, error, says):
    files = files_of([occurrence(1)], [image(1)])
    change(files)
    with pytest.raises(error, match=says) as caught:
        read(write_zip(tmp_path / "a.zip", files))
    assert caught.value.hint


def test_a_missing_column_is_named(tmp_path):
    files = files_of([occurrence(1)], [image(1)])
    del files["meta.xml"]
    files["multimedia.txt"] = table([column for column in MULTIMEDIA if column != "identifier"], [image(1)]).encode()
    with pytest.raises(BadFile, match="no column identifier"):
        read(write_zip(tmp_path / "a.zip", files))


def test_lines_that_all_differ_from_the_header_are_refused(tmp_path):
    files = files_of([occurrence(1)], [image(1)])
    head, _, rest = files["multimedia.txt"].partition(b"\n")
    files["multimedia.txt"] = head + b"\n" + rest.replace(b"\t", b";")
    with pytest.raises(BadFile, match=r"no line of multimedia\.txt"):
        read(write_zip(tmp_path / "a.zip", files))


def test_tables_of_a_header_alone_give_no_row(tmp_path):
    assert read(write_zip(tmp_path / "a.zip", files_of([], []))).is_empty()


def test_nothing_at_the_path_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="there is nothing at"):
        read(tmp_path / "none.zip")
    (tmp_path / "empty.zip").write_bytes(b"")
    with pytest.raises(BadFile, match="is empty"):
        read(tmp_path / "empty.zip")


def test_a_source_without_scratch_says_so(tmp_path):
    path = write_zip(tmp_path / "a.zip", files_of([occurrence(1)], [image(1)]))
    with pytest.raises(ThujaError, match="folder to put its tables down"):
        list(read_gbif(SourceSpec(kind="gbif", path=path), Notes()))
