"""The difference of two catalogs in numbers, and in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

KINDS: Mapping[str, str] = {
    "added": "not in the old catalog",
    "withdrawn": "not in the new catalog",
    "reidentified": "another taxon",
    "relicensed": "another licence",
    "bytes_changed": "another file behind the same id",
    "dropped": "kept before, dropped since",
    "regained": "dropped before, kept since",
    "split_moved": "another split",
}
"""Every kind of change; an image may have several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How many images went from one value to another; None where there was or is none."""

    before: str | None
    after: str | None
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogChanges:
    """The difference of two catalogs. `moves` has for each kind the commonest changes, `must_leave` counts images.

    `copies_into_training` counts images in training that are copies of one that the old catalog measured on: with its
    bytes or pixels, or dropped for it then.
    """

    old: str
    new: str
    read_old: int
    read_new: int
    kept_old: int
    kept_new: int
    same: int
    counts: Mapping[str, int]
    by_rank: Mapping[str, int]
    moves: Mapping[str, Sequence[Move]]
    must_leave: int
    copies_into_training: int
    file: str
    take_down: str

    @property
    def into_training(self) -> int:
        """Images that went from being measured on to being trained on, themselves or as a copy."""
        moves = self.moves.get("split_moved", ())
        return sum(move.images for move in moves if move.after == "train") + self.copies_into_training

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _lines(changes: CatalogChanges) -> Iterator[str]:
    yield f"old: {changes.old}: {changes.read_old:,} images, {changes.kept_old:,} kept"
    yield f"new: {changes.new}: {changes.read_new:,} images, {changes.kept_new:,} kept"
    yield f"{changes.same:>12,}  unchanged"
    for kind, count in changes.counts.items():
        yield f"{count:>12,}  {kind.replace('_', ' ')} ({KINDS[kind]})"
        if kind == "reidentified":
            ranks = ", ".join(f"{name} {images:,}" for name, images in changes.by_rank.items())
            yield f"{'':<14}highest rank that changed: {ranks}"
        for move in changes.moves.get(kind, ()):
            yield f"{move.images:>16,}  {move.before or 'none'} -> {move.after or 'none'}"
    if changes.into_training:
        yield f"warning: {changes.into_training:,} images that were measured on are in the training split"
    yield f"every change: {changes.file}"
    if changes.must_leave:
        yield f"{changes.must_leave:,} images must leave the old shards: {changes.take_down}"
