"""`thuja train`: train a model by a recipe."""

import os
from pathlib import Path

import click

from thuja.cli.train_options import (
    CourseChoice,
    MachineChoice,
    course_options,
    machine_options,
    pairs_of,
    places_of,
)


@click.command()
@click.argument("recipe")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The run folder to write.")
@click.option("--stream", "streams", multiple=True, metavar="NAME=PLACE", help="Where a further stream's shards are.")
@click.option("--val", metavar="PLACE", help="Shards that the run is checked on.  [default: a curated folder's val]")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a field of the recipe.")
@course_options
@machine_options
@click.option("--cache", type=click.Path(path_type=Path), help="Where a frozen trunk's features are kept.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Check everything, say what would be trained, write nothing.")
def train(
    recipe: str,
    data: Path,
    *,
    out: Path,
    streams: tuple[str, ...],
    val: str | None,
    settings: tuple[str, ...],
    course: CourseChoice,
    machine: MachineChoice,
    cache: Path | None,
    is_dry: bool,
) -> None:
    """Train a model by RECIPE on DATA, for the recipe's first stream.

    RECIPE is small, small-captions, small-pretrained, bioclip, bioclip2, bioclip25, biocap or
    hierarchical; the recipe.json of another run; or a Python file that says RECIPE = Recipe(...), which is run.
    DATA is a folder that thuja curate made, or shards: a folder of .tar files, or a pattern of
    their names such as shards/{00000..00159}.tar.

    \b
    Examples:
      thuja train small data --out run --set epochs=20
      thuja train bioclip2 data --stream replay=laion --out run --dry-run
      torchrun --nproc-per-node 8 -m thuja train bioclip data --out run --resume
    """
    from thuja.recipes.reading import load_recipe
    from thuja.recipes.run import plan_recipe, run_recipe
    from thuja.train.parallel import told_once

    with told_once():
        chosen = load_recipe(recipe).with_settings(pairs_of(settings, option="--set", example="optimizer.lr=3e-4"))
        options, further = course.on(machine), places_of(streams)
    is_main = os.environ.get("RANK", "0") == "0"
    if is_dry:
        plan = plan_recipe(chosen, data, out, options=options, streams=further, val=val)
        if is_main:
            click.echo(str(plan))
        return
    run_recipe(chosen, data, out, options=options, streams=further, val=val, cache=cache)
    if is_main:
        click.echo(f"model: {out / 'model'}")
        click.echo(f"next:  {_next(out, data)}")


def _next(out: Path, data: Path) -> str:
    """The command that looks at the model: with the names that came with it, or after they are put in."""
    if (out / "model" / "labels").is_dir():
        return f"thuja evaluate {out} {data} --out report"
    return f"thuja labels build TAXA --model {out / 'model'} --out {out / 'model' / 'labels'}"
