"""`thuja predict`: name what is on pictures."""

import sys
from pathlib import Path

import click

from thuja.cli.hardware import HardwareChoice, hardware_options


@click.command()
@click.argument("images", nargs=-1, required=True)
@click.option("--model", "-m", "name", metavar="NAME", help="A model's or run's folder, or a published model's name.")
@click.option("--rank", metavar="RANK", help="Answer at this rank, kingdom to species.  [default: species]")
@click.option("-k", type=int, help="Answers an image.  [default: 5, or all of your own labels]")
@click.option("--label", "texts", multiple=True, metavar="TEXT", help="A label of your own; repeat it for more.")
@click.option("--labels", "file", type=click.Path(path_type=Path), help="A label space, or a file with a label a line.")
@click.option("--format", "format_", metavar="FORMAT", help="table, csv, jsonl or parquet.  [default: by --out]")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The file to write.  [default: stdout]")
@click.option("--force", is_flag=True, help="Replace the output file if it is there.")
@click.option("--batch-size", type=click.IntRange(min=1), default=16, show_default=True)
@click.option("--exact", "is_exact", is_flag=True, help="Decode large JPEGs in full, at two to three times the time.")
@hardware_options
def predict(
    images: tuple[str, ...],
    *,
    name: str | None,
    rank: str | None,
    k: int | None,
    texts: tuple[str, ...],
    file: Path | None,
    format_: str | None,
    out: Path | None,
    force: bool,
    batch_size: int,
    is_exact: bool,
    hardware: HardwareChoice,
) -> None:
    """Name what is on IMAGES: files, folders (with all below them), glob patterns.

    The columns are pybioclip's. An image that cannot be read is a row with its error; the counts
    stand on stderr. Exits 0 when at least one image is answered. On a terminal the answers come as
    a table, elsewhere as CSV; with --out the file's suffix says the format.

    \b
    Example:
      thuja predict photos/ --model run --rank family -k 3 --out families.csv
    """
    from thuja.errors import UsageError
    from thuja.labels import read_labels
    from thuja.predict import Predictor
    from thuja.predict.rows import open_writer
    from thuja.taxonomy import Rank

    form = _settle_format(format_, out, force=force)
    if texts and file:
        raise UsageError("--label and --labels exclude each other", hint="put all labels into the file")
    space = file if file and file.is_dir() else None
    custom = list(texts) or (read_labels(file) if file and not space else None)
    wanted = Rank.parse(rank) if rank else None
    if wanted is not None and custom:
        raise UsageError("custom labels have no ranks", hint="leave out --rank, or the labels")
    predictor = Predictor(name, labels=space or custom, hardware=hardware.settled(), is_exact=is_exact)
    answered = failed = 0
    predictions = predictor.predict(images, rank=wanted, k=k, batch_size=batch_size)
    at = Rank.SPECIES if wanted is None else wanted  # the kingdom is rank 0
    shown = at if predictor.labels.taxa else None
    with open_writer(out or sys.stdout, form, shown) as writer:
        for prediction in predictions:
            writer.write(prediction)
            failed += bool(prediction.error)
            answered += not prediction.error
    where = f", in {out}" if out else ""
    click.echo(f"{answered:,} images answered, {failed:,} could not be read{where}", err=True)
    if not answered:
        sys.exit(1)


def _settle_format(format_: str | None, out: Path | None, *, force: bool) -> str:
    """The format to write: the one named, or the one that the output's suffix or a terminal asks for."""
    from thuja.errors import OutputExists, UnknownName, UsageError
    from thuja.predict.rows import FORMATS

    if format_ is not None and format_ not in FORMATS:
        raise UnknownName.of("format", format_, FORMATS)
    if out is None:
        if format_ == "parquet":
            raise UsageError("Parquet cannot be written to stdout", hint="name a file: --out FILE")
        return format_ or ("table" if sys.stdout.isatty() else "csv")
    if out.exists() and not force:
        raise OutputExists(f"{out} is there already", hint="--force replaces it")
    suffix = {".txt": "table", ".json": "jsonl"}.get(out.suffix, out.suffix.removeprefix("."))
    if format_ is None and suffix and suffix not in FORMATS:
        raise UnknownName.of("format", suffix, FORMATS)
    return format_ or suffix or "csv"
