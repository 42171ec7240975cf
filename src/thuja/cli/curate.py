"""`thuja curate`: photos in, a training set out."""

from pathlib import Path

import click


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--labels", type=click.Path(path_type=Path), help="CSV or Parquet: file, scientific_name, ..., split.")
@click.option("--backbone", type=click.Path(path_type=Path), help="Names and lineages; a biosphere brings its own.")
@click.option("--unseen-species", type=float, default=0, help="Hold out this many species, or below 1 this fraction.")
@click.option("--val", type=float, default=0.05, show_default=True, help="Fraction of images for validation.")
@click.option("--test", type=float, default=0.15, show_default=True, help="Fraction of images for testing.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the splits and the order in the shards.")
@click.option("--max-side", type=int, default=720, show_default=True, help="Longest side in pixels in the shards.")
@click.option("--min-images", type=int, default=1, show_default=True, help="Drop species with fewer images.")
@click.option("--text-keys", is_flag=True, help="Write TreeOfLife's text members into the shards too.")
@click.option("--force", is_flag=True, help="Replace the curation in --out.")
@click.option("--resume", is_flag=True, help="Go on with the curation in --out.")
def curate(
    source: Path,
    out: Path,
    *,
    labels: Path | None,
    backbone: Path | None,
    unseen_species: float,
    val: float,
    test: float,
    seed: int,
    max_side: int,
    min_images: int,
    text_keys: bool,
    force: bool,
    resume: bool,
) -> None:
    """Curate SOURCE (a folder of pictures, a table, a biosphere) into catalog, shards and counts.

    \b
    Pictures lie in a folder per species, named by scientific name, common name or as in iNat21,
    with or without train/ and test/ folders; or a table says what each file shows.
    The source's own splits are kept; without any, --val and --test divide each species' images.

    \b
    Example:
      thuja curate photos --labels photos.csv --out data --unseen-species 20
    """
    import os
    from functools import partial

    os.environ.setdefault("DO_NOT_TRACK", "1")  # Daft reports its use over the network unless told not to
    from thuja.curate import BIOSPHERE_BACKBONE, CurateConfig, biosphere_table
    from thuja.curate import curate as run
    from thuja.names import resolve_names

    config = CurateConfig(
        labels=labels,
        unseen_species=unseen_species,
        val=val,
        test=test,
        seed=seed,
        max_side=max_side,
        min_images=min_images,
        text_keys=text_keys,
    )
    if backbone is None and biosphere_table(source) is not None:
        backbone = source / BIOSPHERE_BACKBONE
    resolve = partial(resolve_names, backbone=backbone)
    summary = run(config, source, out, resolve=resolve, force=force, resume=resume)
    click.echo(str(summary))
    if backbone is None and "unresolved" in summary.names:
        _hint_common_names()
    click.echo(f"catalog: {out / 'catalog.parquet'}")
    click.echo(f"next:    thuja train small {out} --out run")


def _hint_common_names() -> None:
    """Names that nobody knows may be English ones, for which the table has to be installed once."""
    from thuja.names import FETCH, vernacular_file

    if not vernacular_file().is_file():
        click.echo("hint: if these are English names, install the table of them once:")
        click.echo(f"  {FETCH}")
        click.echo("  thuja names import naturtag-0.8.1.tar.gz")
