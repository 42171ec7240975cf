"""Pages of a matrix that is mapped into memory, let go of once they are used."""

import mmap
from typing import Any

import numpy as np
import numpy.typing as npt


def let_go(rows: npt.NDArray[np.floating[Any]]) -> None:
    """Give back the pages that lie wholly within these rows of a mapped matrix; they are read again when asked for.

    Else a pass over 867,455 labels leaves nearly a gigabyte of them with the process. Rows that are not mapped, and
    machines that know no such advice, are left as they are.
    """
    mapped = getattr(rows, "_mmap", None)
    if not isinstance(mapped, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED") or not rows.flags.c_contiguous:
        return
    begun = rows.ctypes.data - np.frombuffer(mapped, dtype=np.uint8).ctypes.data
    first = -(-begun // mmap.PAGESIZE) * mmap.PAGESIZE
    last = (begun + rows.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
    if last > first:
        mapped.madvise(mmap.MADV_DONTNEED, first, last - first)
