"""What is asked of an index: what the pictures are to be like, which of them may be found, and how they are shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError
from thuja.search.filters import Filter

LONGEST: Final = 2_000
"""Characters of a text. A text tower reads some 50 words."""
MOST: Final = 10_000
"""The greatest k, and offset + k is bounded by `DEEPEST`."""
DEEPEST: Final = 100_000
"""How far down its neighbours a query may be looked through."""
COMPARED: Final = 16_384
"""The same where neighbours are held against each other: that grows with the square of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """A way through the space, from some pictures or words to others, or one that was learnt.

    `vector` (D,) is what `thuja analyze directions` saved, of any length. `strength` is how far to go from where the
    query stands, in units of a vector's length.
    """

    from_ids: tuple[str, ...] = ()
    to_ids: tuple[str, ...] = ()
    from_text: str = ""
    to_text: str = ""
    vector: npt.NDArray[Any] | None = field(default=None, compare=False)
    strength: float = 1.0

    def __post_init__(self) -> None:
        pairs = ((bool(self.from_ids), bool(self.to_ids)), (bool(self.from_text), bool(self.to_text)))
        if any(first != second for first, second in pairs):
            raise UsageError("a direction has two ends", hint="say from what and to what: both ids, or both texts")
        if sum((pairs[0][0], pairs[1][0], self.vector is not None)) != 1:
            raise UsageError("a direction is between ids, between texts, or one that was learnt: exactly one of them")
        if not math.isfinite(self.strength) or not self.strength:
            raise UsageError(f"the strength of a direction is a number other than 0, got {self.strength}")
        for text in (self.from_text, self.to_text):
            require_short(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked.

    Everything that pictures are to be like adds up to one vector: `images` (their files' bytes), `vector`, the picture
    `id`, those to be `like` and `unlike` (ids), a `text` that weighs `text_weight` beside pictures, a `direction`. With
    none of them the most typical pictures that the filter keeps come first.

    Of `filter`'s pictures, `k` are shown from `offset` on: at most `per_group` of a group (a rank or column
    `group_by`), without near-duplicates where `collapse` is a cosine (or the same observation or image hash), and the
    more `diversity` (0 to 1), the less alike. `facets` are columns to count values of. `columns` are what is told of
    each picture, None for all.
    """

    images: tuple[bytes, ...] = field(default=(), repr=False)
    vector: npt.NDArray[Any] | None = field(default=None, compare=False)
    text: str = ""
    text_weight: float = 0.5
    id: str = ""
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    direction: Direction | None = None
    filter: Filter = field(default_factory=Filter)
    k: int = 10
    offset: int = 0
    group_by: str | None = None
    per_group: int = 1
    diversity: float = 0.0
    collapse: float | None = None
    facets: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        require_short(self.text)
        require_k(self.k)
        if self.offset < 0 or self.offset + self.k > DEEPEST:
            raise UsageError(
                f"results are shown from the first to number {DEEPEST:,}, got {self.k:,} from {self.offset:,} on",
                hint="narrow the search down by a filter",
            )
        if self.per_group < 1:
            raise UsageError(f"at least one picture of a group is shown, got {self.per_group}")
        for name, share in (("text weight", self.text_weight), ("diversity", self.diversity)):
            if not 0 <= share <= 1:
                raise UsageError(f"the {name} is from 0 to 1, got {share:g}")
        if self.collapse is not None and not 0 < self.collapse <= 1:
            raise UsageError(f"near-duplicates are told by a cosine above 0 and up to 1, got {self.collapse:g}")
        _require_finite(self.vector)
        both = set(self.unlike) & {self.id, *self.like} - {""}
        if both:
            raise UsageError(f'"{min(both)}" can not be both like and unlike what is sought')

    @property
    def has_pictures(self) -> bool:
        """Whether pictures say what is sought, and not words alone."""
        return bool(self.images or self.vector is not None or self.id or self.like)

    @property
    def is_open(self) -> bool:
        """Whether nothing is said but a filter."""
        return not (self.has_pictures or self.text.strip() or self.unlike or self.direction)

    @property
    def deepest(self) -> int:
        """How far down its neighbours it is looked through."""
        return COMPARED if self.collapse is not None or self.diversity else DEEPEST

    @property
    def known(self) -> tuple[str, ...]:
        """Ids of pictures that the one who asks has in hand: they are not found again."""
        return tuple(dict.fromkeys(name for name in (self.id, *self.like, *self.unlike) if name))


def require_k(k: int) -> None:
    """Raise UsageError unless so many neighbours can be asked for."""
    if not 1 <= k <= MOST:
        raise UsageError(f"k is from 1 to {MOST:,}, got {k:,}", hint="the rest can be had page by page")


def require_short(text: str) -> None:
    """Raise UsageError for a text that no tower reads to its end."""
    if len(text) > LONGEST:
        raise UsageError(
            f"a text has at most {LONGEST:,} characters, got {len(text):,}",
            hint="a model reads some 50 words: say what is seen in a sentence",
        )


def _require_finite(vector: npt.NDArray[Any] | Sequence[float] | None) -> None:
    if vector is None:
        return
    numbers = np.asarray(vector, dtype=np.float32)
    if numbers.ndim != 1 or not np.isfinite(numbers).all() or not numbers.any():
        raise UsageError("a query's vector is one row of finite numbers, not all of them zero")
