"""`thuja names`: what a name means."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from thuja.cli.names_backbones import diff_command, import_command, list_command, stats_command
from thuja.cli.names_common import common

if TYPE_CHECKING:
    from thuja.names.tables.resolving import TableOptions

BACKBONE = click.option(
    "--backbone",
    "backbones",
    multiple=True,
    metavar="NAME|PATH",
    help="Where names are known; repeat it, the best first.",
)
_SHOWN = ("match_type", "score", "accepted_name", "common", "lineage", "runner_up", "runner_up_score", "form", "reason")


@click.group()
def names() -> None:
    """Resolve scientific and common names against a backbone.

    \b
    Example:
      thuja names resolve "Corvus corax" Oenanthe
    """


@names.command("resolve")
@click.argument("given", nargs=-1, required=True, metavar="NAME...|TABLE...")
@click.option("--out", type=click.Path(path_type=Path), help="A .csv or .parquet file, or a folder; else stdout.")
@BACKBONE
@click.option("--overrides", type=click.Path(path_type=Path), help="Your own table of what names mean.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.8, show_default=True, help="How sure to be.")
@click.option("--language", default="", metavar="CODE", help="Of the common names, such as fr; else English.")
@click.option("--id-backbone", default="", metavar="NAME", help="Whose the bare ids in taxonKey and taxonID are.")
@click.option("--taxonopy", "is_taxonopy", is_flag=True, help="Write the files of TaxonoPy into the folder --out.")
@click.option("--format", type=click.Choice(["parquet", "csv"]), help="Of the files in a folder; else the input's.")
@click.option("--force", is_flag=True, help="Replace what is at --out.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that resolve.")
def resolve_command(
    given: tuple[str, ...],
    *,
    out: Path | None,
    backbones: tuple[str, ...],
    overrides: Path | None,
    threshold: float,
    language: str,
    id_backbone: str,
    is_taxonopy: bool,
    format: str | None,
    force: bool,
    workers: int,
) -> None:
    """Say what each NAME means, or each row of each TABLE (CSV, TSV, Parquet, a name a line in .txt, or a folder).

    \b
    A table's columns, in any case: scientific_name, kingdom ... species, common_name, taxonKey, taxonID.
    It is written with its own columns, of which the answer's displace some (verbatim_kingdom ...).

    \b
    Example:
      thuja names resolve "Corvus corax" "American Goldfinch" Oenanthe
      thuja names resolve photos.csv --out resolved.parquet
    """
    from thuja.names.tables.resolving import TableOptions

    options = TableOptions(
        backbones=backbones,
        threshold=threshold,
        language=language,
        id_backbone=id_backbone,
        overrides=overrides,
        workers=workers,
        is_taxonopy=is_taxonopy,
        format=format or "",
    )
    if _are_tables(given):
        _resolve_tables([Path(word) for word in given], out, options, force=force)
    else:
        _print_names(given, out, options)


def _are_tables(given: tuple[str, ...]) -> bool:
    """Whether the words are tables. A word that looks like a file and is none is an error, never a name."""
    from thuja.errors import UsageError
    from thuja.names.tables.reading import is_table

    there = [bool(word.strip()) and Path(word).exists() for word in given]
    for word, is_there in zip(given, there, strict=True):
        if not is_there and (is_table(word) or ("/" in word and " " not in word)):
            raise UsageError(f"there is no table at {word}", hint="name a CSV, TSV, TXT or Parquet file, or a folder")
    if any(there) and not all(there):
        name = given[there.index(False)]
        raise UsageError(f"{name} is no file, and the others are", hint="give tables or names, not both")
    return all(there)


def _resolve_tables(paths: list[Path], out: Path | None, options: "TableOptions", *, force: bool) -> None:
    import shutil
    import sys
    import tempfile

    from thuja.errors import UsageError
    from thuja.names.tables.resolving import resolve_tables

    if out is not None:
        summary = resolve_tables(paths, out, options, force=force)
        click.echo(summary, err=True)
        if "unresolved" in summary.match_types and not options.backbones:
            _hint_english_names()
        return
    if options.is_taxonopy:
        raise UsageError("--taxonopy writes a folder", hint="name it with --out")
    with tempfile.TemporaryDirectory(prefix="thuja-") as folder:
        path = Path(folder) / "resolved.csv"
        summary = resolve_tables(paths, path, options)
        with path.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)
    click.echo(summary, err=True)


def _print_names(given: tuple[str, ...], out: Path | None, options: "TableOptions") -> None:
    from thuja.errors import EmptyInput, UsageError
    from thuja.names.rows import SEVEN
    from thuja.names.tables.resolving import resolve_words

    if out is not None or options.is_taxonopy:
        raise UsageError("--out and --taxonopy are for tables", hint="write the names into a .txt, one a line")
    if not any(word.strip() for word in given):
        raise EmptyInput("no name to resolve", hint="thuja names resolve NAME...")
    answers = resolve_words(list(given), options).to_dicts()
    click.echo("\t".join(["name", *_SHOWN]))
    for word, answer in zip(given, answers, strict=True):
        answer["lineage"] = " ".join(answer[rank] for rank in SEVEN if answer[rank])
        cells = [f"{value:.4f}" if isinstance(value := answer[name], float) else value or "" for name in _SHOWN]
        click.echo("\t".join(" ".join(str(cell).split()) for cell in [word, *cells]))
    if any(answer["match_type"] == "unresolved" for answer in answers) and not options.backbones:
        _hint_english_names()


def _hint_english_names() -> None:
    from thuja.names import FETCH, vernacular_file

    if not vernacular_file().is_file():
        click.echo(f"hint: if these are English names, install the table of them once: {FETCH}", err=True)
        click.echo("      thuja names import naturtag-0.8.1.tar.gz", err=True)


def _rank_options(command: click.Command) -> click.Command:
    for rank in ("genus", "family", "order", "class", "phylum", "kingdom"):
        option = click.Option(
            [f"--{rank}", f"given_{rank}"], default="", metavar="NAME", help=f"The {rank} it came with."
        )
        command.params.append(option)
    return command


@names.command("explain")
@click.argument("name")
@BACKBONE
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.8, show_default=True, help="How sure to be.")
def explain_command(name: str, *, backbones: tuple[str, ...], threshold: float, **given: str) -> None:
    """Show what NAME may mean: its candidates, how probable each is, and what speaks for and against it.

    \b
    Evidence is in log-odds: +2.3 makes a candidate ten times as likely, -2.3 a tenth.

    \b
    Example:
      thuja names explain "Oenanthe oenanthe" --class Aves
    """
    from thuja.names import Resolver
    from thuja.names.explaining import candidates_of
    from thuja.names.installed import open_backbones
    from thuja.taxonomy import RANKS, Taxon

    lineage = Taxon.from_names([given.get(f"given_{rank.label}", "") for rank in RANKS])
    resolver = Resolver(open_backbones(list(backbones)), threshold=threshold)
    answer = resolver.resolve(name, lineage)
    click.echo(f"{name}: {answer.status}, {answer.taxon.scientific_name or 'no taxon'}")
    click.echo(f"  {answer.reason}")
    found = candidates_of(resolver, name, lineage)
    if not found:
        click.echo("  no candidate in any backbone")
    for one in found[:10]:
        matched = f" by {one.matched} ({one.status})" if one.matched and one.matched != one.name else ""
        click.echo(f"\n{one.probability:.4f}  {one.name} ({one.rank}, {one.backbone}){matched}")
        click.echo(f"        {one.lineage}")
        parts = ", ".join(f"{word.replace('_', ' ')} {weight:+.1f}" for word, weight in one.parts)
        click.echo(f"        evidence {one.log_odds:+.1f}: {parts or 'none'}")
    if len(found) > 10:
        click.echo(f"\nand {len(found) - 10:,} more")


_rank_options(explain_command)
for _command in (common, stats_command, import_command, list_command, diff_command):
    names.add_command(_command)
