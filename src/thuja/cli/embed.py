"""`thuja embed`: images or texts in, one file of embeddings out."""

import sys
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import click

from thuja.cli.hardware import HardwareChoice, hardware_options

if TYPE_CHECKING:
    from thuja.encode import Encoder
    from thuja.encode.images import EncodeOptions
    from thuja.encode.job import EmbedJob
    from thuja.encode.parts import Summary
    from thuja.encode.planned import OpenEncoder

STDOUT = Path("-")
_FORMS = {"": "parquet", ".parquet": "parquet", ".pq": "parquet", ".json": "json"}


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--model", "-m", "name", metavar="NAME", help="A model's or run's folder, or a published model's name.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The file to write.  [with --json: or stdout]")
@click.option("--errors", type=click.Path(path_type=Path), help="List what failed here.  [default: OUT.errors.csv]")
@click.option("--head", metavar="HEAD", help="Which of the model's heads to use.  [default: taxonomy]")
@click.option("--batch-size", type=click.IntRange(min=1), help="[default: 16; on a GPU 256]")
@click.option("--image-size", type=click.IntRange(min=1), metavar="PIXELS", help="Run a ViT at another size of image.")
@click.option("--exact", "is_exact", is_flag=True, help="Decode large JPEGs in full, at two to three times the time.")
@hardware_options
@click.option("--texts", "is_text", is_flag=True, help="INPUT holds texts, not images.")
@click.option("--column", metavar="NAME", help="What to embed of a table.  [default: path, image, url, ... or text]")
@click.option("--prompts", metavar="FILE", help="Average each text over these, one a line; `openai` has 80.")
@click.option("--dtype", type=click.Choice(["float32", "float16"]), default="float32", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Write pybioclip's JSON; images are not normalised.")
@click.option("--no-normalize", is_flag=True, help="Leave the vectors of images at their own lengths.")
@click.option("--force", is_flag=True, help="Replace the output file if it is there.")
def embed(
    inputs: tuple[str, ...],
    *,
    name: str | None,
    out: Path | None,
    errors: Path | None,
    head: str | None,
    batch_size: int | None,
    image_size: int | None,
    is_exact: bool,
    hardware: HardwareChoice,
    is_text: bool,
    column: str | None,
    prompts: str | None,
    dtype: Literal["float16", "float32"],
    as_json: bool,
    no_normalize: bool,
    force: bool,
) -> None:
    """Turn images (or, with --texts, texts) into embeddings.

    INPUT is an image, a folder, a glob pattern, a URL, a table with a column of paths or URLs (.csv,
    .tsv, .parquet, .jsonl), a shard (.tar), a data folder that thuja curate made, or - for a path or
    URL a line on stdin. Texts come from .txt files, from tables, and from -.

    The output is Parquet: `uuid`, `emb`, and what columns the tables and shards have. What cannot be
    embedded is listed with its reason in OUT.errors.csv. A run that was stopped goes on where it was
    when the same command is given again. Exits 0 when at least one item is embedded.

    \b
    Examples:
      thuja embed photos/ 'more/*.jpg' --model run --out embeddings.parquet
      thuja embed observations.csv --column image_url --out embeddings.parquet
      thuja embed names.txt --texts --prompts openai --out names.parquet
    """
    from thuja.encode.job import EmbedJob

    _require_sense(hardware, image_size, is_text=is_text)
    options = replace(
        _machine_options(hardware, batch_size),
        head=_head(head, is_text=is_text),
        normalize=not no_normalize and (is_text or not as_json),
        dtype=dtype,
        is_exact=is_exact,
    )
    with ExitStack() as stack:
        target, parts = _outputs(out, stack, as_json=as_json)
        job = EmbedJob(
            inputs=inputs,
            out=target,
            parts=parts,
            errors=errors,
            form="json" if as_json else "parquet",
            is_text=is_text,
            column=column,
            prompts=_prompts(prompts),
            options=options,
            force=force,
        )
        _report(job, _run(job, partial(_open_encoder, name=name, hardware=hardware, image_size=image_size)))


def _machine_options(hardware: HardwareChoice, batch_size: int | None) -> "EncodeOptions":
    """What hangs on the machine; raises UsageError for what it cannot do."""
    from thuja.encode.images import EncodeOptions

    machine = hardware.settled()
    return EncodeOptions(
        batch_size=batch_size or (256 if machine.device.startswith("cuda") else 16),
        threads=machine.threads,
        label="embed",
    )


def _require_sense(hardware: HardwareChoice, image_size: int | None, *, is_text: bool) -> None:
    """Refuse what would say nothing of texts."""
    from thuja.errors import UsageError

    if not is_text:
        return
    if hardware.engine not in ("auto", "torch") or hardware.precision == "int8":
        raise UsageError(
            "other engines, and int8, are for images", hint="leave out --engine, or name another --precision"
        )
    if image_size is not None:
        raise UsageError("--image-size is for images", hint="leave it out")


def _outputs(out: Path | None, stack: ExitStack, *, as_json: bool) -> tuple[Path | TextIO, Path]:
    """Where to write, and the folder for what is done so far; for stdout, one that goes when the command ends."""
    import tempfile

    from thuja.errors import UnknownName, UsageError

    if out is None or out == STDOUT:
        if not as_json:
            raise UsageError("no output is named", hint="--out FILE.parquet, or --json for JSON on stdout")
        return sys.stdout, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="thuja-embed-"))) / "parts"
    form = _FORMS.get(out.suffix.lower())
    if form is None:
        raise UnknownName.of("format", out.suffix, [".parquet", ".json (with --json)"])
    if out.suffix and (form == "json") != as_json:
        raise UsageError(f"{out} is named as {form}", hint="leave out --json" if as_json else "add --json")
    return out, out.with_name(f"{out.name}.parts")


def _prompts(name: str | None) -> tuple[str, ...] | None:
    from thuja.phrasing import read_prompts

    return None if name is None else read_prompts(name)


def _head(head: str | None, *, is_text: bool) -> str:
    from thuja.errors import UsageError
    from thuja.model import TAXONOMY

    if is_text and head is not None:
        raise UsageError("a head is for images", hint="leave out --head")
    return head or TAXONOMY


def _run(job: "EmbedJob", open_encoder: "OpenEncoder") -> "Summary | None":
    from thuja.encode.job import run_job
    from thuja.jobs import Share

    try:
        say = partial(click.echo, err=True)
        return run_job(job, open_encoder, Share.from_environment(), say=say)
    except KeyboardInterrupt:
        if job.parts.is_dir() and isinstance(job.out, Path):
            click.echo(f"what is done is kept in {job.parts}: the same command goes on from there", err=True)
        raise


def _open_encoder(
    planned: str | None, *, name: str | None, hardware: HardwareChoice, image_size: int | None
) -> "Encoder":
    """The one place where the command's options become a model that encodes."""
    from thuja.encode import Encoder
    from thuja.model import Model
    from thuja.model.published import find_model

    return Encoder.prepare(Model.load(find_model(name), image_size=image_size), hardware.settled(planned))


def _report(job: "EmbedJob", summary: "Summary | None") -> None:
    """Say on stderr what came of it; raises ThujaError when nothing was embedded."""
    from thuja.errors import ThujaError

    if summary is None:
        click.echo("this process's share is done; others put the output together", err=True)
        return
    things = "texts" if job.is_text else "images"
    total = summary.embedded + summary.failed
    first = summary.first_error
    if first is not None:
        where = f"see {job.error_list}" if job.error_list else f"the first is {first.id}: {first.message}"
        click.echo(f"{summary.failed:,} of {total:,} {things} could not be embedded; {where}", err=True)
        if not summary.embedded:
            raise ThujaError(f"none of {total:,} {things} could be embedded", hint=f"{first.id}: {first.message}")
    if isinstance(job.out, Path):
        said = f"{job.out}: {summary.embedded:,} embeddings of {summary.dim} dimensions by {summary.model}"
        click.echo(said, err=True)
