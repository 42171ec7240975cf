"""A curation as a list of steps: each writes its Parquet, its counts and a marker, and is not done twice.

A step is redone when its own settings changed, or those of a step before it. Every row that was
read goes through every step: a dropped one carries its reason, so that kept + dropped = read.
"""

import errno
import json
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import daft
import pyarrow.parquet as pq
from daft import col, lit
from daft.exceptions import DaftCoreException
from daft.functions import coalesce, when

from thuja.curate.parquet_frames import read_frame
from thuja.curate.rows import STEP_SCHEMA
from thuja.errors import BadFile, ThujaError
from thuja.jobs import write_json

logger = logging.getLogger(__name__)

Frame = daft.DataFrame

UNIT_ROWS = 200_000
"""Rows of a row-wise step that are done at a time: a killed run loses no more than these."""
UNIT_ROWS_ON_A_CLUSTER = 5_000_000
_TASK_ROWS = 5_000
"""Rows of one task on a cluster, at least."""
_FINGERPRINT = "fingerprint"
_GATHERED = ".gathered"
_FILE_SIZE = 32 * 2**20
_LEAST_ROOM = 2**20
"""Bytes: with less, a disk is full, whatever the words of the library that could not write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: `settings` is all that its result depends on besides its input.

    A step that looks at each row by itself `is_rowwise`: it is done in units, and goes on at the unit where it was.
    Where a row needs what only all rows together tell, `gather` makes a small table of that, once, and `apply` is
    given it beside the rows of each unit.
    """

    name: str
    settings: Mapping[str, Any]
    apply: Callable[[Frame], Frame] | Callable[[Frame, Frame], Frame]
    is_rowwise: bool = False
    gather: Callable[[Frame], Frame] | None = None

    def applied(self, frame: Frame, gathered: Frame | None = None) -> Frame:
        """What the step makes of rows; a step that gathers does so from these rows where nothing is handed in."""
        apply: Callable[..., Frame] = self.apply
        if self.gather is None:
            return apply(frame)
        return apply(frame, self.gather(frame) if gathered is None else gathered)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCounts:
    """How many rows a step was given, how many of them it kept, and why it dropped the others."""

    name: str
    read: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kept + sum(self.dropped.values()) != self.read:
            raise BadFile(
                f"the rows of step {self.name} do not add up: {self.read:,} read, {self.kept:,} kept, "
                f"{sum(self.dropped.values()):,} dropped",
                hint="a step lost or doubled rows; please report this",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What stands beside a finished step, in `<number>-<name>.json`."""

    fingerprint: str
    counts: StepCounts
    notes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Marker | None":
        """The marker at a path; None where there is none that can be read."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            counts = StepCounts(**fields["counts"])
            return cls(fingerprint=fields["fingerprint"], counts=counts, notes=fields["notes"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def mark_dropped(frame: Frame, reason: daft.Expression, step: str) -> Frame:
    """Drop the rows that are still kept and for which `reason` is not null."""
    is_dropped = col("drop_reason").is_null() & reason.not_null()
    return frame.with_columns(
        {
            "drop_reason": coalesce(col("drop_reason"), reason),
            "dropped_by": when(is_dropped, lit(step)).otherwise(col("dropped_by")),
        }
    )


def read_rows(path: Path) -> Frame:
    """The rows of a finished step, or of any folder of Parquet files, lazily."""
    files = parquet_files(path)
    return read_frame(files) if files else daft.from_arrow(STEP_SCHEMA.empty_table())


def parquet_files(path: Path) -> list[Path]:
    """The Parquet files below a folder, in an order that is always the same."""
    return sorted(path.rglob("*.parquet"))


class Ledger:
    """The steps of one curation in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counts: list[StepCounts] = []
        self.notes: dict[str, int] = {}
        self._fingerprint = ""

    @property
    def frame(self) -> Frame:
        """What the last step left, lazily."""
        return read_rows(self._path(len(self.counts) - 1))

    @property
    def fingerprint(self) -> str:
        """What all the steps so far depend on."""
        return self._fingerprint

    def read(self, settings: Mapping[str, Any], write: Callable[[Path], Mapping[str, int]]) -> None:
        """The first step: `write` puts the rows of the sources into a folder and returns what it noted.

        The folder may hold what an earlier try of the same settings left.
        """
        self._run("read", settings, write)

    def run(self, step: Step, *, already: Mapping[str, int] | None = None) -> None:
        """Do one step, or find that it is done.

        `already` counts, by reason, the rows that came in with this very step's name on their drop, as in a catalog
        that a step is done on again: they are none of what it drops.
        """
        before = self._path(len(self.counts) - 1)

        def write(folder: Path) -> Mapping[str, int]:
            gathered = self._gathered(step, before, folder)
            for name, files in _units(before, is_rowwise=step.is_rowwise):
                if not (folder / name).is_dir():
                    frame = read_frame(files)
                    if step.is_rowwise:
                        frame = _spread(frame, files)
                    _write_unit(step.applied(frame, gathered).select(*STEP_SCHEMA.names), folder / name)
            shutil.rmtree(folder.with_suffix(_GATHERED), ignore_errors=True)
            return {}

        self._run(step.name, step.settings, write, already=already or {})

    def _gathered(self, step: Step, before: Path, folder: Path) -> Frame | None:
        """What the step gathers of all rows, from disk where a killed run has written it."""
        if step.gather is None:
            return None
        path = folder.with_suffix(_GATHERED)
        if not path.is_dir() or not any(folder.glob("unit-*")):  # without a unit it may be of other settings
            shutil.rmtree(path, ignore_errors=True)
            _write_unit(step.gather(read_rows(before)), path)
        return read_frame(parquet_files(path))

    def finish(self) -> None:
        """Delete what steps of other settings left behind."""
        wanted = {f"{number}-{counts.name}" for number, counts in enumerate(self.counts)}
        for path in self.folder.iterdir():
            if path.name.removesuffix(".json") in wanted:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _run(
        self,
        name: str,
        settings: Mapping[str, Any],
        write: Callable[[Path], Mapping[str, int]],
        *,
        already: Mapping[str, int] | None = None,
    ) -> None:
        number = len(self.counts)
        self._fingerprint = fingerprint_of(self._fingerprint, name, settings)
        marker = self.folder / f"{number}-{name}.json"
        path = self.folder / f"{number}-{name}"
        done = Marker.load(marker)
        if done is None or done.fingerprint != self._fingerprint or not path.is_dir():
            logger.info("step %s", name)
            marker.unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)
            part = self._begun(number, name)
            with _told_when_broken(name, part):
                notes = write(part)
            part.rename(path)
            (path / _FINGERPRINT).unlink()
            before = self.counts[-1] if self.counts else None
            counts = count_step(read_rows(path), name, before, already=already or {})
            done = Marker(fingerprint=self._fingerprint, counts=counts, notes=dict(notes))
            write_json(marker, asdict(done))
        else:
            logger.info("step %s is done already", name)
        self.counts.append(done.counts)
        self.notes |= done.notes

    def _begun(self, number: int, name: str) -> Path:
        """The folder of the step while it is written: an earlier try's, if it had the same settings."""
        part = self.folder / f"{number}-{name}.part"  # not .tmp: those are swept as files when a run resumes
        said = part / _FINGERPRINT
        if not said.is_file() or said.read_text() != self._fingerprint:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            said.write_text(self._fingerprint)
        return part

    def _path(self, number: int) -> Path:
        return self.folder / f"{number}-{self.counts[number].name}"


@contextmanager
def _told_when_broken(name: str, folder: Path) -> Iterator[None]:
    """Turn a full disk, and what Daft says of it and of other failures, into one sentence."""
    try:
        yield
    except (OSError, DaftCoreException) as error:
        says_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        is_full = says_full or shutil.disk_usage(folder).free < _LEAST_ROOM
        if isinstance(error, OSError) and not is_full:
            raise
        why = "no space left on the disk" if is_full else (str(error) or repr(error)).splitlines()[0]
        hint = "make room, and go on with --resume: what is done is kept" if is_full else "--resume goes on from here"
        raise ThujaError(f"step {name} cannot go on: {why}", hint=hint) from error


def fingerprint_of(before: str, name: str, settings: Mapping[str, Any]) -> str:
    """What a step's result depends on, in one word."""
    return sha256(json.dumps([before, name, settings], sort_keys=True, default=str).encode()).hexdigest()


def count_step(
    frame: Frame, name: str, before: StepCounts | None, *, already: Mapping[str, int] | None = None
) -> StepCounts:
    """Count the rows that a step left, but for those that it was given as `already` dropped by itself.

    Raises BadFile where they do not add up with those it was given.
    """
    groups = frame.groupby("dropped_by", "drop_reason").agg(col("uuid").count().alias("rows")).to_pylist()
    kept = sum(group["rows"] for group in groups if group["drop_reason"] is None)
    dropped = Counter[str]()
    for group in groups:
        if group["drop_reason"] is not None and (before is None or group["dropped_by"] == name):
            dropped[group["drop_reason"]] += group["rows"]
    dropped.subtract(already or {})
    total = sum(group["rows"] for group in groups)
    read = total if before is None else before.kept
    counts = {reason: count for reason, count in sorted(dropped.items()) if count}
    return StepCounts(name=name, read=read, kept=kept, dropped=counts)


def _units(before: Path, *, is_rowwise: bool) -> Iterator[tuple[str, list[Path]]]:
    """The files of the step before, in groups of about UNIT_ROWS rows, or all at once."""
    most = UNIT_ROWS_ON_A_CLUSTER if _is_on_ray() else UNIT_ROWS
    files = parquet_files(before)
    groups: list[list[Path]] = [[]]
    rows = 0
    for file in files:
        if is_rowwise and rows >= most:
            groups.append([])
            rows = 0
        groups[-1].append(file)
        rows += pq.read_metadata(file).num_rows
    for number, group in enumerate(groups):
        yield f"unit-{number:05}", group


def _is_on_ray() -> bool:
    return bool(daft.get_or_infer_runner_type() == "ray")


def _spread(frame: Frame, files: Sequence[Path]) -> Frame:
    """On a cluster, the rows of a unit in as many parts as keep every processor busy; Daft reads them as one."""
    if not _is_on_ray():
        return frame
    import ray  # an extra

    processors = int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    return frame.into_partitions(max(1, min(4 * processors, rows // _TASK_ROWS)))


def _write_unit(frame: Frame, path: Path) -> None:
    """Write rows beside their place and move them there whole."""
    part = path.with_name(f"{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    with daft.context.execution_config_ctx(parquet_target_filesize=_FILE_SIZE):
        frame.write_parquet(str(part.absolute()), write_mode="overwrite", compression="zstd")
    part.rename(path)
