"""Predictions as a job: any number of images, in units that a kill does not undo, into one file.

The queries of the input are numbered, and every run of `items_per_unit` of them is a unit: a file in a folder beside
the output. A unit holds Predictions; where images are pooled to groups it holds their vectors, because a group may
be spread over the whole input. Processes that share a job each read past the units of the others; whoever finds all
of them finished writes the output. Its format has no part in the units.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from thuja.encode import EncodeOptions
from thuja.encode.images import DEFAULT_OPTIONS
from thuja.encode.parts import is_made_from
from thuja.encode.planned import open_as_planned
from thuja.encode.walk import Walk
from thuja.errors import EmptyInput, OutputExists, UsageError
from thuja.jobs import Share, Units, is_made_since, kept_when_full, require_writable
from thuja.predict.answering import Judge, answered
from thuja.predict.answers import Prediction
from thuja.predict.inputs.finding import DEFAULT_INPUT, InputOptions, Inputs
from thuja.predict.inputs.grouping import pooled
from thuja.predict.inputs.queries import Query, Seen
from thuja.predict.inputs.seeing import stream_ready, stream_vectors
from thuja.predict.outputs.identifiers import Identifiers
from thuja.predict.outputs.layout import Layout
from thuja.predict.outputs.rows import open_writer
from thuja.predict.outputs.tally import Tally
from thuja.predict.units import read_predictions, read_seen, read_sizes, write_predictions, write_seen

Watch = Callable[[Prediction], None]
"""Is shown each prediction as it is written."""

OpenJudge = Callable[[str | None], Judge]
"""Makes whoever answers ready: in this precision if the user named none and it is possible here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictJob:
    """What to answer, and where to.

    `given` is how the inputs were read. `out` may be a stream: that has no units, and a run that is stopped begins
    anew. `parts` is the folder for units, None for a stream. `kept` columns come along, `identifiers` add theirs.
    `watch_of` makes what looks on while the output is written.
    """

    inputs: Inputs
    out: Path | TextIO
    format: str
    parts: Path | None = None
    given: InputOptions = DEFAULT_INPUT
    options: EncodeOptions = DEFAULT_OPTIONS
    kept: Sequence[str] = ()
    identifiers: Identifiers | None = None
    unit_size: int = 256
    force: bool = False
    watch_of: Callable[[Judge], Watch] | None = None

    def __post_init__(self) -> None:
        if self.unit_size < 1:
            raise UsageError(f"a unit is at least one image, got {self.unit_size}")
        if (self.parts is None) == isinstance(self.out, Path):
            raise UsageError("a file has a folder of units beside it, and a stream has none")

    @property
    def items_per_unit(self) -> int:
        """The unit's size in whole batches: an image's batch mates must not hang on where a run began."""
        return math.ceil(self.unit_size / self.options.batch_size) * self.options.batch_size

    def plan(self, judge: Judge) -> dict[str, object]:
        """All that decides what is in a unit; of groups, whose units hold vectors, the question is no part."""
        encoder, options, given = judge.encoder, self.options, self.given
        return {
            "verb": "predict",
            "model": encoder.model.id,
            "preparation": encoder.model.preparation.name,
            "precision": encoder.precision,
            "engine": encoder.hardware.engine if encoder.hardware else "torch",
            "head": options.head,
            "is_exact": options.is_exact,
            "batch_size": options.batch_size,
            "unit_size": self.items_per_unit,
            "column": given.column,
            "boxes": given.boxes,
            "min_conf": given.min_conf,
            "group_by": given.group_by,
            "is_noted": judge.note is not None,
            **(judge.plan() if given.group_by is None else {}),
            "inputs": [[source.name, *source.stamp] for source in self.inputs.sources],
        }

    def tally(self, *, kept: int = 0) -> Tally:
        """A count of nothing yet."""
        single = "boxes" if self.inputs.has_boxes else "images"
        things = single if self.given.group_by is None else "groups"
        return Tally(things=things, kept=kept, lists_names=self.format == "pybioclip")

    def layout(self, judge: Judge) -> Layout:
        """The columns: what the judge says, and what comes of the inputs."""
        return replace(
            judge.layout,
            group_by=self.given.group_by,
            has_boxes=self.inputs.has_boxes,
            has_own_ids=self.inputs.has_own_ids,
            kept=self.kept,
            identifiers=self.identifiers,
        )


def run_predict_job(
    job: PredictJob, open_judge: OpenJudge, share: Share, *, say: Callable[[str], None]
) -> Tally | None:
    """Do this process's share of the job, and write the output if all units are finished then.

    `say` is told when an earlier run is gone on with, and what the format has no row for. None where units of other
    processes are still missing. What is wrong with the call is raised before a model is loaded. Raises ThujaError
    when the disk is full; what was done is kept.
    """
    started = time.time()
    _check_output(job, share)
    walk = Walk(job.inputs, job.items_per_unit, force=job.force)
    if walk.is_empty():
        raise EmptyInput(f"no image in {job.inputs.name}", hint="a folder counts .jpg, .png, .tif, .webp and others")
    if job.parts is None:
        judge = open_judge(None)
        job.inputs.require_made_by(judge.encoder.model.id, judge.encoder.model.config.embed_dim)
        return _streamed(job, judge, walk, say=say)
    parts = job.parts
    judge = open_as_planned(open_judge, job.plan, lambda: Units.plan_in(parts))
    job.inputs.require_made_by(judge.encoder.model.id, judge.encoder.model.config.embed_dim)
    if share.world > 1 and is_made_since(job.out, started):
        return None  # the others were done before this process had begun
    units = Units.open(parts, job.plan(judge), share, force=job.force)
    tally = job.tally(kept=units.done() * job.items_per_unit)
    if tally.kept:
        say(f"going on where an earlier run stopped: up to {tally.kept:,} images are in {parts}")
    try:
        with kept_when_full(parts):
            _make(job, judge, walk, units)
            is_whole = _is_assembled(job, judge, units, walk.digests, tally=tally, say=say)
    except KeyboardInterrupt:
        if units.done():
            say(f"what is done is kept in {parts}: the same command goes on from there")
        raise
    except FileNotFoundError:
        if not is_made_since(job.out, started):
            raise
        is_whole = False  # another process has put it together and cleared up
    if is_whole or is_made_since(job.out, started):
        units.remove()
    return tally if is_whole else None


def seen_by(
    judge: Judge,
    inputs: Inputs,
    queries: Iterable[tuple[int, Query]],
    options: EncodeOptions,
    *,
    total: int | None = None,
) -> Iterator[Seen]:
    """What comes of queries; a model looks at them unless all are vectors already."""
    if inputs.is_ready:
        return stream_ready(queries)
    return stream_vectors(judge.encoder, queries, options, total=total, note=judge.note)


def _check_output(job: PredictJob, share: Share) -> None:
    """Say what is wrong with the output, before anything is read or loaded."""
    if share.world > 1 and (job.inputs.reads_once or job.parts is None):
        raise UsageError("processes cannot share standard input or output", hint="name files")
    job.inputs.require_columns("keep", job.kept)
    if not isinstance(job.out, Path):
        return
    if job.out.exists() and not job.force:
        raise OutputExists(f"{job.out} is there already", hint="--force replaces it")
    require_writable(job.out)
    if job.out.resolve() in {path.resolve() for path in job.inputs.files}:
        raise UsageError(f"{job.out} is an input", hint="name another output")


def _streamed(job: PredictJob, judge: Judge, walk: Walk[Query], *, say: Callable[[str], None]) -> Tally:
    """Straight through, each prediction written as it is made."""
    tally = job.tally()
    seen = seen_by(judge, job.inputs, walk.all(), job.options, total=job.inputs.count())
    if job.given.group_by is not None:
        seen = pooled(seen, job.inputs.group_sizes())
    with kept_when_full(None):
        _write(job, judge, answered(judge, seen, first=job.options.batch_size), tally=tally, say=say)
    return tally


def _make(job: PredictJob, judge: Judge, walk: Walk[Query], units: Units) -> None:
    """Make and write all units that are to do."""
    waiting: list[Seen] = []
    seen = seen_by(judge, job.inputs, walk.todo(units), job.options, total=_todo(job, units))
    for one in seen:
        waiting.append(one)
        if (one.query.place + 1) % walk.unit_size == 0:
            _write_unit(job, judge, walk, units, waiting)
            waiting = []
    if waiting:  # the last unit, which may be short
        _write_unit(job, judge, walk, units, waiting)


def _write_unit(job: PredictJob, judge: Judge, walk: Walk[Query], units: Units, seen: Sequence[Seen]) -> None:
    unit = seen[0].query.place // walk.unit_size
    digest = walk.digests[unit]
    if job.given.group_by is not None:
        with units.writing(unit) as path:
            write_seen(path, seen, dim=judge.encoder.model.config.embed_dim, digest=digest)
        return
    predictions = list(answered(judge, seen))
    with units.writing(unit) as path:
        write_predictions(path, predictions, digest=digest)


def _is_assembled(
    job: PredictJob, judge: Judge, units: Units, digests: Sequence[str], *, tally: Tally, say: Callable[[str], None]
) -> bool:
    """Write the output, if all units are there; two processes that do it at once do the same."""
    paths = units.finished(len(digests))
    if paths is None:
        return False
    if job.force and not all(map(is_made_from, paths, digests)):
        return False  # another process is about to make its units again
    if job.given.group_by is None:
        _write(job, judge, read_predictions(paths), tally=tally, say=say)
    else:
        groups = pooled(read_seen(paths), read_sizes(paths))
        _write(job, judge, answered(judge, groups), tally=tally, say=say)
    return True


def _write(
    job: PredictJob, judge: Judge, predictions: Iterable[Prediction], *, tally: Tally, say: Callable[[str], None]
) -> None:
    about = replace(judge.about, identifiers=job.identifiers)
    watch = job.watch_of(judge) if job.watch_of else None
    with open_writer(job.out, job.format, job.layout(judge), about=about, complain=say) as writer:
        for prediction in predictions:
            writer.write(prediction)
            tally.add(prediction)
            if watch:
                watch(prediction)


def _todo(job: PredictJob, units: Units) -> int | None:
    """How many queries are to be seen, if that is known."""
    total, size = job.inputs.count(), job.items_per_unit
    if total is None:
        return None
    numbers = range(-(-total // size))
    return sum(min(size, total - unit * size) for unit in numbers if units.is_mine(unit) and not units.is_done(unit))
