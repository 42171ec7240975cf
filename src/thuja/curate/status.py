"""How far a curation has come: its finished steps, what lies half done, bytes on disk, and how to go on."""

import os
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from thuja.curate.outputs import STEPS, CurationFolder, DoneStep

_PART = ".part"
_SUFFIXES = ("B", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStatus:
    """A finished step. `is_stale` where a step before it was done anew since: a resume looks whether it still holds."""

    number: int
    name: str
    read: int
    kept: int
    dropped: Mapping[str, int]
    bytes: int
    is_stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStatus:
    """A step that is being written, or was when the run ended; `idle` is the seconds since its last write."""

    name: str
    units: int
    bytes: int
    idle: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CurationStatus:
    """A curation as it stands. `state` is the job marker's: `running` also where the run was killed."""

    folder: str
    state: str
    version: str
    since: str
    steps: Sequence[StepStatus]
    parts: Sequence[PartStatus]
    bytes: Mapping[str, int]
    command: str

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.state == "complete"

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def read_status(folder: Path) -> CurationStatus:
    """Look at a curation's folder; nothing in it is changed. Raises EmptyInput where no curation is."""
    curation = CurationFolder.open(folder)
    return CurationStatus(
        folder=str(curation.folder),
        state=str(curation.job.get("state", "unknown")),
        version=str(curation.job.get("thuja", "")),
        since=str(curation.job.get("time", "")),
        steps=_steps(curation.steps),
        parts=[_part(path) for path in sorted((curation.folder / STEPS).glob(f"*{_PART}"))],
        bytes=_bytes_by_child(curation.folder),
        command=_command(curation),
    )


def _steps(steps: Sequence[DoneStep]) -> list[StepStatus]:
    newest = 0.0
    found = []
    for step in steps:
        size = sum(status.st_size for status in _files(step.path))
        is_stale = step.written < newest
        newest = max(newest, step.written)
        found.append(
            StepStatus(
                number=step.number,
                name=step.name,
                read=step.read,
                kept=step.kept,
                dropped=step.dropped,
                bytes=size,
                is_stale=is_stale,
            )
        )
    return found


def _part(path: Path) -> PartStatus:
    files = list(_files(path))
    newest = max((status.st_mtime for status in files), default=time.time())
    units = sum(1 for child in path.glob("*") if child.is_dir() and not child.name.endswith(_PART))
    return PartStatus(
        name=path.name.removesuffix(_PART),
        units=units,
        bytes=sum(status.st_size for status in files),
        idle=max(0.0, time.time() - newest),
    )


def _command(curation: CurationFolder) -> str:
    """The one command to go on with; the recipe that stands in the folder is enough for it."""
    folder = curation.folder
    if curation.is_complete:
        return shlex.join(["thuja", "curate", "report", str(folder)])
    source = str(folder / "recipe.json") if curation.recipe else "SOURCE"
    return shlex.join(["thuja", "curate", source, "--out", str(folder), "--resume"])


def _bytes_by_child(folder: Path) -> dict[str, int]:
    return {
        child.name: sum(status.st_size for status in (_files(child) if child.is_dir() else _one_file(child)))
        for child in sorted(folder.iterdir())
    }


def _one_file(path: Path) -> Iterator[os.stat_result]:
    try:
        yield path.lstat()
    except OSError:
        return


def _files(folder: Path) -> Iterator[os.stat_result]:
    """The files below a folder that a running job may be changing: what is gone meanwhile is left out."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
            continue
        try:
            yield entry.stat(follow_symlinks=False)
        except OSError:
            continue


def _lines(status: CurationStatus) -> Iterator[str]:
    said = {"complete": "complete", "running": "running, or it was killed"}.get(status.state, status.state)
    yield f"{status.folder}: {said}" + (f" (thuja {status.version}, {status.since})" if status.version else "")
    if status.steps:
        yield f"{'step':<16}{'read':>14}{'kept':>14}{'dropped':>14}{'on disk':>10}"
    for step in status.steps:
        lost = f"{sum(step.dropped.values()):,}" if step.dropped else "-"
        stale = "  to be looked at again: a step before it is younger" if step.is_stale else ""
        name = f"{step.number:>2} {step.name}"
        yield f"{name:<16}{step.read:>14,}{step.kept:>14,}{lost:>14}{readable_bytes(step.bytes):>10}{stale}"
        for reason, count in sorted(step.dropped.items(), key=lambda item: (-item[1], item[0])):
            yield f"{'':<16}{'':>28}{count:>14,}  {reason}"
    for part in status.parts:
        units = f"{part.units:,} units, " if part.units else ""
        yield f"half done: {part.name}, {units}{readable_bytes(part.bytes)}, last written {_ago(part.idle)} ago"
    sizes = ", ".join(f"{name} {readable_bytes(size)}" for name, size in status.bytes.items() if size)
    yield f"on disk: {readable_bytes(sum(status.bytes.values()))}" + (f" ({sizes})" if sizes else "")
    if not status.is_complete:
        done = (
            "keeps these steps as long as their settings are the same" if status.steps else "begins at the first step"
        )
        half = ", goes on in the half done one" if status.parts else ""
        yield f"a resume {done}{half}, and does what follows"
    yield f"next: {status.command}"


def readable_bytes(size: int) -> str:
    """Bytes for people, by thousands.

    >>> readable_bytes(1_234_567)
    '1.2 MB'
    """
    amount, suffix = float(size), 0
    while amount >= 999.5 and suffix < len(_SUFFIXES) - 1:
        amount, suffix = amount / 1000, suffix + 1
    return (
        f"{amount:.0f} {_SUFFIXES[suffix]}" if suffix == 0 or amount >= 99.95 else f"{amount:.1f} {_SUFFIXES[suffix]}"
    )


def _ago(seconds: float) -> str:
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds"
