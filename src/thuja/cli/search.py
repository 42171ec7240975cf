"""`thuja search`: find pictures in an index, by picture, by words, by example, under filters."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from thuja.cli.hardware import HardwareChoice, hardware_options
from thuja.cli.search_asked import What, needs_model, open_encode, read_kept, read_query, read_what
from thuja.cli.search_options import KeptChoice, ShownChoice, SoughtChoice, WrittenChoice, search_options

if TYPE_CHECKING:
    from thuja.search.engine.effort import Effort
    from thuja.search.index import Index
    from thuja.search.query import Answer, Query


@click.command()
@click.argument("index", metavar="INDEX")
@click.argument("what", nargs=-1, metavar="[WHAT]...")
@search_options
@click.option("--model", "-m", "name", metavar="NAME", help="A model's or run's folder, or a published model's name.")
@hardware_options
def search(
    index: str,
    what: tuple[str, ...],
    *,
    sought: SoughtChoice,
    kept: KeptChoice,
    shown: ShownChoice,
    written: WrittenChoice,
    name: str | None,
    hardware: HardwareChoice,
) -> None:
    """Find in INDEX (what thuja index built) the pictures most like WHAT: words, a picture's file or address, or both.

    All that is said adds up: words beside a picture say what should be different. Without anything but filters the most
    typical pictures come first. The model is the one that made the index, where it is at hand. Exits 1 where nothing
    is found.

    \b
    Examples:
      thuja search index "a moth with eyespots" --within Saturniidae --where license_name=CC0 --html moths.html
      thuja search index photo.jpg "juvenile" --group-by species -k 20
      thuja search index --queries embeddings.parquet -k 5 --out neighbours.parquet
    """
    from thuja.search.index import Index

    opened = Index.open(index)
    if written.queries is not None:
        _require_no_other(what, sought, shown, written)
        _search_batch(opened, kept, shown, written)
        return
    form = _settled_format(written)
    given = read_what(what)
    query = read_query(opened, given, sought, kept, shown)
    answer = _answer(opened, query, effort=_effort(shown), name=name, hardware=hardware)
    for line in answer.told:
        click.echo(line, err=True)
    _write(answer, written, form, first=query.offset + 1)
    if written.html is not None:
        _write_page(opened, query, answer, given=given, path=written.html)
    if not answer.hits:
        sys.exit(1)


def _answer(
    index: "Index", query: "Query", *, effort: "Effort", name: str | None, hardware: HardwareChoice
) -> "Answer":
    from thuja.search.query import answer

    encode = open_encode(index, name, hardware) if needs_model(query) else None
    return answer(index, query, encode, effort=effort)


def _effort(shown: ShownChoice) -> "Effort":
    from thuja.search.engine.effort import EXACT, STANDARD

    return EXACT if shown.is_exact else STANDARD


def _settled_format(written: WrittenChoice) -> str:
    """The format of stdout; raises UnknownName and OutputExists for outputs that cannot be."""
    from thuja.errors import OutputExists, UnknownName, UsageError
    from thuja.search.query.tables import FORMATS, require_suffix

    for path in filter(None, (written.out, written.html)):
        if path.exists() and not written.force:
            raise OutputExists(f"{path} is there already", hint="--force replaces it")
    if written.without_self:
        raise UsageError("--without-self is for --queries", hint="a picture of --id is never found again")
    if written.out is not None:
        require_suffix(written.out)
        if written.format is not None:
            raise UsageError("--format is for stdout, and --out says its own by its suffix", hint="leave out one")
    if written.format is not None and written.format not in FORMATS:
        raise UnknownName.of("format", written.format, FORMATS)
    return written.format or ("table" if sys.stdout.isatty() else "csv")


def _write(answer: "Answer", written: WrittenChoice, form: str, *, first: int) -> None:
    from thuja.search.query.tables import save, show

    if written.out is None:
        show(answer, sys.stdout, form, first=first)
        return
    save(answer, written.out, first=first)
    click.echo(f"{written.out}: {len(answer.hits):,} of {answer.total:,} pictures", err=True)


def _write_page(index: "Index", query: "Query", answer: "Answer", *, given: What, path: Path) -> None:
    from thuja.search.page import asked_of, result_page

    asked = asked_of(index, query, pictures=given.pictures)
    result_page(answer, asked, index.thumbnail, first=query.offset + 1).save(path)
    click.echo(f"page: {path}", err=True)


def _require_no_other(what: tuple[str, ...], sought: SoughtChoice, shown: ShownChoice, written: WrittenChoice) -> None:
    """Raise UsageError for what a search of many queries does not do."""
    from thuja.errors import UsageError

    if what or any((sought.id, sought.like, sought.unlike, sought.from_, sought.to, sought.direction)):
        raise UsageError("--queries says what is sought", hint="leave out words, pictures and ids")
    others = {
        "--offset": shown.offset,
        "--group-by": shown.group_by,
        "--diversity": shown.diversity,
        "--collapse": shown.collapse,
        "--facet": shown.facets,
        "--html": written.html,
        "--format": written.format,
    }
    if wrong := next((option for option, value in others.items() if value), None):
        raise UsageError(f"{wrong} is for one query, not for --queries", hint="leave it out")


def _search_batch(index: "Index", kept: KeptChoice, shown: ShownChoice, written: WrittenChoice) -> None:
    from thuja.errors import UsageError
    from thuja.search.query.batches import Batch, search_batch

    if written.queries is None or written.out is None:
        raise UsageError("no output is named for many queries", hint="--out FILE.parquet")
    batch = Batch(
        queries=written.queries,
        out=written.out,
        k=shown.k,
        filter=read_kept(index, kept),
        effort=_effort(shown),
        columns=shown.columns,
        without_self=written.without_self,
        version=f"{index.where} {index.version} {index.facts.made}",  # one built anew has the same number
        force=written.force,
    )
    count = search_batch(index, batch, label="search")
    click.echo(f"{written.out}: the {shown.k:,} nearest of {count:,} queries", err=True)
