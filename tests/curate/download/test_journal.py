"""What is in the journal is found again, wherever its writer was stopped."""

import resource
import tarfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.curate.download.journal import Journal, Outcome, key_of, recover, tables
from thuja.errors import ThujaError
from thuja.images import read_place
from thuja.jobs import kept_when_full

IMAGE = b"\xff\xd8\xff" + bytes(700) + b"\xff\xd9"


def entries(count: int) -> list[tuple[Outcome, bytes]]:
    """Images and failures in turn."""
    made = []
    for number in range(count):
        url = f"https://example.org/{number}.jpg"
        image = IMAGE + bytes([number]) if number % 3 else b""
        outcome = (
            Outcome(url=url, sha256="a" * 64, file_size=len(image)) if image else Outcome(url=url, reason="http_404")
        )
        made.append((outcome, image))
    return made


def write(folder: Path, pairs: list[tuple[Outcome, bytes]], **options: int) -> None:
    with Journal(folder, **options) as journal:
        for outcome, image in pairs:
            journal.append(outcome, image)


def found(folder: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in tables(folder)]) if tables(folder) else pl.DataFrame()


def test_images_are_read_back_from_their_places_and_failures_have_none(tmp_path: Path) -> None:
    pairs = entries(9)
    write(tmp_path, pairs)
    rows = found(tmp_path)
    assert rows["url"].to_list() == [outcome.url for outcome, _ in pairs]
    assert [read_place(place) if place else b"" for place in rows["place"]] == [image for _, image in pairs]
    with tarfile.open(tmp_path / "images-000-00000.tar") as tar:
        assert tar.getnames()[:3] == [
            f"{key_of(pairs[n][0].url)}.{kind}" for n, kind in ((0, "json"), (1, "jpg"), (1, "json"))
        ]


@given(cut=st.integers(0, 14_000))
@settings(max_examples=200, deadline=None)
def test_a_tar_cut_at_any_byte_keeps_every_whole_entry_and_no_half_one(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    pairs = entries(6)
    write(folder, pairs)
    (tar,) = folder.glob("*.tar")
    whole = found(folder)
    with tarfile.open(tar) as opened:
        ends = [member.offset_data + member.size for member in opened if member.name.endswith(".json")]
    tables(folder)[0].unlink()
    data = tar.read_bytes()
    tar.write_bytes(data[:cut])
    recover(folder)
    count = sum(end <= cut for end in ends)
    if count == 0:
        assert not list(folder.iterdir())
    else:
        assert found(folder).equals(whole[:count])
        with tarfile.open(tar) as opened:
            assert sum(name.endswith(".json") for name in opened.getnames()) == count
    write(folder, pairs[count:])
    assert found(folder)["url"].to_list() == whole["url"].to_list()


def test_a_tar_of_zeros_behind_whole_entries_keeps_these(tmp_path: Path) -> None:
    """A machine that loses its power leaves a file of its full length, without what was not written."""
    write(tmp_path, entries(5))
    (tar,) = tmp_path.glob("*.tar")
    whole = found(tmp_path)
    tables(tmp_path)[0].unlink()
    data = tar.read_bytes()
    tar.write_bytes(data[:2000] + bytes(len(data) - 2000))
    recover(tmp_path)
    assert found(tmp_path)["url"].to_list() == whole["url"].to_list()[:1]


def test_a_tar_is_closed_when_it_is_full(tmp_path: Path) -> None:
    write(tmp_path, entries(9), piece_bytes=3000)
    sizes = [path.stat().st_size for path in sorted(tmp_path.glob("*.tar"))]
    assert len(sizes) == len(tables(tmp_path)) > 1
    assert max(sizes) < 3000 + 3584
    assert found(tmp_path)["url"].n_unique() == 9


def fill(folder: Path) -> None:
    with kept_when_full(folder):
        write(folder, entries(30))


def test_a_full_disk_is_one_sentence_and_leaves_whole_entries(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, before[1]))
    try:
        with pytest.raises(ThujaError, match="cannot write") as raised:
            fill(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "run the same command again" in str(raised.value)
    recover(tmp_path)
    rows = found(tmp_path)
    assert len(rows) >= 3
    assert all(read_place(place) for place in rows["place"] if place)


@given(url=st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_any_url_comes_back_as_it_was(url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("url")
    write(folder, [(Outcome(url=url, reason="bad_url", message="no address"), b"")])
    tables(folder)[0].unlink()
    recover(folder)
    assert found(folder)["url"].to_list() == [url]


def test_bytes_that_are_no_text_in_a_message_are_written_as_escapes(tmp_path: Path) -> None:
    """A lone surrogate made the table fail, now and in every later run."""
    write(tmp_path, [(Outcome(url="http://a.org/1", reason="bad_url", message="to \udcff"), b"")])
    assert found(tmp_path)["message"].to_list() == ["to \\udcff"]


def test_an_entry_that_no_table_holds_is_asked_for_again(tmp_path: Path) -> None:
    """A tar with such an entry, of an older version, could never be recovered."""
    pairs = entries(3)
    write(tmp_path, [pairs[0], (Outcome(url="http://a.org/x", target="http://b.org/\u00ff", hops=1), b""), pairs[1]])
    (tar,) = tmp_path.glob("*.tar")
    tables(tmp_path)[0].unlink()
    data = tar.read_bytes()
    assert data.count(b"b.org/\\u00ff") == 1
    tar.write_bytes(data.replace(b"b.org/\\u00ff", b"b.org/\\udcff"))
    assert recover(tmp_path) == 1
    assert found(tmp_path)["url"].to_list() == [outcome.url for outcome, _ in pairs[:2]]
