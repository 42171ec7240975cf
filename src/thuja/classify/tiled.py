"""Zero-shot against very many labels: the best labels and the posterior at all seven ranks, in one pass.

The posterior of 100,000 images over 867,455 labels would be 347 GB. Here a block of images meets the labels
tile by tile, in the order of their lineages, and of a tile only what is wanted of it is kept: the best labels
so far, and the sum of exp(logit) in each genus. The soft-max is online: exponents are relative to the greatest
logit that an image met, and what was summed before is scaled down when a much greater one comes
(arXiv:1805.02867). Families and all above are sums of genera.

Each processor leads the block past its share of the tiles; what the shares say is put together at the end.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from threading import Lock

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from thuja.classify.clades import Tree
from thuja.classify.posterior import checked
from thuja.classify.share import Share
from thuja.classify.tiles import Tile, sum_runs, tiles_of
from thuja.classify.top import Running, Top, top_rows
from thuja.embeddings import Vectors
from thuja.errors import UsageError
from thuja.jobs import cores
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_LABELS, _IMAGES = 2048, 2048
"""A tile of logits is 16 MB: large enough for the product's full speed, small enough for the cache."""

_SUMS_BYTES = 2**29
"""What the sums of a block's genera may take; with more genera a block has fewer images."""

_SHARES, _TILES = 16, 4
"""Shares at most, and tiles that are worth a thread."""

Bias = Callable[[slice | Indices, slice], Floats]
"""What is added to logits, of T labels (their rows in the label space) for B images: (T, B) or (T, 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marginals:
    """What a block of B images may be.

    `labels` are the best labels, `clades` the best taxa at each of the seven ranks (indices into the tree's
    `taxa`); `posterior` is the whole posterior at each rank above species: (G, B), a column an image. `peak` is
    the greatest logit of each image and `energy` the logarithm of the sum of all their exponentials: (B,).
    """

    labels: Top
    clades: Mapping[Rank, Top]
    posterior: Mapping[Rank, Floats]
    peak: Floats
    energy: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The best answers to each of N images: labels, and taxa at each rank (indices into the tree's `taxa`)."""

    labels: Top
    clades: Mapping[Rank, Top]


def best_at_every_rank(
    vectors: Vectors, labels: LabelSpace, *, scale: float, k: int = 5, tree: Tree | None = None
) -> Ranked:
    """The k best labels of each image, and the k best taxa at each rank by the posterior summed up the tree.

    (N, D) vectors and L labels, both of length one; a rank with fewer than k taxa gives all of them. `tree` is
    `Tree.of(labels)`, made here where it is not given. Raises UsageError for labels without taxa or a k that is
    not between 1 and L, ThujaError when lengths differ or a vector is not a number.
    """
    tree = tree or Tree.of(labels)
    blocks = list(map(_answers, marginals(vectors, labels, scale=scale, k=k, tree=tree)))
    depths = {rank: min(k, len(tree.taxa[rank])) for rank in RANKS}
    return Ranked(
        labels=Top.joined((block.labels for block in blocks), k),
        clades={rank: Top.joined((block.clades[rank] for block in blocks), depths[rank]) for rank in RANKS},
    )


def _answers(block: Marginals) -> Ranked:
    """A block without its posterior."""
    return Ranked(labels=block.labels, clades=block.clades)


def marginals(
    vectors: Vectors,
    labels: LabelSpace,
    *,
    scale: float,
    k: int = 5,
    tree: Tree | None = None,
    bias: Bias | None = None,
) -> Iterator[Marginals]:
    """As `best_at_every_rank`, with the posterior at each rank, in blocks of images, in order.

    `bias` is added to the logits: the logarithm of what is known of a label before the image is looked at.
    """
    tree = tree or Tree.of(labels)
    if not 1 <= k <= len(labels):
        raise UsageError(
            f"cannot give the best {k} of {len(labels)} labels", hint=f"choose k between 1 and {len(labels)}"
        )
    wide = checked(vectors, labels.vectors)
    tiles = tiles_of(tree, _LABELS)
    # A tile is whole species: labels that all share one lineage make one large tile.
    widest = max(tile.stop - tile.start for tile in tiles)
    rows = max(1, min(_IMAGES, _SUMS_BYTES // (4 * (len(tree.taxa[Rank.GENUS]) + widest))))
    shares = _split(tiles)
    rooms = [np.empty((widest, min(rows, len(wide))), dtype=np.float32) for _ in shares]
    for start in range(0, len(wide), rows):
        block = wide[start : start + rows] * np.float32(scale)
        # Nothing here holds on to what is handed out: a block's sums go before the next block's are made.
        images = slice(start, start + len(block))
        yield _pass(block, labels, shares, tree=tree, k=k, rooms=rooms, images=images, bias=bias)


def _split(tiles: Sequence[Tile]) -> list[Sequence[Tile]]:
    """The tiles in as many runs as threads are worth it, and NumPy's products may use."""
    count = max(1, min(_workers(), len(tiles) // _TILES))
    bounds = [round(len(tiles) * place / count) for place in range(count + 1)]
    return [tiles[start:stop] for start, stop in pairwise(bounds)]


def _workers() -> int:
    return min(_SHARES, cores(), _blas().threads)


class _Blas:
    """NumPy's library for products, whose threads would get in the way of ours."""

    def __init__(self) -> None:
        self.controller = ThreadpoolController().select(user_api="blas")

    @property
    def threads(self) -> int:
        """How many it uses."""
        return max((int(library.num_threads) for library in self.controller.lib_controllers), default=1)


@lru_cache(maxsize=1)
def _blas() -> _Blas:
    return _Blas()


def _pass(
    block: Floats,
    labels: LabelSpace,
    shares: Sequence[Sequence[Tile]],
    *,
    tree: Tree,
    k: int,
    rooms: Sequence[Floats],
    images: slice,
    bias: Bias | None,
) -> Marginals:
    """Lead a block of scaled images past all tiles, each share in a thread; the first block looks the labels over."""
    genera = np.zeros((len(tree.taxa[Rank.GENUS]), len(block)), dtype=np.float32)
    parts = [Share(block, tree, tiles, k=k, genera=genera) for tiles in shares]
    lock = Lock()  # what a bias keeps for a block is made by whoever comes first

    def biased(rows: slice | Indices) -> Floats | None:
        if bias is None:
            return None
        with lock:
            return bias(rows, images)

    def run(part: Share, room: Floats) -> None:
        part.run(labels, room, bias=biased, is_first=images.start == 0)

    with ExitStack() as stack:
        if len(parts) == 1:
            run(parts[0], rooms[0])
        else:
            stack.enter_context(_blas().controller.limit(limits=1))
            pool = stack.enter_context(ThreadPoolExecutor(len(parts), thread_name_prefix="labels"))
            for _ in pool.map(run, parts, rooms):
                pass
    return _joined(parts, genera, tree, k=k)


def _joined(parts: Sequence[Share], genera: Floats, tree: Tree, *, k: int) -> Marginals:
    """What all shares together say."""
    base = np.maximum.reduce([part.base for part in parts])  # (B,)
    for part in parts:
        part.move_to(base)
    for part in parts:
        part.add_head()
    posterior = {Rank.GENUS: genera}
    for rank in reversed(RANKS[: Rank.GENUS]):
        posterior[rank] = sum_runs(posterior[Rank(rank + 1)], tree.members(rank))
    total = posterior[Rank.KINGDOM].sum(axis=0)
    for sums in posterior.values():
        np.divide(sums, total, out=sums)
        np.minimum(sums, 1, out=sums)  # a sum of many rounds a little above
    clades = {rank: top_rows(posterior[rank], min(k, len(posterior[rank]))) for rank in posterior}
    best = Running.joined([part.labels for part in parts])
    labels = _told(best, base, total)
    clades[Rank.SPECIES] = labels
    if any(part.species is not part.labels for part in parts):
        clades[Rank.SPECIES] = _told(Running.joined([part.species for part in parts]), base, total)
    return Marginals(
        labels=Top(indices=tree.order[labels.indices], scores=labels.scores),
        clades={rank: clades[rank] for rank in RANKS},
        posterior={rank: posterior[rank] for rank in RANKS[: Rank.SPECIES]},
        peak=best.values[0].copy(),
        energy=base + np.log(total),
    )


def _told(running: Running, base: Floats, total: Floats) -> Top:
    scores = np.minimum(np.exp(running.values - base) / total, 1)
    return Top(indices=running.rows.T.copy(), scores=scores.T.copy())
