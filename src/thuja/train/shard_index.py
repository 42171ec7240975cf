"""Where each sample of a shard begins, found once from its headers and kept in the cache folder for every process."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile, UsageError
from thuja.jobs import atomic_path, cache_folder, track
from thuja.shards import index_shard
from thuja.train.parallel import is_first_here

Rows = npt.NDArray[np.int64]

_THREADS: Final = 8


def sample_starts(path: Path) -> Rows:
    """The byte at which each sample of a shard begins: (samples,). Raises BadFile when the shard cannot be opened.

    The cache knows the file by its path, size and time of change. Where nothing can be kept, the
    headers are read each time.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise BadFile(f"cannot read the shard {path}: {error.strerror}") from error
    name = sha256(f"{path.resolve()}\n{status.st_size}\n{status.st_mtime_ns}".encode()).hexdigest()[:32]
    kept = cache_folder() / "shard-index" / f"{name}.npy"
    try:
        starts: Rows = np.load(kept)
        return starts
    except (OSError, ValueError, EOFError):  # not there yet, or not whole on a file system that lost power
        starts = np.array([entry.start for entry in index_shard(path)], dtype=np.int64)
    try:
        with atomic_path(kept) as temporary, temporary.open("wb") as file:
            np.save(file, starts)
    except (UsageError, OSError):
        pass
    return starts


def count_in_threads(paths: Sequence[Path]) -> list[int]:
    """The samples of each shard from its headers; 0 where it cannot be opened."""

    def count(path: Path) -> int:
        try:
            return len(sample_starts(path))
        except BadFile:
            return 0

    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        counts = pool.map(count, paths)
        if is_first_here():
            counts = track(counts, total=len(paths), label="counting samples", unit="shards")
        return list(counts)
