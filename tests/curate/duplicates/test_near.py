"""Near hashes joined by Daft, in one piece and cut into parts, on one machine and on a cluster."""

import json
import subprocess
import sys
from pathlib import Path

import daft
import numpy as np
import polars as pl
import pytest

from thuja.curate.duplicates import near_pairs
from thuja.curate.duplicates.near import near_hashes

SCRIPT = Path(__file__).with_name("ray_duplicates.py")


def planted(count: int = 3_000) -> list[str]:
    """Hashes of which every third lies within ten bits of the one before it."""
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, (count, 256), dtype=np.uint8)
    for row in range(2, count, 3):
        bits[row] = bits[row - 1]
        bits[row, rng.choice(256, rng.integers(1, 11), replace=False)] ^= 1
    return [one.tobytes().hex() for one in np.packbits(bits, axis=1)]


def expected(hashes: list[str], *, distance: int = 10) -> list[list[str]]:
    pairs = near_pairs(np.frombuffer(bytes.fromhex("".join(hashes)), np.uint8).reshape(-1, 32), distance=distance)
    return sorted(sorted((hashes[one], hashes[other])) for one, other in pairs.tolist())


@pytest.mark.parametrize("direct", [10_000, 0])
def test_parts_find_what_one_piece_finds(direct: int) -> None:
    hashes = planted()
    found = near_hashes(daft.from_pydict({"pdq": hashes}), 10, direct=direct, part=500).to_pylist()
    assert sorted(sorted(pair.values()) for pair in found) == expected(hashes)
    assert len(found) == 1_000


def test_no_hashes_have_no_pairs() -> None:
    empty = daft.from_arrow(pl.DataFrame({"pdq": []}, schema={"pdq": pl.String}).to_arrow())
    assert near_hashes(empty, 10).to_pylist() == []


@pytest.mark.slow
def test_a_cluster_finds_what_one_machine_finds(tmp_path: Path) -> None:
    """Parts of hashes, and a whole step with its second look, on two workers."""
    hashes = planted()
    pl.DataFrame({"pdq": hashes}).write_parquet(tmp_path / "hashes.parquet")
    command = [sys.executable, str(SCRIPT), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=480)
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads((tmp_path / "found.json").read_text())
    near = expected(hashes, distance=2)
    assert len(near) > 100
    assert sorted(sorted(pair.values()) for pair in found["pairs"]) == near
    assert found["cluster"] == found["native"]
    reasons = [one["drop_reason"] for one in found["cluster"]]
    assert {reason: reasons.count(reason) for reason in set(reasons)} == {
        None: 20, "duplicate": 10, "near_duplicate": 20,
    }  # fmt: skip
