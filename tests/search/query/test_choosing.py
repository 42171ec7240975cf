"""What is shown of many neighbours is chosen in bounded memory, and as if each had been held against all before it."""

from collections.abc import Sequence

import numpy as np

from thuja.search.query.choosing import Chosen, collapsed, spread
from thuja.search.query.encoding import unit

ROWS = 1_500


class Counted:
    """Vectors in the plane by key, and how many were asked for at once at most."""

    def __init__(self) -> None:
        self.dim, self.columns, self.most = 2, {}, 0
        angles = np.random.default_rng(0).uniform(0, 2 * np.pi, ROWS)
        self.stored = unit(np.column_stack([np.cos(angles), np.sin(angles)]))

    def vectors(self, keys: Sequence[int]) -> np.ndarray:
        self.most = max(self.most, len(keys))
        return self.stored[list(keys)]


def block() -> list[Chosen]:
    return [Chosen(key=key, score=1 - key / ROWS) for key in range(ROWS)]


def test_near_duplicates_among_many_are_those_of_one_after_the_other_in_bounded_memory() -> None:
    """Neighbours came by 50,000, and a cosine that let few through took 10 GB for their likenesses."""
    index = Counted()
    shown = [one for part in collapsed(index, [block()], 0.999) for one in part]
    kept: list[int] = []
    for key in range(ROWS):
        if not kept or (index.stored[kept] @ index.stored[key]).max() < 0.999:
            kept.append(key)
    assert [one.key for one in shown] == kept
    assert sum(one.copies for one in shown) == ROWS - len(kept)
    assert index.most <= 512


def test_a_page_of_thousands_is_spread_in_bounded_memory() -> None:
    """10,000 results took 40,000 neighbours to compete at once, and 20 GB."""
    index = Counted()
    big = [one.key for part in spread([block()], index.vectors, diversity=0.5, page=10_000) for one in part]
    assert sorted(big) == list(range(ROWS))
    assert index.most <= 2_000
    of_500 = [one.key for part in spread([block()], index.vectors, diversity=0.5, page=500) for one in part]
    assert big == of_500
