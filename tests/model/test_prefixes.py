"""Texts as trees of their prefixes: every node once, its ancestors and nothing else before it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.model import TokenTree
from thuja.model.prefixes import TreeSize, pack, sort_rows
from thuja.model.token_rows import TokenRows

END = 9
TEXTS = st.lists(st.lists(st.integers(0, 8), max_size=8).map(lambda inner: [8, *inner, END]), min_size=1, max_size=40)


def rows_of(texts: list[list[int]], dtype: type = np.uint16) -> TokenRows:
    lengths = np.array([len(text) for text in texts])
    ids = np.zeros((len(texts), lengths.max()), dtype=dtype)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = text
    return TokenRows(ids=ids, lengths=lengths)


def seen_by(tree: TokenTree, node: int) -> list[int]:
    """The nodes that a node attends to, by the tree's mask."""
    mask = tree.mask()  # (B, 1, N, K)
    block, query = divmod(node, mask.shape[2])
    return sorted(tree.keys[block][mask[block, 0, query]].tolist())


@given(texts=TEXTS, dtype=st.sampled_from([np.uint16, np.uint32]))
def test_sorting_keeps_each_text_once_and_knows_where(texts: list[list[int]], dtype: type) -> None:
    distinct, places = sort_rows(rows_of(texts, dtype))
    found = [row[:length].tolist() for row, length in zip(distinct.ids, distinct.lengths, strict=True)]
    assert len({tuple(text) for text in found}) == len(found)
    assert [found[place] for place in places] == texts


def test_sorting_compares_token_ids_as_numbers() -> None:
    texts = [[8, token, END] for token in (1, 255, 256, 511, 65535)]
    distinct, _ = sort_rows(rows_of(texts[::-1]))
    assert distinct.ids[:, 1].tolist() == [1, 255, 256, 511, 65535]


@given(texts=TEXTS, nodes=st.integers(1, 60), block=st.integers(1, 20))
def test_a_node_sees_the_text_up_to_itself(texts: list[list[int]], nodes: int, block: int) -> None:
    distinct, _ = sort_rows(rows_of(texts))
    covered = []
    for here, tree in pack(distinct, TreeSize(nodes=nodes, block=block)):
        covered += range(here.start, here.stop)
        for end, row, length in zip(tree.ends.tolist(), distinct.ids[here], distinct.lengths[here], strict=True):
            path = seen_by(tree, end)
            assert tree.tokens[path].tolist() == row[:length].tolist()
            assert tree.positions[path].tolist() == list(range(length))
            assert all(seen_by(tree, node) == path[: depth + 1] for depth, node in enumerate(path))
    assert covered == list(range(len(distinct)))


@given(texts=TEXTS, block=st.integers(1, 20))
def test_a_prefix_is_one_node(texts: list[list[int]], block: int) -> None:
    distinct, _ = sort_rows(rows_of(texts))
    ((_, tree),) = pack(distinct, TreeSize(nodes=10_000, block=block))
    prefixes = {tuple(text[:length]) for text in texts for length in range(1, len(text) + 1)}
    assert len(tree.tokens) == -(-len(prefixes) // block) * block


@given(texts=TEXTS, nodes=st.integers(1, 60))
def test_a_tree_is_no_larger_than_asked_unless_it_is_one_text(texts: list[list[int]], nodes: int) -> None:
    distinct, _ = sort_rows(rows_of(texts))
    for here, tree in pack(distinct, TreeSize(nodes=nodes, block=1)):
        assert len(tree.tokens) <= nodes or here.stop == here.start + 1


@pytest.mark.parametrize("block", [1, 4, 7])
def test_spare_nodes_see_themselves_alone(block: int) -> None:
    """A query without any key would give NaN."""
    distinct, _ = sort_rows(rows_of([[8, 1, 2, END]] * 2 + [[8, 1, END]]))
    ((_, tree),) = pack(distinct, TreeSize(nodes=100, block=block))
    assert [seen_by(tree, node) for node in range(5, len(tree.tokens))] == [[n] for n in range(5, len(tree.tokens))]
    assert tree.mask().any(dim=-1).all()
