"""The picture that stands for a taxon: of a sample of its rows the one nearest to their mean that has a thumbnail."""

from collections.abc import Sequence
from typing import Final

from thuja.search.columns.lineages import Node
from thuja.search.index import Index
from thuja.search.recent import Recent
from thuja.web.sampling import nearest_to_mean

_KEPT: Final = 10_000
"""Taxa whose picture is remembered."""
_MOST: Final = 256
_FEWEST: Final = 8
"""Rows that are looked at for one taxon."""
_AT_ONCE: Final = 4_096
"""Rows that are looked at for all children of a taxon."""


class Typical:
    """Finds them for one version of an index, and remembers. Safe among threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: Recent[tuple[str, ...], int] = Recent(_KEPT)

    def keys(self, nodes: Sequence[Node]) -> list[int | None]:
        """A key for each node, None where it has no picture."""
        if not self._index.has_thumbnails:
            return [None] * len(nodes)
        rows = min(_MOST, max(_FEWEST, _AT_ONCE // max(1, len(nodes))))
        return [self._of(node, rows) for node in nodes]

    def _of(self, node: Node, rows: int) -> int | None:
        name = node.taxon.names
        known = self._known.get(name)
        if known is not None:
            return known
        found = self._found(node, rows)
        if found is not None:
            self._known.put(name, found)
        return found

    def _found(self, node: Node, rows: int) -> int | None:
        example = node.example_key
        if example is None or not self._index.has_thumbnail(example):
            return None  # the example has a thumbnail wherever any row of the taxon has one
        if node.count == 1:
            return example
        keys = self._index.tree().sample(node.taxon, most=rows)
        if not len(keys):  # most of its rows are deleted
            return example
        order = nearest_to_mean(self._index.vectors(keys))
        shown = (int(key) for key in keys[order] if self._index.has_thumbnail(int(key)))
        return next(shown, example)
