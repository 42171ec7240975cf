"""Rows of a mapped matrix are the same after their pages were let go of, and no longer lie in memory."""

import mmap
from pathlib import Path

import numpy as np
import pytest

from thuja.labels import let_go

PAGES = 64


def resident() -> int:
    """Bytes of mapped files that this process holds in memory."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssFile"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory")
def test_pages_are_given_back_and_read_again(tmp_path):
    rows = PAGES * mmap.PAGESIZE * 16 // 512
    wanted = np.random.default_rng(0).normal(size=(rows, 256)).astype(np.float16)
    np.save(tmp_path / "vectors.npy", wanted)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    before = resident()
    np.testing.assert_array_equal(mapped, wanted)
    full = resident()
    assert full - before > 0.9 * wanted.nbytes
    let_go(mapped[10:-10])
    assert resident() - before < 0.1 * wanted.nbytes
    np.testing.assert_array_equal(mapped, wanted)


def test_what_is_not_mapped_is_left_alone():
    rows = np.ones((4, 8), dtype=np.float32)
    let_go(rows)
    let_go(rows[:, ::2])
    assert rows.sum() == 32
