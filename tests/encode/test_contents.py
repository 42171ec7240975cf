"""What items hold comes in their order, URLs fetched ahead, and no more of them than allowed."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.encode.contents import contents
from thuja.encode.pipeline import Failure
from thuja.encode.sources import Item, Url
from thuja.encode.tables import Flaw
from thuja.errors import ImageError

KINDS = st.sampled_from(["bytes", "path", "flaw", "url", "dead"])


def item(place: int, kind: str) -> Item:
    made = {"bytes": b"%d" % place, "path": Path(str(place)), "flaw": Flaw("bad_row", "torn")}
    return Item(id=f"id{place}", content=made.get(kind) or Url(f"{kind}:{place}"))


def fetch(url: str) -> bytes:
    if url.startswith("dead"):
        raise ImageError("gone", reason="http_404")
    return url.encode()


@given(kinds=st.lists(KINDS, max_size=30), threads=st.integers(1, 4), ahead=st.integers(0, 9))
def test_fetched_in_threads_equals_fetched_in_a_row(kinds: list[str], threads: int, ahead: int) -> None:
    items = [(place, item(place, kind)) for place, kind in enumerate(kinds)]
    expected = {
        "bytes": lambda place: b"%d" % place,
        "path": lambda place: Path(str(place)),
        "flaw": lambda place: Failure(f"id{place}", "bad_row", "torn"),
        "url": lambda place: b"url:%d" % place,
        "dead": lambda place: Failure(f"id{place}", "http_404", "gone"),
    }
    found = list(contents(iter(items), fetch, threads=threads, ahead=ahead))
    assert found == [(place, one, expected[kind](place)) for (place, one), kind in zip(items, kinds, strict=True)]


def test_urls_are_fetched_beside_each_other() -> None:
    barrier = threading.Barrier(4, timeout=5)  # each waits for three more

    def together(url: str) -> bytes:
        barrier.wait()
        return b""

    items = [(place, item(place, "url")) for place in range(8)]
    assert len(list(contents(iter(items), together, threads=4, ahead=8))) == 8


def test_few_items_wait_behind_a_slow_url() -> None:
    taken = 0

    def endless() -> Iterator[tuple[int, Item]]:
        nonlocal taken
        while True:
            taken += 1
            yield taken, item(taken, "url")

    stream = contents(endless(), fetch, threads=2, ahead=5)
    next(stream)
    assert taken <= 6
    stream.close()


def test_an_error_of_our_own_is_not_swallowed() -> None:
    def broken(url: str) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(contents(iter([(0, item(0, "url"))]), broken))


def test_the_threads_end_when_the_stream_is_left() -> None:
    stream = contents(((place, item(place, "url")) for place in range(100)), fetch, threads=3)
    next(stream)
    stream.close()
    deadline = time.monotonic() + 5
    while any(thread.name == "fetch" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
