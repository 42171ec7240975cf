"""`thuja analyze directions`: the direction of a trait, images and species along it, and the strip of pictures."""

import shlex
import sys
from pathlib import Path

import click

from thuja.taxonomy import Rank


@click.command("directions")
@click.argument("embeddings", type=click.Path(path_type=Path))
@click.option("--trait", required=True, metavar="COLUMN", help="What is to be ordered.")
@click.option("--levels", nargs=2, metavar="LOW HIGH", help="Two values of a trait that has more.")
@click.option("--within", "is_within", is_flag=True, help="Of the variation within species.")
@click.option("--images", type=click.Path(path_type=Path), help="The folder of the images, or of their shards.")
@click.option("--table", "tables", type=click.Path(path_type=Path), multiple=True,
              help="More columns (CSV, TSV, Parquet), by uuid or by taxon; may be repeated.")  # fmt: skip
@click.option("--control", "controls", multiple=True, metavar="NAME=FILE", help="The same images by another network.")
@click.option("--left-out", default="species", show_default=True, metavar="RANK",
              help="What is left out together: species, genus, family, order.")  # fmt: skip
@click.option("--draws", type=click.IntRange(min=19), default=499, show_default=True, help="Shuffles of the null.")
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--force", is_flag=True, help="Replace what an earlier run wrote there.")
def directions(
    embeddings: Path,
    *,
    trait: str,
    levels: tuple[str, str] | None,
    is_within: bool,
    images: Path | None,
    tables: tuple[Path, ...],
    controls: tuple[str, ...],
    left_out: str,
    draws: int,
    out: Path,
    seed: int,
    force: bool,
) -> None:
    """Find the direction of a trait in EMBEDDINGS (Parquet with uuid, emb and columns of ranks), and show it.

    The direction is learnt with each species counting once, and tried on species that it was not learnt on, against
    the same done with shuffled values. Writes report.html, findings.csv, ranking.csv (every image in order),
    direction.parquet (what thuja search --direction follows) and, with --images, the strip of pictures from end to end.

    \b
    Example:
      thuja analyze directions embeddings.parquet --trait beak_size --table beaks.csv --images photos --out beaks
      thuja analyze directions embeddings.parquet --trait life_stage --levels juvenile adult --within --out stage
    """
    import numpy as np
    import pyarrow.parquet as pq

    from thuja.analyze.directions import DirectionSettings, find_direction, section_of
    from thuja.analyze.directions.pictures import find_pictures
    from thuja.analyze.directions.ranking import RANKING, write_ranking
    from thuja.analyze.directions.saving import DIRECTION, write_direction
    from thuja.analyze.page import Made, write_report
    from thuja.analyze.reading import Sources, read_space
    from thuja.cli.analyze_files import file_hashes, named_files
    from thuja.errors import EmptyInput
    from thuja.jobs import output_folder, require_output

    sources = Sources(embeddings=embeddings, tables=tables, controls=named_files(controls, "--control"))
    settings = DirectionSettings(is_within=is_within, levels=levels, left_out=Rank.parse(left_out), draws=draws)
    require_output(out, verb="analyze directions", force=force, can_resume=False)
    space = read_space(sources, [trait])
    ids = pq.read_table(embeddings, columns=["uuid"]).column("uuid").to_pylist()
    pictures = [] if images is None else find_pictures(ids, images)
    found = find_direction(space, trait, np.random.default_rng(seed), settings=settings)
    if isinstance(found, str):
        raise EmptyInput(found)
    with output_folder(out, verb="analyze directions", force=force, can_resume=False):
        section = section_of(found, pictures=pictures)
        write_ranking(found, ids, out / RANKING)
        write_direction(found, space.model, out / DIRECTION)
        made = Made(command=shlex.join(["thuja", *sys.argv[1:]]), inputs=file_hashes(sources.files))
        page = write_report([section], out, title=f"The direction of {trait}", made=made)
    first = section.findings[0]
    click.echo(f"{first.measure}: {first.value.value:.3f}, p {first.p_value:.3g}, {first.verdict}: {page}")
