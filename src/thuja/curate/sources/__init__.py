"""Where images come from: one reader a kind of source, and the kinds by their names."""

from collections.abc import Iterator, Mapping
from functools import wraps
from importlib import import_module
from pathlib import Path
from types import ModuleType

import polars as pl

from thuja.curate.sources.cells import cut
from thuja.curate.sources.spec import Notes, Reader, SourceSpec
from thuja.errors import UnknownName

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
    "Notes",
    "Reader",
    "SourceSpec",
    "biosphere_table",
    "files_of",
    "path_options",
    "reader",
]


def reader(kind: str) -> Reader:
    """The reader of a kind of source; raises UnknownName.

    Cells of more than `cells.MAX_CELL` bytes are cut there and noted as `cut_cells`, whatever the source is written in.
    """
    found: Reader = getattr(_module(kind), KINDS[kind].partition(":")[2])

    @wraps(found)
    def reading(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
        for frame in found(spec, notes):
            short, count = cut(frame)
            if count:
                notes["cut_cells"] += count
            yield short

    return reading


def path_options(kind: str) -> tuple[str, ...]:
    """Which of a kind's options name files or folders; raises UnknownName."""
    names: tuple[str, ...] = _module(kind).PATH_OPTIONS
    return names


def files_of(spec: SourceSpec) -> list[Path]:
    """The files besides `spec.path` and the files named by options that the rows of a source depend on, sorted.

    Of a folder of tables these tables, and what lies beside a table and is joined to it; of a folder of images
    nothing, and nothing of a source that is not there. Raises UnknownName.
    """
    module = _module(spec.kind)
    found = module.files_of(spec) if hasattr(module, "files_of") else []
    named = {spec.path, *(Path(spec.option(name)) for name in module.PATH_OPTIONS)}
    return sorted({file for file in found if file.is_file()} - named)


def _module(kind: str) -> ModuleType:
    if kind not in KINDS:
        raise UnknownName.of("kind of source", kind, KINDS)
    return import_module(KINDS[kind].partition(":")[0])


def biosphere_table(source: Path) -> Path | None:
    """The table of a folder that `thuja biosphere make` wrote; None for any other folder."""
    table = source / BIOSPHERE_TABLE
    return table if table.is_file() and (source / BIOSPHERE_BACKBONE).is_file() else None
