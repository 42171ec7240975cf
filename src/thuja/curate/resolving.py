"""What curation asks of a resolver of names, which is handed in."""

from collections.abc import Callable, Sequence
from typing import Protocol

from thuja.taxonomy import Taxon


class Resolved(Protocol):
    """What curation needs to know of a resolved name."""

    @property
    def label(self) -> Taxon:
        """The taxon, and where nobody vouches for the species, the name as it was written."""
        ...

    @property
    def status(self) -> str: ...

    @property
    def reason(self) -> str: ...

    @property
    def score(self) -> float | None: ...


Resolve = Callable[[Sequence[str], Sequence[Taxon]], Sequence[Resolved]]
"""Names and the lineages that came with them, to taxa. An importable function, or a `partial` of
one: other processes have to find it, so never a closure."""
