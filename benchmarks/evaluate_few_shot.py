"""Few-shot of a whole benchmark from vectors: seconds, share of the matrix rate, memory; beside the dense way.

    python benchmarks/evaluate.py few-shot [--images 50000] [--dim 768] [--classes 555] [--queries 512] [--whole]

Five folds, 1 and 5 shots. The dense way is that of BioCLIP 2's `simpleshot.py`, written from its description: the
differences of a batch of queries from every class mean, (b, C, D), and their norms. It is timed on some queries of each
fold, between two of our runs, and brought to all of them; with --whole on all. Both see the same support, and their
answers are compared. The matrix rate is taken before and after each fold. Memory is the peak of a process of its own
that measures one task both ways, table and all.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.evaluate.protocols.classes import Classes
from thuja.evaluate.protocols.few_shot import SHOTS, Fold, draw_public, nearest
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.task import BOTH, Images, View

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
BATCHES = (64, 256)


def make(images: int, dim: int, classes: int) -> tuple[Floats, Indices]:
    """Vectors in a cone, as a model's are, each class about a mean of its own."""
    generator = np.random.default_rng(0)
    truth = generator.permutation(np.arange(images) % classes)
    means = generator.standard_normal((classes, dim), dtype=np.float32) + 2
    vectors = generator.standard_normal((images, dim), dtype=np.float32)
    vectors *= 3
    for start in range(0, images, 1024):
        vectors[start : start + 1024] += means[truth[start : start + 1024]]
    return vectors, truth


def dense(vectors: Floats, truth: Indices, fold: Fold, queries: Indices, batch: int) -> Indices:
    """The class of each query, by norms of all differences."""
    import torch  # not at the top: the process whose memory is measured has none of it

    units = torch.nn.functional.normalize(torch.from_numpy(vectors[fold.support]), dim=1)
    mean = units.mean(dim=0)
    support = torch.nn.functional.normalize(units - mean, dim=1)
    labels = torch.from_numpy(truth[fold.support])
    means = torch.stack([support[labels == label].mean(dim=0) for label in labels.unique()])
    asked = torch.nn.functional.normalize(torch.from_numpy(vectors[queries]), dim=1)
    asked = torch.nn.functional.normalize(asked - mean, dim=1)
    found = []
    for start in range(0, len(asked), batch):
        distance = torch.linalg.vector_norm(asked[start : start + batch, None] - means, dim=2)  # (b, C)
        found.append(distance.argmin(dim=1))
    return labels.unique().numpy()[torch.cat(found).numpy()]


def matrix_rate(rows: int, dim: int, classes: int) -> float:
    """GFLOP/s of the product that the work is made of, over a hundred of them."""
    left, right = np.ones((rows, dim), np.float32), np.ones((dim, classes), np.float32)
    started = time.perf_counter()
    for _ in range(100):
        left @ right
    return 100 * 2 * rows * dim * classes / (time.perf_counter() - started) / 1e9


def peak_memory(sizes: Sequence[int]) -> tuple[float, float]:
    """Seconds and peak MiB of a process that measures a whole task both ways."""
    words = [sys.executable, str(Path(__file__)), "--memory", *(f"--{name}={size}" for name, size in zip(
        ("images", "dim", "classes"), sizes, strict=True))]  # fmt: skip
    seconds, peak = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(peak)


def report_memory(images: int, dim: int, classes: int) -> None:
    """Measure a task in this process, and print its seconds and this process's peak."""
    vectors, truth = make(images, dim, classes)
    names = tuple(f"class {number}" for number in range(classes))
    task = Labelled(
        images=Images(folder=Path(), paths=tuple(f"{row:06}.jpg" for row in range(images))),
        truth=truth,
        classes=Classes(names=names),
    )
    started = time.perf_counter()
    task.measure(View(vectors=vectors), BOTH)
    seconds = time.perf_counter() - started
    # Not ru_maxrss: a new process inherits its parent's there.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(seconds, int(status.partition("VmHWM:")[2].split()[0]) / 1024)


def compare(images: int, dim: int, classes: int, *, queries: int | None) -> None:
    """Time both ways on the public folds, and print what came out."""
    vectors, truth = make(images, dim, classes)
    started = time.perf_counter()
    drawn = draw_public(truth, SHOTS)
    draws = time.perf_counter() - started
    folds = [fold for shots in SHOTS for fold in drawn[shots]]
    ours = theirs = 0.0
    differ = asked = 0
    shares = []
    for number, fold in enumerate(folds):
        before = matrix_rate(1024, dim, classes)
        started = time.perf_counter()
        answers = nearest(vectors, truth, fold).indices[:, 0]
        fold_seconds = time.perf_counter() - started
        ours += fold_seconds
        flop = 2 * len(fold.query) * dim * classes
        shares.append(flop / fold_seconds / 1e9 / np.mean([before, matrix_rate(1024, dim, classes)]))
        some = np.random.default_rng(number).permutation(len(fold.query))[:queries]
        seconds = []
        for batch in BATCHES if queries else BATCHES[:1]:
            started = time.perf_counter()
            dense_answers = dense(vectors, truth, fold, fold.query[some], batch)
            seconds.append((time.perf_counter() - started) * len(fold.query) / len(some))
        theirs += min(seconds)
        differ += int((dense_answers != answers[some]).sum())
        asked += len(some)
    print(f"ours      {ours:.1f} s for {len(folds)} folds, and {draws:.1f} s to draw them")
    low, middle, high = np.quantile(shares, [0, 0.5, 1])
    print(f"          {middle:.0%} of the matrix rate around each fold (median; {low:.0%} to {high:.0%})")
    scaled = "" if queries is None else f", from {queries} queries a fold, the better of batches of {BATCHES}"
    print(f"dense     {theirs:.0f} s{scaled}")
    print(f"ratio     {theirs / (ours + draws):.0f} times; {differ} of {asked} answers differ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--classes", type=int, default=555)
    parser.add_argument("--queries", type=int, default=512)
    parser.add_argument("--whole", action="store_true", help="Ask the dense way all queries.")
    parser.add_argument("--memory", action="store_true", help="Only measure one task, and print seconds and MiB.")
    given = parser.parse_args()
    sizes = (given.images, given.dim, given.classes)
    if given.memory:
        report_memory(*sizes)
        return
    print(f"{given.images:,} images, {given.dim} numbers, {given.classes} classes")
    compare(*sizes, queries=None if given.whole else given.queries)
    seconds, peak = peak_memory(sizes)
    print(f"task      {seconds:.1f} s both ways with intervals and table, peak {peak:.0f} MiB, vectors among it")


if __name__ == "__main__":
    main()
