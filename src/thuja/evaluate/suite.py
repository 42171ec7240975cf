"""Many models by many tasks: each image is encoded once a model, each cell measured once and kept as one file.

A suite that is run again measures what is not there, what failed, and what is of other code, another model, folder or
setting than before. One cell that fails is a row with its sentence; the others go on.
"""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow.compute as pc

from thuja.errors import BadFile, EmptyInput, Stopped, ThujaError, UsageError
from thuja.evaluate.seen import Flaw, Seen
from thuja.evaluate.suite_cells import Cell, file_name, read_cell
from thuja.evaluate.suite_results import SUITE, Results, TaskFacts, read_results
from thuja.evaluate.suite_tasks import Entry, Ready, Settings, read_tasks
from thuja.evaluate.task import Images, Opened, Outcome, View, Way
from thuja.jobs import Progress

logger = logging.getLogger(__name__)


class Lens(Protocol):
    """What a suite asks of a model: `thuja.evaluate.lenses.Lens` is one."""

    @property
    def model(self) -> str:
        """What the model is, down to its weights."""
        ...

    @property
    def heads(self) -> Sequence[str]:
        """Its heads by name, its own first."""
        ...

    def images(self, images: Images, head: str = "") -> Seen:
        """The vectors of a task's images by one head, "" for its own."""
        ...

    def view(self, seen: Seen, head: str = "") -> View:
        """The images that were seen, as a task takes them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A model under its label in the tables; `identity` says what it is where the lens's own id does not say all."""

    label: str
    lens: Lens
    identity: str = ""


def run_suite(entrants: Sequence[Entrant], entries: Sequence[Entry], out: Path, *, settings: Settings) -> Results:
    """Measure every model on every task, in `out`, which the caller has claimed; returns what is there then.

    Raises UsageError, before anything is encoded, where a task cannot be read or lacks images that are not allowed to
    be missing.
    """
    _check_labels(entrants)
    ready = read_tasks(entries, out, settings)
    _tell_left_out([entrant.label for entrant in entrants], [entry.name for entry in entries], out)
    Results(
        folder=out,
        models={entrant.label: entrant.lens.model for entrant in entrants},
        tasks={
            one.entry.name: TaskFacts(
                about=one.entry.task.about,
                place=str(one.entry.place),
                folder=str(one.opened.images.folder),
                images=one.images,
                missing=one.missing,
                state=one.state,
            )
            for one in ready
        },
        ways=settings.ways,
        settings={"shots": list(settings.shots), "limit": settings.limit, "seed": settings.seed},
    ).save()
    jobs = [
        job
        for entrant in entrants
        for one in ready
        if (job := _waiting(entrant, one, out, settings=settings)) is not None
    ]
    progress = Progress(total=sum(len(job.cells) for job in jobs), label="cells", unit="cells")
    for job in jobs:
        job.run(out, settings)
        progress.advance(len(job.cells), note=f"{job.entrant.label} on {job.ready.entry.name}")
    progress.close()
    return read_results(out)


def _tell_left_out(models: Sequence[str], tasks: Sequence[str], out: Path) -> None:
    """Say what an earlier call measured in `out` and this one does not name: its tables are about to lose it."""
    if not (out / SUITE).is_file():
        return
    try:
        earlier = read_results(out)
    except BadFile:
        return  # this call writes it anew
    gone = [name for name in (*earlier.models, *earlier.tasks) if name not in (*models, *tasks)]
    if gone:
        logger.warning(
            "%s holds results of %s, which this call does not name: they are kept, and stand in no table",
            out,
            ", ".join(gone),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """The cells of one model and one task that are to be measured, from one look at its images."""

    entrant: Entrant
    ready: Ready
    cells: Sequence[Cell]

    def run(self, out: Path, settings: Settings) -> None:
        """Measure, and write each cell's file."""
        label = f"{self.entrant.label} on {self.ready.entry.name}"
        started = time.monotonic()
        try:
            opened, view = _looked(self.entrant.lens, self.ready, settings)
            lost = len(self.ready.opened.images) - len(opened.images)
            outcomes = _asked(opened, view, [cell.way for cell in self.cells], seed=settings.seed)
        except Stopped as stop:
            raise Stopped(f"stopped at {label}", hint="the same command goes on") from stop
        except (ThujaError, OSError, MemoryError) as failure:
            lost, outcomes = 0, {cell.way: _sentence(failure) for cell in self.cells}
        seconds = round((time.monotonic() - started) / len(self.cells), 2)
        for cell in self.cells:
            done = replace(cell, seconds=seconds, missing=cell.missing + lost)
            outcome = outcomes[cell.way]
            if isinstance(outcome, str):
                logger.warning("%s, %s, failed: %s", label, cell.way.value, outcome)
                replace(done, error=outcome).save(out)
            else:
                replace(done, measures=outcome.measures).save(out, outcome.answers)


def _waiting(entrant: Entrant, ready: Ready, out: Path, *, settings: Settings) -> _Job | None:
    """The cells that are not there, failed, or are of something else; None where all are done."""
    cells = []
    for way in settings.ways:
        said = {
            "model": entrant.identity or entrant.lens.model,
            "task": ready.entry.task.about.name,
            "state": list(ready.state),
            "way": way.value,
            "limit": settings.limit,
            "seed": settings.seed,
        }
        cell = Cell(
            model=entrant.label,
            task=ready.entry.name,
            way=way,
            key=sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:20],
            images=ready.images,
            missing=ready.missing,
            limit=settings.limit,
        )
        there = read_cell(out, cell.model, cell.task, way=way)
        if there is None or there.error or there.key != cell.key or (there.missing and not settings.allow_missing):
            cells.append(cell)
    return _Job(entrant=entrant, ready=ready, cells=cells) if cells else None


def _looked(lens: Lens, ready: Ready, settings: Settings) -> tuple[Opened, View]:
    """The task about the images that have a vector, and the view of them; raises UsageError where that is not all."""
    opened = ready.opened
    seen = {"": lens.images(opened.images)}
    if opened.head in lens.heads:
        seen[opened.head] = lens.images(opened.images, opened.head)
    kept = seen[""].rows
    for other in seen.values():
        kept = np.intersect1d(kept, other.rows)
    if len(kept) < len(opened.images):
        flaws = [flaw for one in seen.values() for flaw in one.flaws]
        _require_seen(flaws, kept=len(kept), images=len(opened.images), settings=settings)
        opened = opened.select(kept.tolist())
    views = {head: lens.view(_only(one, kept), head) for head, one in seen.items()}
    own = views.pop("")
    return opened, replace(own, heads=views) if views else own


def _only(seen: Seen, rows: np.ndarray[Any, Any]) -> Seen:
    if len(rows) == len(seen.rows):
        return seen
    return Seen(rows=rows, vectors=seen.vectors[np.searchsorted(seen.rows, rows)])


def _require_seen(flaws: Sequence[Flaw], *, kept: int, images: int, settings: Settings) -> None:
    told = f", such as {flaws[0].path} ({flaws[0].message})" if flaws else ""
    message = f"{images - kept:,} of {images:,} images have no vector{told}"
    if not kept:
        raise EmptyInput(message)
    if not settings.allow_missing:
        raise UsageError(f"{message}; --allow-missing scores the others, and marks it")


def _asked(opened: Opened, view: View, ways: Sequence[Way], *, seed: int) -> dict[Way, Outcome | str]:
    """The outcome of each way, or why it has none.

    All ways are asked together, as they share most of their work; where that fails, one by one.
    """
    try:
        outcome = opened.measure(view, ways, seed=seed)
    except Stopped:
        raise
    except (ThujaError, OSError, MemoryError) as failure:
        if len(ways) == 1:
            return {ways[0]: _sentence(failure)}
        return {way: _asked(opened, view, [way], seed=seed)[way] for way in ways}
    return {way: _of_way(outcome, way) for way in ways}


def _of_way(outcome: Outcome, way: Way) -> Outcome | str:
    measures = [measure for measure in outcome.measures if measure.way == way]
    if not measures:
        return f"nothing was measured the {way.value} way"
    answers = outcome.answers
    if "way" in answers.column_names:
        answers = answers.filter(pc.equal(answers.column("way"), way.value))
    return Outcome(measures=measures, answers=answers)


def _sentence(failure: ThujaError | OSError | MemoryError) -> str:
    return failure.message if isinstance(failure, ThujaError) else f"{type(failure).__name__}: {failure}"


def _check_labels(entrants: Sequence[Entrant]) -> None:
    if not entrants:
        raise EmptyInput("a suite needs a model")
    names = [file_name(entrant.label) for entrant in entrants]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two models are called {twice}", hint="give them labels: LABEL=MODEL")
