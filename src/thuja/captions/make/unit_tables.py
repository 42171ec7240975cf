"""The finished units of a run: a table of captions each, with what its requests came to in the table's metadata."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.captions.make.inputs import Unit
from thuja.captions.make.journal import Told, read_journal
from thuja.captions.make.rows import CAPTIONS_SCHEMA
from thuja.captions.make.settings import Portion
from thuja.jobs import Units

UNITS: Final = "units"
JOURNALS: Final = "journals"
_ROWS: Final = 2_000
_COUNTS: Final = ("unanswered", "failed", "lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What was asked and never heard of again, what ended without an answer, and what was paid.

    `lost` is what those without an answer may have cost, `dearest` the price of the costliest picture or draft.
    """

    unanswered: int = 0
    failed: int = 0
    cost: float = 0.0
    lost: float = 0.0
    dearest: float = 0.0

    @property
    def at_worst(self) -> float:
        """What may have been paid: nobody knows the price of what was never heard of again, so the highest one."""
        return self.cost + self.lost + self.unanswered * self.dearest

    def __add__(self, other: "Requests") -> "Requests":
        return Requests(
            unanswered=self.unanswered + other.unanswered,
            failed=self.failed + other.failed,
            cost=self.cost + other.cost,
            lost=self.lost + other.lost,
            dearest=max(self.dearest, other.dearest),
        )


def write_unit(units: Units, unit: Unit, rows: Iterable[dict[str, Any]], told: Told) -> None:
    """Write the table of a unit, whole or not at all."""
    counts = {name: str(getattr(told, name)) for name in _COUNTS} | {"shard": unit.name}
    schema = CAPTIONS_SCHEMA.with_metadata(counts)
    with units.writing(unit.number) as path, pq.ParquetWriter(path, schema, compression="zstd") as writer:
        waiting: list[dict[str, Any]] = []
        for row in rows:
            waiting.append(row)
            if len(waiting) == _ROWS:
                writer.write_table(pa.Table.from_pylist(waiting, schema=schema))
                waiting = []
        writer.write_table(pa.Table.from_pylist(waiting, schema=schema))


def read_unit(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The captions of a finished unit, without its metadata."""
    with pq.ParquetFile(path) as file:
        return file.read(columns=columns).replace_schema_metadata(None)


def requests_of(path: Path) -> Requests:
    """What the requests of a finished unit came to."""
    with pq.ParquetFile(path) as file:
        said = file.schema_arrow.metadata
        costs = file.read(columns=["cost"])["cost"].to_pylist()
    return Requests(
        unanswered=int(said[b"unanswered"]),
        failed=int(said[b"failed"]),
        cost=sum(costs),
        lost=float(said[b"lost"]),
        dearest=max(costs, default=0.0),
    )


def requests_so_far(units: Path, journals: Path) -> Requests:
    """What the requests of finished and of begun units came to."""
    total = Requests()
    finished = unit_paths(units)
    for path in finished:
        total += requests_of(path)
    names = {path.name for path in finished}
    for path in sorted(journals.glob("*.jsonl")):
        if unit_path(units, int(path.stem)).name in names:
            continue  # a run that was killed had not yet dropped it
        told = read_journal(path)
        total += Requests(
            unanswered=told.unanswered, failed=told.failed, cost=told.cost, lost=told.lost, dearest=told.dearest
        )
    return total


def portion_of(work: Path) -> Portion:
    """What is left to the run that goes on in this folder: the whole, less what is spent, after a rest so far."""
    written = [path.stat().st_mtime for path in [*(work / JOURNALS).glob("*.jsonl"), *unit_paths(work / UNITS)]]
    rest = max(0.0, time.time() - max(written)) if written else math.inf
    return Portion(spent=requests_so_far(work / UNITS, work / JOURNALS).at_worst, rest=rest)


def unit_paths(folder: Path) -> list[Path]:
    """The tables of all finished units, in order."""
    return sorted(path for path in folder.glob("unit-??????") if path.is_file())


def unit_path(folder: Path, number: int) -> Path:
    """Where `jobs.Units` has the table of a unit."""
    return folder / f"unit-{number:06}"
