"""Where images come from: one reader a kind of source, and the kinds by their names."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path

from thuja.curate.sources.folder import read_folder
from thuja.curate.sources.listing import Listing
from thuja.curate.sources.spec import Notes, Reader, SourceSpec
from thuja.curate.sources.table import find_columns, read_table
from thuja.curate.sources.table_files import TABLE_SUFFIXES
from thuja.errors import UnknownName, UsageError

_ROOM = "thuja.curate.sources"
KINDS: Mapping[str, str] = {
    "folder": f"{_ROOM}.folder:read_folder",
    "table": f"{_ROOM}.table:read_table",
    "inat21": f"{_ROOM}.inat21:read_inat21",
    "inaturalist": f"{_ROOM}.inaturalist:read_inaturalist",
    "fathomnet": f"{_ROOM}.fathomnet:read_fathomnet",
    "camera_traps": f"{_ROOM}.camera_traps:read_camera_traps",
    "tree_of_life": f"{_ROOM}.tree_of_life:read_tree_of_life",
    "hugging_face": f"{_ROOM}.hugging_face:read_hugging_face",
    "shards": f"{_ROOM}.shards:read_shards",
    "gbif": f"{_ROOM}.gbif:read_gbif",
    "eol": f"{_ROOM}.eol:read_eol",
    "bioscan": f"{_ROOM}.bioscan:read_bioscan",
}
"""Each kind of source and where its reader is, `module:function`; a module is imported when its kind is asked for."""

BIOSPHERE_TABLE = "table.csv"
"""What `thuja biosphere make` calls the table in its folder; its backbone lies beside it."""
BIOSPHERE_BACKBONE = "backbone.parquet"

__all__ = [
    "BIOSPHERE_BACKBONE",
    "BIOSPHERE_TABLE",
    "KINDS",
    "Listing",
    "Notes",
    "Reader",
    "SourceSpec",
    "biosphere_table",
    "open_source",
    "reader",
]


def reader(kind: str) -> Reader:
    """The reader of a kind of source; raises UnknownName."""
    if kind not in KINDS:
        raise UnknownName.of("kind of source", kind, KINDS)
    module, _, function = KINDS[kind].partition(":")
    found: Reader = getattr(import_module(module), function)
    return found


def open_source(source: Path, labels: Path | None) -> Listing:
    """The listing of a source: a folder of pictures (with a label table or not), a table, a biosphere.

    Raises UsageError when the source is not there or its table lacks what is needed.
    """
    if labels is not None:
        find_columns(labels)
    if source.is_file():
        if not source.name.lower().endswith(TABLE_SUFFIXES):
            raise UsageError(f"{source} is neither a folder nor a table", hint=f"a table ends in {TABLE_SUFFIXES}")
        if labels is not None:
            raise UsageError("the source is a table already", hint="leave out --labels")
        find_columns(source)
        return Listing(
            root=source.parent, table=source, read=partial(read_table, SourceSpec(kind="table", path=source))
        )
    if not source.is_dir():
        raise UsageError(f"there is no folder or table at {source}", hint="name the folder that holds the pictures")
    table = labels or biosphere_table(source)
    options = {} if table is None else {"labels": str(table)}
    spec = SourceSpec(kind="folder", path=source, options=options)
    if table is not None:
        find_columns(table)
    return Listing(root=source, table=table, read=partial(read_folder, spec))


def biosphere_table(source: Path) -> Path | None:
    """The table of a folder that `thuja biosphere make` wrote; None for any other folder."""
    table = source / BIOSPHERE_TABLE
    return table if table.is_file() and (source / BIOSPHERE_BACKBONE).is_file() else None
