"""The options of `thuja search`: what is sought, which pictures may be found, how they are shown."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click

from thuja.cli.option_groups import grouped


class SoughtChoice(NamedTuple):
    """What pictures are to be like, beside the arguments."""

    id: str | None
    like: tuple[str, ...]
    unlike: tuple[str, ...]
    from_: tuple[str, ...]
    to: tuple[str, ...]
    direction: Path | None
    strength: float
    text_weight: float


class KeptChoice(NamedTuple):
    """Which pictures may be found."""

    within: tuple[str, ...]
    not_within: tuple[str, ...]
    where: tuple[str, ...]
    region: Path | None


class ShownChoice(NamedTuple):
    """How neighbours become results."""

    k: int
    offset: int
    group_by: str | None
    per_group: int
    diversity: float
    collapse: float | None
    is_exact: bool
    facets: tuple[str, ...]
    columns: tuple[str, ...]


class WrittenChoice(NamedTuple):
    """Where results go."""

    format: str | None
    out: Path | None
    html: Path | None
    queries: Path | None
    without_self: bool
    force: bool


_PATH = click.Path(path_type=Path)

_SOUGHT = (
    click.option("--id", metavar="ID", help="Like this picture of the index."),
    click.option("--like", multiple=True, metavar="ID", help="Like this one too; may be repeated."),
    click.option("--unlike", multiple=True, metavar="ID", help="Not like this one; may be repeated."),
    click.option("--from", "from_", multiple=True, metavar="ID|TEXT", help="Where a direction begins."),
    click.option("--to", multiple=True, metavar="ID|TEXT", help="Where it leads."),
    click.option("--direction", type=_PATH, metavar="FILE", help="One that thuja analyze directions learnt."),
    click.option("--strength", type=float, default=1.0, show_default=True, help="How far to go; below 0, back."),
    click.option("--text-weight", type=float, default=0.5, show_default=True, metavar="SHARE",
                 help="Of words beside a picture."),
)  # fmt: skip
_KEPT = (
    click.option("--within", multiple=True, metavar="TAXON", help="Of this taxon; repeated, of any of them."),
    click.option("--not-within", multiple=True, metavar="TAXON", help="Not of this taxon; may be repeated."),
    click.option("--where", multiple=True, metavar="CONDITION",
                 help="Such as license_name=CC0 or event_date=2010..2020; all must hold."),
    click.option("--region", type=_PATH, metavar="GEOJSON", help="Inside the polygons of this file."),
)  # fmt: skip
_SHOWN = (
    click.option("-k", type=int, default=10, show_default=True, help="How many to show."),
    click.option("--offset", type=int, default=0, show_default=True, help="After so many."),
    click.option("--group-by", metavar="RANK|COLUMN", help="The best of each species, or of another rank or column."),
    click.option("--per-group", type=int, default=1, show_default=True, help="So many of each group."),
    click.option("--diversity", type=float, default=0.0, show_default=True, metavar="SHARE",
                 help="From 0 to 1: the more, the less alike."),
    click.option("--collapse", type=float, metavar="COSINE", help="Pictures so alike are shown once, such as 0.95."),
    click.option("--exact", "is_exact", is_flag=True, help="Compare every picture."),
    click.option("--facet", "facets", multiple=True, metavar="COLUMN",
                 help="Count the values of a column or rank; may be repeated."),
    click.option("--column", "columns", multiple=True, metavar="NAME",
                 help="A column to tell of each; may be repeated.  [default: all]"),
)  # fmt: skip
_WRITTEN = (
    click.option("--format", metavar="FORMAT", help="table, csv or json, on stdout.  [default: table on a terminal]"),
    click.option("--out", "-o", type=_PATH, help="Write .csv, .jsonl or .parquet instead."),
    click.option("--html", type=_PATH, help="Write a page with the pictures, too."),
    click.option("--queries", type=_PATH, metavar="PARQUET", help="Search for every vector that thuja embed wrote."),
    click.option("--without-self", is_flag=True, help="With --queries: do not find the query under its own id."),
    click.option("--force", is_flag=True, help="Replace an output that is there."),
)


def search_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command all of these as the arguments `sought`, `kept`, `shown` and `written`."""
    for name, choice, options in (
        ("written", WrittenChoice, _WRITTEN),
        ("shown", ShownChoice, _SHOWN),
        ("kept", KeptChoice, _KEPT),
        ("sought", SoughtChoice, _SOUGHT),
    ):
        command = grouped(name, choice, options)(command)
    return command
