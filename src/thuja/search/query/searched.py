"""What a query needs of an index: `thuja.search.index.Index` has it, and so may anything else that holds vectors."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.search.columns.facets import FacetCount
from thuja.search.columns.tree import Tree
from thuja.search.engine.effort import Effort
from thuja.search.filters import Filter


class Near(Protocol):
    """Keys (Q, k), -1 where fewer were found, and their cosines (Q, k), descending."""

    @property
    def keys(self) -> npt.NDArray[np.int64]:
        """Which rows."""

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        """How near."""


class Searched(Protocol):
    """An opened index at one version."""

    @property
    def model(self) -> str:
        """Whose vectors it holds."""

    @property
    def dim(self) -> int:
        """How long they are."""

    @property
    def columns(self) -> Mapping[str, object]:
        """The kind of each column."""

    def __len__(self) -> int: ...

    def search(
        self, vectors: npt.NDArray[np.float32], *, k: int, filter: Filter | None = None, effort: Effort = ...
    ) -> Near:
        """The neighbours of (Q, D) vectors."""

    def count(self, filter: Filter | None) -> int:
        """How many rows a filter keeps."""

    def rows(self, keys: Sequence[int], columns: Sequence[str] | None = None) -> pa.Table:
        """What is told of rows, in the order of the keys."""

    def keys_of(self, ids: Sequence[str]) -> list[int]:
        """Where ids stand; raises UnknownName."""

    def vectors(self, keys: Sequence[int]) -> npt.NDArray[np.float32]:
        """The vectors of rows (n, D)."""

    def sample(self) -> npt.NDArray[np.float32]:
        """The vectors (n, D) of some rows from all over the index, the same ones each time."""

    def facets(
        self, names: Sequence[str], *, filter: Filter | None = None, most: int = 50
    ) -> Mapping[str, Sequence[FacetCount]]:
        """How many rows that a filter keeps have each value."""

    def tree(self) -> Tree:
        """The tree of life of the index."""
