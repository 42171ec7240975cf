"""What came of one name: the taxon, how sure, and why."""

from dataclasses import dataclass, field
from enum import StrEnum

from thuja.taxonomy import Taxon


class Status(StrEnum):
    """How a name was resolved: the column `match_type`, and the catalog's `resolution_status`."""

    EXACT = "exact"
    """The name stands in a backbone, accepted."""
    SYNONYM = "synonym"
    """The name stands in a backbone as another name of the answer."""
    VARIANT = "variant"
    """Another spelling of one word: a gender ending, a doubled letter, a hyphen, ae for e, a lost blank."""
    FUZZY = "fuzzy"
    """A misspelling, of one or two edits."""
    WITHIN = "within"
    """A known name stands among other words."""
    INFRASPECIFIC = "infraspecific"
    """A subspecies, variety or form: the answer is its species."""
    COMMON_NAME = "common_name"
    """A common name that means one taxon."""
    IDENTIFIER = "identifier"
    """The row has the taxon's id in a backbone."""
    OVERRIDE = "override"
    """The user's own table says so."""
    HIGHER_RANK = "higher_rank"
    """The species is not known or not sure, but its genus (or what the row gives above it) is."""
    GIVEN = "given"
    """Not in a backbone: the lineage is as the source gave it."""
    CONFLICT = "conflict"
    """In a backbone, but in another lineage than the source gave; not accepted."""
    AMBIGUOUS = "ambiguous"
    """The name means several taxa and nothing tells which; the ranks they share are filled."""
    UNRESOLVED = "unresolved"
    """Not known at all."""
    EMPTY = "empty"
    """There was no name."""


CERTAIN = frozenset(
    {
        Status.EXACT,
        Status.SYNONYM,
        Status.VARIANT,
        Status.FUZZY,
        Status.WITHIN,
        Status.INFRASPECIFIC,
        Status.COMMON_NAME,
        Status.IDENTIFIER,
        Status.OVERRIDE,
    }
)
"""Match types in which the backbone vouches for the whole taxon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The answer for one name.

    `taxon` is what a backbone vouches for; `label` is that, and where it does not reach the species, the
    name as it was written: what an image's label is. `score` is the probability that the taxon is right,
    None where there is none. `verbatim` is the name as it was written, `reason` one line of why.
    """

    taxon: Taxon
    status: Status
    verbatim: str
    reason: str
    label: Taxon = field(default_factory=Taxon)
    score: float | None = None
    runner_up: str = ""
    runner_up_score: float | None = None
