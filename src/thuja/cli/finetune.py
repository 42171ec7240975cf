"""`thuja finetune`: tune a model to a user's own photos."""

import os
from pathlib import Path

import click

from thuja.cli.train_options import CourseChoice, MachineChoice, machine_options, pairs_of, settled_course_options


@click.command()
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The run folder to write.")
@click.option(
    "--method", default="lora", show_default=True, help="lora, last (the last layers), full, or probe (a linear probe)."
)
@click.option("--towers", default="both", show_default=True, help="both, or image: names then stay where they are.")
@click.option("--replay", metavar="PLACE", help="Old pictures to mix in: a curated folder, or shards.")
@click.option("--captions", is_flag=True, help="Old pictures are taught by their captions, not by names.")
@click.option(
    "--distill", type=click.FloatRange(min=0), help="Weight of staying near MODEL; 10 without --replay, else 0."
)
@click.option(
    "--labels", type=click.Path(path_type=Path), help="Old names to hold on to; by default those beside MODEL."
)
@click.option("--old", type=click.Path(path_type=Path), help="A curated folder whose test pictures MODEL knows.")
@settled_course_options
@machine_options
@click.option("--seed", type=click.IntRange(min=0), default=42, show_default=True)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a field of the recipe.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Check everything, say what would be trained, write nothing.")
def finetune(
    model: str,
    data: Path,
    *,
    out: Path,
    method: str,
    towers: str,
    replay: str | None,
    captions: bool,
    distill: float | None,
    labels: Path | None,
    old: Path | None,
    course: CourseChoice,
    machine: MachineChoice,
    seed: int,
    settings: tuple[str, ...],
    is_dry: bool,
) -> None:
    """Tune MODEL (a folder, a run, or a published name) to the photos in DATA, which thuja curate made.

    Some 200 to 20,000 photos do. Rate, batch and steps follow from their number; the run ends when
    photos held out are named no better, and the best model is kept. Without --replay the model is
    held near what it was on your own photos. Prints a table of before and after, by rank.

    \b
    Example:
      thuja curate photos --out data
      thuja finetune bioclip-2 data --out run
    """
    from thuja.recipes.finetune import finetune as tune
    from thuja.recipes.finetune import plan_finetune
    from thuja.recipes.finetune.request import Request

    request = Request(
        method=method,
        towers=towers,
        replay=replay,
        captions=captions,
        distill=distill,
        labels=labels,
        seed=seed,
        settings=pairs_of(settings, option="--set", example="optimizer.lr=3e-4"),
    )
    options = course.on(machine)
    if is_dry:
        plan = plan_finetune(model, data, out, request=request, old=old, options=options)
        if os.environ.get("RANK", "0") == "0":
            click.echo(str(plan))
        return
    outcome = tune(model, data, out, request=request, old=old, options=options)
    if outcome is not None:
        click.echo(outcome.as_text())
        click.echo(f"\nmodel:  {out / 'model'}\nreport: {out / 'report.html'}")
        click.echo(f"next:   thuja predict PICTURES --model {out}")
