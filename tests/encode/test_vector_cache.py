"""The cache of vectors: killed writers, writers beside each other, damaged pieces, and how much is in memory."""

import hashlib
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from thuja.embeddings import Embeddings
from thuja.encode import vector_cache
from thuja.encode.vector_cache import Kind, Size, VectorCache, sizes
from thuja.errors import ThujaError
from thuja.images import Preparation

KIND = Kind(tower="by/hand-0123", preparation=Preparation(size=8), precision="fp32", dtype="float32", is_exact=True)


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def vector(number: int) -> np.ndarray:
    return np.array([number, number / 7, -1], dtype=np.float32)


def fill(cache: VectorCache, numbers: range) -> VectorCache:
    for number in numbers:
        if key(number) not in cache:
            cache.add(key(number), vector(number))
    cache.save()
    return cache


def read(cache: VectorCache, numbers: list[int]) -> np.ndarray:
    """All at once, in the order asked."""
    out = np.zeros((len(numbers), 3), dtype=np.float32)
    for rows, vectors in cache.pieces([key(number) for number in numbers]):
        out[rows] = vectors
    return out


def expected(numbers: list[int]) -> np.ndarray:
    return np.stack([vector(number) for number in numbers])


def test_vectors_come_back_in_the_order_asked_from_pieces_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_cache, "PIECE_ROWS", 16)
    fill(VectorCache(tmp_path, KIND), range(100))
    asked = [*np.random.default_rng(0).permutation(100).tolist(), 5, 5]
    again = VectorCache(tmp_path, KIND)
    assert np.array_equal(read(again, asked), expected(asked))
    assert sorted(len(Embeddings.load(path)) for path in again.folder.glob("*.parquet")) == [4, *[16] * 6]
    assert again.size() == Size(
        vectors=100, pieces=7, bytes=sum(path.stat().st_size for path in again.folder.glob("*.parquet"))
    )
    assert list(again.pieces([])) == []
    assert key(100) not in again
    with pytest.raises(KeyError):
        read(again, [100])


def test_a_piece_opens_as_embeddings_and_says_what_it_is_of(tmp_path: Path) -> None:
    cache = fill(VectorCache(tmp_path, KIND), range(3))
    (piece,) = cache.folder.glob("*.parquet")
    loaded = Embeddings.load(piece)
    assert (loaded.ids[1], loaded.model, loaded.precision) == (key(1).hex(), "by/hand-0123", "fp32")
    assert (loaded.is_normalized, loaded.preparation) == (False, "squash-8-bicubic")
    assert "/" not in cache.folder.name
    assert sizes(tmp_path) == {cache.folder.name: cache.size()}


@pytest.mark.parametrize(
    "other",
    [
        {"tower": "by/hand-4567"},
        {"preparation": Preparation(size=8, mean=(0.5, 0.5, 0.5))},
        {"preparation": Preparation(size=8, mode="crop", crop_fraction=0.5)},
        {"precision": "bf16"},
        {"dtype": "float16"},
        {"is_exact": False},
    ],
)
def test_another_kind_of_vectors_has_a_folder_of_its_own(tmp_path: Path, other: dict[str, object]) -> None:
    fill(VectorCache(tmp_path, KIND), range(3))
    assert key(1) not in VectorCache(tmp_path, replace(KIND, **other))  # type: ignore[arg-type]


def test_a_vector_of_some_age_is_written_whatever_the_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_cache, "PIECE_SECONDS", 0.0)
    cache = VectorCache(tmp_path, KIND)
    cache.add(key(0), vector(0))
    time.sleep(0.01)
    cache.add(key(1), vector(1))
    assert key(1) in VectorCache(tmp_path, KIND)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_vector_cache import KIND, fill, key
from thuja.encode import vector_cache
vector_cache.PIECE_ROWS = 64
cache = vector_cache.VectorCache(Path(sys.argv[1]), KIND)
fill(cache, range(int(sys.argv[3]), 10**7))
"""


def writer(folder: Path, first: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", KILLED, str(folder), str(Path(__file__).parent), str(first)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_writers_that_are_killed_beside_each_other_leave_whole_pieces_alone(tmp_path: Path) -> None:
    """Both write the same images most of the time."""
    folder = tmp_path / KIND.name
    for least in (5, 20):
        processes = [writer(tmp_path, first) for first in (0, 500)]
        while len(list(folder.glob("*.parquet"))) < least:
            assert all(process.poll() is None for process in processes)
            time.sleep(0.01)
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        cache = VectorCache(tmp_path, KIND)
        held = [number for number in range(60_000) if key(number) in cache]
        assert len(held) >= 64
        assert np.array_equal(read(cache, held), expected(held))
    assert not list(folder.glob("*.broken"))


def test_two_caches_that_write_at_once_keep_both(tmp_path: Path) -> None:
    first, second = VectorCache(tmp_path, KIND), VectorCache(tmp_path, KIND)
    fill(first, range(10))
    fill(second, range(5, 15))
    again = VectorCache(tmp_path, KIND)
    assert np.array_equal(read(again, list(range(15))), expected(list(range(15))))
    assert again.size().vectors == 15


def damage(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)


def test_a_flipped_byte_anywhere_is_found_told_once_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = fill(VectorCache(tmp_path, KIND), range(40))
    fill(cache, range(100, 110))
    (damaged,) = [path for path in cache.folder.glob("*.parquet") if len(Embeddings.load(path)) == 40]
    whole = damaged.read_bytes()
    for place in [0, 40, len(whole) // 4, len(whole) // 2, len(whole) - 400, len(whole) - 6, len(whole) - 1]:
        damaged.write_bytes(whole)
        damage(damaged, place)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            again = VectorCache(tmp_path, KIND)
            assert not [number for number in range(40) if key(number) in again]
            assert read(again, [100, 109]).tolist() == expected([100, 109]).tolist()
        assert [damaged.name in record.message for record in caplog.records] == [True]
        assert again.size().vectors == 10
        aside = damaged.with_suffix(".broken")
        assert aside.exists()
        assert not damaged.exists()
        aside.unlink()


def test_an_image_of_a_broken_piece_is_found_in_another(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = VectorCache(tmp_path, KIND), VectorCache(tmp_path, KIND)
    fill(first, range(10))
    fill(second, range(5, 15))
    (damaged,) = [path for path in first.folder.glob("*.parquet") if key(0).hex() in Embeddings.load(path).ids]
    damage(damaged, len(damaged.read_bytes()) // 2)
    with caplog.at_level(logging.WARNING):
        again = VectorCache(tmp_path, KIND)
        held = [number for number in range(15) if key(number) in again]
    assert held == list(range(5, 15))
    assert np.array_equal(read(again, held), expected(held))


def test_half_a_piece_and_one_that_is_not_parquet_are_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = fill(VectorCache(tmp_path, KIND), range(10))
    (piece,) = cache.folder.glob("*.parquet")
    piece.write_bytes(piece.read_bytes()[:200])
    (cache.folder / "piece-0123456789abcdef.parquet").write_bytes(b"PAR1")
    (cache.folder / "piece-0123456789abcdee.parquet.7-ab.tmp").write_bytes(b"half")
    with caplog.at_level(logging.WARNING):
        again = VectorCache(tmp_path, KIND)
    assert len(caplog.records) == 2
    assert again.size().vectors == 0
    fill(again, range(10))
    assert np.array_equal(read(VectorCache(tmp_path, KIND), [3, 9]), expected([3, 9]))


def test_a_damaged_piece_that_may_not_be_set_aside_is_passed_over_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache = fill(VectorCache(tmp_path, KIND), range(10))
    (piece,) = cache.folder.glob("*.parquet")
    damage(piece, 300)

    def refused(self: Path, target: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "rename", refused)
    with caplog.at_level(logging.WARNING):
        again = VectorCache(tmp_path, KIND)
        assert not any(key(number) in again for number in range(10))
    fill(again, range(10))
    assert np.array_equal(read(again, [0, 9]), expected([0, 9]))


def test_a_full_disk_is_one_sentence_and_what_was_kept_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = fill(VectorCache(tmp_path, KIND), range(10))

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    cache.add(key(10), vector(10))
    with pytest.raises(ThujaError, match="No space left on device"):
        cache.save()
    monkeypatch.undo()
    assert np.array_equal(read(VectorCache(tmp_path, KIND), [0, 9]), expected([0, 9]))
    assert not list(cache.folder.glob("*.tmp"))
    assert np.array_equal(read(cache, [10]), expected([10]))
