"""Pages come out of a dump whole, whatever it is packed in and whatever is wrong with its neighbours."""

import bz2
import gzip
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.captions.descriptions.wiki_pages import HEAD, PAGES, RAVEN, TAIL, Made, write_multistream, xml_of

from thuja.captions.descriptions.dump import reading
from thuja.captions.descriptions.dump.reading import Skipped, head_of, parse_page, raw_pages, read_dump, redirect_in
from thuja.captions.descriptions.dump.streams import Chunk, chunks_of
from thuja.captions.descriptions.pages import Page
from thuja.errors import BadFile, EmptyInput


def titles(path: Path) -> list[str]:
    return [page.title for page in read_dump(path)]


@pytest.mark.parametrize("kind", ["xml", "bz2", "many streams", "gz"])
def test_a_dump_reads_the_same_however_it_is_packed(tmp_path: Path, kind: str) -> None:
    text = xml_of(PAGES).encode()
    path = tmp_path / "dump"
    if kind == "many streams":
        path, _ = write_multistream(tmp_path, PAGES)
    else:
        path.write_bytes({"xml": bytes, "bz2": bz2.compress, "gz": gzip.compress}[kind](text))
    pages = list(read_dump(path))
    assert [page.title for page in pages] == [page.title for page in PAGES]
    assert pages[0] == Page(
        title=RAVEN.title, text=RAVEN.text, revision="1000", timestamp="2026-01-02T03:04:05Z", redirect="", namespace=0
    )
    assert (pages[1].redirect, pages[8].namespace) == ("Common raven", 10)


@given(size=st.integers(1, 400), cuts=st.lists(st.integers(1, 20_000), max_size=5))
def test_chunks_together_give_each_page_once_wherever_streams_are_cut(
    tmp_path_factory: pytest.TempPathFactory, size: int, cuts: list[int]
) -> None:
    """Parallel programs for bzip2 cut pages, and even the tags of pages, between two streams."""
    text = xml_of(PAGES).encode()
    folder = tmp_path_factory.mktemp("cut")
    places = [0, *sorted({cut % len(text) for cut in cuts}), len(text)]
    packed = folder / "dump.xml.bz2"
    packed.write_bytes(b"".join(bz2.compress(text[a:b]) for a, b in itertools.pairwise(places)))
    plain = folder / "dump.xml"
    plain.write_bytes(text)
    for path in (packed, plain):
        raws = [raw for chunk in chunks_of(path, size=size * 20) for raw in raw_pages(path, chunk)]
        assert [reading.title_of(raw) for raw in raws if not isinstance(raw, Skipped)] == [page.title for page in PAGES]


def test_a_tag_cut_in_two_is_read_once(tmp_path: Path) -> None:
    text = xml_of(PAGES[:2]).encode()
    second = text.index(b"<page>", text.index(b"<page>") + 1)
    path = tmp_path / "dump.bz2"
    for cut in range(second - 1, second + 8):
        path.write_bytes(bz2.compress(text[:cut]) + bz2.compress(text[cut:]))
        chunks = [Chunk(start=0, end=len(bz2.compress(text[:cut]))), Chunk(start=len(bz2.compress(text[:cut])))]
        found = [reading.title_of(raw) for chunk in chunks for raw in raw_pages(path, chunk)]  # type: ignore[arg-type]
        assert found == ["Common raven", "Corvus corax"]


def test_a_broken_page_is_skipped_with_its_reason_and_its_neighbours_are_read(tmp_path: Path) -> None:
    broken = "<page><title>Bad</title><revision><text>a <b> & c</text></revision></page>"
    cut = "<page><title>Cut</title><ns>0</ns><revision><text>never ends"
    path = tmp_path / "dump.xml"
    path.write_text(HEAD + RAVEN.xml(1) + broken + cut + PAGES[1].xml(2) + TAIL)
    skipped: list[Skipped] = []
    assert [page.title for page in read_dump(path, on_skipped=skipped.append)] == ["Common raven", "Corvus corax"]
    assert [(one.title, one.reason.split(":")[0]) for one in skipped] == [
        ("Bad", "broken XML"),
        ("Cut", "its end is missing"),
    ]


def test_a_page_of_five_megabytes_is_read_and_one_beyond_the_limit_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = Made("Long", "a" * 5_000_000)
    path = tmp_path / "dump.xml.bz2"
    path.write_bytes(bz2.compress(xml_of([RAVEN, long, PAGES[1]]).encode()))
    assert [len(page.text) for page in read_dump(path)][1] == 5_000_000
    monkeypatch.setattr(reading, "MOST_BYTES", 1 << 20)
    skipped: list[Skipped] = []
    assert [page.title for page in read_dump(path, on_skipped=skipped.append)] == ["Common raven", "Corvus corax"]
    assert skipped == [Skipped(title="Long", reason="longer than 1 MiB")]


def test_an_xml_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>\n'
    path = tmp_path / "dump.xml"
    path.write_text(bomb + xml_of([Made("Bomb", "x")]))
    with pytest.raises(BadFile, match="declares XML entities"):
        titles(path)


def test_an_entity_within_a_page_is_not_expanded() -> None:
    raw = b"<page><title>T</title><revision><text>&b;</text></revision></page>"
    page = parse_page(raw)
    assert isinstance(page, Skipped)
    assert "undefined entity" in page.reason
    inside = parse_page(b'<page><!DOCTYPE x [<!ENTITY b "c">]><title>T</title></page>')
    assert isinstance(inside, Skipped)


@pytest.mark.parametrize("packing", [bytes, bz2.compress, gzip.compress], ids=["xml", "bz2", "gz"])
def test_a_dump_that_is_cut_short_says_so(tmp_path: Path, packing: type[bytes]) -> None:
    path = tmp_path / "dump"
    data = packing(xml_of(PAGES).encode())
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(BadFile, match="cut short"):
        titles(path)


def test_what_is_no_dump_says_so(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml.bz2"
    for content, message in ((b"uuid,name\n1,raven\n", "no dump of a wiki"), (bz2.compress(b"<html/>"), "no dump")):
        path.write_bytes(content)
        with pytest.raises(BadFile, match=message):
            titles(path)
    path.write_bytes(bz2.compress(xml_of(PAGES).encode())[:300] + b"\0" * 3000)
    with pytest.raises(BadFile, match="damaged"):
        titles(path)
    path.write_bytes(b"")
    with pytest.raises(EmptyInput, match="an empty file"):
        titles(path)
    with pytest.raises(EmptyInput, match="there is no dump"):
        titles(tmp_path / "absent")


def test_the_head_says_whose_dump_it_is(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml"
    path.write_text(xml_of(PAGES))
    assert (head_of(path).database, head_of(path).main_page) == ("enwiki", "https://en.wikipedia.org/wiki/Main_Page")


def test_of_several_revisions_the_last_one_is_read() -> None:
    revisions = "".join(f"<revision><id>{n}</id><text>text {n}</text></revision>" for n in (1, 2, 3))
    page = parse_page(f"<page><title>T</title><ns>0</ns>{revisions}</page>".encode())
    assert isinstance(page, Page)
    assert (page.text, page.revision) == ("text 3", "3")


def test_redirects_are_read_from_the_text_too() -> None:
    assert redirect_in("#REDIRECT [[Common raven#Description]] {{R from scientific name}}") == "Common raven"
    assert redirect_in("#redirect:[[corvus_corax|x]]") == "corvus corax"
    assert redirect_in("#WEITERLEITUNG [[Rabe]]") == "Rabe"
    assert redirect_in("A page on #REDIRECT [[x]]") == ""


def test_a_namespace_of_five_thousand_digits_is_no_number(tmp_path: Path) -> None:
    """Python refuses to read so long a number, which ended the run."""
    text = xml_of(PAGES).replace("<ns>10</ns>", f"<ns>{'9' * 5_000}</ns>")
    path = tmp_path / "dump.xml"
    path.write_text(text)
    assert {page.namespace for page in read_dump(path)} == {0, 1}
