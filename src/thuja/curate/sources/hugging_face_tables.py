"""Images within the Parquet and Arrow files of a Hugging Face data set, and what the other columns say of them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa

from thuja.curate.sources.file_names import find_below
from thuja.curate.sources.hugging_face_features import Features, find_features
from thuja.curate.sources.parquet_files import parquet_batches
from thuja.curate.sources.spec import Notes, SourceSpec
from thuja.curate.sources.spilling import scratch_of
from thuja.curate.sources.table import rows_of_lines
from thuja.curate.sources.table_columns import Columns
from thuja.curate.sources.table_files import holds_bytes, plain
from thuja.errors import BadFile, UsageError
from thuja.images.places import stretch
from thuja.images.split_folders import SPLIT_OF

ENDINGS = (".parquet", ".arrow")
_ROWS = 256
"""Images in memory at once: some hundred megabytes at most where they are photos."""
_FILE = "file"


def read_image_tables(
    spec: SourceSpec, root: Path, tables: list[Path], *, notes: Notes, data_source: str
) -> Iterator[pl.DataFrame]:
    """The rows of the tables in their order; bytes go to one file a table in the scratch folder."""
    folder = root if root.is_dir() else root.parent
    scratch = scratch_of(spec)
    for number, table in enumerate(tables):
        relative = table.relative_to(folder).as_posix()
        split = split_of(relative)
        done, features = 0, None
        with (scratch / f"images-{number:05d}.bin").open("wb") as spilled:
            for batch in _batches(table):
                features = features or find_features(
                    batch.schema, folder, spec.option("image"), is_data_set=root.is_dir()
                )
                frame, columns = _labels(batch, features, spec=spec, table=table)
                found = _images(batch, features.image, folder=folder, spilled=spilled)
                spilled.flush()  # whoever reads the rows may read the images
                identifiers = pl.Series([f"{relative}#{done + row}" for row in range(len(frame))], dtype=pl.String)
                lines = frame.select(name for name in columns.used if name != _FILE).hstack(found)
                own = {
                    "data_source": pl.lit(data_source),
                    "source_id": pl.lit(identifiers),
                    "path": pl.col("found path"),
                    "place": pl.col("found place"),
                    "split": pl.lit(split, pl.String),
                }
                yield rows_of_lines(lines, columns, notes, own=own)
                done += len(frame)


def split_of(relative: str) -> str | None:
    """The split that a file's name or folder begins with.

    >>> split_of("data/validation-00000-of-00001.parquet"), split_of("corvids.parquet")
    ('val', None)
    """
    words = [re.split(r"[-.]", part)[0].lower() for part in reversed(relative.split("/"))]
    return next((SPLIT_OF[word] for word in words if word in SPLIT_OF), None)


def _batches(table: Path) -> Iterator[pa.RecordBatch]:
    if table.suffix == ".parquet":
        yield from parquet_batches(table, rows=_ROWS)
        return
    try:
        with pa.memory_map(str(table)) as source:
            if source.read(6) == b"ARROW1":
                reader = pa.ipc.open_file(source)
                batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
            else:  # `datasets` writes streams
                source.seek(0)
                batches = iter(pa.ipc.open_stream(source))
            for whole in batches:
                for start in range(0, whole.num_rows, _ROWS):
                    yield whole.slice(start, _ROWS)
    except (pa.ArrowException, OSError) as error:
        why = str(error).partition("\n")[0]
        raise BadFile(f"the table {table} cannot be read: {why}", hint="Parquet or Arrow, not cut short") from error


def _labels(
    batch: pa.RecordBatch, features: Features, *, spec: SourceSpec, table: Path
) -> tuple[pl.DataFrame, Columns]:
    """The columns that hold no images, class numbers as their names, and what each column says."""
    others = [name for name in batch.schema.names if not holds_bytes(batch.schema.field(name).type)]
    others = [name for name in others if name not in (features.image, _FILE)]
    frame = plain(pl.DataFrame(pl.from_arrow(batch.select(others)))) if others else pl.DataFrame(height=len(batch))
    for name, names in features.classes.items():
        if name in frame.columns and frame.schema[name].is_integer():
            by_number = dict(enumerate(names))
            frame = frame.with_columns(pl.col(name).replace_strict(by_number, default=None, return_dtype=pl.String))
    label = spec.option("label") or _only_class(frame, features)
    if spec.option("label") and label not in frame.columns:
        raise UsageError(f'there is no column "{label}" in {table}', hint=f"one of {', '.join(frame.columns)}")
    if label and label != "label":
        frame = frame.drop("label", strict=False).rename({label: "label"})
    return frame, Columns.find([_FILE, *frame.columns], table)


def _only_class(frame: pl.DataFrame, features: Features) -> str:
    """The class column to take for the label, where there is one and no column goes by that name."""
    classes = [name for name in features.classes if name in frame.columns]
    return classes[0] if len(classes) == 1 and "label" not in frame.columns else ""


def _images(batch: pa.RecordBatch, column: str, *, folder: Path, spilled: IO[bytes]) -> pl.DataFrame:
    """For each row the `found place` of its bytes, the `found path` of a file, or the `found reason` why neither is."""
    places: list[str | None] = []
    names: list[str | None] = []
    for cell in batch.column(column):
        data, name = _parts(cell.as_py())
        if data:
            places.append(stretch(Path(spilled.name).absolute(), spilled.tell(), len(data)))
            spilled.write(data)
        else:
            places.append(None)
        names.append(name)
    without = pl.Series(
        [name if place is None else None for place, name in zip(places, names, strict=True)], dtype=pl.String
    )
    found = find_below(folder, without)
    has_bytes = pl.col("found place").is_not_null()
    return found.with_columns(pl.Series("found place", places, pl.String)).select(
        "found place",
        pl.when(~has_bytes).then("path").alias("found path"),
        pl.when(~has_bytes).then(pl.col("reason").replace("no_path", "no_image")).alias("found reason"),
    )


def _parts(cell: Any) -> tuple[bytes | None, str | None]:
    if isinstance(cell, dict):
        data, name = cell.get("bytes"), cell.get("path")
        return (data if isinstance(data, bytes) else None), (name if isinstance(name, str) else None)
    return (cell, None) if isinstance(cell, bytes) else (None, cell if isinstance(cell, str) else None)
