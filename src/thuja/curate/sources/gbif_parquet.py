"""GBIF occurrences in Parquet: the monthly snapshot of the open data, and what else has its columns.

The snapshot (`occurrence.parquet/000000 ...`, github.com/gbif/occurrence, aws-public-data.md) names its columns in
lower case, has lists in `issue` and `mediatype`, and no media: neither it nor GBIF's SIMPLE_PARQUET download has an
image's URL. So a table of media must lie beside it (`multimedia.parquet`, a folder of that name, or `multimedia.txt`
out of a Darwin Core archive) or be named by option `multimedia`. A column `multimedia`, `media` or `ext_multimedia` of
the occurrences is taken, too: a list of structs, or the JSON text that GBIF's own table of occurrences holds there
(array of objects, by the queries in that repository). Of these nested forms no public file was at hand to check with.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl

from thuja.curate.sources.chunked_tables import read_frames, sniff
from thuja.curate.sources.containers import Container, opened
from thuja.curate.sources.gbif_terms import KEY, MEDIA, OCCURRENCE
from thuja.curate.sources.parquet_files import parquet_frames, parquet_schema
from thuja.curate.sources.spec import Notes
from thuja.errors import BadFile, UsageError

_MAGIC = b"PAR1"
_NESTED = ("multimedia", "media", "ext_multimedia")
_SIZE_RATIO = 6  # bytes of text for one of Parquet, about; only the number of parts hangs on it
_NO_MEDIA_HINT = "put multimedia.txt or multimedia.parquet beside it, or name it by the option multimedia"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetDownload:
    """Occurrences in Parquet files, and where their media are: other files, a table of text, or a column of theirs."""

    occurrence_files: tuple[Path, ...]
    media_files: tuple[Path, ...] = ()
    media_text: tuple[Container, str] | None = None
    nested: str | None = None

    @property
    def size(self) -> int:
        """Bytes of text that this would be, roughly."""
        packed = sum(file.stat().st_size for file in (*self.occurrence_files, *self.media_files)) * _SIZE_RATIO
        return packed + (self.media_text[0].sizes[self.media_text[1]] if self.media_text else 0)

    def occurrences(self) -> Iterator[pl.DataFrame]:
        """The occurrences' wanted columns, as text."""
        for file in self.occurrence_files:
            yield from _read(file, (KEY, *OCCURRENCE))

    def media(self, notes: Notes) -> Iterator[pl.DataFrame]:
        """The media's wanted columns, as text, with their occurrence's key."""
        if self.media_text is not None:
            container, name = self.media_text
            layout = sniff(container, name)
            layout.require(KEY, "identifier")
            yield from read_frames(container, layout, (KEY, *MEDIA), notes=notes)
        elif self.nested is not None:
            for file in self.occurrence_files:
                yield from _read_nested(file, self.nested)
        else:
            for file in self.media_files:
                yield from _read(file, (KEY, *MEDIA))


def parquet_of(container: Container, multimedia: str, stack: ExitStack) -> ParquetDownload | None:
    """The Parquet files of a folder; None where it has none. Raises UsageError where the media are nowhere."""
    home = container.path.name.lower()
    packed = [name for name in container.sizes if ".parquet" in f"{home}/{name.lower()}"]
    if not container.path.is_dir():
        if packed and container.path.suffix.lower() == ".zip":
            raise UsageError(f"{container.path} is a download in Parquet", hint=f"unpack it, and {_NO_MEDIA_HINT}")
        files = [container.path] if _is_parquet(container.path) else []
    else:
        files = [file for name in packed if _is_parquet(file := container.path / name)]
    if not files:
        return None
    beside = [file for file in files if "multimedia" in _below(file, container.path)]
    records = tuple(file for file in files if file not in beside)
    if not records:
        raise BadFile(f"{container.path} has Parquet files of media, but none of occurrences", hint="name their folder")
    _require(records[0], KEY)
    if multimedia:
        return _with_named(records, Path(multimedia), stack)
    if beside:
        return ParquetDownload(occurrence_files=records, media_files=tuple(beside))
    if text := container.find("multimedia.txt"):
        return ParquetDownload(occurrence_files=records, media_text=(container, text))
    nested = next((column for column in _NESTED if column in _columns(records[0])), None)
    if nested is None:
        raise UsageError(f"the occurrences of {container.path} come without their media", hint=_NO_MEDIA_HINT)
    return ParquetDownload(occurrence_files=records, nested=nested)


def _with_named(records: tuple[Path, ...], path: Path, stack: ExitStack) -> ParquetDownload:
    container = stack.enter_context(opened(path))
    files = [path] if path.is_file() else [path / name for name in container.sizes]
    found = tuple(file for file in files if file.is_file() and _is_parquet(file))
    if found:
        _require(found[0], KEY, "identifier")
        return ParquetDownload(occurrence_files=records, media_files=found)
    text = container.find("multimedia.txt") or next(iter(container.sizes), None)
    if text is None:
        raise UsageError(f"there is no table of media at {path}", hint=_NO_MEDIA_HINT)
    return ParquetDownload(occurrence_files=records, media_text=(container, text))


def _below(file: Path, root: Path) -> str:
    return str(PurePosixPath(file.relative_to(root))).lower() if file != root else ""


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == _MAGIC


def _columns(path: Path) -> dict[str, str]:
    """The file's columns by their names in lower case; Hive writes `order_` for words that SQL keeps for itself."""
    return {name.lower().rstrip("_"): name for name in parquet_schema(path).names}


def _require(path: Path, *wanted: str) -> None:
    columns = _columns(path)
    missing = [column for column in wanted if column.lower() not in columns]
    if missing:
        raise BadFile(f"{path} has no column {', '.join(missing)}", hint=f"found: {', '.join(columns)[:300]}")


def _read(path: Path, wanted: tuple[str, ...]) -> Iterator[pl.DataFrame]:
    found = _columns(path)
    places = {column: found[column.lower()] for column in wanted if column.lower() in found}
    for frame in parquet_frames(path, [*places.values()]):
        yield _as_text(frame, places, wanted)


def _as_text(frame: pl.DataFrame, places: dict[str, str], wanted: tuple[str, ...]) -> pl.DataFrame:
    """All wanted columns as text, nothing as null: lists joined as GBIF's text files have them."""
    columns = []
    for column in wanted:
        if column not in places:
            columns.append(pl.lit(None, pl.String).alias(column))
            continue
        text = _text(pl.col(places[column]), frame.schema[places[column]], ";" if column == "issue" else "|")
        columns.append(pl.when(text != "").then(text).alias(column))
    return frame.select(columns)


def _text(value: pl.Expr, kind: pl.DataType, joiner: str) -> pl.Expr:
    if isinstance(kind, pl.List):
        inner = kind.inner
        if isinstance(inner, pl.Struct):  # Hive's way to write a list: of structs with one field, `array_element`
            value = value.list.eval(pl.element().struct.field(inner.fields[0].name))
        return value.list.eval(pl.element().cast(pl.String)).list.join(joiner)
    if isinstance(kind, pl.Struct):
        return pl.lit(None, pl.String)
    if isinstance(kind, pl.Datetime):
        return value.dt.strftime("%Y-%m-%dT%H:%M:%S")
    return value.cast(pl.String)


def _read_nested(path: Path, column: str) -> Iterator[pl.DataFrame]:
    """The media that lie in a column of the occurrences, one row each."""
    found = _columns(path)
    for frame in parquet_frames(path, [found[KEY.lower()], found[column]]):
        cells = frame.rename({found[KEY.lower()]: KEY, found[column]: "media"})
        if cells.schema["media"] == pl.String:
            fields = pl.List(pl.Struct(dict.fromkeys(MEDIA, pl.String)))
            try:
                cells = cells.with_columns(pl.col("media").str.json_decode(fields))
            except pl.exceptions.ComputeError as error:
                why = str(error).partition("\n")[0][:200]
                raise BadFile(f"the media in column {column} of {path} cannot be read: {why}") from error
        single = cells.explode("media").drop_nulls("media")
        kind = single.schema["media"]
        names = {field.name.lower(): field.name for field in kind.fields} if isinstance(kind, pl.Struct) else {}
        flat = single.select(KEY, *(pl.col("media").struct.field(name).alias(f"m:{name}") for name in names.values()))
        places = {c: f"m:{names[c.lower()]}" for c in MEDIA if c.lower() in names}
        yield _as_text(flat, {KEY: KEY, **places}, (KEY, *MEDIA))
