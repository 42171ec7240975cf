"""A curation as a list of steps: each writes its Parquet, its counts and a marker, and is not done twice.

A step is redone when its own settings changed, or those of a step before it. Every row that was
read goes through every step: a dropped one carries its reason, so that kept + dropped = read.
"""

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import daft
from daft import col, lit
from daft.functions import coalesce, when

from thuja.curate.rows import STEP_SCHEMA, write_rows
from thuja.curate.sources import Listing
from thuja.jobs import write_json

logger = logging.getLogger(__name__)

Frame = daft.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: `settings` is all that its result depends on besides its input."""

    name: str
    settings: Mapping[str, Any]
    apply: Callable[[Frame], Frame]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCounts:
    """How many rows a step was given, how many of them it kept, and why it dropped the others."""

    name: str
    read: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.kept + sum(self.dropped.values()) == self.read, f"the rows of step {self.name} do not add up"


def mark_dropped(frame: Frame, reason: daft.Expression, step: str) -> Frame:
    """Drop the rows that are still kept and for which `reason` is not null."""
    is_dropped = col("drop_reason").is_null() & reason.not_null()
    return frame.with_columns(
        {
            "drop_reason": coalesce(col("drop_reason"), reason),
            "dropped_by": when(is_dropped, lit(step)).otherwise(col("dropped_by")),
        }
    )


class Ledger:
    """The steps of one curation in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counts: list[StepCounts] = []
        self._fingerprint = ""

    @property
    def frame(self) -> Frame:
        """What the last step left, lazily."""
        return daft.read_parquet(str(self._path(len(self.counts) - 1)))

    def read(self, settings: Mapping[str, Any], listing: Listing) -> Mapping[str, int]:
        """The first step: write the rows of a source. Returns the source's notes."""

        def write(path: Path) -> None:
            path.mkdir()
            write_rows(path / "rows.parquet", listing)

        return self._run("read", settings, write, listing.notes_)

    def run(self, step: Step) -> None:
        """Do one step, or find that it is done."""
        frame = self.frame

        def write(path: Path) -> None:
            done = step.apply(frame).select(*STEP_SCHEMA.names)  # joins move columns
            done.write_parquet(str(path), write_mode="overwrite")

        self._run(step.name, step.settings, write, {})

    def _run(
        self, name: str, settings: Mapping[str, Any], write: Callable[[Path], None], notes: Mapping[str, int]
    ) -> Mapping[str, int]:
        number = len(self.counts)
        self._fingerprint = _fingerprint(self._fingerprint, name, settings)
        marker = self.folder / f"{number}-{name}.json"
        path = self.folder / f"{number}-{name}"
        done = _read_marker(marker)
        if done is None or done.get("fingerprint") != self._fingerprint or not path.is_dir():
            marker.unlink(missing_ok=True)
            temporary = self.folder / f"{number}-{name}.part"  # not .tmp: those are swept as files when a run resumes
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(path, ignore_errors=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            write(temporary)
            temporary.rename(path)
            counts = _count(path, name, self.counts[-1] if self.counts else None)
            done = {"fingerprint": self._fingerprint, "counts": asdict(counts), "notes": dict(notes)}
            write_json(marker, done)
        else:
            logger.info("step %s is done already", name)
        self.counts.append(StepCounts(**done["counts"]))
        stored: Mapping[str, int] = done["notes"]
        return stored

    def _path(self, number: int) -> Path:
        return self.folder / f"{number}-{self.counts[number].name}"


def _fingerprint(before: str, name: str, settings: Mapping[str, Any]) -> str:
    return sha256(json.dumps([before, name, settings], sort_keys=True, default=str).encode()).hexdigest()


def _read_marker(path: Path) -> dict[str, Any] | None:
    try:
        marker = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return marker if isinstance(marker, dict) else None


def _count(path: Path, name: str, before: StepCounts | None) -> StepCounts:
    table = daft.read_parquet(str(path)).groupby("dropped_by", "drop_reason").agg(col("uuid").count().alias("rows"))
    groups = table.to_pylist()
    kept = sum(group["rows"] for group in groups if group["drop_reason"] is None)
    dropped = {group["drop_reason"]: group["rows"] for group in groups if group["dropped_by"] == name}
    total = sum(group["rows"] for group in groups)
    read = total if before is None else before.kept
    return StepCounts(name=name, read=read, kept=kept, dropped=dict(sorted(dropped.items())))
