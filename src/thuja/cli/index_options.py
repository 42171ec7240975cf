"""The options by which `thuja index` takes embeddings in: whose vectors they are, and what comes with them."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from thuja.cli.option_groups import grouped

if TYPE_CHECKING:
    from thuja.search.store.build import BuildOptions

SEGMENT_ROWS = click.option(
    "--segment-rows", type=click.IntRange(min=1), default=1_000_000, show_default=True,
    help="Rows in a segment at most: what memory grows with.",
)  # fmt: skip
_PATH = click.Path(path_type=Path)
_TAKEN_IN = (
    click.option("--model", "-m", metavar="ID", help="Whose vectors those are of files that do not say so."),
    click.option("--table", "tables", multiple=True, type=_PATH,
                 help="More columns by uuid: a Parquet file or data folder."),
    click.option("--thumbnails", multiple=True, type=_PATH,
                 help="Where the pictures are: a folder of images or shards, a data folder."),
    click.option("--without", default="", metavar="NAMES",
                 help="Columns that stay out, such as latitude,longitude."),
    SEGMENT_ROWS,
)  # fmt: skip


class TakenIn(NamedTuple):
    """What is said of the embeddings that an index takes in."""

    model: str | None
    tables: tuple[Path, ...]
    thumbnails: tuple[Path, ...]
    without: str
    segment_rows: int

    def options(self, *, by: str) -> "BuildOptions":
        """The same as the room of search takes it, for a command."""
        from thuja.search.store.build import BuildOptions

        return BuildOptions(
            segment_rows=self.segment_rows,
            model=self.model,
            without=tuple(name.strip() for name in self.without.split(",") if name.strip()),
            tables=self.tables,
            thumbnails=self.thumbnails,
            by=by,
            label="rows",
        )


taken_in_options = grouped("taken_in", TakenIn, _TAKEN_IN)
"""Gives a command all of these as the argument `taken_in`."""
