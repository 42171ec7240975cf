"""The options that say how images are read and what is written, and how these become a job."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import click

from thuja.cli.option_groups import grouped

if TYPE_CHECKING:
    from thuja.predict.inputs.finding import InputOptions
    from thuja.predict.outputs.identifiers import Identifiers

_SUFFIXES = {".txt": "table", ".json": "jsonl", ".ndjson": "jsonl", ".pq": "parquet"}


class OutputChoice(NamedTuple):
    """What the user said."""

    column: str | None
    boxes: str | None
    min_conf: float | None
    group_by: str | None
    kept: tuple[str, ...]
    ids: str | None
    format: str | None
    out: Path | None
    log: Path | None
    force: bool

    def given(self) -> "InputOptions":
        """How what is named is read."""
        from thuja.predict.inputs.finding import InputOptions

        return InputOptions(column=self.column, boxes=self.boxes, min_conf=self.min_conf, group_by=self.group_by)

    def settled_format(self) -> str:
        """The format named, or the one that the output's suffix or a terminal asks for."""
        from thuja.errors import UnknownName, UsageError
        from thuja.predict.outputs.rows import EXPORTS, FORMATS

        if self.format is not None and self.format not in FORMATS:
            raise UnknownName.of("format", self.format, FORMATS)
        if self.out is None:
            if self.format == "parquet":
                raise UsageError("Parquet cannot be written to stdout", hint="name a file: --out FILE")
            return self.format or ("table" if sys.stdout.isatty() else "csv")
        suffix = self.out.suffix.lower()
        told = _SUFFIXES.get(suffix, suffix.removeprefix("."))
        if self.format is None:
            if told and (told not in FORMATS or told in EXPORTS):
                raise UnknownName.of("format", told, FORMATS)
            return told or "csv"
        if told == "parquet" and self.format != "parquet":
            raise UsageError(f"{self.out} is named as Parquet, and --format says {self.format}", hint="name it .csv")
        return self.format

    def target(self) -> tuple[Path | TextIO, Path | None]:
        """Where to write, and the folder for what is done so far; raises UsageError for outputs that cannot be."""
        from thuja.errors import OutputExists
        from thuja.predict.outputs.provenance import require_log_writable

        if self.log is not None:
            require_log_writable(self.log, force=self.force)
        if self.out is None:
            return sys.stdout, None
        if self.out.exists() and not self.force:
            raise OutputExists(f"{self.out} is there already", hint="--force replaces it")
        return self.out, self.out.with_name(f"{self.out.name}.parts")

    def log_file(self) -> Path | None:
        """Where the log goes: beside the output, if nobody says; nowhere for stdout."""
        from thuja.predict.outputs.provenance import log_beside

        return self.log if self.log is not None or self.out is None else log_beside(self.out)

    def identifiers(self) -> "Identifiers | None":
        """What looks taxa up in the backbones named; raises UnknownName for one that is not installed."""
        from thuja.names.installed import open_backbones
        from thuja.predict.outputs.identifiers import Identifiers

        return None if self.ids is None else Identifiers(open_backbones([name.strip() for name in self.ids.split(",")]))


_OPTIONS = (
    click.option("--column", metavar="NAME", help="The column of a table with the images.  [default: path, url, ...]"),
    click.option("--boxes", metavar="FILE|COLUMNS", help="MegaDetector's JSON; or a table's bbox or x,y,width,height."),
    click.option("--min-conf", type=float, metavar="SHARE", help="Boxes of this confidence or more.  [default: 0.2]"),
    click.option("--group-by", metavar="COLUMN", help="Pool the images of one value: observation_id, or folder."),
    click.option("--keep", "kept", multiple=True, metavar="COLUMN", help="Carry a table's column along; repeat it."),
    click.option("--ids", metavar="BACKBONE", help="Add identifiers and accepted names: inat, or one installed."),
    click.option(
        "--format",
        metavar="FORMAT",
        help="table, csv, jsonl, parquet, pybioclip, darwin-core, camtrap-dp, inaturalist.  [default: by --out]",
    ),
    click.option("--out", "-o", type=click.Path(path_type=Path), help="The file to write.  [default: stdout]"),
    click.option("--log", type=click.Path(path_type=Path), help="Where the log goes.  [default: OUT.log.json]"),
    click.option("--force", is_flag=True, help="Replace the output file if it is there."),
)  # fmt: skip

output_options = grouped("output", OutputChoice, _OPTIONS)
"""Gives a command the options above, as one argument `output`."""
