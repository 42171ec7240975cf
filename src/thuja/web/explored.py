"""What is worked out of one version of an index and kept: names, typical pictures, maps."""

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.search.index import Index
from thuja.web.drawing import DrawingBoard
from thuja.web.plane import Maps
from thuja.web.problems import Missing
from thuja.web.sampling import sampled
from thuja.web.taxa import KnownTaxa, NamedTree
from thuja.web.typical import Typical

_MIDDLE: Final = 10_000
"""Vectors whose mean stands for all."""


class Explored:
    """Of an index, or of labels alone."""

    def __init__(self, index: Index | None, labels: NamedTree | None, board: DrawingBoard) -> None:
        self.index, self._labels, self._board = index, labels, board

    def require_index(self) -> Index:
        """The index that all of this is of: an endpoint asks it alone, as a newer one may stand beside it meanwhile."""
        if self.index is None:
            raise Missing("this server has no index", hint="start it with --index")
        return self.index

    def require_lineage(self) -> Index:
        """The same where it has lineages; raises Missing."""
        index = self.require_index()
        if not index.has_lineage:
            raise Missing("this index has no lineages", hint="columns such as family, genus and species bring them")
        return index

    @cached_property
    def taxa(self) -> KnownTaxa:
        """The taxa that are known."""
        index = self.index
        tree = None if index is None or not index.has_lineage else NamedTree.of_tree(index.tree())
        return KnownTaxa(tree, self._labels)

    @cached_property
    def typical(self) -> Typical:
        """Pictures that stand for taxa."""
        return Typical(self.require_index())

    @cached_property
    def middle(self) -> npt.NDArray[np.float32]:
        """The mean of the index's vectors (D,), of a sample of many."""
        index = self.require_index()
        keys, _ = sampled(index, None, most=_MIDDLE)
        return np.asarray(index.vectors(keys).mean(axis=0), dtype=np.float32)

    @cached_property
    def maps(self) -> Maps:
        """The vectors in the plane."""
        return Maps(self.require_index(), self._board)
