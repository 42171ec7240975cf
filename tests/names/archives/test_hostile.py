"""What is damaged or made to do harm ends in one sentence, leaves nothing behind, and never in a wrong answer."""

import gzip
import io
import resource
import shutil
import tarfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.names.archives.worlds import USAGES
from tests.names.archives.written import (
    Vernacular,
    pack,
    write_coldp,
    write_gbif,
    write_lines,
    write_ncbi,
    write_open_tree,
)

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.names.archives import read_archive


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture(autouse=True)
def nothing_is_left(scratch: Path) -> Iterator[None]:
    yield
    assert not scratch.exists() or list(scratch.iterdir()) == []


def refused(path: Path, scratch: Path) -> str:
    """The sentence; there is a hint with it, and neither is long."""
    with pytest.raises(BadFile) as caught:
        read_archive(path, scratch=scratch)
    assert caught.value.hint
    assert len(caught.value.message) < 500
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("name", ["w.zip", "w.tar.gz", "w.tar", "w.tar.bz2", "w.tar.xz"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
def test_an_archive_cut_short_is_refused(tmp_path: Path, scratch: Path, name: str, share: float) -> None:
    write_gbif(tmp_path / "w", USAGES * 40)
    whole = pack(tmp_path / "w", tmp_path / name).read_bytes()
    # A tar ends in blocks of zeros, which it does not need.
    needed = len(whole) if name != "w.tar" else len(whole.rstrip(b"\0"))
    (tmp_path / name).write_bytes(whole[: int(needed * share)])
    assert "cut short" in refused(tmp_path / name, scratch)


def test_a_tar_cut_between_two_members_is_refused(tmp_path: Path, scratch: Path) -> None:
    """tarfile takes the end of the file for the end of the archive, and the names of half the birds are gone."""
    write_gbif(tmp_path / "w", USAGES)
    path = pack(tmp_path / "w", tmp_path / "w.tar")
    with tarfile.open(path) as archive:
        offset = archive.getmember("VernacularName.tsv").offset
    whole = path.read_bytes()
    for end in (offset, offset + 100):
        path.write_bytes(whole[:end])
        assert "no end mark" in refused(path, scratch)


def test_a_wrong_checksum_is_refused(tmp_path: Path, scratch: Path) -> None:
    write_gbif(tmp_path / "w", USAGES)
    path = pack(tmp_path / "w", tmp_path / "w.tar.gz")
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    assert "CRC check failed" in refused(path, scratch)


@pytest.mark.parametrize(("old", "new"), [(b"Taxon.tsv", b"\0axon.tsv"), (b"PK\x05\x06", b"PK\x05\x06\1\1\1")])
def test_a_damaged_table_of_contents_is_refused(tmp_path: Path, scratch: Path, old: bytes, new: bytes) -> None:
    """A member without a name, and offsets before the start of the file: zipfile meets both unprepared."""
    write_gbif(tmp_path / "w", USAGES)
    path = pack(tmp_path / "w", tmp_path / "w.zip")
    path.write_bytes(path.read_bytes().replace(old, new))
    assert "w.zip" in refused(path, scratch)


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=150)
def test_changed_bytes_end_in_one_sentence_or_in_a_taxonomy(changes: list[tuple[float, int]]) -> None:
    with TemporaryDirectory() as folder:
        write_ncbi(Path(folder) / "w", USAGES)
        for name in ("w.tar", "w.zip", "w.tar.gz"):
            path = pack(Path(folder) / "w", Path(folder) / name)
            data = bytearray(path.read_bytes())
            for place, value in changes:
                data[int(place * len(data))] = value
            path.write_bytes(data)
            with suppress(ThujaError):
                assert len(read_archive(path, scratch=Path(folder) / "scratch").usages) > 0


def test_a_damaged_member_is_refused(tmp_path: Path, scratch: Path) -> None:
    write_gbif(tmp_path / "w", USAGES)
    path = pack(tmp_path / "w", tmp_path / "w.zip")
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as packed:
        start = packed.getinfo("Taxon.tsv").header_offset + 60
    data[start : start + 20] = bytes(20)
    path.write_bytes(data)
    assert "cut short or damaged" in refused(path, scratch)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("w.zip", b"", "is empty"),
        ("w.zip", b"<!DOCTYPE html><html>", "is a web page"),
        ("w.tar.gz", b"hello", "is no archive"),
        ("w.zip", b"PK\x03\x04 and then nothing", "cut short or damaged"),
        ("w.gz", gzip.compress(b"only a text", mtime=0), "cut short or damaged"),
        ("w.parquet", b"PAR1 and then nothing", "cut short or damaged"),
        ("Taxon.tsv", b"taxonID\tkingdom\tgenus\n1\tAnimalia\tCorvus\n", "one table of an archive"),
        ("nodes.dmp", b"1\t|\t1\t|\tno rank\t|\n", "one table of an archive"),
        ("w.csv", b"genus" + b",a" * 2000 + b"\n", "more than 1,000 columns"),
        ("w.csv", b"a,b\n1,2\n", "none of the columns"),
        ("w.csv", b"kingdom,genus\n,\n", "names no taxon"),
        ("w.csv", b"genus\nCorv\xfcs\n", "not written in UTF-8"),
        ("w.csv", "genus\nCorvus\n".encode("utf-16"), "not written in UTF-8"),
        ("w.csv", b"\x00\x01\x02" * 100, "not written in UTF-8"),
        ("w.csv", b"genus,species\nCorvus,corax,Raven\n", "more cells than columns"),
    ],
)
def test_what_is_no_taxonomy_is_refused(tmp_path: Path, scratch: Path, name: str, data: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert sentence in refused(tmp_path / name, scratch)


def test_a_path_without_anything_is_a_slip_of_the_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no archive"):
        read_archive(tmp_path / "missing.zip")


def test_an_archive_of_something_else_says_what_it_found(tmp_path: Path, scratch: Path) -> None:
    write_lines(tmp_path / "w" / "holiday.txt", ["sun"])
    with pytest.raises(BadFile, match=r"has no meta\.xml") as caught:
        read_archive(pack(tmp_path / "w", tmp_path / "w.zip"), scratch=scratch)
    assert caught.value.hint == "found: holiday.txt"
    (tmp_path / "empty").mkdir()
    assert "has no meta.xml" in refused(tmp_path / "empty", scratch)


@pytest.mark.parametrize("name", ["../evil.tsv", "/evil.tsv", "a/../../evil.tsv", "..\\evil.tsv", "C:\\evil.tsv"])
@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_member_that_points_outside_is_refused(tmp_path: Path, scratch: Path, kind: str, name: str) -> None:
    path = tmp_path / f"w.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("Taxon.tsv", "taxonID\tscientificName\n1\tAus\n")
            packed.writestr(name, "evil")
    else:
        with tarfile.open(path, "w:gz") as archive:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    assert "points outside" in refused(path, scratch)
    assert not list(tmp_path.rglob("evil*"))


def test_a_link_in_place_of_a_table_is_refused(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "w.tar.gz"
    entry = tarfile.TarInfo("Taxon.tsv")
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(entry)
    assert "a link or a device" in refused(path, scratch)


def test_a_zip_bomb_is_refused_before_anything_is_written(tmp_path: Path, scratch: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "w.zip", "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("Taxon.tsv", "w") as file,
    ):
        for _ in range(600):
            file.write(bytes(1 << 20))
    assert "far more than its size can" in refused(tmp_path / "w.zip", scratch)
    assert not scratch.exists()


def test_a_tar_bomb_is_refused_without_reading_through_it(tmp_path: Path, scratch: Path) -> None:
    """The header claims a terabyte: passing over it would take hours."""
    entry = tarfile.TarInfo("Taxon.tsv")
    entry.size = 1 << 40
    (tmp_path / "w.tar.gz").write_bytes(gzip.compress(entry.tobuf(tarfile.GNU_FORMAT)))
    assert "far more than its size can" in refused(tmp_path / "w.tar.gz", scratch)


def test_a_header_of_a_gigabyte_is_not_held_in_memory(tmp_path: Path, scratch: Path) -> None:
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, 1 << 30
    (tmp_path / "w.tar.gz").write_bytes(gzip.compress(entry.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20)))
    assert "a header of 1,073,741,824 bytes" in refused(tmp_path / "w.tar.gz", scratch)


def test_a_locked_zip_is_refused(tmp_path: Path, scratch: Path) -> None:
    write_gbif(tmp_path / "w", USAGES)
    path = pack(tmp_path / "w", tmp_path / "w.zip")
    data = path.read_bytes()
    # Bit 0 of the flags, in the local and in the central headers.
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        parts = data.split(mark)
        data = mark.join(
            [parts[0]] + [part[: offset - 4] + bytes([part[offset - 4] | 1]) + part[offset - 3 :] for part in parts[1:]]
        )
    path.write_bytes(data)
    assert "locked with a password" in refused(path, scratch)


def test_a_full_disk_is_not_the_archives_fault(tmp_path: Path, scratch: Path) -> None:
    write_gbif(tmp_path / "w", USAGES * 1000)
    path = pack(tmp_path / "w", tmp_path / "w.zip")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(ThujaError, match="no room to unpack") as caught:
            read_archive(path, scratch=scratch)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not isinstance(caught.value, BadFile)
    assert "THUJA_CACHE" in caught.value.hint


def test_an_archive_larger_than_the_disk_is_refused_before_it_is_unpacked(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gbif(tmp_path / "w", USAGES)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**6))
    with pytest.raises(ThujaError, match=r"unpacking takes 0\.0 GB, and 0\.0 GB are free"):
        read_archive(pack(tmp_path / "w", tmp_path / "w.zip"), scratch=scratch)


def test_a_scratch_that_cannot_be_made_is_said(tmp_path: Path, scratch: Path) -> None:
    write_gbif(tmp_path / "w", USAGES)
    (tmp_path / "file").touch()
    with pytest.raises(ThujaError, match="cannot unpack into"):
        read_archive(pack(tmp_path / "w", tmp_path / "w.zip"), scratch=tmp_path / "file" / "scratch")


def test_a_table_of_an_unpacked_folder_cut_inside_a_row_is_refused(tmp_path: Path, scratch: Path) -> None:
    write_gbif(tmp_path, USAGES)
    table = tmp_path / "Taxon.tsv"
    table.write_bytes(table.read_bytes()[:-25])
    assert "ends inside a row" in refused(tmp_path, scratch)


def test_a_last_row_without_a_line_break_is_whole(tmp_path: Path) -> None:
    write_gbif(tmp_path, USAGES)
    table = tmp_path / "Taxon.tsv"
    table.write_bytes(table.read_bytes().rstrip(b"\n"))
    assert read_archive(tmp_path).usages["id"].to_list() == [usage.id for usage in USAGES]


@pytest.mark.parametrize(
    ("write", "file", "old", "new", "sentence"),
    [
        (write_gbif, "Taxon.tsv", "Corvus corax", "Corvus cor\udce4x", "Taxon.tsv is not written in UTF-8"),
        (write_gbif, "meta.xml", "scientificName", "somethingElse", "Taxon.tsv has no column scientificName"),
        (write_gbif, "meta.xml", "Taxon.tsv", "../../secret.tsv", "meta.xml names the file ../../secret.tsv"),
        (write_gbif, "meta.xml", "<archive", '<!DOCTYPE a [<!ENTITY b "c">]><archive', "declares entities"),
        (write_gbif, "meta.xml", "</archive>", "", "meta.xml is not XML"),
        (write_gbif, "meta.xml", 'encoding="utf-8"', 'encoding="latin1"', "cannot be read"),
        (write_gbif, "meta.xml", 'index="3"', 'index="999999999"', "more than 1,000 columns"),
        (write_coldp, "NameUsage.tsv", "col:status", "col:other", "NameUsage.tsv has no column status"),
        (write_ncbi, "names.dmp", "Corvus corax\t", "Corvus cor\udce4x\t", "names.dmp is not written in UTF-8"),
        (write_open_tree, "taxonomy.tsv", "parent_uid", "above", "taxonomy.tsv has no column parent_uid"),
    ],
)
def test_a_bad_table_is_named(
    tmp_path: Path, scratch: Path, write: type, file: str, old: str, new: str, sentence: str
) -> None:
    write(tmp_path, USAGES)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_bytes(text.replace(old, new).encode("utf-8", "surrogateescape"))
    assert sentence in refused(tmp_path, scratch)


@pytest.mark.parametrize("file", ["nodes.dmp", "names.dmp"])
def test_an_empty_table_is_named(tmp_path: Path, scratch: Path, file: str) -> None:
    write_ncbi(tmp_path, USAGES)
    (tmp_path / file).write_bytes(b"")
    assert refused(tmp_path, scratch) == f"{file} is empty"


def test_a_header_without_rows_names_no_taxon(tmp_path: Path, scratch: Path) -> None:
    write_gbif(tmp_path, [])
    assert "names no taxon" in refused(tmp_path, scratch)


def test_windows_line_ends_byte_order_marks_and_quotes_are_read_as_they_are_meant(tmp_path: Path) -> None:
    text = '\ufefftaxonID\tscientificName\ttaxonRank\r\n1\t"Aus bus\tspecies\r\n2\tCus\tgenus\r\n'
    (tmp_path / "taxon.txt").write_bytes(text.encode())
    found = read_archive(tmp_path).usages.select("id", "name", "rank").rows()
    assert found == [("1", "Aus bus", "species"), ("2", "Cus", "genus")]


def test_a_cell_of_a_megabyte_is_one_name(tmp_path: Path) -> None:
    write_lines(tmp_path / "taxon.tsv", ["taxonID\tscientificName", "1\tAus", f"2\tAus {'b' * (1 << 20)}", "3\tCus"])
    found = read_archive(tmp_path).usages
    assert found["id"].to_list() == ["1", "2", "3"]
    assert found["name"].str.len_chars().to_list() == [3, (1 << 20) + 4, 3]


def test_a_rows_missing_cells_are_missing_values(tmp_path: Path) -> None:
    write_lines(tmp_path / "taxon.tsv", ["taxonID\tscientificName\ttaxonRank", "1\tAus", "", "2\tBus\tgenus"])
    archive = read_archive(tmp_path)
    assert archive.usages.select("id", "rank").rows() == [("1", "unranked"), ("2", "genus")]
    assert isinstance(archive.usages, pl.DataFrame)


def test_what_belongs_to_usages_that_are_not_there_is_left_out_and_said(tmp_path: Path) -> None:
    write_ncbi(tmp_path, USAGES, [Vernacular("9", "Raven", "en"), Vernacular("4", "Ghost", "en")])
    write_lines(tmp_path / "merged.dmp", ["999\t|\t9\t|", "998\t|\t4\t|"])
    archive = read_archive(tmp_path)
    assert archive.vernaculars["name"].to_list() == ["Raven"]
    assert archive.further_ids.rows() == [("999", "9")]
    assert archive.problems == (
        "vernacular names of usages that are not there, left out: 1",
        "retired ids of usages that are not there, left out: 1",
    )


def test_utf_16_does_not_hide_entities(tmp_path: Path, scratch: Path) -> None:
    write_gbif(tmp_path, USAGES)
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "c">]><archive/>'
    (tmp_path / "meta.xml").write_bytes(text.encode("utf-16"))
    assert "declares entities" in refused(tmp_path, scratch)


def test_a_date_that_no_file_system_knows_is_no_obstacle(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "w.tar"
    data = b"taxonID\tscientificName\n1\tAus\n"
    entry = tarfile.TarInfo("Taxon.tsv")
    entry.size, entry.mtime = len(data), 8**11 - 1
    with tarfile.open(path, "w") as archive:
        archive.addfile(entry, io.BytesIO(data))
    assert read_archive(path, scratch=scratch).usages["name"].to_list() == ["Aus"]


def test_a_node_with_thousands_of_names_and_authorities_is_read_in_seconds(tmp_path: Path) -> None:
    """Paired each with each they would be a hundred million rows."""
    names = [f"9\t|\tCorvus a{index}\t|\t\t|\tsynonym\t|" for index in range(10_000)]
    authorities = [f"9\t|\tCorvus a{index} L.\t|\t\t|\tauthority\t|" for index in range(10_000)]
    write_lines(tmp_path / "nodes.dmp", ["9\t|\t9\t|\tgenus\t|"])
    write_lines(tmp_path / "names.dmp", ["9\t|\tCorvus\t|\t\t|\tscientific name\t|", *names, *authorities])
    began = time.monotonic()
    usages = read_archive(tmp_path).usages
    assert time.monotonic() - began < 5
    assert len(usages) == 10_001
    assert usages["authorship"].drop_nulls().to_list() == ["L."] * 20
