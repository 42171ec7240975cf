"""Neighbours come in one order, however many are asked for, and all that there are."""

import numpy as np
from tests.search.query.making import made_embeddings, made_index

from thuja.search.engine.effort import EXACT, STANDARD
from thuja.search.filters import Filter
from thuja.search.index import Index, Neighbours
from thuja.search.query.asked import Query
from thuja.search.query.candidates import SIZES, Candidates
from thuja.taxonomy import Taxon

CROWS = Filter(within=(Taxon(genus="Corvus"),))


class Forgetful:
    """An index whose quick search finds the even rows alone, and at most as many as it looked into lists for."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def __getattr__(self, name: str):
        return getattr(self.index, name)

    def __len__(self) -> int:
        return len(self.index)

    def search(self, vectors, *, k, filter=None, effort=STANDARD) -> Neighbours:
        found = self.index.search(vectors, k=k, filter=filter, effort=effort)
        if effort.is_exact:
            return found
        kept = found.keys[0] % 2 == 0
        keys, scores = np.full((1, k), -1), np.full((1, k), -np.inf, dtype=np.float32)
        keys[0, : kept.sum()], scores[0, : kept.sum()] = found.keys[0][kept], found.scores[0][kept]
        return Neighbours(keys=keys, scores=scores)


def keys_of(candidates: Candidates) -> list[int]:
    return [key for block in candidates for key in block.keys.tolist()]


def test_all_that_a_filter_keeps_come_in_the_order_of_their_cosines(index, embeddings) -> None:
    query = embeddings.vectors[2].astype(np.float32)
    candidates = Candidates(index, query, CROWS, effort=EXACT)
    keys = keys_of(candidates)
    assert candidates.is_exhausted
    assert sorted(keys) == index.keys(CROWS).tolist()
    assert (np.diff(index.vectors(keys) @ query) <= 1e-3).all()


def test_a_greater_search_adds_behind_what_a_smaller_one_gave(tmp_path) -> None:
    index = made_index(tmp_path, made_embeddings(700))
    query = made_embeddings(700).vectors[0].astype(np.float32)
    blocks = list(Candidates(index, query, Filter(), effort=EXACT))
    assert [len(block.keys) for block in blocks] == [SIZES[0], SIZES[1] - SIZES[0], 700 - SIZES[1]]
    keys = np.concatenate([block.keys for block in blocks])
    assert len(set(keys.tolist())) == 700
    assert (np.diff(index.vectors(keys) @ query) <= 1e-3).all()


def test_what_compares_neighbours_looks_no_further_than_it_can_in_time(tmp_path) -> None:
    """Near-copies were looked for among 100,000 neighbours, each held against all that were kept: a minute and more."""
    index = made_index(tmp_path, made_embeddings(700))
    query = made_embeddings(700).vectors[0].astype(np.float32)
    candidates = Candidates(index, query, Filter(), effort=EXACT, deepest=300)
    assert len(keys_of(candidates)) == SIZES[1]
    assert not candidates.is_exhausted
    depths = [Query(**asked).deepest for asked in ({}, {"group_by": "genus"}, {"collapse": 0.9}, {"diversity": 0.1})]
    assert depths == [100_000, 100_000, 16_384, 16_384]


def test_pictures_in_hand_do_not_come(index, embeddings) -> None:
    candidates = Candidates(index, embeddings.vectors[2].astype(np.float32), Filter(), effort=EXACT, without=[5, 9])
    assert sorted(keys_of(candidates)) == [key for key in range(240) if key not in (5, 9)]


def test_what_a_quick_search_fell_short_of_is_sought_again(index, embeddings) -> None:
    """Else the rows of a rare taxon in lists that were not looked into would be said not to be there."""
    query = embeddings.vectors[2].astype(np.float32)
    assert sorted(keys_of(Candidates(Forgetful(index), query, CROWS, effort=STANDARD))) == index.keys(CROWS).tolist()


def test_taxa_that_are_left_out_come_no_more(index, embeddings) -> None:
    query = embeddings.vectors[0].astype(np.float32)
    candidates = Candidates(index, query, Filter(), effort=EXACT)
    blocks = iter(candidates)
    next(blocks)
    candidates.leave_out([Taxon(genus="Corvus"), Taxon(genus="Pica")])
    later = np.concatenate([block.keys for block in blocks]).tolist()
    genera = index.rows(later, ["genus"]).column("genus").to_pylist()
    assert set(genera) == {"Mus", "Ficus", "Morus"}
