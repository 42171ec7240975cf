"""Search in one segment: codes find candidates among the rows that a filter keeps, the stored vectors score them."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile
from thuja.search.bits import Bits
from thuja.search.engine.building import CODES, LISTS, CodeSettings, build_codes
from thuja.search.engine.effort import DENSE, STANDARD, Effort
from thuja.search.engine.exact import score_candidates, search_exactly
from thuja.search.engine.found import Found, best
from thuja.search.engine.halves import HalfScan
from thuja.search.engine.vectors import Floats, MappedVectors, Vectors

REMEMBERED: Final = 32
"""Filters whose lists are kept in memory: a bit a row each."""


class Codes:
    """Search in one segment, from several threads at once."""

    def __init__(
        self,
        vectors: Vectors,
        index: faiss.IndexPreTransform | None = None,
        lists: npt.NDArray[np.uint16] | None = None,
    ) -> None:
        self.vectors = vectors
        self.index = index
        self.lists = lists
        self.list_count = faiss.downcast_index(index.index).nlist if index is not None else 0
        self._wanted = lru_cache(REMEMBERED)(self._holding)
        self._scan = HalfScan(vectors.halves) if isinstance(vectors, MappedVectors) and index is not None else None

    @classmethod
    def build(cls, vectors: Vectors, folder: Path, settings: CodeSettings | None = None) -> None:
        """Write the codes of all vectors into a segment's folder, in bounded memory; nothing for a small segment."""
        build_codes(vectors, folder, settings or CodeSettings())

    @classmethod
    def open(cls, folder: Path, vectors: Vectors) -> "Codes":
        """The codes of a segment; without them, where its folder holds none, search is exact.

        Raises BadFile for files that hold no codes, or those of other vectors.
        """
        if not (folder / CODES).exists():
            return cls(vectors)
        try:
            index = faiss.read_index(str(folder / CODES))
            lists = np.load(folder / LISTS, mmap_mode="r")
        except (RuntimeError, OSError, EOFError, ValueError) as error:  # RuntimeError is FAISS's for all that is wrong
            raise BadFile(f"{folder} holds no codes that can be read: {error}") from error
        inner = faiss.downcast_index(index.index) if isinstance(index, faiss.IndexPreTransform) else index
        if inner is index or not isinstance(inner, faiss.IndexIVF):
            raise BadFile(f"{folder / CODES} holds an index of another kind: {type(inner).__name__}")
        if (index.ntotal, index.d) != vectors.shape or lists.shape != vectors.shape[:1]:
            raise BadFile(f"{folder} holds codes of {index.ntotal} x {index.d} numbers for vectors of {vectors.shape}")
        return cls(vectors, index, lists)

    def search(self, queries: Floats, k: int, *, kept: Bits | None = None, effort: Effort = STANDARD) -> Found:
        """The k nearest rows of `kept` (all where None) to each of the unit vectors (Q, D), with exact cosines."""
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        assert queries.ndim == 2, queries.shape
        assert queries.shape[1] == self.vectors.shape[1], (queries.shape, self.vectors.shape)
        count = self.vectors.shape[0] if kept is None else kept.count
        if not len(queries) or not count:
            return Found.nothing(len(queries), k)
        if self.index is None or effort.wants_exact(kept=count, k=k, queries=len(queries)):
            return search_exactly(self.vectors, queries, k, kept=kept)
        wanted = self._wanted_lists(kept, count)
        part = count / self.vectors.shape[0]
        probes = effort.probes_for(k, lists=wanted.count, each=wanted.each, part=part)
        found = self._search(queries, k, effort=effort, parameters=_parameters(probes, kept, wanted.lists))
        short = np.flatnonzero(found.rows[:, -1] < 0)  # the nearest lists may hold fewer than k rows that are kept
        if len(short):
            again = search_exactly(self.vectors, queries[short], k, kept=kept)
            found.rows[short], found.scores[short] = again.rows, again.scores
        return found

    def _wanted_lists(self, kept: Bits | None, count: int) -> "_Wanted":
        if kept is None or count > DENSE * kept.size:
            return _Wanted(lists=None, count=self.list_count, each=count / self.list_count)
        return self._wanted(kept.packed.tobytes())

    def _holding(self, packed: bytes) -> "_Wanted":
        """What holds any of the rows: milliseconds for a million rows, so it is remembered."""
        assert self.lists is not None
        kept = Bits(packed=np.frombuffer(packed, dtype=np.uint8), size=len(self.lists))
        rows = np.bincount(self.lists[kept.mask()], minlength=self.list_count)
        lists = Bits.from_mask(rows > 0)
        return _Wanted(lists=lists, count=lists.count, each=float(np.median(rows[rows > 0])))

    def _search(
        self, queries: Floats, k: int, *, effort: Effort, parameters: faiss.SearchParametersPreTransform
    ) -> Found:
        """Candidates by their codes, and the best of them by their vectors."""
        candidates = effort.candidates_for(k)
        assert self.index is not None
        if self._scan is None:
            rows = self.index.search(queries, candidates, params=parameters)[1]
            return score_candidates(self.vectors, queries, rows, k)
        refine = faiss.IndexRefine(self.index, self._scan.index)
        both = faiss.IndexRefineSearchParameters(k_factor=candidates / k, base_index_params=parameters)
        scores, rows = refine.search(queries, k, params=both)
        return best(rows, scores, k)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """The `lists` that hold a row that is kept, None for all, and how many they are.

    The middle one holds `each` kept rows: of a region's, most lie in some lists, and most lists hold few of them.
    """

    lists: Bits | None
    count: int
    each: float


def _parameters(probes: int, kept: Bits | None, lists: Bits | None) -> faiss.SearchParametersPreTransform:
    """What FAISS is told: how many lists, which rows, and which lists hold any of them.

    What is handed to a constructor by its name is kept as long as what is made; FAISS before 1.15 does not keep what
    is set later.
    """
    told: dict[str, Any] = {"nprobe": probes}
    if kept is not None:
        told["sel"] = faiss.IDSelectorBitmap(kept.packed)
    if lists is not None:
        told["quantizer_params"] = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(lists.packed))
    return faiss.SearchParametersPreTransform(index_params=faiss.IVFSearchParameters(**told))
