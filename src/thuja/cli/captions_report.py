"""`thuja captions report`: a page of pictures with their captions, accepted and rejected with why."""

from pathlib import Path

import click


@click.command("report")
@click.argument("folders", nargs=-1, required=True, metavar="CAPTIONED...", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("captions.html"), show_default=True)
@click.option("--force", is_flag=True, help="Replace the page if it is there.")
def report_command(folders: tuple[Path, ...], *, out: Path, force: bool) -> None:
    """Show what thuja captions make wrote to CAPTIONED: one HTML file with its pictures inside.

    A wall of accepted captions, one of those that a further try mended, one for each reason of a reject; then counts,
    scores, tokens, cost, and the sources of descriptions. Several folders (one a strategy or a model) are compared.

    \b
    Example:
      thuja captions report captioned --out captions.html
    """
    from thuja.captions.report import write_report
    from thuja.errors import OutputExists

    if out.exists() and not force:
        raise OutputExists(f"{out} is there already", hint="--force replaces it")
    click.echo(f"report: {write_report(folders, out)}")
