"""Captions as a job: pictures in, exactly one accepted caption or one reasoned reject each, whatever kills it between.

Units are asked about one after the other, and overlap at their ends. What is asked and what comes of it goes to a
journal at once; a finished unit becomes a table. Only when all are there, the table of captions, the shards and the
catalog are written, each from the tables before it, so that a killed run goes on wherever it was.
"""

import errno
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from thuja.captions.captioner import Captioner, CaptionerStopped, Prompt
from thuja.captions.check.finding import Check
from thuja.captions.make.asking import Asking
from thuja.captions.make.drafting import Drafter, Guide
from thuja.captions.make.finishing import write_captions, write_catalog, write_shards
from thuja.captions.make.guidance import Guidance, GuidancePlan
from thuja.captions.make.inputs import Inputs, Picture, Unit, find_inputs
from thuja.captions.make.opening import opened
from thuja.captions.make.repeats import FindRepeats, find_repeats
from thuja.captions.make.settings import MakeSettings, Pace, Portion
from thuja.captions.make.summary import Summary, summarize
from thuja.captions.make.unit_tables import JOURNALS, UNITS, portion_of, requests_so_far, unit_path, unit_paths
from thuja.errors import EmptyInput, OutputExists, ThujaError, UsageError
from thuja.jobs import Progress, Units, differing, is_complete, require_output, say
from thuja.jobs.sole import sole_folder

VERB: Final = "captions make"
WORK: Final = "work"
"""What lies here goes when all is written."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What a run is handed: how its captioner is opened (for a part of the rate and budget), its checks, its guidance.

    `name` tells the captioner and the settings of its checks apart from others; `find_repeats` looks at all captions of
    a species once they are there. On a cluster all are importable functions with a configuration, never closures.
    """

    open_captioner: Callable[[Portion], Captioner]
    open_checks: Callable[[], Sequence[Check]]
    guidance: GuidancePlan = field(default_factory=GuidancePlan)
    find_repeats: FindRepeats | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where captions go, and in what form; `text_keys` None writes text members where the source has them."""

    folder: Path
    is_table_only: bool = False
    text_keys: bool | None = None
    force: bool = False
    resume: bool = False


def make(
    data: Path, output: Output, *, handed: Handed, settings: MakeSettings | None = None, pace: Pace | None = None
) -> Summary:
    """Caption the pictures of `data` (a data folder, shards, a table, a folder of images) into a folder.

    Raises CaptionerStopped where no further picture would be answered, with all that is done kept, UsageError or
    EmptyInput for a call that cannot work, and ThujaError when the disk is full.
    """
    settings, pace = settings or MakeSettings(), pace or Pace()
    folder = Path(output.folder)
    inputs = find_inputs(data, splits=settings.splits).limited(settings.limit)
    guidance = handed.guidance.open()
    plan = _plan(inputs, settings, handed, output)
    if output.resume and is_complete(folder, verb=VERB):
        return _finished(folder, plan)
    if folder.resolve() == Path(data).resolve():
        raise UsageError(f"the output {folder} is the input", hint="name another folder")
    require_output(folder, verb=VERB, force=output.force, resume=output.resume)
    with (
        _opened(handed, inputs, folder / WORK, is_fresh=not output.resume, is_shared=pace.workers > 0) as captioner,
        sole_folder(folder, verb=VERB, force=output.force, resume=output.resume),
        _kept(folder),
    ):
        job = _Job(
            data=Path(data),
            inputs=inputs,
            settings=settings,
            pace=pace,
            handed=handed,
            units=Units(folder / WORK / UNITS, plan),
            journals=folder / WORK / JOURNALS,
        )
        if captioner is not None and pace.workers:
            job.ask_on_ray(plan)
        elif captioner is not None:
            job.ask(captioner, guidance)
        summary = job.finish(output, plan)
    shutil.rmtree(folder / WORK, ignore_errors=True)  # last: a run that is killed before is complete all the same
    return summary


def preview(
    data: Path, count: int, *, guidance: GuidancePlan, settings: MakeSettings | None = None
) -> Iterator[tuple[Picture, Prompt]]:
    """The prompts of the first `count` pictures, which nobody is asked."""
    settings = settings or MakeSettings()
    opened = guidance.open()
    drafter = Drafter(captioner=_nobody, checks=(), template=opened.template, settings=settings)
    for unit in find_inputs(data, splits=settings.splits).limited(count).units():
        pictures = [picture for picture in unit.pictures() if picture.fault is None]
        guides = opened.of(dict.fromkeys(picture.record.taxon for picture in pictures))
        for picture in pictures:
            yield picture, drafter.prompt(picture, guides.get(picture.record.taxon, Guide()))


def _nobody(image: bytes, prompt: Prompt) -> str:
    raise CaptionerStopped("nobody is asked in a preview")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A run under way in its folder."""

    data: Path
    inputs: Inputs
    settings: MakeSettings
    pace: Pace
    handed: Handed
    units: Units
    journals: Path

    def ask(self, captioner: Captioner, guidance: Guidance) -> None:
        """Settle every picture of the units that are not finished."""
        drafter = Drafter(
            captioner=captioner,
            checks=self.handed.open_checks(),
            template=guidance.template,
            settings=self.settings,
        )
        progress = Progress(total=self.inputs.count, label="captioning", unit="pictures")
        asking = Asking(
            drafter=drafter,
            guidance=guidance,
            pace=self.pace,
            units=self.units,
            journals=self.journals,
            progress=progress,
        )
        try:
            asking.run(self._todo())
        finally:
            progress.close()

    def ask_on_ray(self, plan: dict[str, Any]) -> None:
        """The same by the workers of a cluster."""
        from thuja.captions.make.on_ray import Worker, run_on_ray  # Daft is needed on a cluster alone

        worker = Worker(
            data=self.data,
            units=self.units.folder,
            journals=self.journals,
            plan=plan,
            settings=self.settings,
            pace=self.pace,
            portion=portion_of(self.units.folder.parent),
            guidance=self.handed.guidance,
            open_captioner=self.handed.open_captioner,
            open_checks=self.handed.open_checks,
        )
        run_on_ray(worker, [unit.number for unit in self._todo()], self.pace.workers)

    def finish(self, output: Output, plan: dict[str, Any]) -> Summary:
        """Write what a user reads, from the finished units."""
        folder, paths = Path(output.folder), unit_paths(self.units.folder)
        if not paths:
            raise EmptyInput(f"no picture in {self.inputs.name}", hint="a table names them in a column `path`")
        repeats = find_repeats(paths, self.handed.find_repeats)
        captions = write_captions(self.units, folder, repeats, is_strict=self.settings.rejects_duplicates)
        if not output.is_table_only:
            write_shards(self.inputs, self.units, folder, text_keys=output.text_keys)
        if not output.is_table_only or self.inputs.catalog is not None:
            write_catalog(self.inputs, folder, is_limited=self.settings.limit is not None)
        requests = requests_so_far(self.units.folder, self.journals)
        summary = summarize(captions, requests, repeats=len(repeats), plan=plan)
        summary.save(folder)
        return summary

    def _todo(self) -> Iterator[Unit]:
        return (unit for unit in self.inputs.units() if not self.units.is_done(unit.number))


@contextmanager
def _opened(
    handed: Handed, inputs: Inputs, work: Path, *, is_fresh: bool, is_shared: bool
) -> Iterator[Captioner | None]:
    """The captioner, before anything is written; None where an earlier run has asked about every picture.

    One that workers are to open is opened here too, to find out whether it answers.
    """
    done = set() if is_fresh else {path.name for path in unit_paths(work / UNITS)}
    if all(unit_path(work / UNITS, unit.number).name in done for unit in inputs.units()):
        yield None
        return
    with opened(handed.open_captioner(Portion() if is_fresh or is_shared else portion_of(work))) as captioner:
        yield captioner


def _plan(inputs: Inputs, settings: MakeSettings, handed: Handed, output: Output) -> dict[str, Any]:
    """All that decides what is written: a run goes on only with the same."""
    return {
        "verb": VERB,
        "inputs": [list(stamp) for stamp in inputs.stamps()],
        "captioner": handed.name,
        "settings": settings.plan(),
        "guidance": handed.guidance.plan(),
        "is_table_only": output.is_table_only,
        "text_keys": output.text_keys,
    }


def _finished(folder: Path, plan: dict[str, Any]) -> Summary:
    summary = Summary.load(folder)
    changed = differing(summary.plan, plan)
    if changed:
        raise OutputExists(
            f"{folder} is complete, and was made with other {', '.join(changed)}",
            hint="--force begins anew, or name another output",
        )
    shutil.rmtree(folder / WORK, ignore_errors=True)
    return summary


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """Whatever ends a run early, say that what is done is kept."""
    kept = f"what is done is kept in {folder}: --resume goes on from there"
    try:
        yield
    except CaptionerStopped as stopped:
        hint = f"{stopped.hint}; {kept}" if stopped.hint else kept
        raise CaptionerStopped(stopped.message, hint=hint) from stopped
    except KeyboardInterrupt:
        say(kept)
        raise
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise ThujaError(f"cannot write: {error.strerror}", hint=f"make room; {kept}") from error
