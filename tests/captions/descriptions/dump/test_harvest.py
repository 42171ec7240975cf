"""One way through a dump keeps all that any taxon may need, and a killed run goes on."""

import bz2
import os
from contextlib import closing
from pathlib import Path

import pytest
from tests.captions.descriptions.wiki_pages import PAGES, RAVEN, Made, write_multistream, xml_of

from thuja.captions.descriptions.dump import Dump, harvest
from thuja.captions.descriptions.dump.store import PageStore
from thuja.errors import BadFile, OutputExists

WANTED = ("Corvus corax", "Oenanthe", "Agathis montana", "No page", "Round and round")


def kept(store: PageStore) -> set[str]:
    titles = [page.title for page in PAGES]
    return {page.title for page in store.lookup(titles)}


def test_with_and_without_index_the_same_pages_are_at_hand(tmp_path: Path) -> None:
    dump, index = write_multistream(tmp_path, PAGES)
    plain = tmp_path / "plain.xml"
    plain.write_text(xml_of(PAGES))
    needed = {page.title for page in PAGES} - {"Talk:Common raven", "Oenanthe oenanthe", "Northern wheatear"}
    for number, one in enumerate([Dump(path=dump, index=index), Dump(path=dump), Dump(path=plain)]):
        with closing(harvest(one, WANTED, tmp_path / str(number))) as store:
            assert kept(store) == needed


def test_without_index_a_page_is_found_by_the_name_in_its_box(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml"
    path.write_text(xml_of([RAVEN]))
    with closing(harvest(Dump(path=path), ["Corvus corax"], tmp_path / "work")) as store:
        pages = {page.title: page.redirect for page in store.lookup(["Corvus corax", "Common raven"])}
        assert pages == {"Corvus corax": "Common raven", "Common raven": ""}


def test_two_pages_whose_boxes_bear_one_name_are_not_chosen_between(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml"
    path.write_text(xml_of([RAVEN, Made("Raven in art", RAVEN.text)]))
    with closing(harvest(Dump(path=path), ["Corvus corax"], tmp_path / "work")) as store:
        assert list(store.lookup(["Corvus corax"])) == []


def test_a_wanted_page_that_is_broken_is_kept_without_text(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml"
    path.write_text(xml_of([RAVEN]).replace("</revision>", "</revisions>"))
    with closing(harvest(Dump(path=path), ["Common raven"], tmp_path / "work")) as store:
        assert [(page.title, page.text) for page in store.lookup(["Common raven"])] == [("Common raven", "")]
        assert [one.title for one in store.skipped()] == ["Common raven"]


@pytest.mark.parametrize("has_index", [True, False])
def test_a_run_that_failed_goes_on_and_ends_with_the_same_pages(tmp_path: Path, has_index: bool) -> None:
    """The last stream is damaged at first: all that comes before it is done, and is not read again."""
    many = [*(Made(f"Page {number}", f"x {number} " * 9) for number in range(200)), *PAGES]
    dump, index = write_multistream(tmp_path, many)
    whole = dump.read_bytes()
    one = Dump(path=dump, index=index if has_index else None)
    with closing(harvest(one, WANTED, tmp_path / "straight")) as store:
        straight = kept(store)
    times = dump.stat()
    damaged = bytearray(whole)
    damaged[-400:-380] = bytes(20)
    _write(dump, bytes(damaged), times.st_mtime_ns)
    with pytest.raises(BadFile):
        harvest(one, WANTED, tmp_path / "again")
    _write(dump, whole, times.st_mtime_ns)
    with closing(harvest(one, WANTED, tmp_path / "again")) as store:
        assert kept(store) == straight


def _write(path: Path, data: bytes, mtime: int) -> None:
    path.write_bytes(data)
    os.utime(path, ns=(mtime, mtime))


def test_pages_of_another_dump_are_not_mixed_in(tmp_path: Path) -> None:
    dump, _ = write_multistream(tmp_path, PAGES)
    harvest(Dump(path=dump), WANTED, tmp_path / "work").close()
    dump.write_bytes(bz2.compress(xml_of(PAGES[:3]).encode()))
    with pytest.raises(OutputExists, match="another dump"):
        harvest(Dump(path=dump), WANTED, tmp_path / "work")


def test_an_index_that_may_be_left_serves_where_few_streams_are_wanted(tmp_path: Path) -> None:
    """By the pages that were met: all of them in one pass, those of some streams by the index."""
    many = [*(Made(f"Page {number}", "x") for number in range(60)), *PAGES]
    dump, index = write_multistream(tmp_path, many)
    one = Dump(path=dump, index=index, is_index_optional=True)
    most = [f"Page {number}" for number in range(0, 60, 3)]
    for name, titles, is_one_pass in (("few", ["Page 7"], False), ("most", most, True)):
        for _ in range(2):  # and said again by what is there
            with closing(harvest(one, titles, tmp_path / name)) as store:
                assert (store.counts()[0] == len(many)) is is_one_pass
                assert {page.title for page in store.lookup(titles)} == set(titles)


def test_a_choice_of_the_index_that_was_cut_short_stays_as_it_was(tmp_path: Path) -> None:
    many = [*(Made(f"Page {number}", "x") for number in range(60)), *PAGES]
    dump, index = write_multistream(tmp_path, many)
    whole, times = dump.read_bytes(), dump.stat()
    one = Dump(path=dump, index=index, is_index_optional=True)
    damaged = bytearray(whole)
    damaged[-400:-380] = bytes(20)
    _write(dump, bytes(damaged), times.st_mtime_ns)
    titles = [f"Page {number}" for number in range(0, 60, 3)]
    with pytest.raises(BadFile):
        harvest(one, titles, tmp_path / "work")
    _write(dump, whole, times.st_mtime_ns)
    with closing(harvest(one, titles, tmp_path / "work")) as store:
        assert store.is_done("in one pass")
        assert {page.title for page in store.lookup(titles)} == set(titles)


def test_a_store_that_is_broken_or_has_no_room_is_one_sentence(tmp_path: Path) -> None:
    dump, _ = write_multistream(tmp_path, PAGES)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "pages.sqlite").write_bytes(b"no base of data" * 500)
    with pytest.raises(BadFile, match=r"pages.sqlite cannot be used: file is not a database"):
        harvest(Dump(path=dump), WANTED, tmp_path / "work")


@pytest.mark.slow
def test_several_processes_keep_the_same_pages(tmp_path: Path) -> None:
    dump, index = write_multistream(tmp_path, [*(Made(f"Page {at}", "x") for at in range(400)), *PAGES])
    many = [*WANTED, *(f"Page {at}" for at in range(400))]
    for name, one in (("index", Dump(path=dump, index=index)), ("whole", Dump(path=dump))):
        counts = []
        for workers in (1, 2):
            with closing(
                harvest(one, many, tmp_path / f"{name}{workers}", workers=workers, chunk_bytes=2_000)
            ) as store:
                counts.append((store.counts(), kept(store)))
        assert counts[0] == counts[1]
        assert counts[0][0][1] > 400
