"""What is worked out of one version of an index and kept: names, typical pictures, maps."""

from functools import cached_property

from thuja.labels import LabelSpace
from thuja.search.index import Index
from thuja.web.plane import Maps
from thuja.web.taxa import KnownTaxa
from thuja.web.typical import Typical


class Explored:
    """Of an index, or of labels alone."""

    def __init__(self, index: Index | None, labels: LabelSpace | None) -> None:
        self.index, self._labels = index, labels

    @cached_property
    def taxa(self) -> KnownTaxa:
        """The taxa that are known."""
        has_tree = self.index is not None and self.index.has_lineage
        return KnownTaxa(self.index.tree() if self.index is not None and has_tree else None, self._labels)

    @cached_property
    def typical(self) -> Typical:
        """Pictures that stand for taxa."""
        assert self.index is not None, "only an index has pictures"
        return Typical(self.index)

    @cached_property
    def maps(self) -> Maps:
        """The vectors in the plane."""
        assert self.index is not None, "only an index has vectors"
        return Maps(self.index)
