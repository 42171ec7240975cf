"""With its index only the streams of wanted pages are read, and an index of another dump is refused."""

import bz2
from pathlib import Path

import pytest
from tests.captions.descriptions.wiki_pages import PAGES, Made, write_multistream, xml_of

from thuja.captions.descriptions.dump import read_titles
from thuja.captions.descriptions.dump.index import index_lines, wanted_streams
from thuja.captions.descriptions.titles import TitleSet, hashes_of
from thuja.errors import BadFile, EmptyInput


def test_wanted_titles_are_read_and_their_redirects_followed(tmp_path: Path) -> None:
    dump, index = write_multistream(tmp_path, PAGES)
    found = {
        page.title: page.redirect for page in read_titles(dump, index, ["corvus_corax", "Agathis montana", "No page"])
    }
    assert found == {"Corvus corax": "Common raven", "Common raven": "", "Agathis montana": ""}


def test_only_streams_of_wanted_titles_are_decompressed(tmp_path: Path) -> None:
    """The other streams are overwritten: who read them would fail."""
    dump, index = write_multistream(tmp_path, PAGES)
    [chunk] = wanted_streams(dump, index, TitleSet(hashes_of(["Agathis montana"])))
    starts = sorted({offset for offset, _ in index_lines(index)})
    end = starts[starts.index(chunk.start) + 1]
    data = bytearray(dump.read_bytes())
    data[starts[0] + 20 : chunk.start] = bytes(chunk.start - starts[0] - 20)
    data[end + 20 : starts[-1]] = bytes(starts[-1] - end - 20)
    dump.write_bytes(data)
    assert [page.title for page in read_titles(dump, index, ["Agathis montana"])] == ["Agathis montana"]


def test_titles_with_colons_and_escaped_signs_are_read_whole(tmp_path: Path) -> None:
    index = tmp_path / "index.txt.bz2"
    index.write_bytes(bz2.compress(b"600:1:Template:Taxonomy/Pica\n600:2:Pica &amp; &quot;co&quot;, a: b\n"))
    assert list(index_lines(index)) == [(600, "Template:Taxonomy/Pica"), (600, 'Pica & "co", a: b')]


def test_an_index_of_another_dump_is_refused(tmp_path: Path) -> None:
    dump, _ = write_multistream(tmp_path, PAGES)
    _, other = write_multistream(tmp_path, [Made("Long", "x y z " * 50), *PAGES], name="other")
    with pytest.raises(BadFile, match="belongs to another dump"):
        list(read_titles(dump, other, ["Common raven"]))


def test_an_index_whose_offsets_fit_and_whose_titles_do_not_is_refused(tmp_path: Path) -> None:
    dump, index = write_multistream(tmp_path, PAGES)
    index.write_bytes(bz2.compress(bz2.decompress(index.read_bytes()).replace(b"Agathis montana", b"Agathis alba")))
    with pytest.raises(BadFile, match="none of the pages that it promises"):
        list(read_titles(dump, index, ["Agathis alba"]))


def test_what_is_no_index_says_so(tmp_path: Path) -> None:
    dump, index = write_multistream(tmp_path, PAGES)
    with pytest.raises(BadFile, match="is not offset:page:title"):
        list(read_titles(dump, dump, ["x"]))
    index.write_bytes(bz2.compress(b"9" * 5_000 + b":1:Pica\n"))
    with pytest.raises(BadFile, match="is not offset:page:title"):
        list(read_titles(dump, index, ["x"]))
    with pytest.raises(EmptyInput, match="there is no index"):
        list(read_titles(dump, tmp_path / "absent", ["x"]))
    index.write_bytes(bz2.compress(b""))
    with pytest.raises(EmptyInput, match="holds no page"):
        list(read_titles(dump, index, ["x"]))
    plain = tmp_path / "plain.xml"
    plain.write_text(xml_of(PAGES))
    with pytest.raises(BadFile, match="has no index"):
        list(read_titles(plain, index, ["x"]))
