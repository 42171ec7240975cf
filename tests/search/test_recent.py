"""What was used last is kept, by number and by size."""

from thuja.search.recent import Recent


def test_what_is_asked_for_again_outlives_what_came_after_it() -> None:
    """The server kept the vectors of texts by their age: one that every search asked for went with the oldest."""
    kept = Recent[str, int](2)
    kept.put("raven", 1)
    kept.put("jay", 2)
    assert kept.get("raven") == 1
    kept.put("rook", 3)
    assert [kept.get(name) for name in ("raven", "jay", "rook")] == [1, None, 3]


def test_the_size_of_all_values_stays_within_the_bound() -> None:
    kept = Recent[str, bytes](10, size_of=len)
    for name, value in (("a", b"1234"), ("b", b"12345"), ("c", b"12"), ("d", b"12345678901")):
        kept.put(name, value)
    assert (kept.get("a"), kept.get("b"), kept.get("c"), kept.get("d")) == (None, b"12345", b"12", None)
    assert (kept.size, len(kept)) == (7, 2)


def test_a_key_that_is_held_keeps_its_value() -> None:
    kept = Recent[str, bytes](10, size_of=len)
    kept.put("a", b"first")
    kept.put("a", b"again")
    assert (kept.get("a"), kept.size) == (b"first", 5)
