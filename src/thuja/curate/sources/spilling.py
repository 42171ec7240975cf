"""Tables that may each be larger than memory, put down in parts by a key and read again part by part.

Two tables put down with the same number of parts have the rows of a key in the same part, so that they are joined one
part after the other. A part whose rows would take too much memory is parted once more, by another hash of the key; so
memory does not grow with the tables, unless one key has most of the rows. A part keeps the order of the stream, and
the parts of numbers are their remainders; parts of other keys go by polars' hash, which is the same for the same
version of it. Files are opened one at a time, and are deleted when they were read.
"""

import errno
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa

from thuja.curate.sources.spec import SourceSpec
from thuja.errors import ThujaError, UsageError

_BYTES_A_PART = 128 << 20
_MOST_PARTS = 256
"""Of one table at once: a part gets a file, and of each piece that is put down a stretch of it."""
_MOST_AT_ONCE = 512 << 20
"""Bytes in memory of the two tables' rows in a part; a larger part is parted again."""
_BUFFERED = 64 << 20
_DEEPEST = 3
"""How often a part is parted again. Rows of one key stay together however often they are parted."""
_PACKED = {".gz": 5, ".parquet": 6, ".pq": 6}
"""Bytes of text for one of such a file, about."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def scratch_of(spec: SourceSpec) -> Path:
    """The folder for what the reader puts down, made; raises UsageError where none was handed in."""
    if spec.scratch is None:
        raise UsageError(
            f"a source of kind {spec.kind} needs a folder to put its tables down in", hint="scratch=FOLDER"
        )
    spec.scratch.mkdir(parents=True, exist_ok=True)
    return spec.scratch


def size_as_text(*files: Path | None) -> int:
    """Bytes of text in these files, roughly where they are packed; None is a file that is not there."""
    return sum(file.stat().st_size * _PACKED.get(file.suffix.lower(), 1) for file in files if file is not None)


def count_parts(size: int) -> int:
    """Into how many parts tables of so many bytes of text go; where these are too few, parts are parted again."""
    return min(max(-(-size // _BYTES_A_PART), 1), _MOST_PARTS)


@dataclass(slots=True, kw_only=True)
class Spill:
    """A stream put down in `count` parts by the text column `key`, a file each below `folder`.

    Rows without a key are left out, or kept together in one part with `keeps_keyless`. `rows_` is how many rows were
    put down, `keyless_` how many had no key. `level` says how often these rows were parted before.
    """

    folder: Path
    key: str
    count: int
    keeps_keyless: bool = False
    level: int = 0
    rows_: int = field(default=0, init=False)
    keyless_: int = field(default=0, init=False)
    _sizes: dict[int, int] = field(default_factory=dict, init=False)
    _waiting: list[pl.DataFrame] = field(default_factory=list, init=False)
    _waiting_bytes: int = field(default=0, init=False)
    _schema: pl.Schema | None = field(default=None, init=False)

    def put(self, frames: Iterable[pl.DataFrame]) -> "Spill":
        """Put all frames down, in place of what a killed run left; raises ThujaError where the disk is full."""
        self.clear()
        for frame in frames:
            self.add(frame)
        self.flush()
        return self

    def add(self, frame: pl.DataFrame) -> None:
        """Put rows down, or hold them until there are enough; all frames must have the same columns."""
        self._schema = self._schema or frame.schema
        keyless = frame[self.key].null_count()
        self.keyless_ += keyless
        kept = frame if self.keeps_keyless or not keyless else frame.filter(pl.col(self.key).is_not_null())
        self.rows_ += len(kept)
        self._waiting.append(kept)
        self._waiting_bytes += int(kept.estimated_size())
        if self._waiting_bytes >= _BUFFERED:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting; to be called after the last row. Raises ThujaError where the disk is full."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not waiting:
            return
        table = pl.concat(waiting)
        parts = {0: table} if self.count == 1 else self._split(table)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for number, part in sorted(parts.items()):
                self._append(number, part)
        except OSError as error:
            if error.errno in _FULL:
                raise ThujaError(
                    f"no room to put tables down in {self.folder}: {error.strerror}",
                    hint="free some, or set the run's folder to a larger disk",
                ) from error
            raise

    def size(self, number: int) -> int:
        """Bytes of one part's rows in memory, about."""
        return self._sizes.get(number, 0)

    def read(self, number: int) -> pl.DataFrame:
        """One part, whole; without columns where no row was ever put down."""
        return pl.concat([pl.DataFrame(schema=self._schema), *self._pieces(number)])

    def take(self, number: int) -> pl.DataFrame:
        """One part, whole, whose file is then deleted."""
        rows = self.read(number)
        self._file(number).unlink(missing_ok=True)
        return rows

    def part_again(self, number: int, count: int) -> "Spill":
        """The rows of one part, in place of it, in `count` parts by another hash of the key."""
        deeper = Spill(
            folder=self.folder / f"{number:03d}-parts",
            key=self.key,
            count=count,
            keeps_keyless=self.keeps_keyless,
            level=self.level + 1,
        )
        deeper.put(self._pieces(number))
        deeper._schema = self._schema
        self._file(number).unlink(missing_ok=True)
        return deeper

    def clear(self) -> None:
        """Delete all parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _split(self, frame: pl.DataFrame) -> dict[int, pl.DataFrame]:
        part = pl.col(self.key).hash(self.level)
        if not self.level:
            part = pl.coalesce(pl.col(self.key).cast(pl.UInt64, strict=False), part)
        keyed = frame.with_columns((part % self.count).cast(pl.Int64).alias("_part"))
        parts = keyed.partition_by("_part", maintain_order=True, include_key=False, as_dict=True)
        return {int(number): part for (number,), part in parts.items()}

    def _append(self, number: int, part: pl.DataFrame) -> None:
        table = part.to_arrow(compat_level=pl.CompatLevel.oldest())
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
        with self._file(number).open("ab") as file, pa.ipc.new_stream(file, table.schema, options=options) as writer:
            writer.write_table(table)
        self._sizes[number] = self.size(number) + int(part.estimated_size())

    def _pieces(self, number: int) -> Iterator[pl.DataFrame]:
        """What was appended to a part, piece by piece."""
        file = self._file(number)
        if not file.exists():
            return
        with pa.memory_map(str(file)) as source:
            while source.tell() < source.size():
                with pa.ipc.open_stream(source) as reader:
                    frame = pl.from_arrow(reader.read_all())
                assert isinstance(frame, pl.DataFrame)
                yield frame

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


def parts_of(left: Spill, right: Spill) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The rows of two streams part by part, those of a key together; both streams are deleted, read or not."""
    assert left.count == right.count, "both tables must be parted alike"
    try:
        for number in range(left.count):
            size = left.size(number) + right.size(number)
            if size > _MOST_AT_ONCE and left.level < _DEEPEST:
                count = min(max(-(-size // _BYTES_A_PART), 2), _MOST_PARTS)
                yield from parts_of(left.part_again(number, count), right.part_again(number, count))
            elif size:
                yield left.take(number), right.take(number)
    finally:
        left.clear()
        right.clear()


def join_parts(left: Spill, right: Spill) -> Iterator[Joined]:
    """Every row of the left stream with its row of the right, part by part; both streams are deleted."""
    for many, one in parts_of(left, right):
        if not one.columns:  # the right stream had no rows at all
            yield Joined(rows=many.with_columns(pl.lit(value=False).alias("is_known")), keys=0, repeated=0, unused=0)
            continue
        unique = one.unique(subset=[right.key], keep="first", maintain_order=True)
        repeated = len(one) - len(unique)
        if not many.columns:
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
