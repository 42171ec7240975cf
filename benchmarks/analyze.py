"""How fast the variation within species and neighbours are measured on a million vectors, and that they are right.

    OMP_NUM_THREADS=2 python benchmarks/analyze.py [--vectors 1000000] [--queries 10000] [--subsample 100000]

Vectors of 768 dimensions in float16 are drawn chunk by chunk into a memory map: 10,000 species in 500 clades, two
levels of each. The share inside the span is measured of the clades, the local one of the species, which are more than
dimensions. Then the same numbers of a subsample, beside the plain formulas in NumPy.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from thuja.structure.local import LocalSpans, confusables_of
from thuja.structure.local_share import measure_local
from thuja.structure.moments import moments_of
from thuja.structure.nearest import nearest_of
from thuja.structure.streaming import fisher_of, half_means, rests_of_rows, stream_shares

WIDTH, CLADES, CONFUSABLES, TEMPERATURE = 768, 500, 20, 0.05
ROWS = 16_384


class Clock:
    """Seconds of each part, and of the processor in it: on a machine that others use, the first says little."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.processor: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        started, before = time.perf_counter(), time.process_time()
        yield
        self.parts[name] = time.perf_counter() - started
        self.processor[name] = time.process_time() - before
        told = f"{name}: {self.parts[name]:.1f} s, of the processor {self.processor[name]:.1f} s"
        print(told, file=sys.stderr, flush=True)


def make(path: Path, count: int, species: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A float16 memory map (N, D), the species (N,) and whether each is of the second level (N,)."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((CLADES, WIDTH), dtype=np.float32)
    means = centres[np.arange(species) % CLADES] + 0.3 * generator.standard_normal((species, WIDTH), dtype=np.float32)
    scales = np.geomspace(2.0, 0.25, WIDTH).astype(np.float32)
    step = generator.standard_normal(WIDTH).astype(np.float32) / np.float32(np.sqrt(WIDTH))
    out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(count, WIDTH))
    numbers = generator.permutation(np.arange(count) % species)
    seconds = generator.random(count) < 0.5
    for start in range(0, count, ROWS):
        own = numbers[start : start + ROWS]
        drawn = np.random.default_rng([1, start]).standard_normal((len(own), WIDTH), dtype=np.float32)
        drawn *= scales
        drawn += means[own] + 4 * seconds[start : start + ROWS, None] * step
        out[start : start + ROWS] = drawn
    out.flush()
    return np.load(path, mmap_mode="r"), numbers, seconds


def halved(numbers: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Half of each species' rows (N,)."""
    order = np.lexsort((generator.random(len(numbers)), numbers))
    is_first = np.empty(len(numbers), dtype=bool)
    is_first[order] = np.arange(len(numbers)) % 2 == 0
    return is_first


def fast(
    vectors: np.ndarray, numbers: np.ndarray, seconds: np.ndarray, queries: np.ndarray, clock: Clock
) -> dict[str, float]:
    """All numbers as thuja measures them."""
    clades, species = numbers % CLADES, int(numbers.max()) + 1
    generator = np.random.default_rng(2)
    found: dict[str, float] = {}
    with clock.part("share at 500 species"):
        shares = stream_shares(vectors, clades, halved(clades, generator), count=CLADES)
        found |= {"share": shares.plain, "share, debiased": shares.debiased}
    with clock.part("local share at 10,000 species"):
        is_first = halved(numbers, generator)
        whole, first, second = half_means(vectors, numbers, is_first, count=species)
        spans = LocalSpans.of(
            whole, confusables_of(whole, count=CONFUSABLES, temperature=TEMPERATURE), halves=[(first, second)]
        )
        rests = rests_of_rows(vectors, numbers, is_first, (first, second))
        share, along = measure_local("all", spans, rests, generator, others=1, width=WIDTH)
        found |= {"local share": share.ratio.value, "local alignment": along.ratio.value}
        found["local share, of other species"] = share.null.value if share.null else float("nan")
    with clock.part("Fisher ratio at 10,000 species"):
        found["Fisher ratio"] = fisher_of(moments_of(vectors, 2 * numbers + seconds, count=2 * species)).value
    with clock.part("nearest neighbours"):
        places, _ = nearest_of(vectors[queries], vectors, exclude=queries)
        found["agreement"] = float((numbers[places[:, 0]] == numbers[queries]).mean())
    return found


def plain(
    vectors: np.ndarray, numbers: np.ndarray, seconds: np.ndarray, queries: np.ndarray, clock: Clock
) -> dict[str, float]:
    """The same numbers by the formulas as they are written, in float64, with all vectors in memory."""
    x, clades, species = vectors.astype(np.float64), numbers % CLADES, int(numbers.max()) + 1
    generator = np.random.default_rng(2)
    found: dict[str, float] = {}
    with clock.part("share at 500 species"):
        is_first = halved(clades, generator)
        found |= plain_shares(x, clades, is_first)
    with clock.part("local share at 10,000 species"):
        is_first = halved(numbers, generator)
        found |= plain_local(x, numbers, is_first, species)
    with clock.part("Fisher ratio at 10,000 species"):
        tops = bottoms = 0.0
        for one in range(species):
            first, second = x[(numbers == one) & ~seconds], x[(numbers == one) & seconds]
            if min(len(first), len(second)) > 1:
                spreads = first.var(axis=0, ddof=1).sum(), second.var(axis=0, ddof=1).sum()
                gap = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum()
                tops += gap - spreads[0] / len(first) - spreads[1] / len(second)
                bottoms += sum(spreads)
        found["Fisher ratio"] = float(tops / bottoms)
    with clock.part("nearest neighbours"):
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        cosines = unit[queries] @ unit.T
        cosines[np.arange(len(queries)), queries] = -np.inf
        found["agreement"] = float((numbers[cosines.argmax(axis=1)] == numbers[queries]).mean())
    return found


def plain_shares(x: np.ndarray, clades: np.ndarray, is_first: np.ndarray) -> dict[str, float]:
    """sum |V V' (x - m_s)|^2 / sum |x - m_s|^2, and its debiased form by the projection A (B'A)^-1 B'."""
    means, firsts, seconds = (
        np.stack([x[(clades == one) & part].mean(axis=0) for one in range(CLADES)])
        for part in (np.ones(len(x), bool), is_first, ~is_first)
    )
    left, sizes, axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    basis = axes[sizes > 1e-6 * sizes[0]].T
    rests = x - means[clades]
    value = (((rests @ basis) @ basis.T) ** 2).sum() / (rests**2).sum()
    a, b = firsts - firsts.mean(axis=0), seconds - seconds.mean(axis=0)
    agreed = []
    for own, other in ((a, b), (b, a)):
        along = np.linalg.svd(own, full_matrices=False)[2][:-1].T
        agreed.append(((own @ along) * (other @ along)).sum(axis=0) / ((own @ along) ** 2).sum(axis=0))
    known = int(np.argmin(np.append(np.mean(agreed, axis=0) >= 0.5, False)))
    scaled = left[:, :known] / sizes[:known]
    known = firm((scaled.T @ b) @ (scaled.T @ a).T)
    a, b = a.T @ left[:, :known], b.T @ left[:, :known]
    projection = a @ np.linalg.inv(b.T @ a) @ b.T
    rests = np.where(is_first[:, None], x - firsts[clades], x - seconds[clades])
    debiased = np.einsum("nd,nd->", rests @ projection, rests) / (rests**2).sum()
    return {"share": float(value), "share, debiased": float(debiased)}


def firm(agreement: np.ndarray) -> int:
    """How many leading pivots of the symmetric part of B'A are one half or more."""
    rest = (agreement + agreement.T) / 2
    for place in range(len(rest)):
        if rest[place, place] < 0.5:
            return place
        rest = rest - np.outer(rest[:, place], rest[place]) / rest[place, place]
    return len(rest)


def plain_local(x: np.ndarray, numbers: np.ndarray, is_first: np.ndarray, species: int) -> dict[str, float]:
    """sum x' C_s x of the p-weighted covariance of the confusable species, halves on either side, over traces."""
    means, firsts, seconds = (
        np.stack([x[(numbers == one) & part].mean(axis=0) for one in range(species)])
        for part in (np.ones(len(x), bool), is_first, ~is_first)
    )
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    tops = bottoms = 0.0
    for one in range(species):
        cosines = unit @ unit[one]
        near = np.argsort(-cosines, kind="stable")[: 1 + CONFUSABLES]
        p = np.exp((cosines[near] - 1) / TEMPERATURE)
        p /= p.sum()
        here, there = firsts[near] - p @ firsts[near], seconds[near] - p @ seconds[near]
        covariance = (here * p[:, None]).T @ there  # (D, D)
        for half, mean in ((is_first, firsts[one]), (~is_first, seconds[one])):
            rests = x[(numbers == one) & half] - mean
            tops += np.einsum("nd,nd->", rests @ covariance, rests)
            bottoms += np.trace(covariance) * (rests**2).sum()
    return {"local alignment": float(WIDTH * tops / bottoms)}


def matrix_rate() -> float:
    """GFLOP/s of a float32 product of the shape of the neighbour pass, the best of ten."""
    left, right = (np.random.default_rng(0).standard_normal((1448, WIDTH), dtype=np.float32) for _ in range(2))
    return best_rate(lambda: left @ right.T, 2 * 1448 * 1448 * WIDTH)


def best_rate(product: Callable[[], object], operations: float) -> float:
    seconds = []
    for _ in range(10):
        started = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - started)
    return operations / min(seconds) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--species", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--subsample", type=int, default=100_000)
    sizes = parser.parse_args()
    whole, ours, theirs = Clock(), Clock(), Clock()
    with tempfile.TemporaryDirectory() as folder:
        with whole.part("drawing"):
            vectors, numbers, seconds = make(Path(folder) / "vectors.npy", sizes.vectors, sizes.species)
        rate = matrix_rate()
        # Queries are stratified: the first image of each species, and so on.
        queries = np.argsort(numbers, kind="stable").reshape(sizes.species, -1).T.ravel()[: sizes.queries]
        started = time.perf_counter()
        found = fast(vectors, numbers, seconds, queries, whole)
        total = time.perf_counter() - started
        rate = max(rate, matrix_rate())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        few = numbers < sizes.subsample * sizes.species // sizes.vectors
        rows = np.flatnonzero(few)
        some, own, level = np.asarray(vectors[rows]), numbers[rows], seconds[rows]
        asked = np.arange(0, len(rows), max(1, len(rows) // 1000))
        again = fast(some, own, level, asked, ours)
        formula = plain(some, own, level, asked, theirs)
    print(f"{sizes.vectors:,} x {WIDTH} float16, {sizes.species:,} species; drawn in {whole.parts['drawing']:.0f} s")
    for name, value in found.items():
        print(f"  {name:34} {value:.4f}")
    for name, spent in list(whole.parts.items())[1:]:
        print(f"  {name:34} {spent:.1f} s, of the processor {whole.processor[name]:.1f} s")
    done = 2 * sizes.queries * sizes.vectors * WIDTH / whole.parts["nearest neighbours"] / 1e9
    spent = sum(list(whole.processor.values())[1:])
    print(f"  all {total:.0f} s, of the processor {spent:.0f} s, peak {peak:.1f} GiB (the memory map's pages counted)")
    print(f"  neighbours: {done:.0f} GFLOP/s, {done / rate:.0%} of this machine's {rate:.0f} in float32")
    print(f"{len(rows):,} of them, beside the plain formulas")
    for name, value in formula.items():
        print(f"  {name:34} {again[name]:.6f} {value:.6f}, apart {abs(again[name] - value):.1e}")
    for name, spent in theirs.processor.items():
        here = ours.processor[name]
        print(f"  {name:34} {here:.2f} s of the processor against {spent:.2f} s: {spent / here:.1f} x")
    here, there = sum(ours.processor.values()), sum(theirs.processor.values())
    print(f"  all {here:.1f} s of the processor against {there:.1f} s: {there / here:.1f} x")


if __name__ == "__main__":
    main()
