"""`thuja biosphere things`: pictures of a world that is not alive, for replay and the test of forgetting."""

from pathlib import Path

import click

from thuja.cli.counting import counted_as


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--images", type=int, default=10_000, show_default=True, help="How many pictures; a tenth is for tests.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which pictures; two seeds share none.")
@click.option("--size", type=int, default=128, show_default=True, help="Width and height of a picture, in pixels.")
@click.option(
    "--noise",
    type=float,
    default=0.0,
    show_default=True,
    help="Share of the training captions that belong to another picture.",
)
@click.option("--shards", is_flag=True, help="Write WebDataset shards instead of folders and a table.")
@click.option(
    "--workers", type=int, default=0, help="Processes that draw; the bytes stay the same.  [default: a core each]"
)
@click.option("--force", is_flag=True, help="Replace the things in FOLDER.")
@click.option("--resume", is_flag=True, help="Go on with the things in FOLDER, with the same knobs.")
def things(
    folder: Path,
    *,
    images: int,
    seed: int,
    size: int,
    noise: float,
    shards: bool,
    workers: int,
    force: bool,
    resume: bool,
) -> None:
    """Draw objects, scenes, shapes and signs into FOLDER, with captions and the test of forgetting.

    \b
    Example:
      thuja biosphere things replay --images 20000 --noise 0.1 --shards
    """
    from thuja.biosphere.things import ThingsConfig, ThingsWriteConfig, write_things

    config = ThingsConfig(seed=seed, images=images, noise=noise)
    how = ThingsWriteConfig(size=size, shards=shards, workers=workers)
    count = write_things(config, folder, how, force=force, resume=resume)
    click.echo(
        f"{counted_as(count, 'picture')} of things in {folder}; the test of forgetting is in {folder / 'classes.json'}"
    )
    if shards:
        click.echo(f"next: thuja train bioclip2 DATA --stream replay={folder} --out RUN")
    else:
        click.echo("next: write them with --shards --force to train on them, as --stream replay=FOLDER")
