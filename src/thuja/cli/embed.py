"""`thuja embed`: images in, one Parquet file of embeddings out."""

from collections.abc import Iterable
from pathlib import Path

import click


@click.command()
@click.argument("images", nargs=-1, required=True)
@click.option("--model", "-m", "name", metavar="NAME", help="A model's folder, or a published model's name.")
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The Parquet file to write.")
@click.option("--errors", type=click.Path(path_type=Path), help="Write what could not be read to this CSV file.")
@click.option("--head", default="taxonomy", show_default=True, help="Which of the model's heads to use.")
@click.option("--batch-size", default=32, show_default=True, type=click.IntRange(min=1))
@click.option("--force", is_flag=True, help="Replace the output file if it is there.")
def embed(
    images: tuple[str, ...],
    *,
    name: str | None,
    out: Path,
    errors: Path | None,
    head: str,
    batch_size: int,
    force: bool,
) -> None:
    """Turn IMAGES (files, folders, glob patterns) into embeddings.

    The Parquet file has a row an image: `uuid` (the path as found) and `emb`, a vector of length
    one. An image that cannot be read is left out, counted, and written to --errors. Exits 0 when
    at least one image is embedded.

    \b
    Example:
      thuja embed photos/ 'more/*.jpg' --model run/model --out embeddings.parquet
    """
    from thuja.encode import EncodeOptions, encode_images
    from thuja.errors import OutputExists, ThujaError
    from thuja.images.finding import find_images
    from thuja.model import Model
    from thuja.predict.predictor import model_folder

    if out.exists() and not force:
        raise OutputExists(f"{out} is there already", hint="--force replaces it")
    files = find_images(images)
    model = Model.load(model_folder(name))
    options = EncodeOptions(head=head, batch_size=batch_size, label="embed")
    encoded = encode_images(model, ((str(file), file) for file in files), options, total=len(files))
    if errors is not None:
        _write_errors(errors, encoded.errors)
    if encoded.errors:
        where = f"; see {errors}" if errors else "; name a file with --errors to list them"
        click.echo(f"{len(encoded.errors)} of {len(files)} images could not be read{where}", err=True)
    if not len(encoded.embeddings):
        first = encoded.errors[0]
        raise ThujaError(f"none of {len(files)} images could be read", hint=f"{first.id}: {first.message}")
    encoded.embeddings.save(out)
    click.echo(f"{out}: {len(encoded.embeddings)} embeddings of {encoded.embeddings.dim} dimensions by {model.id}")


def _write_errors(path: Path, failures: Iterable[tuple[str, str, str]]) -> None:
    import csv

    from thuja.jobs import atomic_path

    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file_name", "reason", "message"))
        writer.writerows(failures)
