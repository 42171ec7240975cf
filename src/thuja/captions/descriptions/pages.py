"""What every source of descriptions gives, however it gets it: the text that stands for a taxon, or why there is none.

An encyclopedia whose pages are asked for by title (a dump, the MediaWiki API) gives a `Lookup`; `page_choice` turns one
into a PageSource: it tries titles, follows redirects, and takes no page of another lineage.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from thuja.captions.descriptions.description import REASONS, Source
from thuja.taxonomy import Taxon


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a wiki: its title, the revision's number and time, its wikitext.

    `redirect` is the title that it sends its reader to, empty for none; `namespace` is MediaWiki's number, 0 for
    articles and 10 for templates (whose title begins with `Template:`).
    """

    title: str
    text: str = ""
    revision: str = ""
    timestamp: str = ""
    redirect: str = ""
    namespace: int = 0


Lookup = Callable[[Sequence[str]], Iterator[Page]]
"""The pages of these titles that exist, in any order. A title that redirects gives a Page with `redirect` set, under
the title that was asked for; where the target comes at once, it is a Page of its own beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Plain words under one heading, paragraphs parted by a blank line; the introduction has no heading."""

    heading: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one source has on one taxon: the sections that tell its looks, or in `reason` why there are none.

    `known_by` says how the page is known to be this taxon's: `lineage` (the ranks of its taxobox), `words` (its
    taxobox bears the name, and the page names an ancestor), `name` (nothing but the name could be compared).
    """

    source: Source
    sections: tuple[Section, ...] = ()
    reason: str = ""
    known_by: str = ""

    def __post_init__(self) -> None:
        assert self.reason in ("", *REASONS), self.reason
        assert bool(self.sections) != bool(self.reason), "either sections or a reason"


class PageSource(Protocol):
    """Somewhere that species are described. `pages` answers for each taxon once, in any order."""

    @property
    def name(self) -> str:
        """A short stable word for tables, such as `wikipedia-en`."""
        ...

    def pages(self, taxa: Sequence[Taxon]) -> Iterator[tuple[Taxon, Found]]:
        """What this source has on each of these taxa. Raises ThujaError for what no taxon will get."""
        ...
