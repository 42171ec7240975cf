"""Where images come from: one reader a kind of source, and the kinds by their names."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

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
    "reader",
]


def reader(kind: str) -> Reader:
    """The reader of a kind of source; raises UnknownName."""
    if kind not in KINDS:
        raise UnknownName.of("kind of source", kind, KINDS)
    module, _, function = KINDS[kind].partition(":")
    found: Reader = getattr(import_module(module), function)
    return found


def biosphere_table(source: Path) -> Path | None:
    """The table of a folder that `thuja biosphere make` wrote; None for any other folder."""
    table = source / BIOSPHERE_TABLE
    return table if table.is_file() and (source / BIOSPHERE_BACKBONE).is_file() else None


def path_options(kind: str) -> tuple[str, ...]:
    """Which of a kind's options are paths."""
    return {"folder": ("labels",), "gbif": ("multimedia",), "eol": ("names", "common"), "bioscan": ("images",)}.get(
        kind, ()
    )


def files_of(spec: SourceSpec) -> list[Path]:
    """The files that the rows of a source depend on."""
    paths = [spec.path, *(Path(spec.option(name)) for name in path_options(spec.kind) if spec.option(name))]
    return [path for path in paths if path.is_file()]
