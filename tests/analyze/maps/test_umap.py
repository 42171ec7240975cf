"""UMAP is an extra: with it rows are placed by its own transform, without it a sentence says what to install."""

import os
import subprocess
import sys

import numpy as np
import pytest

from thuja.analyze.maps import Method, Projection
from thuja.errors import ThujaError

CLUSTERS = np.repeat(np.eye(8)[:3] * 10, 15, axis=0) + np.random.default_rng(0).normal(size=(45, 8))


def test_a_missing_umap_is_said_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ThujaError, match="umap-learn, which is not installed") as raised:
        Projection(Method.UMAP).fit(CLUSTERS, generator=np.random.default_rng(0))
    assert raised.value.hint == "pip install 'thuja[umap]'"


@pytest.mark.slow  # its library is compiled at the first call, for half a minute
def test_umap_keeps_clusters_and_places_rows_left_out_in_them():
    pytest.importorskip("umap.umap_", reason="needs the extra umap", exc_type=ImportError)
    labels = np.repeat(np.arange(3), 15)
    is_fitted = np.arange(45) % 3 > 0
    one, same = (Projection(Method.UMAP).fit(CLUSTERS[is_fitted], generator=np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(one.points_, same.points_)
    others = one.project(CLUSTERS[~is_fitted])
    np.testing.assert_array_equal(others, same.project(CLUSTERS[~is_fitted]))
    centres = np.array([one.points_[labels[is_fitted] == number].mean(axis=0) for number in range(3)])
    nearest = ((others[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert nearest.tolist() == labels[~is_fitted].tolist()
    assert one.notes_ == ("UMAP's neighbours is 29 in place of 30, as there are 30 rows",)


@pytest.mark.slow
def test_umap_leaves_other_libraries_their_threads():
    """It set OpenMP's threads for the whole process: torch then trained to other bits, and forked workers hung."""
    pytest.importorskip("umap.umap_", reason="needs the extra umap", exc_type=ImportError)
    script = (
        "import torch; import numpy as np; from thuja.analyze.maps import Method, Projection;"
        "rows = np.random.default_rng(0).normal(size=(60, 8)); torch.ones(64, 64) @ torch.ones(64, 64);"
        "Projection(Method.UMAP).fit(rows, generator=np.random.default_rng(1)).project(rows);"
        "print(torch.get_num_threads())"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]
