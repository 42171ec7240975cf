"""Published label files turned into a folder of ours: a row a label, so that a label's vector is in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thuja.embeddings import Vectors
from thuja.errors import BadFile
from thuja.jobs import write_json
from thuja.labels.columns import Indices, Sorted, Taxa, Texts
from thuja.labels.folder import FACTS, HALF, half_written, write_header
from thuja.labels.published import read_published

_STRIPE = 1 << 14
"""Labels whose vectors are turned at a time."""

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    texts: Texts
    taxa: Taxa


def import_published(
    matrix: Path,
    names: Path,
    *,
    model: str,
    out: Path,
    dtype: str = HALF,
    is_sorted: bool = True,
    advance: Advance | None = None,
) -> int:
    """Write published label files as a folder that `LabelSpace.load` opens; returns how many labels there are.

    Sorted by lineage, the labels of a clade stand side by side, and are taken without being copied. The matrix is
    read in stripes of some labels, in a stripe's memory. `advance` is told how many labels are done.
    """
    vectors, taxa = read_published(matrix, names)
    count, dim = vectors.shape
    kind = np.dtype(dtype).newbyteorder("<")
    order = Sorted.of(taxa).order if is_sorted else np.arange(count)
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    with half_written(out) as (table, file):
        write_header(file, (count, dim), kind)
        begin = file.tell()
        for start in range(0, count, _STRIPE):
            stripe = slice(start, min(start + _STRIPE, count))
            some = taxa.take(order[stripe])
            table.add(_Names(texts=some.scientific_names(), taxa=some))
            rows = np.ascontiguousarray(_read_stripe(Path(matrix), vectors, stripe), dtype=kind)
            _write_stripe(file, begin, place[stripe], rows=rows)
            if advance is not None:
                advance(len(rows))
    imported = {"matrix": Path(matrix).name, "names": Path(names).name, "vectors": dtype, "sorted": is_sorted}
    write_json(Path(out) / FACTS, {"model": model, "labels": count, "dim": dim, "imported": imported})
    return int(count)


def _read_stripe(path: Path, vectors: Vectors, which: slice) -> Vectors:
    """The vectors of some labels: (S, D).

    Read and not mapped: what is mapped stays in this process's memory, by and by all of it.
    """
    matrix = vectors.T
    if not isinstance(matrix, np.memmap) or not matrix.flags.c_contiguous:
        return vectors[which]
    stripe = np.empty((len(matrix), which.stop - which.start), dtype=matrix.dtype)
    with path.open("rb") as file:
        for row, place in zip(stripe, range(len(matrix)), strict=True):
            file.seek(matrix.offset + (place * matrix.shape[1] + which.start) * matrix.itemsize)
            if file.readinto(row.data) != row.nbytes:
                raise BadFile(f"{path} ends early", hint="fetch it again")
    return stripe.T


def _write_stripe(file: Any, begin: int, place: Indices, *, rows: Vectors) -> None:
    """Each row into its place behind the header: written, so that a full disk is an error."""
    if _is_run(place):
        file.seek(begin + int(place[0]) * rows[0].nbytes)
        file.write(rows.data)
        return
    for number, row in zip(place.tolist(), rows, strict=True):
        file.seek(begin + number * row.nbytes)
        file.write(row.data)


def _is_run(place: Indices) -> bool:
    return bool((np.diff(place) == 1).all())
