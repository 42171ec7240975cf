"""`thuja biosphere`: make a simulated living world."""

from pathlib import Path

import click


@click.group()
def biosphere() -> None:
    """A simulated living world in which the truth is known.

    \b
    Example:
      thuja biosphere make world --species 200 --images 40 --seed 0
    """


@biosphere.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--species", type=int, default=200, show_default=True, help="How many species live in it.")
@click.option("--images", type=int, default=40, show_default=True, help="Pictures a species, on average.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which world; two seeds share no species.")
@click.option("--size", type=int, default=128, show_default=True, help="Width and height of a picture, in pixels.")
@click.option("--families", type=int, default=0, help="How many families.  [default: from the species]")
@click.option("--genera", type=int, default=0, help="How many genera.  [default: from the species]")
@click.option("--shards", is_flag=True, help="Write WebDataset shards instead of folders and a table.")
@click.option(
    "--workers", type=int, default=0, help="Processes that draw; the bytes stay the same.  [default: a core each]"
)
@click.option("--force", is_flag=True, help="Replace the biosphere in FOLDER.")
@click.option("--resume", is_flag=True, help="Go on with the biosphere in FOLDER, with the same knobs.")
def make(
    folder: Path,
    *,
    species: int,
    images: int,
    seed: int,
    size: int,
    families: int,
    genera: int,
    shards: bool,
    workers: int,
    force: bool,
    resume: bool,
) -> None:
    """Draw a world's pictures into FOLDER, with their truth.

    \b
    Example:
      thuja biosphere make world --species 200 --images 40 --seed 0
    """
    from thuja.biosphere import World, WorldConfig, WriteConfig, write_world

    knobs = WorldConfig(seed=seed, species=species, images=images, families=families, genera=genera)
    config = WriteConfig(size=size, shards=shards, workers=workers)
    count = write_world(World.make(knobs), folder, config, force=force, resume=resume)
    click.echo(f"{count:,} pictures of {species:,} species in {folder}")
    if not shards:
        click.echo(f"next:    thuja curate {folder} --out data")
