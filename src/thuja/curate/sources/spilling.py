"""A join of two streams of text columns that may each be larger than memory.

Both are put down in parts by their key, and the parts are joined one after the other. A part keeps the order of the
stream, and the parts of numbers are their remainders, so the result has the same order every time.
"""

import errno
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa

from thuja.curate.sources.spec import SourceSpec
from thuja.errors import ThujaError, UsageError

_BYTES_A_PART = 128 << 20
_MOST_PARTS = 200
"""Each is an open file, of which a process may have 1,024 as a rule; two streams are open at most."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def scratch_of(spec: SourceSpec) -> Path:
    """The folder for what the reader puts down, made; raises UsageError where none was handed in."""
    if spec.scratch is None:
        raise UsageError(
            f"a source of kind {spec.kind} needs a folder to put its tables down in", hint="scratch=FOLDER"
        )
    spec.scratch.mkdir(parents=True, exist_ok=True)
    return spec.scratch


def count_parts(size: int) -> int:
    """Into how many parts tables of so many bytes of text go, so that one of them fits into memory well."""
    return min(max(-(-size // _BYTES_A_PART), 1), _MOST_PARTS)


@dataclass(slots=True, kw_only=True)
class Spill:
    """A stream put down in `count` files by the text column `key`; rows without a key are left out.

    `rows_` is how many rows were put down, `keyless_` how many were left out.
    """

    folder: Path
    key: str
    count: int
    rows_: int = field(default=0, init=False)
    keyless_: int = field(default=0, init=False)

    def put(self, frames: Iterable[pl.DataFrame]) -> "Spill":
        """Put all frames down, in place of what a killed run left; raises ThujaError where the disk is full."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            with ExitStack() as stack:
                writers: dict[int, pa.RecordBatchFileWriter] = {}
                for frame in frames:
                    self._put(frame, writers, stack)
        except OSError as error:
            if error.errno in _FULL:
                raise ThujaError(
                    f"no room to put tables down in {self.folder}: {error.strerror}",
                    hint="free some, or set the run's folder to a larger disk",
                ) from error
            raise
        return self

    def _put(self, frame: pl.DataFrame, writers: dict[int, pa.RecordBatchFileWriter], stack: ExitStack) -> None:
        keyed = frame.filter(pl.col(self.key).is_not_null())
        self.rows_ += len(keyed)
        self.keyless_ += len(frame) - len(keyed)
        parts = {(0,): keyed} if self.count == 1 else self._split(keyed)
        for (number,), part in sorted(parts.items()):
            table = part.to_arrow(compat_level=pl.CompatLevel.oldest())
            if number not in writers:
                options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
                writers[number] = stack.enter_context(
                    pa.ipc.new_stream(str(self._file(number)), table.schema, options=options)
                )
            writers[number].write_table(table)

    def _split(self, frame: pl.DataFrame) -> dict[tuple[int, ...], pl.DataFrame]:
        number = pl.col(self.key).cast(pl.UInt64, strict=False)
        part = (pl.coalesce(number, pl.col(self.key).hash(0)) % self.count).cast(pl.Int64).alias("_part")
        return frame.with_columns(part).partition_by("_part", maintain_order=True, include_key=False, as_dict=True)

    def read(self, number: int) -> pl.DataFrame | None:
        """One part; None where no row fell into it."""
        file = self._file(number)
        if not file.exists():
            return None
        with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as reader:
            frame = pl.from_arrow(reader.read_all())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def remove(self, number: int) -> None:
        """Delete one part."""
        self._file(number).unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:03d}.arrows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One part: `rows` are those of the left stream with the right's columns, in the left's order.

    `is_known` in `rows` says whether the right stream has the key. `keys` is how many keys the right part has,
    `repeated` how many of its rows were left out because their key came before, `unused` how many keys the left lacks.
    """

    rows: pl.DataFrame
    keys: int
    repeated: int
    unused: int


def join_parts(left: Spill, right: Spill) -> Iterator[Joined]:
    """Every row of the left stream with its row of the right; deletes what it has read."""
    for number in range(left.count):
        many, one = left.read(number), right.read(number)
        left.remove(number)
        right.remove(number)
        if one is None:
            if many is not None:
                yield Joined(
                    rows=many.with_columns(pl.lit(value=False).alias("is_known")), keys=0, repeated=0, unused=0
                )
            continue
        unique = one.unique(subset=[right.key], keep="first", maintain_order=True)
        repeated = len(one) - len(unique)
        if many is None:
            yield Joined(rows=pl.DataFrame(), keys=len(unique), repeated=repeated, unused=len(unique))
            continue
        unused = len(unique.join(many, left_on=right.key, right_on=left.key, how="anti"))
        rows = many.join(
            unique.with_columns(pl.lit(value=True).alias("is_known")),
            left_on=left.key,
            right_on=right.key,
            how="left",
            maintain_order="left",
        )
        yield Joined(rows=rows, keys=len(unique), repeated=repeated, unused=unused)
