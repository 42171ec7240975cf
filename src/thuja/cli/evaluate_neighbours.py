"""`thuja evaluate neighbours`: what a table of embeddings says of its own taxa."""

from pathlib import Path

import click


@click.command("neighbours")
@click.argument("embeddings", type=click.Path(path_type=Path))
@click.option("--by", metavar="COLUMN", help="Measure the rows of each value of this column apart too.")
@click.option(
    "--near", type=click.FloatRange(-1, 1), default=0.97, show_default=True, help="The cosine of near duplicates."
)
@click.option("--by-name", "is_by_name", is_flag=True, help="Compare names alone: homonyms count as one taxon.")
@click.option("--out", type=click.Path(path_type=Path), help="A Parquet file to write: each row's answer at each rank.")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of the intervals, which draw taxa."
)
@click.option("--force", is_flag=True, help="Replace the file at --out.")
def neighbours(
    embeddings: Path, *, by: str | None, near: float, is_by_name: bool, out: Path | None, seed: int, force: bool
) -> None:
    """How often the nearest other row of EMBEDDINGS is of the same taxon, at each rank.

    EMBEDDINGS is a Parquet file with uuid, emb and columns of ranks, of any model. A row whose taxon occurs once
    cannot be right: the ceiling says how many can be, and the last columns are about those alone.

    \b
    Example:
      thuja evaluate neighbours embeddings.parquet --by img_type
    """
    import numpy as np
    import pyarrow.parquet as pq

    from thuja.embeddings import Embeddings
    from thuja.errors import OutputExists
    from thuja.evaluate.neighbours import as_text, nearest_neighbours
    from thuja.jobs import atomic_path

    if out is not None and out.exists() and not force:
        raise OutputExists(f"{out} exists already", hint="--force replaces it")
    generator = np.random.default_rng(seed)
    found = nearest_neighbours(Embeddings.load(embeddings), generator, by=by, near=near, is_by_name=is_by_name)
    click.echo(as_text(found))
    if out is not None:
        with atomic_path(out) as temporary:
            pq.write_table(found.answers, temporary)
        click.echo(f"answers: {out}")
