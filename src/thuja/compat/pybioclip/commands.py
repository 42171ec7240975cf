"""What scripts take from pybioclip's module of that name: rows into a file, bins and classes out of one."""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from thuja.compat.pybioclip.errors import MissingFile, WrongValue
from thuja.compat.pybioclip.names import Row
from thuja.compat.pybioclip.tables import load_pandas


def write_results(data: Sequence[Row], format: str, output: str) -> None:
    """Write rows as `csv` or as a `table` for eyes, to a file or to `stdout`."""
    if output == "stdout":
        write_results_to_file(data, format, sys.stdout)
        return
    with Path(output).open("w", encoding="utf-8", newline="") as file:
        write_results_to_file(data, format, file)


def write_results_to_file(data: Sequence[Row], format: str, outfile: TextIO) -> None:
    """The same to an open file; raises WrongValue for another format."""
    columns = list(data[0]) if data else []
    if format == "csv":
        writer = csv.DictWriter(outfile, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(data)
    elif format == "table":
        outfile.write(_table([columns, *([str(value) for value in row.values()] for row in data)]))
    else:
        raise WrongValue(f"Invalid format: {format}")


def parse_bins_csv(bins_path: str) -> dict[str, object]:
    """Classes and their bins from the first two columns of a table with a header.

    Raises MissingFile, and WrongValue for a table of one column or a class in two bins.
    """
    if not Path(bins_path).exists():
        raise MissingFile(f"File not found: {bins_path}")
    table = load_pandas().read_csv(bins_path, index_col=0)
    if len(table.columns) == 0:
        raise WrongValue("CSV file must have at least two columns.")
    found: dict[str, object] = {}
    for label, name in zip(map(str, table.index), table.iloc[:, 0].tolist(), strict=True):
        if found.setdefault(label, name) != name:
            raise WrongValue(f'the class "{label}" stands in two bins', hint="give each class one bin")
    return found


def create_classes_str(cls_file_path: str) -> str:
    """The classes of a file with one a line, joined by commas: for classes that have none in their names."""
    return ",".join(line.strip() for line in Path(cls_file_path).read_text(encoding="utf-8").splitlines())


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    lines = [
        "|" + "|".join(f" {cell:^{width}} " for cell, width in zip(row, widths, strict=True)) + "|" for row in rows
    ]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule]) + "\n"
