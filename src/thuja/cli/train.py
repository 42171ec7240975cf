"""`thuja train`: train a model by a recipe."""

from pathlib import Path

import click


@click.command()
@click.argument("recipe")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The run folder to write.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out from its newest checkpoint.")
@click.option("--force", is_flag=True, help="Replace the run in --out.")
@click.option("--steps", type=click.IntRange(min=1), help="Stop after this many steps.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a field of the recipe.")
@click.option("--checkpoint-every", type=click.IntRange(min=1), default=50, show_default=True, help="Steps.")
@click.option("--evaluate-every", type=click.IntRange(min=1), default=100, show_default=True, help="Steps.")
@click.option("--cache", type=click.Path(path_type=Path), help="Where a frozen trunk's features are kept.")
def train(
    recipe: str,
    data: Path,
    out: Path,
    *,
    resume: bool,
    force: bool,
    steps: int | None,
    settings: tuple[str, ...],
    checkpoint_every: int,
    evaluate_every: int,
    cache: Path | None,
) -> None:
    """Train a model by RECIPE (small, small-pretrained) on DATA, a folder that thuja curate made.

    \b
    Example:
      thuja train small data --out run --set epochs=20
    """
    from thuja.errors import UsageError
    from thuja.recipes import find_recipe
    from thuja.recipes.run import run_recipe
    from thuja.train import TrainOptions

    for setting in settings:
        if "=" not in setting:
            raise UsageError(f'--set needs KEY=VALUE, got "{setting}"', hint="--set optimizer.lr=3e-4")
    chosen = find_recipe(recipe).with_settings(dict(setting.split("=", 1) for setting in settings))
    options = TrainOptions(
        resume=resume,
        force=force,
        steps=steps,
        checkpoint_every=checkpoint_every,
        evaluate_every=evaluate_every,
    )
    run_recipe(chosen, data, out, options=options, cache=cache)
    click.echo(f"model: {out / 'model'}")
    click.echo(f"next:  thuja evaluate {out} {data} --out report")
