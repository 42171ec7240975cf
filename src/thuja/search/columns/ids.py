"""The ids of a segment's rows, and which row has an id: mapped, without a dictionary in memory.

Twelve bytes a row find an id: its hash among the sorted hashes, and whose it is. Each find is held against the id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.errors import BadFile
from thuja.search.columns.arrays import ArrayFile, ArrayWriter

_FILE = "ids.arrow"
_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SoughtIds:
    """Ids that are looked for, and their hashes (n,): made once, whatever the number of segments."""

    texts: Sequence[str]
    hashes: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "SoughtIds":
        """These ids."""
        return cls(texts=texts, hashes=_hashes(texts))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ids:
    """`hashes` (N,) ascend, and `rows` (N,) are the rows that they belong to."""

    ids: pa.LargeStringArray
    hashes: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.hashes)

    def between(self, low: int, high: int) -> "Ids":
        """Those whose hashes are from `low` up to `high`."""
        start = int(np.searchsorted(self.hashes, np.uint64(low), "left"))
        stop = int(np.searchsorted(self.hashes, np.uint64(high - 1), "right"))
        return Ids(ids=self.ids, hashes=self.hashes[start:stop], rows=self.rows[start:stop])

    def at(self, rows: npt.ArrayLike) -> list[str]:
        """The ids of these rows."""
        texts: list[str] = self.ids.take(pa.array(np.asarray(rows, dtype=np.int64))).to_pylist()
        return texts

    def rows_of(self, ids: Sequence[str] | SoughtIds) -> npt.NDArray[np.int64]:
        """The row of each id, -1 for one that is not here: (n,)."""
        sought = ids if isinstance(ids, SoughtIds) else SoughtIds.of(ids)
        first = np.searchsorted(self.hashes, sought.hashes, side="left")
        stop = np.searchsorted(self.hashes, sought.hashes, side="right")
        found = np.full(len(sought.texts), -1, dtype=np.int64)
        for place in np.flatnonzero(first < stop).tolist():
            for row in self.rows[first[place] : stop[place]].tolist():
                if self.ids[row].as_py() == sought.texts[place]:
                    found[place] = row
        return found


def write_ids(ids: pa.ChunkedArray, *, arrays: ArrayWriter, out: Path) -> dict[str, Any]:
    """Write the ids into the folder `out`, their hashes among the arrays; returns the facts for `read_ids`."""
    texts = pa.concat_arrays([pa.array([], pa.large_string()), *ids.cast(pa.large_string()).chunks])
    batch = pa.record_batch([texts], names=["uuid"])  # one: rows taken of several would have all of them joined
    with pa.OSFile(str(out / _FILE), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)
    parts = [_hashes(texts.slice(start, _AT_ONCE).to_pylist()) for start in range(0, len(texts), _AT_ONCE)]
    hashes = np.concatenate([np.zeros(0, dtype=np.uint64), *parts])
    order = np.argsort(hashes, kind="stable")
    return {"hashes": asdict(arrays.put(hashes[order])), "rows": asdict(arrays.put(order.astype(np.uint32)))}


def read_ids(facts: Mapping[str, Any], *, arrays: ArrayFile, folder: Path) -> Ids:
    """What `write_ids` wrote; raises BadFile."""
    path = folder / _FILE
    try:
        with pa.memory_map(str(path)) as file:
            ids = pa.ipc.open_file(file).get_batch(0).column("uuid")
    except (OSError, pa.ArrowException) as error:
        raise BadFile(f"{path} cannot be read: {error}") from error
    return Ids(ids=ids, hashes=arrays.get(facts["hashes"]), rows=arrays.get(facts["rows"]))


def _hashes(ids: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Eight bytes of BLAKE2b each: the same on every machine and in every version."""
    digests = b"".join([blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in ids])
    return np.frombuffer(digests, dtype="<u8")
