"""What lies in an index's folder and belongs to no version: left by killed runs, or by versions that are gone."""

import shutil
from collections.abc import Collection
from pathlib import Path

from thuja.search.manifest import SEGMENTS
from thuja.search.store.places import LocalPlace
from thuja.search.store.versions import listed, read_version


def named_segments(folder: Path) -> set[str]:
    """The segments that any version that is kept names."""
    place = LocalPlace(folder)
    return {segment.name for number in listed(place) for segment in read_version(place, number).segments}


def next_number(folder: Path) -> int:
    """The number of a segment to come: greater than that of any segment of a version that is kept."""
    return max((int(name.partition("-")[0]) for name in named_segments(folder)), default=0) + 1


def sweep(folder: Path, *, keep: Collection[str] = ()) -> int:
    """Delete segments that no version names, but for those to `keep`; returns their bytes. By the writer alone."""
    named = named_segments(folder) | set(keep)
    freed = 0
    for path in (folder / SEGMENTS).glob("*"):
        if path.name not in named:
            freed += sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            shutil.rmtree(path)
    return freed
