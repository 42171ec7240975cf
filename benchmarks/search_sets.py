"""What benchmarks/search.py searches in: clusters of two kinds, or real embeddings; filters; the true nearest.

Clusters lie around families, their sizes follow a power law, and what varies within them has a decaying spectrum, as in
the embeddings of organisms. Rows are in the order of clusters, as an index has them in the order of lineages, so a
filter of one kind is a run of rows (a taxon), of the other a draw (a date). Queries are new draws from the clusters.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from thuja.search.bits import Bits
from thuja.search.engine.exact import search_exactly
from thuja.search.engine.vectors import VECTORS, MappedVectors

Floats = npt.NDArray[np.float32]
SHARES = (0.1, 0.01, 0.001)
RUN = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`clusters` of which each varies by `spread` about its centre."""

    clusters: int
    spread: float


KINDS = {"clustered": Kind(clusters=10_000, spread=0.7), "loose": Kind(clusters=500, spread=1.5)}


def unit(vectors: npt.NDArray[np.floating]) -> Floats:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class Clusters:
    """Draws vectors of one kind."""

    def __init__(self, kind: Kind, dim: int, generator: np.random.Generator) -> None:
        self.kind, self.generator = kind, generator
        families = unit(generator.normal(size=(max(1, kind.clusters // 20), dim)))
        apart = 0.8 * unit(generator.normal(size=(kind.clusters, dim)))
        self.centres = unit(families[np.arange(kind.clusters) % len(families)] + apart)
        weights = generator.pareto(1.2, kind.clusters) + 0.2
        self.weights = weights / weights.sum()
        spectrum = np.arange(1, dim + 1) ** -0.5
        turned = np.linalg.qr(generator.normal(size=(dim, dim)))[0]
        self.axes = (turned * (spectrum / np.linalg.norm(spectrum))[:, None]).astype(np.float32)

    def labels(self, count: int) -> npt.NDArray[np.int64]:
        return self.generator.choice(self.kind.clusters, count, p=self.weights)

    def vectors(self, labels: npt.NDArray[np.int64]) -> Floats:
        noise = self.generator.standard_normal((len(labels), self.axes.shape[0]), dtype=np.float32) @ self.axes
        return unit(self.centres[labels] + self.kind.spread * noise)


def generate(folder: Path, rows: int, dim: int, *, kind: str, queries: int) -> None:
    """Write VECTORS and queries.npy into the folder."""
    clusters = Clusters(KINDS[kind], dim, np.random.default_rng(0))
    labels = np.sort(clusters.labels(rows))
    with (folder / VECTORS).open("wb") as file:
        for start in range(0, rows, RUN):
            clusters.vectors(labels[start : start + RUN]).astype("<f2").tofile(file)
    np.save(folder / "queries.npy", clusters.vectors(clusters.labels(queries)))


def read_real(folder: Path, table: Path, *, queries: int) -> int:
    """The same of a Parquet file of embeddings in the order of their lineages; queries are some of its rows."""
    read = pq.read_table(table)
    ranks = [
        name
        for name in ("kingdom", "phylum", "class", "order", "family", "genus", "species")
        if name in read.column_names
    ]
    vectors = unit(np.stack(read.sort_by([(name, "ascending") for name in ranks])["emb"].to_numpy()))
    vectors.astype("<f2").tofile(folder / VECTORS)
    np.save(folder / "queries.npy", vectors[:: max(1, len(vectors) // queries)][:queries])
    return vectors.shape[1]


def filters(rows: int) -> dict[str, Bits | None]:
    """No filter; then of each share a draw and a run of rows."""
    generator = np.random.default_rng(7)
    found: dict[str, Bits | None] = {"all": None}
    for share in SHARES:
        count = max(1, int(rows * share))
        start = int(generator.integers(rows - count + 1))
        found[f"date {share:.1%}"] = Bits.from_rows(generator.choice(rows, count, replace=False), size=rows)
        found[f"taxon {share:.1%}"] = Bits.from_range(start, start + count, size=rows)
    return found


def write_truth(folder: Path, dim: int, k: int) -> None:
    """The exact nearest rows under every filter: truth.npz."""
    vectors, queries = MappedVectors.open(folder / VECTORS, dim), np.load(folder / "queries.npy")
    every = filters(vectors.shape[0])
    np.savez(
        folder / "truth.npz",
        **{name: search_exactly(vectors, queries, k, kept=kept).rows for name, kept in every.items()},
    )
