"""Building a label space as a job: units of names that a kill does not undo, on any number of processes.

Each unit's vectors are a file in a folder beside the output. Whoever finds all units finished puts
them together; two processes that do it at once write the same bytes.
"""

import hashlib
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from thuja.encode.encoder import Encoder
from thuja.encode.label_sources import LabelRows
from thuja.encode.planned import open_as_planned
from thuja.encode.texts import encode_texts, phrases
from thuja.errors import BadFile, OutputExists, ThujaError, UnknownName, UsageError
from thuja.jobs import Progress, Share, Units, kept_when_full
from thuja.labels import FACTS, LabelSpace, read_facts, require_no_other, save_parts
from thuja.model import Model
from thuja.phrasing import PHRASES, require_prompts

_UNIT_TEXTS: Final = 20_480
"""Texts in a unit, when nobody says how many labels: 256 names in 80 prompts."""

Opener = Callable[[int, str | None], Encoder]
"""Makes the model ready in one of so many local processes; a worker calls it anew. The precision is `OpenEncoder`'s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelJob:
    """What to build and where: see `thuja labels build --help`.

    `unit_size` is labels in a unit, None for about 20,000 texts. `text_type` is for taxa alone.
    `workers` are processes on this machine.
    """

    labels: LabelRows
    out: Path
    text_type: str = "taxon_com"
    prompts: Sequence[str] | None = None
    unit_size: int | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        if self.text_type not in PHRASES:
            raise UnknownName.of("text type", self.text_type, PHRASES)
        if self.prompts is not None:
            require_prompts(self.prompts)
        if self.unit_size is not None and self.unit_size < 1:
            raise UsageError(f"a unit is at least one label, got {self.unit_size}")
        if self.workers < 1:
            raise UsageError(f"a job has at least one worker, got {self.workers}")

    @property
    def parts(self) -> Path:
        """The folder of the units, beside the output."""
        return self.out.with_name(f"{self.out.name}.parts")

    @property
    def labels_per_unit(self) -> int:
        """How many labels are in a unit."""
        return self.unit_size or max(1, _UNIT_TEXTS // len(self.prompts or [""]))

    @property
    def units(self) -> int:
        """How many units there are."""
        return -(-len(self.labels) // self.labels_per_unit)

    def plan(self, encoder: Encoder) -> dict[str, Any]:
        """All that decides what is in the label space, and how it is cut."""
        prompts = "\n".join(self.prompts or ())
        return {
            "verb": "labels build",
            "model": encoder.model.id,
            "labels": len(self.labels),
            "labels_sha256": self.labels.digest(),
            "text_type": self.text_type if self.labels.has_taxa else None,
            "prompts": len(self.prompts or ()),
            "prompts_sha256": hashlib.sha256(prompts.encode()).hexdigest() if self.prompts else None,
            "precision": encoder.precision,
            "labels_per_unit": self.labels_per_unit,
        }


def build_label_space(
    job: LabelJob, opener: Opener, share: Share, *, force: bool = False, say: Callable[[str], None]
) -> bool:
    """Do this process's share, with the job's local workers, and put all together if all is there.

    Returns whether the label space is whole: other processes may still be at work. Running the same
    job again goes on where it was; `say` is told. Raises OutputExists for an output, or for units,
    of another job, and ThujaError when the disk is full or a worker dies.
    """
    require_no_other(job.out)
    if share.world > 1 and (job.workers > 1 or force):
        raise UsageError("under torchrun, each process is one worker and none replaces what is there")
    encoder = open_as_planned(partial(opener, job.workers), job.plan, partial(_plan_there, job))
    plan = job.plan(encoder)
    if (job.out / FACTS).exists() and not force:
        if not _is_made(job.out, plan):
            raise OutputExists(f"{job.out} holds another label space", hint="--force replaces it")
        say(f"{job.out} is built already")
        return True
    units = Units.open(job.parts, plan, Share(world=job.workers) if job.workers > 1 else share, force=force)
    (job.out / FACTS).unlink(missing_ok=True)
    if done := units.done():
        say(f"going on where an earlier run stopped: {done:,} of {job.units:,} units are done in {units.folder}")
    with kept_when_full(units.folder), _workers(job, opener, plan):
        _encode_units(job, encoder.model, units, label="labels")
    with kept_when_full(units.folder):
        return _finish(job, encoder.model.id, units, plan=plan)


def _is_made(out: Path, plan: dict[str, Any]) -> bool:
    """Whether this job's label space is whole there."""
    try:
        return read_facts(out).get("build") == plan
    except BadFile:
        return False


def _plan_there(job: LabelJob) -> Mapping[str, Any] | None:
    """How the label space that is whole there was built, or else what its units were begun as."""
    try:
        built = read_facts(job.out).get("build")
    except BadFile:
        built = None
    return built if isinstance(built, Mapping) else Units.plan_in(job.parts)


def _encode_units(job: LabelJob, model: Model, units: Units, *, label: str = "") -> None:
    """Every unit of this process's share that nobody has finished."""
    size = job.labels_per_unit
    todo = [number for number in range(job.units) if units.is_mine(number) and not units.is_done(number)]
    total = sum(min(size, len(job.labels) - number * size) for number in todo)
    progress = Progress(total=total, label=label if todo else "", unit="labels")
    for number in todo:
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            return  # nobody would put the units together
        vectors = _encode(job, model, number * size)
        with units.writing(number) as path, path.open("wb") as file:
            np.save(file, vectors.astype(np.float16))
        progress.advance(len(vectors))
    progress.close()


def _encode(job: LabelJob, model: Model, start: int) -> npt.NDArray[np.float32]:
    """The vectors of the unit that begins with this label."""
    stop = start + job.labels_per_unit
    if job.labels.has_taxa:
        texts = phrases(job.labels.taxa(start, stop), job.text_type, is_bare=job.prompts is not None)
    else:
        texts = job.labels.texts(start, stop)
    return encode_texts(model, texts, prompts=job.prompts)


@contextmanager
def _workers(job: LabelJob, opener: Opener, plan: dict[str, Any]) -> Iterator[None]:
    """Processes beside this one for the job's other shares; waits for them, and says when one died."""
    context = multiprocessing.get_context("spawn")
    shares = [Share(rank=rank, world=job.workers) for rank in range(1, job.workers)]
    processes = [
        context.Process(target=_work, args=(job, opener, plan), kwargs={"share": share}, daemon=True)
        for share in shares
    ]
    for process in processes:
        process.start()
    try:
        yield
        for process in processes:
            process.join()
    finally:
        for process in processes:
            process.terminate()
    failed = [process.exitcode for process in processes if process.exitcode]
    if failed:
        raise ThujaError(
            f"{len(failed)} of {job.workers} workers stopped (exit code {failed[0]})",
            hint=f"what is done is kept in {job.parts}: run the same command again",
        )


def _work(job: LabelJob, opener: Opener, plan: dict[str, Any], *, share: Share) -> None:
    _encode_units(job, opener(job.workers, plan["precision"]).model, Units(job.parts, plan, share=share))


def _finish(job: LabelJob, model: str, units: Units, *, plan: dict[str, Any]) -> bool:
    """Put the label space together, if all units are there."""
    paths = units.finished(job.units)
    try:
        if paths is not None:
            save_parts(job.out, _parts(job, model, paths), count=len(job.labels), facts={"build": plan})
    except FileNotFoundError:
        if not _is_made(job.out, plan):
            raise
    if paths is None and not _is_made(job.out, plan):
        return False
    units.remove()  # this process may have come when the others had finished, and begun the folder anew
    return True


def _parts(job: LabelJob, model: str, paths: Sequence[Path]) -> Iterator[LabelSpace]:
    for number, path in enumerate(paths):
        start = number * job.labels_per_unit
        stop = start + job.labels_per_unit
        taxa = job.labels.taxa(start, stop)
        texts = [taxon.scientific_name for taxon in taxa] if job.labels.has_taxa else job.labels.texts(start, stop)
        vectors = np.load(path, allow_pickle=False)
        yield LabelSpace(texts=texts, vectors=vectors, model=model, taxa=taxa)
