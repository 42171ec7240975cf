"""What a user names becomes a stream of items, and nothing of it is read before its turn."""

import io
import os
import sys
import tarfile
from pathlib import Path

import pytest

from thuja.encode.sources import Item, Source, Url, find_image_sources, find_text_sources
from thuja.encode.tables import Flaw, gathered
from thuja.errors import BadFile, UnknownName, UsageError
from thuja.images import encode_jpeg
from thuja.record import Record
from thuja.shards import ShardWriter
from thuja.taxonomy import Taxon

RAVEN = Taxon(kingdom="Animalia", family="Corvidae", genus="Corvus", species="corax", common="raven")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def opened(sources: list[Source]) -> list[Item]:
    return [found.open() for source in sources for found in source]


def images(*named: str, column: str | None = None) -> list[tuple[str, object]]:
    return [(item.id, item.content) for item in opened(find_image_sources(named, column=column))]


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def jpeg() -> bytes:
    from PIL import Image

    return encode_jpeg(Image.new("RGB", (8, 8)))


def shard(folder: str, count: int = 3) -> Path:
    Path(folder).mkdir(parents=True, exist_ok=True)
    with ShardWriter(Path(folder), "train") as writer:
        for number in range(count):
            writer.write(Record(uuid=f"id{number}", path="x", taxon=RAVEN, split="val"), jpeg())
    return writer.paths[0]


def test_files_folders_patterns_and_urls_come_in_the_order_named_and_as_often() -> None:
    touch("b.png", "d/2.jpg", "d/deep/1.jpg", "d/notes.txt", "d/.hidden.jpg", "bare")
    url = "https://example.org/a.jpg?x=1"
    assert images("bare", "d", url, "d/*.jpg", "bare") == [
        ("bare", Path("bare")),
        ("d/2.jpg", Path("d/2.jpg")),
        ("d/deep/1.jpg", Path("d/deep/1.jpg")),
        (url, Url(url)),
        ("d/2.jpg", Path("d/2.jpg")),
        ("bare", Path("bare")),
    ]
    assert [source.count() for source in find_image_sources(["bare", "d", url])] == [1, 2, 1]


def test_no_byte_of_a_name_is_lost() -> None:
    names = [b"d/a,b.jpg", b"d/new\nline.jpg", b"d/\xff\xe9.jpg"]
    Path("d").mkdir()
    for name in names:
        Path(os.fsdecode(name)).touch()
    found = images("d")
    assert [os.fsencode(path) for _, path in found] == names
    assert [name for name, _ in found] == ["d/a,b.jpg", "d/new\nline.jpg", "d/\\udcff\\udce9.jpg"]


def test_a_tables_paths_are_relative_to_its_folder_or_else_to_the_current_one() -> None:
    touch("t/near.jpg", "far.jpg")
    url = "http://example.org/x.jpg"
    Path("t/t.csv").write_text(f"uuid,path,x\n,near.jpg,1\nown,far.jpg,2\n,gone.jpg,3\n,{url},4\n,s3://b/k,5\n,,6\n")
    items = opened(find_image_sources(["t/t.csv"]))
    empty = Flaw("no_path", "the column path is empty in row 6 of t/t.csv")
    assert [(item.id or "", item.content) for item in items] == [
        ("near.jpg", Path("t/near.jpg")),
        ("own", Path("far.jpg")),
        ("gone.jpg", Path("gone.jpg")),
        (url, Url(url)),
        ("s3://b/k", Flaw("bad_url", "only http and https are fetched")),
        ("t/t.csv#6", empty),
    ]
    assert gathered([item.cells for item in items]).column("x").to_pylist() == list("123456")


def test_a_shards_images_come_with_their_ids_ranks_and_split() -> None:
    path = shard("data/shards")
    for named in ("data", "data/shards", str(path)):
        items = opened(find_image_sources([named]))
        assert [(item.id, item.content) for item in items] == [(f"id{number}", jpeg()) for number in range(3)]
        row = gathered([items[0].cells]).to_pylist()[0]
        assert (row["kingdom"], row["class"], row["species"]) == ("Animalia", None, "corax")
        assert (row["scientific_name"], row["common"], row["split"]) == ("Corvus corax", "raven", "val")


def test_a_shard_of_images_alone_is_taken_too() -> None:
    with tarfile.open("t.tar", "w") as tar:
        for name in ("a.jpg", "b.png", "c.txt"):
            info = tarfile.TarInfo(name)
            info.size = 4
            tar.addfile(info, io.BytesIO(b"data"))
    a, b, c = opened(find_image_sources(["t.tar"]))
    assert [(a.id, a.content), (b.id, b.content)] == [("a", b"data"), ("b", b"data")]
    assert (c.id, c.content) == ("t.tar#c", Flaw("no_image", "a sample without an image"))


def test_a_shard_cut_in_the_middle_keeps_what_came_before() -> None:
    path = shard("s", 5)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"id2.jpg") + 600])
    first, cut, second = opened(find_image_sources([str(path)]))
    assert [(item.id, item.content) for item in (first, second)] == [("id0", jpeg()), ("id1", jpeg())]
    assert cut.id == str(path)
    assert isinstance(cut.content, Flaw)
    assert cut.content.reason == "cut_short"


def test_lines_of_stdin_are_paths_and_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b"a b,c.jpg\n\n http.jpg\r\nhttps://x.org/y\n\xff.jpg\nftp://x")
    assert images("-") == [
        ("a b,c.jpg", Path("a b,c.jpg")),
        (" http.jpg", Path(" http.jpg")),
        ("https://x.org/y", Url("https://x.org/y")),
        ("\\udcff.jpg", Path("\udcff.jpg")),
        ("ftp://x", Flaw("bad_url", "only http and https are fetched")),
    ]


def test_stdin_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(read))
    stream = iter(find_image_sources(["-"])[0])
    os.write(write, b"a.jpg\n")
    assert next(stream).open().id == "a.jpg"
    os.close(write)
    assert list(stream) == []
    sys.stdin.close()


def test_texts_are_lines_of_files_and_stdin_and_cells_of_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("t.txt").write_bytes("\ufeffa raven\n\n a, b \r\n".encode() + b"\xff\n")
    Path("t.csv").write_text("uuid,text,name\n1,hello,\n2,,x\n")
    pipe(monkeypatch, b"piped\n")
    sources = find_text_sources(["t.txt", "t.csv", "-"])
    assert [(item.id, item.content) for item in opened(sources)] == [
        ("a raven", "a raven"),
        (" a, b ", " a, b "),
        ("\\xff", Flaw("not_utf8", "the text is not UTF-8")),
        ("1", "hello"),
        ("2", Flaw("empty_text", "the column text is empty in row 2 of t.csv")),
        ("piped", "piped"),
    ]
    assert [item.content for item in opened(find_text_sources(["t.csv"], column="name"))][1] == "x"


def test_what_cannot_be_read_is_said_before_anything_is() -> None:
    touch("a.jpg")
    Path("t.csv").write_text("path\na.jpg\n")
    for named, said in (
        (["a.jpg", "gone"], "no such file or folder: gone"),
        (["*.tif"], "no such file or folder"),
        (["s3://b/k"], "only http and https"),
        (["-", "-"], "read once"),
    ):
        with pytest.raises(UsageError, match=said):
            find_image_sources(named)
    with pytest.raises(UsageError, match="for tables"):
        find_image_sources(["a.jpg"], column="x")
    with pytest.raises(UnknownName):
        find_image_sources(["t.csv"], column="x")
    with pytest.raises(UsageError, match="no file of texts"):
        find_text_sources(["a.jpg"])


def test_an_item_that_nobody_opens_is_not_read() -> None:
    path = shard("s")
    source = find_image_sources([str(path)])[0]
    found = list(source)
    path.unlink()
    assert [one.key for one in found] == ["id0", "id1", "id2"]
    with pytest.raises(BadFile):
        found[0].open()
