"""FAISS over float16 rows where they lie, without a copy: dot products out of half the bytes."""

import faiss
import numpy as np

from thuja.search.engine.vectors import Halves


class HalfScan:
    """Rows (N, D) in memory or mapped, end to end; `index` scores them exactly as they are stored."""

    def __init__(self, halves: Halves) -> None:
        assert halves.dtype == np.float16, halves.dtype
        assert halves.flags.c_contiguous, "rows lie end to end"
        self.halves = halves  # FAISS keeps an address, so the rows have to stay
        rows, dim = halves.shape
        self.index = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        blank = faiss.MaybeOwnedVectorUInt8()
        address = faiss.cast_integer_to_void_ptr(halves.ctypes.data)
        self.index.codes = blank.create_view(address, halves.nbytes, blank.owner)
        self.index.ntotal = rows
