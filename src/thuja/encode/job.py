"""Embedding as a job: any number of images or texts, in units that a kill does not undo, into one file.

The items of the input are numbered, and every run of `unit_size` of them is a unit: a file of
embeddings and errors in a folder beside the output. Processes that share a job each read past the
units of the others; whoever finds all of them finished puts them together.
"""

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TextIO

from thuja.encode.encoder import Encoder
from thuja.encode.images import DEFAULT_OPTIONS, EncodeOptions
from thuja.encode.parts import Form, Summary, assemble, error_file, is_error_file, is_made_from
from thuja.encode.planned import OpenEncoder, open_as_planned
from thuja.encode.sources import STDIN, Item, Source, find_image_sources, find_text_sources
from thuja.encode.walk import UnitEncoder, Walk
from thuja.errors import EmptyInput, OutputExists, UsageError
from thuja.jobs import Share, Units, is_made_since, kept_when_full, require_writable
from thuja.model.config import head_named


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedJob:
    """What to embed, how, and where to: see `thuja embed --help`.

    `out` may be a stream for the form "json"; `parts` is the folder for units in between. `errors`
    is where the user wants the list of what failed, None for the usual place. `prompts` are for
    texts, `options.head` for images. Only what `plan` says changes a unit.
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

    @property
    def error_list(self) -> Path | None:
        """Where what failed is listed: beside the output, if nobody says; nowhere for a stream."""
        if self.errors is None and isinstance(self.out, Path):
            return self.out.with_name(f"{self.out.name}.errors.csv")
        return self.errors

    @property
    def text_column(self) -> str:
        """What the column of the texts is called: as in their tables, whose own `text` may be another."""
        if self.column in ("uuid", "emb"):  # columns of the output
            return f"{self.column}_text"
        return self.column or "text"

    def sources(self) -> list[Source[Item]]:
        """What the inputs stand for; raises UsageError for those that stand for nothing."""
        find = find_text_sources if self.is_text else find_image_sources
        return find(self.inputs, column=self.column)

    def plan(self, encoder: Encoder, sources: Sequence[Source[Item]]) -> dict[str, object]:
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


def run_job(job: EmbedJob, open_encoder: OpenEncoder, share: Share, *, say: Callable[[str], None]) -> Summary | None:
    """Do this process's share of the job, and put the output together if all units are finished then.

    `say` is told when an earlier run is gone on with.
    None where units of other processes are still missing. All that is wrong with the call is raised
    before `open_encoder` is called. Raises ThujaError when the disk is full; what was done is kept.
    """
    started = time.time()
    sources = job.sources()
    _check_output(job, sources, share)
    walk = Walk(chain.from_iterable(sources), job.items_per_unit, force=job.force)
    if walk.is_empty():
        raise EmptyInput(f"nothing to embed in {', '.join(job.inputs[:3])}", hint="thuja embed --help says what counts")
    plan = partial(job.plan, sources=sources)
    encoder = open_as_planned(open_encoder, plan, lambda: Units.plan_in(job.parts))
    head_named(encoder.model.config, job.options.head)  # raises UnknownName
    if share.world > 1 and is_made_since(job.out, started):
        return None  # the others were done before this process had begun
    units = Units.open(job.parts, plan(encoder), share, force=job.force)
    if done := units.done():
        things = "texts" if job.is_text else "images"
        count = done * job.items_per_unit
        say(f"going on where an earlier run stopped: up to {count:,} {things} are in {units.folder}")
    work = UnitEncoder(
        encoder=encoder, options=job.options, is_text=job.is_text, text_column=job.text_column, prompts=job.prompts
    )
    try:
        with kept_when_full(job.parts if isinstance(job.out, Path) else None):
            work.run(walk, units, total=_total(sources))
            summary = _assembled(job, units, walk.digests)
    except FileNotFoundError:
        if not is_made_since(job.out, started):
            raise
        summary = None  # another process has put it together and cleared up
    if summary is not None:
        _clear_errors(job, summary)
    if summary is not None or is_made_since(job.out, started):
        units.remove()  # this process may have come when the others had finished, and begun the folder anew
    return summary


def _check_output(job: EmbedJob, sources: Sequence[Source[Item]], share: Share) -> None:
    """Say what is wrong with the outputs, before anything is read or loaded."""
    if share.world > 1 and (STDIN in job.inputs or not isinstance(job.out, Path)):
        raise UsageError("processes cannot share standard input or output", hint="name files")
    if isinstance(job.out, Path):
        if job.out.exists() and not job.force:
            raise OutputExists(f"{job.out} is there already", hint="--force replaces it")
        require_writable(job.out)
    errors = job.error_list
    if errors is not None:
        require_writable(errors)
        if errors.exists() and not is_error_file(errors):  # which even --force does not replace
            raise OutputExists(f"{errors} is there already and no list of errors", hint="name another --errors")
    if errors is not None and isinstance(job.out, Path) and errors.resolve() == job.out.resolve():
        raise UsageError(f"{errors} is the output", hint="name another --errors")
    inputs = {path.resolve() for source in sources for path in source.files}
    for output in (job.out, errors):
        if isinstance(output, Path) and output.resolve() in inputs:
            raise UsageError(f"{output} is an input", hint="name another output")


def _total(sources: Sequence[Source[Item]]) -> int | None:
    counts = [source.count() for source in sources]
    return None if None in counts else sum(count or 0 for count in counts)


def _assembled(job: EmbedJob, units: Units, digests: Sequence[str]) -> Summary | None:
    """Put the output together, if all units are there; two processes that do it at once do the same."""
    paths = units.finished(len(digests))
    if paths is None:
        return None
    if job.force and not all(map(is_made_from, paths, digests)):
        return None  # another process is about to make its units again
    return assemble(paths, digests, out=job.out, errors=job.error_list, form=job.form)


def _clear_errors(job: EmbedJob, summary: Summary) -> None:
    """An earlier run's list of errors would say that something is wrong with this one.

    In the usual place it goes; where the user named it, it is left with its header alone.
    """
    path = job.error_list
    if summary.failed or path is None or not is_error_file(path):
        return
    if job.errors is None:
        path.unlink(missing_ok=True)
    else:
        with error_file(path):
            pass
