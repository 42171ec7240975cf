"""Joins of tables that are larger than memory: both are put down in parts by a hash of the key, and joined by parts."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow.parquet as pq

from thuja.curate.sources.spec import SourceSpec
from thuja.errors import UsageError

_BYTES_A_PART = 32 * 2**20
_MOST_PARTS = 400  # each is an open file, and many systems allow a thousand
_BUFFERED_ROWS = 1_000_000


def scratch_of(spec: SourceSpec) -> Path:
    """The folder for what the reader puts down; raises UsageError where none was handed in."""
    if spec.scratch is None:
        raise UsageError(f"a source of kind {spec.kind} needs a scratch folder", hint="SourceSpec(scratch=FOLDER)")
    spec.scratch.mkdir(parents=True, exist_ok=True)
    return spec.scratch


def count_parts(*files: Path) -> int:
    """How many parts keep each within some hundred megabytes of memory; the same for the same files."""
    total = sum(file.stat().st_size for file in files)
    return min(max(total // _BYTES_A_PART, 1), _MOST_PARTS)


class Parts:
    """The rows of one table in `count` Parquet files, by a hash of the text column `key`.

    Rows keep their order within a part. The hash is polars': the same for the same version of it.
    """

    def __init__(self, folder: Path, key: str, count: int) -> None:
        self.count = count
        self._folder = folder
        self._key = key
        self._writers: dict[int, pq.ParquetWriter] = {}
        self._waiting: list[pl.DataFrame] = []
        self._schema: pl.Schema | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        for writer in self._writers.values():
            writer.close()

    def add(self, frame: pl.DataFrame) -> None:
        """Put rows down; all frames must have the same columns."""
        self._schema = self._schema or frame.schema
        self._waiting.append(frame)
        if sum(len(waiting) for waiting in self._waiting) >= _BUFFERED_ROWS:
            self._flush()

    def read(self, number: int) -> pl.DataFrame:
        """One part, whole."""
        path = self._path(number)
        return pl.read_parquet(path, glob=False) if path.exists() else pl.DataFrame(schema=self._schema)

    def _flush(self) -> None:
        if not self._waiting:
            return
        part = pl.col(self._key).cast(pl.String).hash(seed=0) % self.count
        table = pl.concat(self._waiting).with_columns(part.alias("_part"))
        self._waiting = []
        for (number,), rows in table.partition_by("_part", as_dict=True, include_key=False).items():
            arrow = rows.to_arrow()
            if number not in self._writers:
                self._writers[number] = pq.ParquetWriter(self._path(number), arrow.schema)
            self._writers[number].write_table(arrow)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:03d}.parquet"


def put_down(frames: Iterable[pl.DataFrame], folder: Path, key: str, count: int) -> Parts:
    """All frames in parts."""
    with Parts(folder, key, count) as parts:
        for frame in frames:
            parts.add(frame)
    return parts


def join_parts(left: Parts, right: Parts, left_on: str, right_on: str) -> Iterator[pl.DataFrame]:
    """A left join, part by part; rows keep the left table's order within a part.

    Of rows of the right table with one key the first counts, so that no row of the left is doubled.
    """
    assert left.count == right.count, "both tables must be parted alike"
    for number in range(left.count):
        rows = left.read(number)
        if len(rows):
            known = right.read(number).unique(right_on, keep="first", maintain_order=True)
            yield rows.join(known, left_on=left_on, right_on=right_on, how="left", maintain_order="left")
