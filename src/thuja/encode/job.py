"""Embedding as a job: any number of images or texts, in units that a kill does not undo, into one file.

The items of the input are numbered, and every run of `unit_size` of them is a unit: a file of
embeddings and errors in a folder beside the output. Processes that share a job each read past the
units of the others; whoever finds all of them finished puts them together.
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, TextIO

from thuja.encode.encoder import Encoder
from thuja.encode.images import DEFAULT_OPTIONS, EncodeOptions
from thuja.encode.parts import ERROR_COLUMNS, Form, Summary, assemble
from thuja.encode.sources import STDIN, Source, find_image_sources, find_text_sources
from thuja.encode.walk import UnitEncoder, Walk
from thuja.errors import EmptyInput, OutputExists, ThujaError, UsageError
from thuja.jobs import Share, Units, require_writable
from thuja.model.config import head_named

_PATIENCE: Final = 60.0
"""Seconds that a process waits for the first one to clear what `force` replaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedJob:
    """What to embed, how, and where to: see `thuja embed --help`.

    `out` may be a stream for the form "json"; `parts` is the folder for units in between. `prompts`
    are for texts, `options.head` for images. Only what `plan` says changes a unit.
    """

    inputs: Sequence[str]
    out: Path | TextIO
    parts: Path
    errors: Path | None = None
    form: Form = "parquet"
    is_text: bool = False
    column: str | None = None
    prompts: Sequence[str] | None = None
    options: EncodeOptions = DEFAULT_OPTIONS
    unit_size: int = 1024
    force: bool = False

    def __post_init__(self) -> None:
        if not self.inputs:
            raise EmptyInput("nothing is named to embed", hint="name files, folders, tables or shards")
        if self.unit_size < 1:
            raise UsageError(f"a unit is at least one item, got {self.unit_size}")
        if self.prompts is not None and not self.is_text:
            raise UsageError("prompts are for texts", hint="add --texts")
        if self.is_text and not self.options.normalize:
            raise UsageError("the vectors of texts have length one, always", hint="leave out --no-normalize")
        if not isinstance(self.out, Path) and self.form != "json":
            raise UsageError("Parquet cannot be written to stdout", hint="name a file: --out FILE")

    @property
    def items_per_unit(self) -> int:
        """The unit's size in whole batches: an item's batch mates must not hang on where a run began."""
        return math.ceil(self.unit_size / self.options.batch_size) * self.options.batch_size

    def sources(self) -> list[Source]:
        """What the inputs stand for; raises UsageError for those that stand for nothing."""
        find = find_text_sources if self.is_text else find_image_sources
        return find(self.inputs, column=self.column)

    def plan(self, encoder: Encoder, sources: Sequence[Source]) -> dict[str, object]:
        """All that decides what is in a unit."""
        prompts = None if self.prompts is None else hashlib.sha256("\n".join(self.prompts).encode()).hexdigest()
        options = self.options
        return {
            "verb": "embed",
            "model": encoder.model.id,
            "preparation": encoder.model.preparation.name,
            "precision": encoder.precision,
            "engine": encoder.hardware.engine if encoder.hardware else "torch",
            "head": options.head,
            "normalize": options.normalize,
            "dtype": options.dtype,
            "is_exact": options.is_exact,
            "batch_size": options.batch_size,
            "unit_size": self.items_per_unit,
            "texts": self.is_text,
            "prompts": prompts,
            "column": self.column,
            "inputs": [[source.name, *source.stamp] for source in sources],
        }


def run_job(
    job: EmbedJob, open_encoder: Callable[[], Encoder], share: Share, *, say: Callable[[str], None]
) -> Summary | None:
    """Do this process's share of the job, and put the output together if all units are finished then.

    `say` is told when an earlier run is gone on with.
    None where units of other processes are still missing. All that is wrong with the call is raised
    before `open_encoder` is called. Raises ThujaError when the disk is full; what was done is kept.
    """
    started = time.time()
    sources = job.sources()
    _check_output(job, sources, share)
    walk = Walk(chain.from_iterable(sources), job.items_per_unit)
    if walk.is_empty():
        raise EmptyInput(f"nothing to embed in {', '.join(job.inputs[:3])}", hint="thuja embed --help says what counts")
    encoder = open_encoder()
    head_named(encoder.model.config, job.options.head)  # raises UnknownName
    if share.world > 1 and _is_made_since(job.out, started):
        return None  # the others were done before this process had begun
    units = _open_units(job, job.plan(encoder, sources), share)
    if done := units.done():
        size = job.items_per_unit
        say(f"going on where an earlier run stopped: {done:,} units of {size:,} are done in {units.folder}")
    with _kept_when_full(job, units):
        work = UnitEncoder(encoder=encoder, options=job.options, is_text=job.is_text, prompts=job.prompts)
        work.run(walk, units, total=_total(sources))
    return _finish(job, units, walk, started)


def _check_output(job: EmbedJob, sources: Sequence[Source], share: Share) -> None:
    """Say what is wrong with the outputs, before anything is read or loaded."""
    if share.world > 1 and (STDIN in job.inputs or not isinstance(job.out, Path)):
        raise UsageError("processes cannot share standard input or output", hint="name files")
    if isinstance(job.out, Path):
        if job.out.exists() and not job.force:
            raise OutputExists(f"{job.out} is there already", hint="--force replaces it")
        require_writable(job.out)
    if job.errors is not None:
        require_writable(job.errors)
        if job.errors.exists() and not _is_error_file(job.errors) and not job.force:
            raise OutputExists(f"{job.errors} is there already and no list of errors", hint="name another --errors")
    inputs = {path.resolve() for source in sources for path in source.files}
    for output in (job.out, job.errors):
        if isinstance(output, Path) and output.resolve() in inputs:
            raise UsageError(f"{output} is an input", hint="name another output")


def _is_error_file(path: Path) -> bool:
    header = ",".join(ERROR_COLUMNS).encode()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(header)) == header


def _open_units(job: EmbedJob, plan: dict[str, object], share: Share) -> Units:
    """The units so far. With `force`, units of another plan make room: the first process clears them.

    Units of the same plan are kept in any case, so that a killed run with `force` can go on.
    """
    waited = time.monotonic()
    while True:
        try:
            units = Units(job.parts, plan, share=share)
        except OutputExists:
            if not job.force or not Units.is_folder(job.parts):
                raise
            if share.rank == 0:
                Units.clear(job.parts)
            elif time.monotonic() - waited > _PATIENCE:
                raise
            else:
                time.sleep(0.1)
            continue
        return units


def _total(sources: Sequence[Source]) -> int | None:
    counts = [source.count() for source in sources]
    return None if None in counts else sum(count or 0 for count in counts)


def _finish(job: EmbedJob, units: Units, walk: Walk, started: float) -> Summary | None:
    """Put the output together, if all units are there; two processes that do it at once do the same."""
    paths = units.finished(len(walk.digests))
    try:
        if paths is None:
            if _is_made_since(job.out, started):
                units.remove()  # this process came when the others had finished, and began the folder anew
            return None
        with _kept_when_full(job, units):
            summary = assemble(paths, walk.digests, job.out, job.errors, job.form)
    except FileNotFoundError:
        if _is_made_since(job.out, started):
            return None  # another process has put it together and cleared up
        raise
    if summary.failed == 0 and job.errors is not None and job.errors.exists():
        job.errors.unlink()  # of an earlier run: it would say that something is wrong with this one
    units.remove()
    return summary


def _is_made_since(out: Path | TextIO, started: float) -> bool:
    try:
        return isinstance(out, Path) and out.stat().st_mtime >= started
    except OSError:
        return False


@contextmanager
def _kept_when_full(job: EmbedJob, units: Units) -> Iterator[None]:
    """Turn a full disk into one sentence that says what is kept."""
    try:
        yield
    except (FileNotFoundError, BrokenPipeError):
        raise
    except OSError as error:
        kept = f"what is done is kept in {units.folder}: make room, and run the same command again"
        hint = kept if isinstance(job.out, Path) else "make room where it goes"
        raise ThujaError(f"cannot write: {error.strerror or error}", hint=hint) from error
