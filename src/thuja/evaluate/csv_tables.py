"""The tables that tasks come with: a CSV file's rows as texts, and paths that stay below the table's folder.

Tables are downloaded, so nothing in one is taken on trust: not its encoding, not its columns, and not where it points.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from thuja.errors import BadFile, EmptyInput
from thuja.evaluate.task import About, require_layout


def read_rows(
    path: Path, about: About, columns: Sequence[str], *, folder: Path | None = None, delimiter: str = ","
) -> list[dict[str, str]]:
    """The rows of a CSV table that must have these columns; a row that is cut short has "" in the others.

    `folder` is the task's, where the table does not lie right in it. Raises BadFile where it is no table, or laid out
    otherwise, EmptyInput for one without a row.
    """
    folder = path.parent if folder is None else folder
    name = path.relative_to(folder).as_posix()
    if not path.is_file():
        raise require_layout(folder, about, found=f"there is no {name}")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *lines = [cells for cells in csv.reader(file, delimiter=delimiter) if cells] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path} is not a CSV table in UTF-8: {error}", hint="save it as CSV, UTF-8") from error
    missing = [column for column in columns if column not in header]
    if missing:
        found = f"{name} has the columns {', '.join(filter(None, header)) or 'of no name'}"
        raise require_layout(folder, about, found=f"{found}, and has no column {', '.join(missing)}")
    if not lines:
        raise EmptyInput(f"{path} has no row", hint="its first line is the header, then a line an image")
    for number, cells in enumerate(lines, start=2):
        if len(cells) > len(header):
            raise BadFile(f"row {number} of {path} has {len(cells)} cells, and the header {len(header)}")
    return [dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=True)) for cells in lines]


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not blank; raises BadFile where it is no text in UTF-8."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} is no text in UTF-8: {error}", hint="fetch it again") from error
    return [line for line in text.splitlines() if line.strip()]


def require_below(table: Path, paths: Iterable[str]) -> None:
    """Raise BadFile for an image's path that leads out of the folder which it should lie below."""
    for path in paths:
        parts = PurePath(path)
        if parts.anchor or ".." in parts.parts or "\0" in path:
            raise BadFile(
                f'{table} names the image "{path}", which lies outside the folder',
                hint="fetch the table again: paths in it are relative, without ..",
            )
