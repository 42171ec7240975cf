"""How hard an approximate search tries, and what follows from it for one segment under one filter."""

from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from thuja.errors import UsageError

PROBES: Final = 48
"""Lists looked into, at least, where there are as many."""
PROBES_OF_KEPT: Final = 80
"""The same under a filter: a taxon is sought from outside, too, and its lists are no longer the nearest."""
DENSE: Final = 0.5
"""A filter that keeps more of a segment leaves something in every list that matters; nobody counts which."""
SCANNED: Final = 6_000
"""Rows that the filter keeps whose codes are looked at, at least."""
SCANNED_OF_ALL: Final = 32_000
"""The same where it keeps all: of fewer rows the neighbours lie in more of the lists."""
CANDIDATES: Final = 160
"""Rows scored exactly for each query, at least."""
EXACT_ROWS: Final = 16_000
"""Where a filter keeps no more rows, all are scored exactly: looking at their codes would cost as much."""
EXACT_ROWS_OF_MANY: Final = 40_000
"""The same for MANY queries at once, which share the reading of the rows."""
EXACT_ROWS_AT_LEAST: Final = 2_000
"""The same for one of very many segments, in each of which codes cost something before the first is looked at."""
MANY: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """`probes` lists are looked into and `candidates` scored exactly; None leaves it to the segment and the filter.

    `is_exact` scores every row that the filter keeps instead. `share` is how much this
    segment has of the rows that a search keeps, 1 for all: it does so much of the work.
    """

    probes: int | None = None
    candidates: int | None = None
    is_exact: bool = False
    share: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("probes", self.probes), ("candidates", self.candidates)):
            if value is not None and value < 1:
                raise UsageError(f"{name} is at least 1, got {value}")

    def shared(self, share: float) -> "Effort":
        """The same for a segment that has so much of what is kept."""
        return replace(self, share=share)

    def wants_exact(self, *, kept: int, k: int, queries: int) -> bool:
        """Whether scoring all rows that are kept is right, or no dearer than looking for the nearest of them."""
        most = EXACT_ROWS_OF_MANY if queries >= MANY else EXACT_ROWS
        own = min(most, max(most * self.share, EXACT_ROWS_AT_LEAST))
        return self.is_exact or kept <= own or 4 * k >= kept

    def candidates_for(self, k: int) -> int:
        """How many rows are scored exactly for k that are wanted."""
        return max(k, self.candidates or max(CANDIDATES, 3 * k + 100))

    def probes_for(self, k: int, *, lists: int, each: float, part: float = 1.0) -> int:
        """How many of the `lists` that hold kept rows are looked into, where one holds `each` of them, in the middle.

        PROBES or PROBES_OF_KEPT, and as many as hold SCANNED kept rows or twenty times the candidates: a filter that
        leaves a tenth of each list has many looked into; or what holds SCANNED_OF_ALL rows, of which `part` is kept. Of
        many segments each has its share of the former and all of the latter, since all neighbours may lie in one.
        """
        if self.probes is not None:
            return min(self.probes, lists)
        own = self.share * max(SCANNED, 20 * self.candidates_for(k))
        wanted = max(own, SCANNED_OF_ALL * part)
        least = PROBES if part > DENSE else PROBES_OF_KEPT
        return min(lists, max(least, ceil(wanted / each)))


STANDARD: Final = Effort()
EXACT: Final = Effort(is_exact=True)
