"""`thuja labels`: build the label space that a model answers from."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from thuja.cli.hardware import HardwareChoice

if TYPE_CHECKING:
    from thuja.encode import Encoder

NONE = "none"


@click.group()
def labels() -> None:
    """Build label spaces: taxa or texts with their embeddings.

    \b
    Example:
      thuja labels build backbone --within Aves --model bioclip-2 --out birds
    """


@labels.command("build")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--model", "-m", "name", metavar="NAME", help="A model's or run's folder, or a published model's name.")
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--text-type", default="taxon_com", show_default=True, metavar="TYPE", help="How a taxon is phrased.")
@click.option("--prompts", default=NONE, show_default=True, metavar="FILE", help="One a line; `openai` has 80.")
@click.option("--within", multiple=True, metavar="TAXON", help="Only what lies below this taxon; repeat it for more.")
@click.option("--rank", metavar="RANK", help="Cut the taxa at this rank.  [default for the backbone: species]")
@click.option("--resolve", is_flag=True, help="Look up which taxa the names in a .txt are.")
@click.option("--unit-size", type=click.IntRange(min=1), help="Labels in a unit.  [default: of about 20,000 texts]")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes on this machine.")
@click.option("--precision", default="auto", show_default=True, metavar="NAME", help="fp32, bf16, or fp16 on a GPU.")
@click.option("--device", default="auto", show_default=True, metavar="NAME", help="cpu, cuda, cuda:1, mps.")
@click.option("--threads", type=click.IntRange(min=1), help="Of the processor.  [default: all, shared by the workers]")
@click.option("--force", is_flag=True, help="Replace the label space in --out.")
def build_command(
    sources: tuple[str, ...],
    *,
    name: str | None,
    out: Path,
    text_type: str,
    prompts: str,
    within: tuple[str, ...],
    rank: str | None,
    resolve: bool,
    unit_size: int | None,
    workers: int,
    precision: str,
    device: str,
    threads: int | None,
    force: bool,
) -> None:
    """Build the label space of all taxa (or texts) in SOURCE.

    SOURCE is a table with columns kingdom ... species (.csv, .parquet), a data folder that thuja
    curate made, a .txt with a text a line, or `backbone`: the embedded one. Labels that come twice
    are merged. A build that was stopped goes on where it was when the same command is given again;
    under torchrun, the processes share it.

    \b
    Examples:
      thuja labels build data --model run --out run-labels
      thuja labels build backbone --within Aves --within Mammalia --prompts openai --out labels
      thuja labels build habitats.txt --prompts openai --out habitats
    """
    from thuja.encode.label_job import LabelJob, build_label_space
    from thuja.encode.label_sources import find_labels
    from thuja.jobs import Share
    from thuja.phrasing import read_prompts
    from thuja.taxonomy import Rank

    rows = find_labels(sources, rank=Rank.parse(rank) if rank else None, within=within, resolve=resolve)
    job = LabelJob(
        labels=rows,
        out=out,
        text_type=text_type,
        prompts=None if prompts == NONE else read_prompts(prompts),
        unit_size=unit_size,
        workers=workers,
    )
    above = f", {rows.above:,} rows above the rank left out" if rows.above else ""
    click.echo(f"{len(rows):,} labels, {rows.merged:,} duplicate rows merged{above}", err=True)
    opener = partial(_open_encoder, name=name, device=device, precision=precision, threads=threads)
    try:
        is_whole = build_label_space(
            job, opener, Share.from_environment(), force=force, say=partial(click.echo, err=True)
        )
    except KeyboardInterrupt:
        if job.parts.is_dir():
            click.echo(f"\nwhat is done is kept in {job.parts}: the same command goes on from there", err=True)
        raise
    if is_whole:
        click.echo(f"{out}: {len(rows):,} labels")
    else:
        click.echo("this share is done; other processes are still at work", err=True)


@labels.command("import")
@click.argument("matrix", type=click.Path(path_type=Path))
@click.argument("names", type=click.Path(path_type=Path))
@click.option(
    "--model", "-m", "id_", required=True, metavar="ID", help="The id of the model that made them, or a name."
)
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option(
    "--dtype", default="float16", show_default=True, metavar="NAME", help="float16, or float32: twice as much."
)
@click.option("--keep-order", is_flag=True, help="Leave the labels in their order.  [default: sorted by lineage]")
@click.option("--force", is_flag=True, help="Replace the label space in --out.")
def import_command(
    matrix: Path, names: Path, *, id_: str, out: Path, dtype: str, keep_order: bool, force: bool
) -> None:
    """Turn label files as TreeOfLife publishes them into a label space.

    MATRIX is a txt_emb_*.npy with a column a label, NAMES the .json beside it: a list of seven names and
    a common name each. They are read in stripes, whatever their size. The labels of a clade stand side by
    side then. --model is what labels.json of other label spaces of this model says, or the name or folder
    of the model.

    \b
    Example:
      thuja labels import txt_emb_species.npy txt_emb_species.json --model bioclip-2 --out tree-of-life
    """
    from thuja.errors import UnknownName
    from thuja.jobs import Progress
    from thuja.labels import HALF, SINGLE, import_published, require_free

    if dtype not in (HALF, SINGLE):
        raise UnknownName.of("number format", dtype, [HALF, SINGLE])
    require_free(out, force=force)
    progress = Progress(total=None, label="labels", unit="labels")
    count = import_published(
        matrix,
        names,
        model=_id_of(id_),
        out=out,
        dtype=dtype,
        is_sorted=not keep_order,
        advance=progress.advance,
    )
    progress.close()
    click.echo(f"{out}: {count:,} labels")


@labels.command("show")
@click.argument("folder", type=click.Path(path_type=Path))
def show_command(folder: Path) -> None:
    """Print what is in a label space: labels, model, dimensions, taxa at each rank.

    \b
    Example:
      thuja labels show run/model/labels
    """
    from thuja.labels import count_ranks, read_facts

    facts = read_facts(folder)
    counts = count_ranks(folder)
    click.echo(f"labels\t{facts['labels']}\nmodel\t{facts['model']}\ndim\t{facts['dim']}")
    for what, value in facts.get("build", {}).items():
        if what in ("text_type", "prompts", "precision") and value is not None:
            click.echo(f"{what}\t{value}")
    for rank, count in counts.items():
        click.echo(f"{rank.label}\t{count}")


def _id_of(name: str) -> str:
    """The id of the model of that name or in that folder; what is neither is an id."""
    from thuja.model import Model
    from thuja.model.known import HUB, find_known
    from thuja.model.published import find_model

    is_model = Path(name).exists() or name.startswith(HUB) or find_known(name) is not None
    return Model.load(find_model(name)).id if is_model else name


def _open_encoder(
    processes: int, planned: str | None, *, name: str | None, device: str, precision: str, threads: int | None
) -> "Encoder":
    """The model, made fast for one of so many processes on this machine."""
    from thuja.encode import Encoder, available_cpus
    from thuja.model import Model
    from thuja.model.published import find_model

    each = max(1, (threads or available_cpus()) // processes)
    choice = HardwareChoice(device=device, precision=precision, engine="torch", is_compiled=False, threads=each)
    return Encoder.prepare(Model.load(find_model(name)), choice.settled(planned))
