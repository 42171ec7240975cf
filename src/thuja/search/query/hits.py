"""What a query found, ready for a page, a table or JSON."""

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from thuja.search.columns.facets import FacetCount
from thuja.search.query.credits import Credit
from thuja.taxonomy import Taxon


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One picture: its id and key, its cosine to what was asked, whose it is, and what else the index tells of it.

    `group` is the value that it stands for where results are grouped, None elsewhere; `copies` are the near-duplicates
    that it stands for, among the neighbours that were looked at.
    """

    id: str
    key: int
    score: float
    taxon: Taxon
    credit: Credit
    row: Mapping[str, Any]
    group: str | None = None
    copies: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found.

    `total` is how many pictures the filter keeps. `is_exhausted` says that there is nothing after the last hit.
    `is_exact` says that every picture was compared. `told` are sentences for the one who asked: how words were
    understood, why there is less than was asked for.
    """

    hits: Sequence[Hit]
    total: int
    facets: Mapping[str, Sequence[FacetCount]] = field(default_factory=dict)
    is_exact: bool = False
    is_exhausted: bool = False
    told: Sequence[str] = ()
    took_ms: float = 0.0


def plain(value: Any) -> Any:
    """A cell as JSON has it: dates as text, no NaN, no bytes."""
    if isinstance(value, datetime.date | datetime.datetime | datetime.time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
