"""Labels of the user's own, from a file."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from thuja.errors import BadFile, EmptyInput, UsageError

HEADINGS = ("label", "text", "classification", "class", "name")
"""What the column of labels may be headed, in any case."""


def read_labels(path: Path) -> list[str]:
    """Labels from a text file, one a line; blank lines are left out, commas and quotes are kept."""
    lines = _read(path).splitlines()
    labels = [line.strip() for line in lines if line.strip()]
    if not labels:
        raise EmptyInput(f"{path} holds no label", hint="write one label a line")
    return labels


def read_custom_labels(path: Path) -> list[str]:
    """Distinct labels from a text file, one a line, or from a CSV: its column `label`, or the only one it has.

    Raises EmptyInput for a file without a label, UsageError for a label that stands twice or a file that cannot be
    read.
    """
    path = Path(path)
    labels = _column(path) if path.suffix.lower() == ".csv" else read_labels(path)
    return require_distinct(labels)


def require_distinct(labels: Sequence[str]) -> list[str]:
    """The labels with single blanks between words; raises EmptyInput for none, UsageError for one that comes twice."""
    cleaned = [text for text in (" ".join(label.split()) for label in labels) if text]
    if not cleaned:
        raise EmptyInput("the list of labels is empty", hint="give at least one label")
    label, times = Counter(cleaned).most_common(1)[0]
    if times > 1:
        raise UsageError(f'the label "{label}" stands twice', hint="give each label once")
    return cleaned


def read_rows(path: Path) -> list[list[str]]:
    """The rows of a CSV in UTF-8, cells without blanks around them; rows that are all blank are left out."""
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(_read(path), newline=""), strict=True)]
    except csv.Error as error:
        raise BadFile(
            f"{path} is no CSV: {error}", hint="put cells with commas or quotes into double quotes"
        ) from error
    return [row for row in rows if any(row)]


def _column(path: Path) -> list[str]:
    rows = read_rows(path)
    if not rows:
        raise EmptyInput(f"{path} holds no label", hint="write one label a line")
    headings = [cell.lower() for cell in rows[0]]
    named = [heading for heading in HEADINGS if heading in headings]
    if named:
        place = headings.index(named[0])
        rows = rows[1:]
    elif max(map(len, rows)) > 1:
        raise UsageError(
            f"{path} has several columns, none of them headed {', '.join(HEADINGS[:-1])} or {HEADINGS[-1]}",
            hint="head the column of labels: label; or put a label with a comma into double quotes",
        )
    else:
        place = 0
    labels = [row[place] for row in rows if len(row) > place and row[place]]
    if not labels:
        raise EmptyInput(f"{path} holds no label", hint="write one label a row")
    return labels


def _read(path: Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read the labels in {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the labels in {path} are not UTF-8 text", hint="save the file as UTF-8") from error
