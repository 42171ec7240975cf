"""CSV and TSV files by themselves, plain or gzip, read by chunked_tables: what most sources are written in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from thuja.curate.sources.chunked_tables import Layout, read_frames, sniff
from thuja.curate.sources.containers import opened
from thuja.curate.sources.spec import Notes
from thuja.errors import BadFile, UsageError

_TABS = (".tsv", ".tab")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A table of text in a file of its own."""

    path: Path
    layout: Layout

    @classmethod
    def of(cls, path: Path, *, separators: str = "", quoted: bool = True) -> "TextTable":
        """The table at a path; raises UsageError where there is none, BadFile where it has no header line.

        `separators` are those to choose from; where it is empty, whichever the header has, with tabs first for `.tsv`
        and `.tab`. Names of columns that come again get a number.
        """
        if not path.is_file():
            raise UsageError(f"there is no table at {path}")
        stem = path.name.lower().removesuffix(".gz")
        separators = separators or ("\t,;|" if stem.endswith(_TABS) else ",\t;|")
        with opened(path) as container:
            layout = sniff(container, path.name, separators=separators, quoted=quoted, numbered=True)
        if not any(layout.columns):
            raise BadFile(f"the table {path} has no header line", hint="its first line names the columns")
        return cls(path=path, layout=layout)

    @property
    def header(self) -> list[str]:
        """The names of the columns, "" where one has none."""
        return [*self.layout.columns]

    def require(self, *columns: str) -> None:
        """Raise BadFile where one of these columns is not there."""
        missing = [column for column in columns if column not in self.header]
        if missing:
            separator = "tabs" if self.layout.separator == "\t" else f'"{self.layout.separator}"'
            found = ", ".join(self.header)
            raise BadFile(
                f"the table {self.path} has no column {', '.join(missing)}, only {found:.300}",
                hint=f"the columns must be parted by {separator}",
            )

    def frames(self, notes: Notes, columns: Sequence[str] = ()) -> Iterator[pl.DataFrame]:
        """These columns, or all that have a name, as text, null where a cell is empty; see chunked_tables."""
        wanted = columns or [name for name in self.header if name]
        with opened(self.path) as container:
            yield from read_frames(container, self.layout, wanted, notes=notes)
