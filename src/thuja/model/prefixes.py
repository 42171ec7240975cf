"""Rows of token ids to the prefix trees that the text tower runs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from thuja.model.token_rows import Ids, Ints, TokenRows
from thuja.model.token_tree import TokenTree


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSize:
    """About how many nodes are in a tree, and how many queries in one of its blocks.

    More nodes make larger products and repeat fewer paths; more queries make attention wider than
    it has to be.
    """

    nodes: int
    block: int

    @classmethod
    def on(cls, device: torch.device) -> "TreeSize":
        """What is fastest there; measured by benchmarks/label_space.py."""
        return cls(nodes=2048, block=32) if device.type == "cpu" else cls(nodes=1 << 15, block=64)


def sort_rows(rows: TokenRows) -> tuple[TokenRows, Ints]:
    """The distinct rows in lexicographic order, and the place among them of each row given, (L,)."""
    # Big-endian numbers compare as their bytes do, and rows of bytes are sorted by one comparison each.
    ids = rows.ids.astype(rows.ids.dtype.newbyteorder(">"))
    packed = ids.view(f"S{ids.shape[1] * ids.itemsize}").reshape(-1)
    order = np.argsort(packed, kind="stable")
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = packed[order[1:]] != packed[order[:-1]]
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.cumsum(is_first) - 1
    kept = order[is_first]
    return TokenRows(ids=rows.ids[kept], lengths=rows.lengths[kept]), places


def pack(rows: TokenRows, size: TreeSize) -> Iterator[tuple[slice, TokenTree]]:
    """The trees of sorted distinct rows, each with the rows that end in it.

    A tree begins with a whole text, and has more nodes than `size` says only when it is one text.
    """
    shared = _shared_lengths(rows.ids)
    nodes = np.cumsum(rows.lengths - shared)  # up to and with each row, were all rows in one tree
    start = 0
    while start < len(rows):
        before = nodes[start] - rows.lengths[start]  # the first row has all its nodes in its tree
        stop = max(start + 1, int(np.searchsorted(nodes, before + size.nodes, side="right")))
        here = slice(start, stop)
        yield here, _tree(rows.ids[here], rows.lengths[here], shared[here], block=size.block)
        start = stop


def _shared_lengths(ids: Ids) -> Ints:
    """How many tokens each distinct row of (L, T) shares with the one before it: (L,), first 0."""
    shared = np.zeros(len(ids), dtype=np.int64)
    shared[1:] = (ids[1:] != ids[:-1]).argmax(axis=1)
    return shared


def _tree(ids: Ids, lengths: Ints, shared: Ints, *, block: int) -> TokenTree:
    """One tree of sorted distinct rows; node numbers follow the rows, and in a row its tokens.

    So a row's own nodes are consecutive, and what it shares was made by earlier rows.
    """
    shared = np.concatenate([[0], shared[1:]])
    own = lengths - shared
    first = np.cumsum(own) - own  # (L,) the first node that a row makes
    L, T, count = len(ids), int(lengths.max()), int(own.sum())
    row = np.repeat(np.arange(L), own)  # (count,) the row that makes a node
    position = np.arange(count) - first[row] + shared[row]
    makes = shared[:, None] <= np.arange(T)  # (L, T) whether the row makes a node there, or shares it
    rows = np.arange(L)[:, None]
    maker = np.maximum.accumulate(np.where(makes, rows, 0), axis=0)  # of the node on the row's path
    # A subtree ends where the next row makes a node at that depth.
    after = np.full((L + 1, T), L)
    after[:L] = np.minimum.accumulate(np.where(makes, rows, L)[::-1], axis=0)[::-1]
    stop = np.append(first, count)[after[row + 1, position]]

    M = -(-count // block) * block
    spare = M - count  # nodes of no text fill the last block; they attend to themselves
    stop = np.concatenate([stop, np.arange(count, M) + 1])
    heads = np.arange(0, M, block)  # the first node of every block; a spare one is never it
    above = position[heads]
    P = -(-int(above.max()) // 8) * 8  # kernels for GPUs want whole eights
    path = np.arange(P)
    is_above = path < above[:, None]  # (B, P)
    makers = maker[row[heads][:, None], np.minimum(path, T - 1)]
    ancestors = np.where(is_above, first[makers] + path - shared[makers], 0)
    blocks = np.arange(M).reshape(-1, block)
    return TokenTree(
        tokens=torch.from_numpy(np.pad(ids[row, position].astype(np.int64), (0, spare))),
        positions=torch.from_numpy(np.pad(position, (0, spare))),
        keys=torch.from_numpy(np.concatenate([ancestors, blocks], axis=1)),
        stops=torch.from_numpy(np.concatenate([np.where(is_above, stop[ancestors], 0), stop[blocks]], axis=1)),
        ends=torch.from_numpy(first + own - 1),
    )
