"""`thuja calibrate`: make a model's scores mean how often it is right."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from thuja.cli.hardware import HardwareChoice, hardware_options

if TYPE_CHECKING:
    from thuja.encode import Encoder
    from thuja.model import Model


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument("labelled", type=click.Path(path_type=Path))
@click.option("--labels", "space", type=click.Path(path_type=Path), help="A label space.  [default: the model's]")
@click.option("--within", multiple=True, metavar="TAXON", help="Only labels below this taxon; repeat it for more.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The folder to write.  [default: MODEL/calibration]")
@click.option("--split", "splits", multiple=True, metavar="NAME", help="Of a data folder; repeat it.  [default: val]")
@click.option("--column", metavar="NAME", help="Where a table names the files.  [default: path, file, image, ...]")
@click.option(
    "--observation", metavar="COLUMN", help="Says which images are of one organism.  [default: if it is there]"
)
@click.option("--batch-size", type=click.IntRange(min=1), default=16, show_default=True)
@click.option("--exact", "is_exact", is_flag=True, help="Decode large JPEGs in full, at two to three times the time.")
@click.option("--force", is_flag=True, help="Replace the calibration in --out.")
@hardware_options
def calibrate(
    model: str,
    labelled: Path,
    *,
    space: Path | None,
    within: tuple[str, ...],
    out: Path | None,
    splits: tuple[str, ...],
    column: str | None,
    observation: str | None,
    batch_size: int,
    is_exact: bool,
    force: bool,
    hardware: HardwareChoice,
) -> None:
    """Fit MODEL's scores on images whose taxa are known, so that they say how often it is right.

    LABELLED is a data folder that thuja curate made, a table with a column of files and columns
    kingdom ... species or scientific_name (.csv, .parquet), or a file of embeddings with such
    columns. Its images must be ones that the model was not trained on, and like those that it will
    be asked about. thuja predict finds the calibration beside the model.

    \b
    Examples:
      thuja calibrate run data --split test
      thuja calibrate bioclip-2 identified.csv --observation observation_id --out calibration
    """
    from thuja.encode.images import EncodeOptions
    from thuja.jobs import require_output
    from thuja.labels import LabelSpace
    from thuja.model import Model
    from thuja.model.published import find_model
    from thuja.predict.calibrations import FOLDER
    from thuja.predict.label_choice import LabelChoice, choose_labels
    from thuja.predict.labelling import (
        LabelledSource,
        embed_labelled,
        evidence_of,
        report,
        require_rank_labels,
        training_counts,
    )
    from thuja.predict.labelling import calibrate as fit
    from thuja.predict.opening import own_labels

    folder = find_model(model)
    target = out or folder / FOLDER
    require_output(target, verb="calibrate", force=force, can_resume=False)
    source = LabelledSource(path=labelled, splits=splits, column=column, observation=observation)
    if "train" in splits:
        click.echo("images that the model was trained on make it look surer than it is of others", err=True)
    loaded = Model.load(folder)
    labels = LabelSpace.load(space) if space else own_labels(loaded, folder, model)
    tree = require_rank_labels(labels)  # names are sought among all: who is outside shows what strangers look like
    if within:
        labels = choose_labels(labels, LabelChoice(within=within)).labels
    options = EncodeOptions(batch_size=batch_size, threads=hardware.settled().threads, is_exact=is_exact)
    work = target.with_name(f"{target.name}.evidence.parquet")
    open_encoder = partial(_open_encoder, loaded=loaded, hardware=hardware)
    embedded = embed_labelled(
        source, work, open_encoder=open_encoder, options=options, say=partial(click.echo, err=True)
    )
    evidence = evidence_of(embedded, tree, observation=observation)
    if evidence.unknown:
        first = ", ".join(evidence.unknown[:5])
        click.echo(f"{len(evidence.unknown)} names are unknown, and their images left out: {first}", err=True)
    counts = training_counts(labelled) if source.is_curated else None
    scale = float(loaded.scale().detach())
    made = fit(evidence.embeddings, labels, scale=scale, counts=counts)
    made.save(target, force=force)
    for line in report(made):
        click.echo(line)
    click.echo(f"{target}: thuja predict takes it where it lies beside the model", err=True)


def _open_encoder(planned: str | None, *, loaded: "Model", hardware: HardwareChoice) -> "Encoder":
    from thuja.encode import Encoder

    return Encoder.prepare(loaded, hardware.settled(planned))
