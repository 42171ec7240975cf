"""`thuja names common`: what taxa are called."""

from pathlib import Path

import click


@click.command("common")
@click.argument("inputs", nargs=-1, required=True, metavar="TABLE|NAME...")
@click.option(
    "--language", multiple=True, default=("en",), show_default=True, metavar="CODE", help="ISO 639-1; repeat."
)
@click.option(
    "--higher-rank", is_flag=True, help="Without a name of its own, a taxon gets that of the next rank above."
)
@click.option("--backbone", multiple=True, metavar="NAME|PATH", help="Where to look, the first preferred; repeat.")
@click.option("--out", type=click.Path(path_type=Path), help="Parquet, CSV or TSV to write.  [default: CSV to stdout]")
@click.option("--force", is_flag=True, help="Replace the output file if it is there.")
def common(
    inputs: tuple[str, ...],
    *,
    language: tuple[str, ...],
    higher_rank: bool,
    backbone: tuple[str, ...],
    out: Path | None,
    force: bool,
) -> None:
    """Give the taxa of a TABLE, or NAMEs, their common names and say whose they are.

    A table that `thuja names resolve` or TaxonoPy wrote, or one of kingdom ... species, is taken as it is; one of
    scientific names is resolved first. Of several names the first is taken by language, backbone, preference, source
    and alphabet.

    \b
    Example:
      thuja names common "Corvus corax" "Pica pica" --language de --language en
    """
    from thuja.names.tables.common_tables import name_inputs, require_free, write_table

    if out is not None:
        require_free(out, inputs, force=force)
    named = name_inputs(inputs, backbone, languages=language, higher_rank=higher_rank)
    if out is None:
        click.echo(named.write_csv(), nl=False)
    else:
        write_table(named, out)
        click.echo(f"{named['common_name'].count():,} of {len(named):,} rows have a common name: {out}", err=True)
