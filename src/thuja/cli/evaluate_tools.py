"""`thuja evaluate compare` and `tasks`: two results beside each other, and what can be measured."""

from pathlib import Path

import click

_VERB = "evaluate compare"


@click.command("compare")
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="A folder for the page and the tables.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of the intervals.")
@click.option("--force", is_flag=True, help="Replace what an earlier comparison wrote to --out.")
def compare_command(first: Path, second: Path, *, out: Path | None, seed: int, force: bool) -> None:
    """Say where FIRST and SECOND differ on the images that both were asked.

    Each is a folder that `thuja evaluate` wrote: of one model, or DIR/models/MODEL of a suite with several. Paired
    differences with intervals over species or observations, p-values corrected for the number of tasks, the images
    that one names right and the other not, and the settings that are not the same.

    \b
    Example:
      thuja evaluate compare suite/models/bioclip suite/models/run --out comparison
    """
    from thuja.evaluate.compare import compare

    if out is None:
        click.echo(compare(first, second, seed=seed).as_text())
        return
    from thuja.cli.evaluate_suite import require_analyze
    from thuja.evaluate.compare_page import PAGE, save_comparison
    from thuja.jobs import output_folder

    require_analyze()
    found = compare(first, second, seed=seed)
    with output_folder(out, verb=_VERB, force=force):
        save_comparison(found, out)
    click.echo(found.as_text())
    click.echo(f"\nreport: {out / PAGE}")


@click.command("tasks")
@click.argument("name", required=False)
def tasks_command(name: str | None) -> None:
    """List the benchmarks, or tell all of the one called NAME: where it is had, its licence, its layout.

    \b
    Example:
      thuja evaluate tasks
      thuja evaluate tasks nabirds
    """
    from thuja.evaluate.tasks import ALL_TASKS, OWN, find_task, task_name
    from thuja.evaluate.text_tables import text_table

    if name is None:
        rows = [
            (
                task_name(task),
                task.about.title,
                task.about.column,
                task.about.measure,
                "" if task.about.is_verified else "no",
            )
            for task in (*ALL_TASKS, OWN)
        ]
        click.echo(text_table(("name", "what", "column", "measure", "verified"), rows))
        click.echo("\nthuja evaluate tasks NAME says where a task is had and how its folder is laid out.")
        return
    about = find_task(name).about
    layout = "\n".join(f"            {line.strip()}" for line in about.layout.strip().splitlines())
    click.echo(f"{about.title}")
    click.echo(f"  had       {about.where}")
    click.echo(f"  licence   {about.licence}")
    click.echo(f"  layout    {layout.lstrip()}")
    click.echo(f"  column    {about.column or 'in no table of the papers'}")
    click.echo(f"  measure   {about.measure}")
    click.echo(f"  public    {about.public}")
    click.echo(f"  corrected {about.corrected}")
    if not about.is_verified:
        click.echo("  verified  no: its layout is as its card tells it, and was not tried on its files")
