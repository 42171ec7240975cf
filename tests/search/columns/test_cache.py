from concurrent.futures import ThreadPoolExecutor

from thuja.search.bits import Bits
from thuja.search.columns import BitsCache


def test_a_set_is_made_once() -> None:
    cache, made = BitsCache(), []

    def make() -> Bits:
        made.append(1)
        return Bits.all(16)

    assert cache.get("a", make) is cache.get("a", make)
    assert len(made) == 1


def test_what_was_asked_for_longest_ago_goes_first_and_the_bytes_stay_bounded() -> None:
    cache = BitsCache(most_bytes=20)
    for key in ("a", "b", "a", "c"):  # ten bytes each
        cache.get(key, lambda: Bits.all(80))
        assert cache.bytes <= 20
    made: list[str] = []
    for key in ("a", "b"):
        cache.get(key, lambda key=key: made.append(key) or Bits.all(80))  # type: ignore[misc]
    assert made == ["b"]


def test_a_set_greater_than_the_cache_is_answered_and_not_kept() -> None:
    cache = BitsCache(most_bytes=5)
    assert cache.get("a", lambda: Bits.all(80)).count == 80
    assert (len(cache), cache.bytes) == (0, 0)


def test_filters_of_a_large_index_are_remembered_as_those_of_a_small_one() -> None:
    """At 200 million rows one set is 25 MB, and a cache of 64 MB forgot a filter of two conditions while it made it."""
    assert BitsCache.of_rows(1_000_000)._held.most == BitsCache()._held.most
    rows = 200_000_000
    assert BitsCache.of_rows(rows)._held.most >= 10 * 3 * rows // 8


def test_threads_share_it() -> None:
    cache = BitsCache(most_bytes=200)

    def count(number: int) -> int:
        return cache.get(number % 37, lambda: Bits.from_range(0, number % 37, size=80)).count

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(count, range(2_000))) == [number % 37 for number in range(2_000)]
    assert cache.bytes == 10 * len(cache) <= 200


def test_sets_of_several_segments_count_together() -> None:
    cache = BitsCache(most_bytes=20)
    both = (Bits.all(80), None, Bits.all(40))
    assert cache.get_all("a", lambda: both) is both
    assert cache.bytes == 15
    cache.get("b", lambda: Bits.all(80))
    assert (len(cache), cache.bytes) == (1, 10)
