"""The kinds of things: their words, where they belong, what stands on or in them, and their outlines."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from thuja.biosphere.things.outlines import Part, rim

Span = tuple[float, float, float]
Inner = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of thing.

    `name` is its word in every wording, `train` and `test` are synonyms that only one of them uses; each plural is
    the word with an s unless it is given as `word/words`. `top` is the flat top that others can stand on (left,
    right, y), `inner` the room that others can be in (left, top, right, bottom), parts from `front` on are drawn
    before what is in it, and the share `sunk` of what is in it lies below the rim, which is the room's bottom then.
    """

    name: str
    home: str
    parts: tuple[Part, ...]
    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    top: Span | None = None
    inner: Inner | None = None
    front: int = 1000
    sunk: float = 0.0

    @property
    def key(self) -> str:
        """The singular word, which names the kind in every table."""
        return forms(self.name)[0]

    @property
    def family(self) -> str:
        """`object`, `shape` or `glyph`."""
        return self.home if self.home in ("shape", "glyph") else "object"

    @cached_property
    def rim(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of its outlines."""
        return rim(self.parts)


def forms(word: str) -> tuple[str, str]:
    """Singular and plural.

    >>> forms("cup"), forms("shelf/shelves")
    (('cup', 'cups'), ('shelf', 'shelves'))
    """
    singular, _, plural = word.partition("/")
    return singular, plural or f"{singular}s"


def table_of(kinds: tuple[Kind, ...]) -> Mapping[str, Kind]:
    """Kinds by their keys."""
    table = {kind.key: kind for kind in kinds}
    assert len(table) == len(kinds), "two kinds of one name"
    return MappingProxyType(table)
