"""Zero-shot against a label space of the size of TreeOfLife-200M's: top 5 and all seven ranks, in one pass.

    python benchmarks/evaluate_zero_shot.py [--images 10000] [--labels 867455] [--dim 768] [--plain 128]

Labels are random vectors of length one in a float16 file, mapped into memory, under lineages of the embedded
backbone (so that clades have true sizes); images are random too. The rate is told as a share of the fastest
float32 product that this machine does in the same run, measured before and after, over all its threads. Some
images are asked in the plain way as well (`zero_shot`, then `Clades`), and the answers must be the same.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.classify import Clades, Ranked, Tree, best_at_every_rank, top_k, zero_shot
from thuja.encode.label_sources import find_labels
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float32]

SCALE = 100.0
CHUNK = 1 << 15


def unit_rows(generator: np.random.Generator, count: int, dim: int) -> Floats:
    vectors = generator.standard_normal((count, dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def draw_taxa(count: int) -> list[Taxon]:
    """Species of the embedded backbone, in the order of their lineages; all of them if there are fewer."""
    rows = find_labels(["backbone"])
    chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:count])
    taxa = []
    for row in rows.table[chosen].iter_rows(named=True):
        taxa.append(Taxon.from_columns(row))
    return taxa


def write_vectors(path: Path, count: int, dim: int) -> None:
    """A float16 matrix as a label space keeps it."""
    if path.exists() and np.load(path, mmap_mode="r").shape == (count, dim):
        return
    generator = np.random.default_rng(1)
    matrix = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(count, dim))
    for start in range(0, count, CHUNK):
        matrix[start : start + CHUNK] = unit_rows(generator, min(CHUNK, count - start), dim)
    matrix.flush()


def product_rate(dim: int) -> float:
    """GFLOP/s of the fastest of some float32 products of this inner size, each the best of a few."""
    generator = np.random.default_rng(2)
    rates = []
    for rows, columns in ((2048, 2048), (4096, 4096), (2048, 10_000)):
        left, right = unit_rows(generator, rows, dim), unit_rows(generator, columns, dim)
        out = np.empty((rows, columns), dtype=np.float32)
        seconds = []
        for _ in range(8):
            started = time.perf_counter()
            np.matmul(left, right.T, out=out)
            seconds.append(time.perf_counter() - started)
        rates.append(2 * rows * columns * dim / min(seconds) / 1e9)
    return max(rates)


def memory() -> float:
    """The most memory that this process had resident, in GB; what is mapped from files counts."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def same_as_plain(ranked: Ranked, images: Floats, labels: LabelSpace, tree: Tree) -> float:
    """The greatest difference of a score to the plain way; an answer that differs must score the same there."""
    posterior = zero_shot(images, labels, scale=SCALE)
    gap = 0.0
    for rank in [None, *RANKS]:
        best = ranked.labels if rank is None else ranked.clades[rank]
        plain = posterior if rank is None or rank == Rank.SPECIES else Clades.of(labels, rank).gather(posterior)
        expected = top_k(plain, best.scores.shape[1]).scores
        told = np.take_along_axis(plain, best.indices[: len(images)], axis=1)
        gap = max(gap, *(float(np.abs(scores - expected).max()) for scores in (best.scores[: len(images)], told)))
    assert len(tree) == len(labels)
    return gap


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--labels", type=int, default=867_455)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--top", type=int, default=5)
    parser.add_argument("--plain", type=int, default=128, help="Images that are asked in the plain way too.")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "thuja-benchmarks")
    sizes = parser.parse_args()
    sizes.folder.mkdir(parents=True, exist_ok=True)
    taxa = draw_taxa(sizes.labels)
    path = sizes.folder / f"labels-{len(taxa)}-{sizes.dim}.npy"
    write_vectors(path, len(taxa), sizes.dim)
    labels = LabelSpace(
        texts=[taxon.scientific_name for taxon in taxa], vectors=np.load(path, mmap_mode="r"), model="random", taxa=taxa
    )
    images = unit_rows(np.random.default_rng(3), sizes.images, sizes.dim)
    started = time.perf_counter()
    tree = Tree.of(labels)
    made = time.perf_counter() - started
    counts = ", ".join(f"{len(tree.taxa[rank]):,} at {rank.label}" for rank in RANKS)
    print(f"{len(labels):,} labels of {sizes.dim} dimensions, {counts}; tree made in {made:.1f} s")

    before, held = product_rate(sizes.dim), memory()
    started = time.perf_counter()
    ranked = best_at_every_rank(images, labels, scale=SCALE, k=sizes.top, tree=tree)
    seconds, peak = time.perf_counter() - started, memory()
    after = product_rate(sizes.dim)
    rate = 2 * sizes.images * len(labels) * sizes.dim / seconds / 1e9
    print(f"{sizes.images:,} images in {seconds:.1f} s: {sizes.images / seconds:,.0f} images/s, {rate:.0f} GFLOP/s")
    print(
        f"products alone {before:.0f} GFLOP/s before, {after:.0f} after: {rate / max(before, after):.0%} of the better"
    )
    print(
        f"most memory {peak:.2f} GB ({held:.2f} before: images, lineages and the tree); load {os.getloadavg()[0]:.1f}"
    )
    if sizes.plain:
        some = images[: sizes.plain]
        print(
            f"greatest difference to the plain way, {len(some)} images: {same_as_plain(ranked, some, labels, tree):.1e}"
        )


if __name__ == "__main__":
    main()
