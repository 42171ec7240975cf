"""What came of one name: the taxon, how sure, and why."""

from dataclasses import dataclass
from enum import StrEnum

from thuja.taxonomy import Taxon


class Status(StrEnum):
    """How a name was resolved; the catalog's column `resolution_status`."""

    EXACT = "exact"
    """The name stands in the backbone."""
    INFRASPECIFIC = "infraspecific"
    """A subspecies, variety or form: the answer is its species."""
    COMMON_NAME = "common_name"
    """An English name that means one taxon."""
    HIGHER_RANK = "higher_rank"
    """The name itself is not known, but its genus (or what it stands in) is, and gives the lineage."""
    GIVEN = "given"
    """Not in the backbone: the lineage is as the source gave it."""
    CONFLICT = "conflict"
    """In the backbone, but in another lineage than the source gave; kept as the source gave it."""
    AMBIGUOUS = "ambiguous"
    """The name means several taxa and nothing tells which; the ranks they share are filled."""
    UNRESOLVED = "unresolved"
    """Not known at all: kept under its own name."""
    EMPTY = "empty"
    """There was no name."""


CERTAIN = frozenset({Status.EXACT, Status.INFRASPECIFIC, Status.COMMON_NAME})
"""Statuses in which the backbone vouches for the whole taxon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The answer for one name; `verbatim` is the name as it was written, `reason` one line of why."""

    taxon: Taxon
    status: Status
    verbatim: str
    reason: str
