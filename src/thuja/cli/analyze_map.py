"""`thuja analyze map`: an embedding space to move about in, in one HTML file."""

from pathlib import Path

import click

_METHODS = ("pca", "lda", "t-sne", "umap")


@click.command("map")
@click.argument("embeddings", type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="The HTML file to write.")
@click.option(
    "--method", type=click.Choice(_METHODS), default="t-sne", show_default=True, help="How points are placed."
)
@click.option("--color", metavar="COLUMN", help="What colours the points first.  [default: a rank that is told apart]")
@click.option("--column", "columns", multiple=True, metavar="COLUMN", help="Only these columns; may be repeated.")
@click.option("--table", "tables", type=click.Path(path_type=Path), multiple=True,
              help="More columns (CSV, TSV, Parquet), by uuid or by taxon; may be repeated.")  # fmt: skip
@click.option("--images", type=click.Path(path_type=Path), help="The folder of the images, or of their shards.")
@click.option("--thumbnails", type=click.IntRange(min=0), default=3000, show_default=True, help="Pictures in the file.")
@click.option("--fitted", type=click.IntRange(min=3), default=5000, show_default=True,
              help="Rows that t-SNE and UMAP are fitted on; others are placed by these.")  # fmt: skip
@click.option("--title", help="What the page is called.  [default: by the file's name]")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--force", is_flag=True, help="Replace the file at --out.")
def map_command(
    embeddings: Path,
    *,
    out: Path,
    method: str,
    color: str | None,
    columns: tuple[str, ...],
    tables: tuple[Path, ...],
    images: Path | None,
    thumbnails: int,
    fitted: int,
    title: str | None,
    seed: int,
    force: bool,
) -> None:
    """Draw the images of EMBEDDINGS as points: zoom, pan, search, colour by any column, a card at each.

    EMBEDDINGS is a Parquet file with uuid, emb and any columns. With --images, some of the pictures are in the file.

    \b
    Example:
      thuja analyze map embeddings.parquet --color family --images data --out map.html
    """
    import numpy as np
    import pyarrow.parquet as pq

    from thuja.analyze.directions.pictures import find_pictures
    from thuja.analyze.maps import InteractiveSettings, Method, SpaceMapSettings, write_map
    from thuja.analyze.reading import Sources, read_space
    from thuja.errors import OutputExists
    from thuja.jobs import require_writable

    if out.exists() and not force:
        raise OutputExists(f"{out} exists already", hint="--force replaces it")
    require_writable(out)
    wanted = [*columns, *([color] if color is not None else [])] if columns else None
    space = read_space(Sources(embeddings=embeddings, tables=tables), wanted)
    places = None
    if images is not None:
        ids = pq.read_table(embeddings, columns=["uuid"]).column("uuid").to_pylist()
        places = find_pictures(ids, images)
    page = InteractiveSettings(title=title or embeddings.name, colour_by=color, thumbnails=thumbnails)
    settings = SpaceMapSettings(method=Method(method), fitted=fitted, page=page)
    made = write_map(space, out, settings=settings, generator=np.random.default_rng(seed), places=places)
    told = f"{made.points:,} points, {made.thumbnails:,} pictures, {made.size / 1e6:.1f} MB"
    click.echo(f"{told}{f', {made.unreadable:,} pictures could not be read' if made.unreadable else ''}: {made.path}")
