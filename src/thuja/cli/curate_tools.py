"""What can be asked of a curation: `status`, `explain`, `report`, `update`; each is a command of `thuja curate`."""

from pathlib import Path

import click


def _print_json(value: object) -> None:
    import json
    from dataclasses import asdict

    click.echo(json.dumps(asdict(value), indent=2, ensure_ascii=False))  # type: ignore[call-overload]


@click.command("status")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "is_json", is_flag=True, help="Print it as JSON.")
def status_command(folder: Path, *, is_json: bool) -> None:
    """Say how far the curation in FOLDER has come: its steps, counts, bytes on disk, and how to go on.

    \b
    Nothing is changed; it may run while the curation does.

    \b
    Example:
      thuja curate status data
    """
    from thuja.curate.status import read_status

    status = read_status(folder)
    if is_json:
        _print_json(status)
    else:
        click.echo(str(status))


@click.command("explain")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("image")
@click.option("--json", "is_json", is_flag=True, help="Print it as JSON.")
def explain_command(folder: Path, image: str, *, is_json: bool) -> None:
    """Tell the story of one IMAGE of the curation in FOLDER: where it came from, what each step made of it, and why.

    \b
    IMAGE is a uuid or its first signs, a URL, a path, a source's id, an occurrence id, or a SHA-256.

    \b
    Example:
      thuja curate explain data 4d41ea1b
    """
    from thuja.curate.story import read_story
    from thuja.curate.story_text import tell

    story = read_story(folder, image)
    if is_json:
        _print_json(story)
    else:
        click.echo(tell(story))


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path))
def report_command(folder: Path) -> None:
    """Write FOLDER/report.html: what the curation holds, what it dropped and why, in tables and pictures.

    \b
    Of local paths it tells the last part alone. Not shown are images that were dropped as showing a person, for their
    licence or by a take-down, those whose licence reads "all rights reserved", and those that the people step found
    someone on or did not look at. Without a people step nobody is looked for, and the report says so.

    \b
    Example:
      thuja curate report data
    """
    from thuja.curate.report import write_report

    click.echo(f"report: {write_report(folder)}")


@click.command("compare")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A folder for changes.parquet, take_down.csv."
)
@click.option("--csv", "is_csv", is_flag=True, help="Write changes.csv too.")
@click.option("--json", "is_json", is_flag=True, help="Print the counts as JSON.")
def compare_command(old: Path, new: Path, *, out: Path, is_csv: bool, is_json: bool) -> None:
    """Compare the curations OLD and NEW (folders or catalogs): what was added, withdrawn, renamed, relicensed, dropped.

    \b
    take_down.csv lists the images that must leave the shards of OLD, for thuja shards repack --take-down.

    \b
    Example:
      thuja curate compare data-2025 data-2026 --out changes
    """
    from thuja.curate.update import compare_catalogs, write_changes_csv

    changes = compare_catalogs(old, new, out)
    if is_csv:
        write_changes_csv(out)
    if is_json:
        _print_json(changes)
    else:
        click.echo(str(changes))
