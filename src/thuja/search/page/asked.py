"""What a page says was asked, in words and small pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from thuja.images import decode, encode_jpeg
from thuja.search.language import written
from thuja.search.query.asked import Direction, Query

_SIDE: Final = 288
_SHOWN: Final = 12
"""Pictures of a question that are shown."""

Thumbnail = Callable[[int], bytes | None]
"""The small picture of a row by its key, as JPEG."""


class Pictured(Protocol):
    """What has pictures under ids."""

    def keys_of(self, ids: Sequence[str]) -> list[int]:
        """Where ids stand."""

    def thumbnail(self, key: int) -> bytes | None:
        """The small picture of a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a page says was asked: a `title`, `facts` in words, and pictures (JPEG or PNG) with their names."""

    title: str
    facts: Mapping[str, str] = field(default_factory=dict)
    pictures: Sequence[tuple[str, bytes]] = ()


def asked_of(index: Pictured, query: Query, *, pictures: Sequence[tuple[str, bytes]] = ()) -> Asked:
    """A query as a page tells it; `pictures` are those handed in, with their names. They are shown small."""
    shown = [(name, _small(data)) for name, data in pictures[:_SHOWN]]
    for ids, how in (((query.id,) if query.id else (), ""), (query.like, "like "), (query.unlike, "unlike ")):
        for name, key in zip(ids, index.keys_of(ids) if ids else (), strict=True):
            small = index.thumbnail(key) if len(shown) < _SHOWN else None
            shown += [(f"{how}{name}", small)] if small else []
    return Asked(title=_title(query), facts=_facts(query, [name for name, _ in pictures]), pictures=shown)


def _title(query: Query) -> str:
    if query.text:
        return f"“{query.text}”" if len(query.text) <= 80 else f"“{query.text[:79]}…”"
    if query.has_pictures:
        return "Pictures like this"
    return "Pictures along a direction" if query.direction else "Pictures of a choice"


def _facts(query: Query, names: Sequence[str]) -> dict[str, str]:
    """What was said, without what was left at its default."""
    told = {
        "words": query.text,
        "pictures": ", ".join(names),
        "id": query.id,
        "like": ", ".join(query.like),
        "unlike": ", ".join(query.unlike),
        "direction": "" if query.direction is None else _way(query.direction),
        "filter": "; ".join(written(query.filter)),
        "grouped by": f"{query.group_by}, at most {query.per_group} of each" if query.group_by else "",
        "diversity": f"{query.diversity:g}" if query.diversity else "",
        "near-duplicates": f"shown once, from a cosine of {query.collapse:g} on" if query.collapse else "",
    }
    if query.text and query.has_pictures:
        told["weight of the words"] = f"{query.text_weight:g}"
    return {name: value for name, value in told.items() if value}


def _way(direction: Direction) -> str:
    strength = f", strength {direction.strength:g}"
    if direction.vector is not None:
        return f"one that was learnt{strength}"
    if direction.from_text:
        return f"from {direction.from_text} to {direction.to_text}{strength}"
    return f"from {', '.join(direction.from_ids)} to {', '.join(direction.to_ids)}{strength}"


def _small(data: bytes) -> bytes:
    picture = decode(data, draft=_SIDE)
    picture.thumbnail((_SIDE, _SIDE))
    return encode_jpeg(picture, 82)
