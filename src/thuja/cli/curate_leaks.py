"""`thuja curate leaks build`: an evaluation set made ready for the leak gate."""

from pathlib import Path

import click


@click.group("leaks")
def leaks() -> None:
    """Make evaluation sets ready for the leak gate of a recipe's [leaks].

    \b
    Example:
      thuja curate leaks build newt --name newt --out newt.parquet
    """


@leaks.command("build")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What reports call the set: newt, fishnet, ...")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The Parquet file to write.")
@click.option("--images", type=click.Path(path_type=Path), help="Folder of the files that a table names.")
@click.option("--ids-of", default="", help="The source that a table's ids are of: gbif, eol, ...")
@click.option("--hold-out-species", is_flag=True, help="Keep every image of these species out of training.")
@click.option("--backbone", "backbones", multiple=True, help="As in thuja curate; best the same as there.")
@click.option("--model", metavar="NAME|DIR", help="Embed the images for the key embedding; best the recipe's encoder.")
@click.option("--force", is_flag=True, help="Replace the file at --out.")
def build(
    source: Path,
    *,
    name: str,
    out: Path,
    images: Path | None,
    ids_of: str,
    hold_out_species: bool,
    backbones: tuple[str, ...],
    model: str | None,
    force: bool,
) -> None:
    """Hash and list the evaluation set SOURCE: a folder of images, or a table of ids and addresses.

    \b
    A table (CSV, TSV, Parquet) may say of each image: file, url, id, gbif_id, occurrence_id,
    observation_id, sequence_id, institution_code and catalog_number, recorded_by and event_date,
    md5, sha256, pdq, scientific_name.

    \b
    Example:
      thuja curate leaks build newt --name newt --out newt.parquet
      thuja curate leaks build newt.csv --images newt --name newt --model imageomics/bioclip-2 --out newt.parquet
    """
    from functools import partial

    from thuja.curate.leaks import LeakIndexSettings, build_leak_index
    from thuja.errors import OutputExists
    from thuja.names import resolve_names

    if out.exists() and not force:
        raise OutputExists(f"{out} exists already", hint="--force replaces it")
    settings = LeakIndexSettings(name=name, images=images, ids_of=ids_of, hold_out_species=hold_out_species)
    embed = None
    if model is not None:
        from thuja.encode.embedder import Embedder

        embed = Embedder(model=model)
        embed.load()  # a model that is not there is told before the images are read
    resolve = partial(resolve_names, backbones=backbones)
    counts = build_leak_index(source, out, settings, resolve=resolve, embed=embed)
    click.echo(f"{counts.images:,} images, {counts.known:,} of them known by some key, {counts.hashed:,} hashed")
    if embed is not None:
        click.echo(f"{counts.embedded:,} embedded by {model}")
    click.echo(f"{counts.unreadable:,} files could not be read")
    click.echo(f"index: {out}")
