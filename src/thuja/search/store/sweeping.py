"""What lies in an index's folder and belongs to no version: left by killed runs, or by versions that are gone."""

import json
import shutil
from pathlib import Path
from typing import Final

from thuja.search.manifest import INDEX, SEGMENTS, VERSIONS, is_segment_name
from thuja.search.store.places import LocalPlace
from thuja.search.store.versions import current_number, listed, read_version

BUILDING: Final = "building"
"""The folder of units of a build that has not ended: what segments it has made."""
WORK: Final = f"{BUILDING}.tmp"
"""Where a segment lies while it is written."""


def named_segments(folder: Path) -> set[str]:
    """The segments that any version that is kept names."""
    place = LocalPlace(folder)
    return {segment.name for number in listed(place) for segment in read_version(place, number).segments}


def next_number(folder: Path) -> int:
    """The number of a segment to come: greater than that of any segment of a version that is kept."""
    return max((int(name.partition("-")[0]) for name in named_segments(folder)), default=0) + 1


def unfinished_segments(folder: Path) -> set[str]:
    """Those that a killed build has made, and that it will not make again."""
    done = (folder / BUILDING).glob("unit-??????")
    return {json.loads(path.read_text(encoding="utf-8"))["segment"] for path in done}


def half_written(folder: Path) -> list[Path]:
    """What a killed run was writing."""
    return [path for name in (f"{BUILDING}*", f"{INDEX}*", f"{VERSIONS}/*") for path in folder.glob(f"{name}.tmp")]


def sweep(folder: Path) -> int:
    """Delete segments that no version and no unfinished build names; returns their bytes. By the writer alone."""
    for path in half_written(folder):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if (folder / INDEX).exists():
        newest = current_number(LocalPlace(folder))
        for number in listed(LocalPlace(folder)):
            if number > newest:  # written by a run that was killed before it could be named
                for path in (folder / VERSIONS).glob(f"{number:06}*"):
                    path.unlink()
    named = named_segments(folder) | unfinished_segments(folder)
    freed = 0
    for path in (folder / SEGMENTS).glob("*"):
        if path.name not in named and is_segment_name(path.name):  # nothing that somebody else put there
            freed += sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            shutil.rmtree(path)
    return freed
