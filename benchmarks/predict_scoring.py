"""Vectors to answers alone: thuja's pass over the labels against pybioclip's two functions, on the same arrays."""

import json
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from peers import declare_operators
from predict_run import Run
from published_labels import MIN_PROB, SCALE, label_files
from thuja.classify import Tree, best_at_every_rank
from thuja.labels import LabelSpace
from thuja.predict.kept_labels import open_published

Floats = npt.NDArray[np.float32]

IMAGES, PEER_IMAGES, REPEATS = 200, 40, 3
K = 5


def product_rate(images: Floats, labels: Floats) -> float:
    """GFLOP/s of these images' product with some thousand labels by NumPy, the best of a few."""
    seconds = []
    out = np.empty((len(labels), len(images)), dtype=np.float32)
    for _ in range(7):
        started = time.perf_counter()
        np.matmul(labels, images.T, out=out)
        seconds.append(time.perf_counter() - started)
    return 2 * out.size * images.shape[1] / min(seconds) / 1e9


def copy_rate() -> float:
    """GB/s read, of a copy of half a gigabyte, the best of a few."""
    source = np.ones(2**27, dtype=np.float32)
    target = np.empty_like(source)
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - started)
    return source.nbytes / min(seconds) / 1e9


class Clock:
    """Wall and processor seconds of a piece of work; on a busy machine the second tells more."""

    def __init__(self, work: Callable[[], object]) -> None:
        began, used = time.perf_counter(), time.process_time()
        self.result: Any = work()
        self.wall, self.cpu = time.perf_counter() - began, time.process_time() - used

    def __str__(self) -> str:
        return f"{self.wall:.2f} s (CPU {self.cpu:.2f} s)"


def peer(run: Run) -> Any:
    """pybioclip's classifier without its model: what scores need of it."""
    declare_operators()
    from bioclip.predict import TreeOfLifeClassifier

    classifier = TreeOfLifeClassifier.__new__(TreeOfLifeClassifier)
    torch.nn.Module.__init__(classifier)
    matrix, names = label_files(run.home, run.shape)
    classifier.txt_embeddings = torch.from_numpy(np.load(matrix))
    classifier.txt_names = json.loads(names.read_text(encoding="utf-8"))
    classifier._subset_txt_embeddings = classifier._subset_txt_names = None
    return classifier


def main(run: Run) -> None:
    from bioclip import Rank as PeerRank

    theirs = peer(run)
    kept, tree = kept_labels(run)
    images = run.vectors(count=min(IMAGES, len(run.photos)), step=max(1, len(run.photos) // IMAGES))
    count, dim = len(images), kept.vectors.shape[1]
    ours = {some: [_ours(images[:some], kept, tree) for _ in range(REPEATS)] for some in sorted({1, 16, count})}
    product = product_rate(images, np.asarray(kept.vectors[:8192], np.float32))
    copied = copy_rate()
    for some, clocks in ours.items():
        best = min(clock.wall for clock in clocks)
        rate, read = 2 * some * len(kept) * dim / best / 1e9, kept.vectors.nbytes / best / 1e9
        print(f"thuja, {some} images, all seven ranks: {', '.join(map(str, clocks))}")
        print(f"  the best: {rate:,.0f} GFLOP/s, {rate / product:.0%} of products; labels read at {read:.1f} GB/s")
    print(f"products of {count} images alone {product:,.0f} GFLOP/s, copies read {copied:.1f} GB/s", flush=True)

    some = torch.from_numpy(images[:: max(1, count // PEER_IMAGES)][:PEER_IMAGES].copy())
    posterior = Clock(lambda: torch.softmax(SCALE * some @ theirs.txt_embeddings, dim=1))
    probabilities = posterior.result
    passing = float((probabilities > MIN_PROB).sum(dim=1).float().mean())
    print(f"pybioclip, {len(some)} images, posterior: {posterior}; {passing:,.0f} species an image pass {MIN_PROB:g}")
    times, fast = count / len(some), min(ours[count], key=lambda clock: clock.wall)
    whole = [posterior.wall, posterior.cpu]
    for rank in PeerRank:
        if rank is PeerRank.SPECIES:
            clock = Clock(lambda: [theirs.format_species_probs("", one, K) for one in probabilities])
        else:
            clock = Clock(lambda rank=rank: [theirs.format_grouped_probs("", one, rank, k=K) for one in probabilities])
        whole = [whole[0] + clock.wall, whole[1] + clock.cpu]
        alone = times * (clock.wall + posterior.wall) / fast.wall
        cpu = times * (clock.cpu + posterior.cpu) / fast.cpu
        print(f"pybioclip, {rank.get_label()}: {clock}; with the posterior thuja is {alone:.1f} x ({cpu:.1f} x by CPU)")
    wall, cpu = times * whole[0], times * whole[1]
    print(f"all seven for {count} images: {wall:.1f} s ({cpu:.1f} s), thuja {wall / fast.wall:.0f} x", end="")
    print(f" ({cpu / fast.cpu:.0f} x by CPU); load {os.getloadavg()[0]:.1f}", flush=True)


def _ours(images: Floats, labels: LabelSpace, tree: Tree) -> Clock:
    return Clock(lambda: best_at_every_rank(images, labels, scale=SCALE, k=K, tree=tree))


def kept_labels(run: Run) -> tuple[LabelSpace, Tree]:
    """The labels in float16 as `thuja predict` keeps them, in the published order, and their tree."""
    labels = open_published(*label_files(run.home, run.shape), model="random")
    made = Clock(lambda: Tree.of(labels))
    print(f"tree of {len(labels):,} labels made in {made}", flush=True)
    return labels, made.result
