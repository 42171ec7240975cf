"""What lies in the folder of a curation, finished or not: its steps, its catalog, its recipe."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from thuja.curate.catalog import CATALOG
from thuja.errors import BadFile, EmptyInput
from thuja.jobs import MARKER

RECIPE = "recipe.json"
STEPS = "steps"
_STEP = re.compile(r"(?P<number>\d+)-(?P<name>[a-z][a-z0-9_-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneStep:
    """A finished step: where its rows lie, what it was given, kept, and dropped for which reasons."""

    number: int
    name: str
    path: Path
    read: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    written: float = 0.0
    """When its marker was written, in seconds since 1970."""

    def rows(self) -> pl.LazyFrame:
        """The rows that the step left, lazily."""
        return scan_rows(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurationFolder:
    """A curation on disk, as far as it has come."""

    folder: Path
    steps: tuple[DoneStep, ...]
    job: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> "CurationFolder":
        """Look at a folder; raises EmptyInput where no curation is."""
        folder = Path(folder)
        job = json_object(folder / MARKER)
        if not folder.is_dir() or (job.get("verb") != "curate" and not (folder / STEPS).is_dir()):
            raise EmptyInput(
                f"{folder} is not a folder that thuja curate made", hint="name the folder that was given as --out"
            )
        return cls(folder=folder, steps=tuple(_done_steps(folder / STEPS)), job=job)

    @property
    def is_complete(self) -> bool:
        """Whether the curation ran to its end."""
        return self.job.get("state") == "complete"

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The settings that the curation ran with, as JSON; empty where none are written down."""
        return json_object(self.folder / RECIPE)

    @property
    def last(self) -> DoneStep:
        """The last finished step; raises EmptyInput where there is none."""
        if not self.steps:
            raise EmptyInput(f"no step of the curation in {self.folder} is finished", hint="wait, or resume it")
        return self.steps[-1]

    def catalog(self) -> pl.LazyFrame:
        """The catalog, lazily; raises BadFile where the curation has not come so far."""
        path = self.folder / CATALOG
        if not path.is_file():
            raise BadFile(f"the curation in {self.folder} has no {CATALOG} yet", hint="resume it first")
        return scan_catalog(path)


def scan_rows(path: Path) -> pl.LazyFrame:
    """The Parquet files below a folder as one table, lazily."""
    files = sorted(path.rglob("*.parquet"))
    if not files:
        raise BadFile(f"{path} holds no Parquet file", hint="resume the curation: it does the step again")
    return pl.scan_parquet(files, glob=False)


def scan_catalog(path: Path) -> pl.LazyFrame:
    """A catalog, or the one in a curation's folder, lazily; raises EmptyInput or BadFile."""
    path = Path(path)
    path = path / CATALOG if path.is_dir() else path
    if not path.is_file():
        raise EmptyInput(f"there is no catalog at {path}", hint=f"name a curation's folder, or a {CATALOG}")
    try:
        rows = pl.scan_parquet(path, glob=False)
        columns = rows.collect_schema().names()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadFile(f"{path} cannot be read as Parquet: {error}") from error
    missing = [name for name in ("uuid", "drop_reason", "split") if name not in columns]
    if missing:
        raise BadFile(f"{path} is not a catalog of thuja curate: it has no column {', '.join(missing)}")
    return rows


def _done_steps(folder: Path) -> Iterable[DoneStep]:
    """The steps by number; of two with one number, which a changed recipe leaves behind, the later one."""
    found: dict[int, DoneStep] = {}
    for marker in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        match = _STEP.fullmatch(marker.stem)
        path = folder / marker.stem
        counts = json_object(marker).get("counts")
        written = _written(marker)  # a running curation may take a marker away at any moment
        if match is None or not path.is_dir() or not isinstance(counts, dict) or written is None:
            continue
        step = DoneStep(
            number=int(match["number"]),
            name=match["name"],
            path=path,
            read=int(counts.get("read", 0)),
            kept=int(counts.get("kept", 0)),
            dropped=counts.get("dropped") or {},
            written=written,
        )
        rival = found.get(step.number)
        if rival is None or rival.written <= step.written:
            found[step.number] = step
    return (found[number] for number in sorted(found))


def _written(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


@contextmanager
def readable(what: Path) -> Iterator[None]:
    """Turn what polars says of a broken or missing Parquet file into one sentence."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        why = " ".join(str(error).split())[:200]
        raise BadFile(
            f"the tables in {what} cannot be read: {why}", hint="resume the curation, or make it anew"
        ) from error


def json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where there is none, or no such file."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
