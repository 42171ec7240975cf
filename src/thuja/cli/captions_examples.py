"""`thuja captions examples`: which examples of captions there are, new ones for groups without, a person's review."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from thuja.captions.examples import Example, FormatExamples
    from thuja.taxonomy import Taxon

_TABLES = click.option(
    "--examples", "tables", multiple=True, type=click.Path(path_type=Path), metavar="TABLE", help="Repeat for several."
)
_RANK = click.option("--rank", default="class", show_default=True, metavar="RANK", help="The rank of the groups.")


@click.group()
def examples() -> None:
    """Examples of good captions by group of organisms: list them, have new ones proposed, review these.

    \b
    Example:
      thuja captions examples list data --examples format_examples.parquet
      thuja captions examples propose data --examples format_examples.parquet \\
        --server http://127.0.0.1:8000/v1 --out proposals.csv
      thuja captions examples review proposals.csv --accept 1,3-5 --into examples.csv
    """


@examples.command("list")
@click.argument("data", required=False, type=click.Path(path_type=Path), metavar="[DATA|TABLE]")
@_TABLES
@_RANK
def list_command(data: Path | None, *, tables: tuple[Path, ...], rank: str) -> None:
    """Print the groups that examples are of, or whose examples each group of DATA is shown.

    A table has a row a group with a numbered list, or a row a sentence: a column such as class, and one named
    example, examples, description, sentence or caption. Of examples with a status only accepted ones count.
    `own` are a group's own, `above` its phylum's, `near` those of the class that shares the deepest rank with it,
    `built-in` three that thuja brings.

    \b
    Example:
      thuja captions examples list data --examples format_examples.parquet
    """
    from thuja.captions.examples.counting import count_groups
    from thuja.errors import UsageError
    from thuja.taxonomy import Rank

    if data is None and not tables:
        raise UsageError("there is nothing to list", hint="DATA, --examples TABLE, or both")
    if data is None:
        read = _read(tables)
        _print(("group", "examples"), ((_shown(group), len(there)) for group, there in read.groups.items()))
        return
    counts = count_groups(data, Rank.parse(rank))
    read = _read(tables)
    rows = []
    for group, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        found = read.of(group)
        rows.append((_shown(group), count, len(found.sentences), found.nearness, _shown(found.group)))
    _print(("group", "rows", "examples", "nearness", "from"), rows)


@examples.command("propose")
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA|TABLE")
@_TABLES
@click.option("--server", multiple=True, metavar="URL", help="An OpenAI-compatible server; repeat for several.")
@click.option("--model", "-m", default="", metavar="NAME", help="The server's model.  [default: its only one]")
@click.option(
    "--ask", "asker", metavar="MODULE:FUNCTION", help="A function from a text to a text, in place of a server."
)
@click.option(
    "--out", "-o", required=True, type=click.Path(path_type=Path), help="The table for review: .csv, .parquet."
)
@click.option("--count", type=click.IntRange(1, 20), default=3, show_default=True, help="Sentences a group.")
@click.option("--max-words", type=click.IntRange(5, 60), default=20, show_default=True, help="Of a sentence.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Ask for no more groups than this.")
@_RANK
def propose_command(
    data: Path,
    *,
    tables: tuple[Path, ...],
    server: tuple[str, ...],
    model: str,
    asker: str | None,
    out: Path,
    count: int,
    max_words: int,
    limit: int | None,
    rank: str,
) -> None:
    """Have a language model write examples, with sources, for the groups of DATA that have none of their own.

    They go to --out as `proposed`, with remarks on what looks amiss, and are used by nothing until a person accepts
    them. Groups with the most rows come first; those that --out has already are not asked for again. The server's key
    is read from THUJA_CAPTIONS_KEY or OPENAI_API_KEY.

    \b
    Example:
      thuja captions examples propose data --examples format_examples.parquet \\
        --server http://127.0.0.1:8000/v1 --out proposals.csv
    """
    from thuja.captions.examples import read_examples, write_examples
    from thuja.captions.examples.counting import count_groups
    from thuja.captions.examples.proposing import propose
    from thuja.captions.examples.table import require_table
    from thuja.jobs import require_writable
    from thuja.taxonomy import Rank

    require_table(out)
    require_writable(out)
    counts = count_groups(data, Rank.parse(rank))
    read = _read(tables)
    written = read_examples(out) if out.exists() else []
    there = {example.taxon for example in written}
    lacking = [group for group in read.lacking(counts, Rank.parse(rank)) if group not in there]
    lacking.sort(key=lambda group: (-counts[group], group))
    asked, unread = lacking[:limit], 0
    click.echo(f"{len(lacking):,} of {len(counts):,} groups lack examples, {len(asked):,} are asked for", err=True)
    with _asking(server, model, asker) as (ask, name):
        for proposal in propose(asked, ask, read, count=count, max_words=max_words, model=name):
            if not proposal.examples:
                unread += 1
                said = " ".join(proposal.answer.split())
                click.echo(f'no example in the answer for {_shown(proposal.group)}: "{said:.100}"', err=True)
            if proposal.examples:
                written += proposal.examples
                write_examples(written, out)
    failed = f", the answers for {unread:,} could not be read" if unread else ""
    click.echo(f"{len(written):,} examples for review{f': {out}' if written else ''}{failed}", err=True)
    if written:
        click.echo(f"next: thuja captions examples review {shlex.quote(str(out))}", err=True)


@examples.command("review")
@click.argument("proposals", type=click.Path(path_type=Path), metavar="TABLE")
@click.option("--accept", default="", metavar="ROWS", help="Such as 1,3-5 or all.")
@click.option("--reject", default="", metavar="ROWS", help="Such as 2,6-9 or all.")
@click.option("--into", type=click.Path(path_type=Path), metavar="TABLE", help="Add the accepted ones to this table.")
def review_command(proposals: Path, *, accept: str, reject: str, into: Path | None) -> None:
    """Print proposed examples by the numbers of their rows, or write down which are accepted and rejected.

    The column `status` of the table may as well be edited by hand.

    \b
    Example:
      thuja captions examples review proposals.csv
      thuja captions examples review proposals.csv --accept 1,3-5 --reject 2 --into examples.csv
    """
    from thuja.captions.examples import Status, read_examples, write_examples
    from thuja.captions.examples.reviewing import joined, numbers_of, reviewed
    from thuja.captions.examples.table import require_own_columns

    rows = read_examples(proposals)
    if not (accept or reject or into):
        _print(("row", "status", "group", "example", "source", "remark"), _review_rows(rows))
        return
    for table in filter(None, (proposals, into)):
        require_own_columns(table)
    accepted, rejected = numbers_of(accept, len(rows)), numbers_of(reject, len(rows))
    rows = reviewed(rows, accepted=accepted, rejected=rejected)
    if accepted or rejected:
        write_examples(rows, proposals)
    if into is not None:
        all_rows = joined(read_examples(into) if into.exists() else [], rows)
        write_examples(all_rows, into)
        click.echo(f"{len(all_rows):,} examples: {into}", err=True)
    told = (f"{sum(row.status is status for row in rows):,} {status}" for status in Status)
    click.echo(f"{', '.join(told)}: {proposals}", err=True)


def _read(tables: Sequence[Path]) -> "FormatExamples":
    """The examples of all tables, their groups placed by the backbone as `thuja captions make` places them."""
    from thuja.captions.examples import FormatExamples, read_examples
    from thuja.cli.example_places import class_lineages

    read = [example for table in tables for example in read_examples(table)]
    return FormatExamples.from_examples(read, known=class_lineages() if read else {})


@contextmanager
def _asking(servers: Sequence[str], model: str, asker: str | None) -> Iterator[tuple[Callable[[str], str], str]]:
    """What answers questions, and its name."""
    from thuja.errors import UsageError

    if bool(servers) == bool(asker):
        raise UsageError("proposing takes a language model", hint="--server URL, or --ask MODULE:FUNCTION")
    if asker:
        yield _imported(asker), model or asker
        return
    from thuja.captions.server import ServerCaptioner, ServerSettings

    with ServerCaptioner(ServerSettings(servers=tuple(servers), model=model)) as captioner:
        yield captioner.ask, captioner.model


def _imported(word: str) -> Callable[[str], str]:
    """The function `function` of `module`; raises UsageError."""
    from importlib import import_module

    from thuja.errors import UsageError

    module, _, name = word.partition(":")
    try:
        found = getattr(import_module(module), name) if module and name else None
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"cannot import {word}: {error}", hint="MODULE:FUNCTION, from where Python finds it"
        ) from error
    if not callable(found):
        raise UsageError(f"{word} is no function", hint="MODULE:FUNCTION, such as mine:answer")
    function: Callable[[str], str] = found
    return function


def _review_rows(rows: "Sequence[Example]") -> "Iterator[tuple[object, ...]]":
    for number, row in enumerate(rows, 1):
        yield number, row.status, _shown(row.taxon), row.sentence, row.source, row.remark


def _shown(group: "Taxon | None") -> str:
    return group.scientific_name if group is not None else ""


def _print(header: Sequence[str], rows: "Iterator[tuple[object, ...]] | Sequence[tuple[object, ...]]") -> None:
    """CSV to stdout."""
    import csv
    import sys

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
