"""What benchmarks/search.py compares: the engine of thuja, FAISS, USearch and LanceDB, each built, opened, searched.

A peer is built into a folder and opened in another process. `levels` are its settings from fast to thorough. Those that
score again do so from the same mapped float16 rows as thuja.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import faiss
import numpy as np
import numpy.typing as npt

from thuja.search.bits import Bits
from thuja.search.engine.building import CodeSettings
from thuja.search.engine.codes import Codes
from thuja.search.engine.effort import STANDARD, Effort
from thuja.search.engine.halves import HalfScan
from thuja.search.engine.vectors import MappedVectors

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Search = Callable[[Floats, int, Bits | None], Rows]
IP = faiss.METRIC_INNER_PRODUCT
RUN = 50_000


def label(level: object) -> str:
    """A level in few words."""
    if isinstance(level, Effort):
        return "by itself" if level == STANDARD else f"{level.probes} lists"
    return str(level)


def lists_for(rows: int) -> int:
    """Inverted lists that every engine of such gets: as many as thuja's."""
    return CodeSettings().lists_for(rows)


class Peer(Protocol):
    """One engine."""

    levels: tuple[object, ...]
    most_queries: int | None
    """More than these are not worth the time where each is searched by itself."""

    def build(self, vectors: MappedVectors, folder: Path) -> None: ...

    def open(self, vectors: MappedVectors, folder: Path) -> Callable[[object], Search]:
        """A function from a level to a search; raises KeyError for a filter that the engine has no word for."""


class Thuja:
    """What `thuja index` builds."""

    most_queries = None
    levels = (Effort(probes=16), Effort(probes=32), STANDARD, Effort(probes=128, candidates=320))

    def build(self, vectors: MappedVectors, folder: Path) -> None:
        Codes.build(vectors, folder)

    def open(self, vectors: MappedVectors, folder: Path) -> Callable[[object], Search]:
        codes = Codes.open(folder, vectors)
        return lambda effort: lambda queries, k, kept: codes.search(queries, k, kept=kept, effort=effort).rows


class Faiss:
    """An index by FAISS's own recipe; `refine` times k are scored again where it is not 0."""

    most_queries = None

    def __init__(self, recipe: str, levels: tuple[int, ...], refine: int = 0, sample: int = 40) -> None:
        self.recipe, self.levels, self.refine, self.sample = recipe, levels, refine, sample

    def build(self, vectors: MappedVectors, folder: Path) -> None:
        rows, dim = vectors.shape
        lists = lists_for(rows)
        index = faiss.index_factory(dim, self.recipe.format(lists=lists), IP)
        if not index.is_trained:
            drawn = np.sort(np.random.default_rng(0).choice(rows, min(rows, self.sample * lists), replace=False))
            index.train(vectors.take(drawn).astype(np.float32))
        for start in range(0, rows, RUN):
            index.add(vectors.run(start, min(start + RUN, rows)).astype(np.float32))
        faiss.write_index(index, str(folder / "index.faiss"))

    def open(self, vectors: MappedVectors, folder: Path) -> Callable[[object], Search]:
        index = faiss.read_index(str(folder / "index.faiss"))
        scan = HalfScan(vectors.halves)
        refined = faiss.IndexRefine(index, scan.index) if self.refine else None

        def at(level: object) -> Search:
            def search(queries: Floats, k: int, kept: Bits | None) -> Rows:
                assert scan is not None  # keeps the rows in place
                parameters = self._parameters(index, level, kept)
                if refined is None:
                    return index.search(queries, k, params=parameters)[1]
                both = faiss.IndexRefineSearchParameters(k_factor=self.refine, base_index_params=parameters)
                return refined.search(queries, k, params=both)[1]

            return search

        return at

    def _parameters(self, index: faiss.Index, level: object, kept: Bits | None) -> faiss.SearchParameters:
        rows = {} if kept is None else {"sel": faiss.IDSelectorBitmap(kept.packed)}
        if "HNSW" in self.recipe:
            return faiss.SearchParametersHNSW(efSearch=level, **rows)
        within = faiss.IVFSearchParameters(nprobe=level, **rows)
        if isinstance(index, faiss.IndexPreTransform):
            return faiss.SearchParametersPreTransform(index_params=within)
        return within


class USearch:
    """A graph over bfloat16; it takes no filter from Python."""

    most_queries = None
    levels = (128, 512)

    def build(self, vectors: MappedVectors, folder: Path) -> None:
        from usearch.index import Index

        index = Index(ndim=vectors.shape[1], metric="ip", dtype="bf16")
        for start in range(0, vectors.shape[0], RUN):
            stop = min(start + RUN, vectors.shape[0])
            index.add(np.arange(start, stop), vectors.run(start, stop).astype(np.float32))
        index.save(str(folder / "index.usearch"))

    def open(self, vectors: MappedVectors, folder: Path) -> Callable[[object], Search]:
        from usearch.index import Index

        index = Index.restore(str(folder / "index.usearch"))

        def at(level: object) -> Search:
            def search(queries: Floats, k: int, kept: Bits | None) -> Rows:
                if kept is not None:
                    raise KeyError("filter")
                index.expansion_search = level
                found = index.search(queries, k)
                return np.asarray(found.keys, dtype=np.int64).reshape(len(queries), -1)

            return search

        return at


class Lance:
    """IVF-PQ with its vectors scored again; filters are a condition on a column; one query at a time.

    Vectors are of length 1, for which the cosine is the product; by the product it codes no differences from centres.
    """

    levels = (32, 128)
    most_queries = 1000

    def build(self, vectors: MappedVectors, folder: Path) -> None:
        import lancedb
        import pyarrow as pa

        from search_sets import filters

        rows, dim = vectors.shape
        masks = {name: kept.mask() for name, kept in filters(rows).items() if kept is not None}

        def batches() -> Iterator[pa.RecordBatch]:
            for start in range(0, rows, RUN):
                stop = min(start + RUN, rows)
                flat = pa.array(vectors.run(start, stop).astype(np.float32).ravel())
                columns = {
                    "row": pa.array(np.arange(start, stop)),
                    "vector": pa.FixedSizeListArray.from_arrays(flat, dim),
                }
                columns |= {f"f{number}": pa.array(mask[start:stop]) for number, mask in enumerate(masks.values())}
                yield pa.record_batch(columns)

        first = next(batches())
        table = lancedb.connect(str(folder)).create_table("t", batches(), schema=first.schema)
        table.create_index(
            metric="cosine", num_partitions=lists_for(rows), num_sub_vectors=dim // 8, index_type="IVF_PQ"
        )

    def open(self, vectors: MappedVectors, folder: Path) -> Callable[[object], Search]:
        import lancedb

        from search_sets import filters

        table = lancedb.connect(str(folder)).open_table("t")
        names = {
            kept.packed.tobytes(): f"f{number}"
            for number, kept in enumerate(k for k in filters(vectors.shape[0]).values() if k)
        }

        def at(level: object) -> Search:
            def search(queries: Floats, k: int, kept: Bits | None) -> Rows:
                found = np.full((len(queries), k), -1)
                for number, query in enumerate(queries):
                    asked = (
                        table.search(query)
                        .distance_type("cosine")
                        .nprobes(level)
                        .refine_factor(16)
                        .limit(k)
                        .select(["row"])
                    )
                    if kept is not None:
                        asked = asked.where(names[kept.packed.tobytes()], prefilter=True)
                    rows = asked.to_arrow()["row"].to_numpy()
                    found[number, : len(rows)] = rows
                return found

            return search

        return at


PEERS: dict[str, Callable[[], Peer]] = {
    "thuja": Thuja,
    "faiss IVF-SQ8": lambda: Faiss("IVF{lists},SQ8", (8, 32, 128)),
    "faiss IVF-PQ64 + re-rank": lambda: Faiss("IVF{lists},PQ64", (16, 32, 64), refine=16),
    "faiss IVF-PQ256 fast scan + re-rank": lambda: Faiss("RR,IVF{lists},PQ256x4fsr", (16, 32, 64), refine=16),
    "faiss IVF-RaBitQ fast scan + re-rank": lambda: Faiss("RR,IVF{lists},RaBitQfs", (16, 32, 64), refine=16),
    "faiss HNSW32": lambda: Faiss("HNSW32", (128, 512)),
    "usearch bf16": USearch,
    "lancedb IVF-PQ + refine": Lance,
}
