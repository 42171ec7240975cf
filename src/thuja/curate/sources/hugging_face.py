"""Hugging Face data sets: Parquet and Arrow files with an Image column, and folders of images with metadata files.

Only files are read, and no code of a data set is run. Verified in public code of the `datasets` library: the schema's
`huggingface` metadata with `info.features`, images as struct<bytes, path>, ClassLabel's `names`, dataset_info.json,
and the README's `dataset_info`; metadata.csv, .jsonl and .parquet with `file_name` in a folder of images.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from thuja.curate.sources.folder import read_folder
from thuja.curate.sources.hugging_face_tables import ENDINGS, read_image_tables
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
from thuja.curate.sources.table import rows_of_files
from thuja.curate.sources.table_columns import Columns
from thuja.curate.sources.table_files import plain, read_table_header, read_typed
from thuja.curate.sources.table_paths import TablePaths
from thuja.errors import BadFile, UsageError
from thuja.images.split_folders import label_and_split

PATH_OPTIONS: tuple[str, ...] = ()
"""The options that are paths."""
_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_WANTED = ["*.parquet", "*.arrow", "*.json", "*.jsonl", "*.csv", "README.md", "*.jpg", "*.jpeg", "*.png", "*.webp"]
_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")


def read_hugging_face(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """A row an image. `path` is a folder, a Parquet or Arrow file, or an id on the hub (`owner/name`), fetched whole.

    Options: `image` and `label` name the columns where the data set's features do not tell; `revision` of a hub id.
    Bytes in a table are put down in the scratch folder, which must live as long as the images are needed: a row's
    `place` is there. An image's id is its file and its number in it. Splits are those of the files' names. Dropped:
    `no_image` (neither bytes nor a path), and what files themselves say. Raises UsageError or BadFile.
    """
    spec.refuse_other_options(("image", "label", "revision"))
    root = _fetched(spec)
    data_source = spec.name or (spec.path.as_posix() if root != spec.path else root.resolve().stem)
    metadata = [] if root.is_file() else [path for name in _METADATA for path in sorted(root.rglob(name))]
    tables = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.suffix in ENDINGS)
    tables = [path for path in tables if path not in metadata]
    if tables:
        yield from read_image_tables(spec, root, tables, notes=notes, data_source=data_source)
    elif metadata:
        yield from _read_metadata(root, metadata, data_source, notes=notes)
    else:
        yield from read_folder(SourceSpec(kind="folder", path=root, name=data_source), notes)


def files_of(spec: SourceSpec) -> list[Path]:
    """The tables, the files of metadata and the descriptions of a folder, or those beside a single table."""
    if spec.path.is_dir():
        wanted = (*_METADATA, "dataset_info*.json", "README.md", *(f"*{ending}" for ending in ENDINGS))
        return [file for name in wanted for file in spec.path.rglob(name)]
    return (
        [*spec.path.parent.glob("dataset_info*.json"), spec.path.with_name("README.md")] if spec.path.is_file() else []
    )


def _fetched(spec: SourceSpec) -> Path:
    """The data set on this machine."""
    if spec.path.exists():
        return spec.path
    name = spec.path.as_posix()
    if not _ID.fullmatch(name):
        raise UsageError(f"there is no data set at {name}", hint="a folder, or an id on the hub: owner/name")
    try:
        revision = spec.option("revision") or None
        found = snapshot_download(name, repo_type="dataset", revision=revision, allow_patterns=_WANTED)
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        why = str(error).strip().partition("\n")[0]
        raise UsageError(
            f"the data set {name} cannot be fetched: {why}", hint="a folder by its path works too"
        ) from error
    return Path(str(found))


def _read_metadata(root: Path, files: list[Path], data_source: str, *, notes: Notes) -> Iterator[pl.DataFrame]:
    """A folder of images whose metadata files say what they show; images they leave out are dropped rows."""
    paths = TablePaths(table=files[0], root=root)
    for file in files:
        paths.start(file)
        for frame in _lines(file, notes):
            named = frame.select(pl.col(name).alias(new) for name, new in _renamed(frame.columns).items())
            columns = Columns.find(named.columns, file)
            yield with_split(rows_of_files(named, columns, notes, paths=paths, data_source=data_source))
    yield from paths.unlisted(data_source)


def with_split(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the split that the folders of their source_id say, where they have none."""
    said = [label_and_split(identifier)[1] or None for identifier in rows["source_id"].to_list()]
    split = pl.Series("split", said, pl.String)
    return rows.with_columns(split.alias("split") if "split" not in rows.columns else pl.col("split").fill_null(split))


def _lines(file: Path, notes: Notes) -> Iterator[pl.DataFrame]:
    if file.suffix != ".jsonl":
        header = _renamed(read_table_header(file))
        said = {new: name for name, new in header.items()}
        traits = Columns.find([*said], file).traits
        yield from read_typed(file, tuple(said[name] for name in traits), notes)
        return
    items = _json_lines(file, notes)
    while chunk := list(islice(items, CHUNK)):
        yield plain(pl.DataFrame(chunk, infer_schema_length=None, strict=False))


def _renamed(header: list[str]) -> dict[str, str]:
    """What the columns are called here: `file_name` is the file, and then a column `file` is a trait, `said_file`."""
    if "file_name" not in header:
        return {name: name for name in header}
    own = {"file_name": "file", "file": "said_file"}
    return {name: own.get(name, name) for name in header if name != "said_file" or "file" not in header}


def _json_lines(file: Path, notes: Notes) -> Iterator[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                try:
                    item = json.loads(line) if line.strip() else None
                except (ValueError, RecursionError):
                    item = ""
                if isinstance(item, dict):
                    yield item
                elif item is not None:
                    notes["broken_line"] += 1
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{file} cannot be read: {error}", hint="JSON lines in UTF-8") from error
