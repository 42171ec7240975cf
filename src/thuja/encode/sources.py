"""From what a user names to a stream of things to embed: files, folders, URLs, tables, shards, standard input.

Nothing is read before its turn, so that a source may be longer than memory, and a process may pass
over the parts that are not its own.
"""

import glob
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, Generic, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.encode.tables import (
    IMAGE_COLUMNS,
    TABLES,
    TEXT_COLUMNS,
    Cells,
    Flaw,
    Row,
    Table,
    count_lines,
    lines,
    open_table,
)
from thuja.errors import UsageError
from thuja.images.fetching import has_other_scheme, is_url
from thuja.images.finding import walk_images
from thuja.record import Value, printable
from thuja.shards import Entry, Fault, read_entry, scan_shard

STDIN: Final = "-"
_SHARD: Final = ".tar"
SHARD_FACTS: Final = ("observation_id", "sequence_id", "location_id", "event_date", "latitude", "longitude")
"""What comes along with a shard's image besides its ranks and split, where its record has it."""
_TEXTS: Final = (".txt",)

T = TypeVar("T")


class Url(NamedTuple):
    """Where on the web an image is."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One image (bytes, a file, a URL) or text to embed, or what is wrong with it; and what comes along.

    `name` is what an image is called where its id is another: the path or URL that its row names.
    """

    id: str
    content: bytes | Path | Url | str | Flaw
    cells: Cells | None = None
    name: str = ""


class Found(NamedTuple, Generic[T]):
    """An item that is not looked at yet. `key` tells it from others without reading it."""

    key: str
    open: Callable[[], T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[T]):
    """One thing that the user named. `stamp` changes with a table's or shard's file; `count` is for the time left."""

    name: str
    items: Callable[[], Iterator[Found[T]]]
    count: Callable[[], int | None]
    stamp: tuple[int, ...] = ()
    files: Sequence[Path] = field(default=())

    def __iter__(self) -> Iterator[Found[T]]:
        return self.items()


def find_image_sources(named: Sequence[str], *, column: str | None = None) -> list[Source[Item]]:
    """What images these names stand for, in the order named; a name given twice comes twice.

    Files, folders (the shards in them, or else the images below them), patterns, `http(s)://`,
    tables with a column of paths or URLs (relative to the table's folder, or else to the current
    one), shards, and `-` for a path or URL a line on standard input. Raises UsageError for what
    does not exist or is no such table.
    """
    return _settled(named, partial(_image_sources, column=column), column)


def find_text_sources(named: Sequence[str], *, column: str | None = None) -> list[Source[Item]]:
    """What texts these names stand for: `.txt` files and `-` with a text a line, tables with a column of texts."""
    return _settled(named, partial(_text_sources, column=column), column)


def _settled(named: Sequence[str], find: Callable[[str], list[Source[Item]]], column: str | None) -> list[Source[Item]]:
    if list(named).count(STDIN) > 1:
        raise UsageError("standard input can be read once, and - is named twice")
    sources = [source for name in named for source in find(name)]
    if column is not None and not any(is_table(path) for source in sources for path in source.files):
        raise UsageError(f'--column "{column}" is for tables, and none is named', hint=", ".join(TABLES))
    return sources


def _image_sources(name: str, column: str | None) -> list[Source[Item]]:
    if name == STDIN:
        return [Source(name=name, items=lambda: _named_by_lines(_stdin()), count=_unknown)]
    if is_url(name):
        found = Found(name, lambda: Item(id=printable(name), content=Url(name)))
        return [Source(name=name, items=lambda: iter([found]), count=lambda: 1)]
    return [source for path in existing(name) for source in _at_path(path, column)]


def _at_path(path: Path, column: str | None) -> list[Source[Item]]:
    if path.is_dir():
        shards = [shard for folder in (path / "shards", path) for shard in sorted(folder.glob(f"*{_SHARD}"))]
        if shards:
            counts = _counts_of_catalog(path / "catalog.parquet")
            return [_shard_source(shard, counts.get(shard.name)) for shard in shards]
        return [Source(name=str(path), items=partial(_in_folder, path), count=partial(_count_images, path))]
    if is_table(path):
        table = open_table(path, column, IMAGE_COLUMNS)
        return [_table_source(table, _image_of_row)]
    if path.suffix.lower() == _SHARD:
        return [_shard_source(path)]
    return [Source(name=str(path), items=lambda: iter([_file(path)]), count=lambda: 1)]


def _text_sources(name: str, column: str | None) -> list[Source[Item]]:
    if name == STDIN:
        return [Source(name=name, items=lambda: _texts_of_lines(_stdin()), count=_unknown)]
    return [_text_source(path, column) for path in existing(name)]


def _text_source(path: Path, column: str | None) -> Source[Item]:
    if is_table(path):
        return _table_source(open_table(path, column, TEXT_COLUMNS), _text_of_row)
    if path.suffix.lower() not in _TEXTS:
        raise UsageError(f"no file of texts: {path}", hint=f"{', '.join((*_TEXTS, *TABLES))}, or - for standard input")

    def items() -> Iterator[Found[Item]]:
        with path.open("rb") as file:
            yield from _texts_of_lines(file)

    return Source(name=str(path), items=items, count=partial(count_lines, path), stamp=stamp_of(path), files=(path,))


def _stdin() -> BinaryIO:
    if sys.stdin is None:  # closed by whoever started us
        raise UsageError("standard input is closed", hint="pipe a list into it, or name a file")
    return sys.stdin.buffer


def existing(name: str) -> list[Path]:
    """What is at this path, or matches this pattern; raises UsageError for nothing."""
    path = Path(name)
    if path.exists() or path.is_symlink():
        return [path]
    if has_other_scheme(name):
        raise UsageError(f"only http and https are fetched, got {name}")
    matches = sorted(glob.glob(name, recursive=True)) if glob.has_magic(name) else []  # noqa: PTH207 (Path.glob takes no absolute pattern)
    if not matches:
        raise UsageError(f"no such file or folder: {name}")
    return [Path(match) for match in matches]


def is_table(path: Path) -> bool:
    """Whether the suffix is that of a table."""
    return path.suffix.lower() in TABLES


def stamp_of(path: Path) -> tuple[int, int]:
    """What changes when a file is written again."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _unknown() -> None:
    return None


def _count_images(folder: Path) -> int:
    return sum(1 for _ in walk_images(folder))


def _file(path: Path) -> Found[Item]:
    name = printable(str(path))
    return Found(name, lambda: Item(id=name, content=path))


def _in_folder(folder: Path) -> Iterator[Found[Item]]:
    return (_file(path) for path in walk_images(folder))


def _named_by_lines(file: BinaryIO) -> Iterator[Found[Item]]:
    for line in lines(file):
        if isinstance(line, Flaw):
            yield _flawed("", line)
        elif line.strip():
            name = os.fsdecode(line)
            yield Found(printable(name), partial(_image_named, name, None))


def _texts_of_lines(file: BinaryIO) -> Iterator[Found[Item]]:
    for number, line in enumerate(lines(file), start=1):
        if isinstance(line, Flaw):
            yield _flawed(f"line {number}", line)
        elif line.strip():
            yield Found(repr(line), partial(_text_of_line, line))


def _text_of_line(line: bytes) -> Item:
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Item(id=line.decode("utf-8", "backslashreplace"), content=Flaw("not_utf8", "the text is not UTF-8"))
    return Item(id=text, content=text)


def _flawed(name: str, flaw: Flaw) -> Found[Item]:
    return Found(f"{name}: {flaw.message}", lambda: Item(id=name, content=flaw))


def _table_source(table: Table, item: Callable[[Table, Row, int], Item]) -> Source[Item]:
    def items() -> Iterator[Found[Item]]:
        for number, row in enumerate(table.rows(), start=1):
            if isinstance(row, Flaw):
                yield _flawed(f"{table.path}#{number}", row)
            else:
                key = f"#{number}" if isinstance(row.value, bytes) else row.value or ""
                yield Found(printable(key), partial(item, table, row, number))

    return Source(name=str(table.path), items=items, count=table.count, stamp=stamp_of(table.path), files=(table.path,))


def _image_of_row(table: Table, row: Row, number: int) -> Item:
    place = f"{table.path}#{number}"
    if not row.value:
        flaw = Flaw("no_path", f"the column {table.column} is empty in row {number} of {table.path}")
        return Item(id=row.id or printable(place), content=flaw, cells=row.cells, name=printable(place))
    if isinstance(row.value, bytes):
        return Item(id=row.id or printable(place), content=row.value, cells=row.cells)
    item = _image_named(row.value, table.path.parent)
    return Item(id=row.id or item.id, content=item.content, cells=row.cells, name=item.id)


def _text_of_row(table: Table, row: Row, number: int) -> Item:
    text = row.value.decode("utf-8", "replace") if isinstance(row.value, bytes) else row.value or ""
    if not text.strip():
        flaw = Flaw("empty_text", f"the column {table.column} is empty in row {number} of {table.path}")
        return Item(id=row.id or printable(f"{table.path}#{number}"), content=flaw, cells=row.cells)
    return Item(id=row.id or printable(text), content=printable(text), cells=row.cells)


def _image_named(name: str, folder: Path | None) -> Item:
    """A URL, or a path, which may be relative to the folder of the table that names it."""
    content: Path | Url | Flaw
    if is_url(name):
        content = Url(name)
    elif has_other_scheme(name):
        content = Flaw("bad_url", "only http and https are fetched")
    else:
        content = Path(name) if folder is None or not _exists(folder / name) else folder / name
    return Item(id=printable(name), content=content)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a null byte
        return False


def _counts_of_catalog(catalog: Path) -> Mapping[str, int]:
    """How many images each shard of a data folder has; nothing where that is not known."""
    try:
        column = pq.read_table(catalog, columns=["shard_filename"]).column("shard_filename")
    except (pa.ArrowException, OSError):
        return {}
    return {entry["values"]: entry["counts"] for entry in column.drop_null().value_counts().to_pylist()}


def _shard_source(path: Path, images: int | None = None) -> Source[Item]:
    def items() -> Iterator[Found[Item]]:
        for found in scan_shard(path):
            if isinstance(found, Fault):
                yield _flawed(printable(str(path)), Flaw(found.reason, found.message))
            else:
                yield Found(printable(found.key), partial(_sample, path, found))

    return Source(name=str(path), items=items, count=lambda: images, stamp=stamp_of(path), files=(path,))


def _sample(path: Path, entry: Entry) -> Item:
    found = read_entry(path, entry, needs_record=False)
    if isinstance(found, Fault):
        return Item(id=printable(f"{path}#{entry.key}"), content=Flaw(found.reason, found.message))
    record = found.record
    known: dict[str, Value | None] = {**record.taxon.to_columns(), "split": record.split or None}
    known |= {name: record.facts[name] for name in SHARD_FACTS if name in record.facts}
    columns = [
        pa.array([value], pa.float64())
        if isinstance(value, float)
        else pa.array([None if value is None else printable(str(value))], pa.string())
        for value in known.values()
    ]
    batch = pa.RecordBatch.from_arrays(columns, names=list(known))
    return Item(id=printable(record.uuid), content=found.image, cells=Cells(batch, 0))
