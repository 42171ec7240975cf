"""UMAP is an extra: with it rows are placed by its own transform, without it a sentence says what to install."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from thuja.analyze.maps import Method, Projection
from thuja.errors import ThujaError

CLUSTERS = np.repeat(np.eye(8)[:3] * 10, 15, axis=0) + np.random.default_rng(0).normal(size=(45, 8))
IS_FITTED = np.arange(45) % 3 > 0


def test_a_missing_umap_is_said_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ThujaError, match="umap-learn, which is not installed") as raised:
        Projection(Method.UMAP).fit(CLUSTERS, generator=np.random.default_rng(0))
    assert raised.value.hint == "pip install 'thuja[umap]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Two maps of the same rows by the same seed, the rows left out placed on each, and torch's threads after it."""

    maps: tuple[Projection, ...]
    others: tuple[np.ndarray, ...]
    threads: int


@pytest.fixture(scope="module")
def placed() -> Iterator[Placed]:
    """Made once: UMAP's library is compiled at the first call, for half a minute. Torch has one thread before it."""
    pytest.importorskip("umap.umap_", reason="needs the extra umap", exc_type=ImportError)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.ones(64, 64) @ torch.ones(64, 64)
    maps = tuple(Projection(Method.UMAP).fit(CLUSTERS[IS_FITTED], generator=np.random.default_rng(1)) for _ in range(2))
    others = tuple(one.project(CLUSTERS[~IS_FITTED]) for one in maps)
    yield Placed(maps=maps, others=others, threads=torch.get_num_threads())
    torch.set_num_threads(before)


@pytest.mark.slow
def test_umap_keeps_clusters_and_places_rows_left_out_in_them(placed):
    labels = np.repeat(np.arange(3), 15)
    one, same = placed.maps
    np.testing.assert_array_equal(one.points_, same.points_)
    np.testing.assert_array_equal(*placed.others)
    centres = np.array([one.points_[labels[IS_FITTED] == number].mean(axis=0) for number in range(3)])
    nearest = ((placed.others[0][:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert nearest.tolist() == labels[~IS_FITTED].tolist()
    assert one.notes_ == ("UMAP's neighbours is 29 in place of 30, as there are 30 rows",)


@pytest.mark.slow
def test_umap_leaves_other_libraries_their_threads(placed):
    """It set OpenMP's threads for the whole process: torch then trained to other bits, and forked workers hung."""
    assert placed.threads == 1
