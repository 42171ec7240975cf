"""Records of CSV that are longer than a line: cells with line ends in them, or a quote that nobody closed.

A quote is one of CSV's only where its cell starts with it, and its cell must end behind the closing one. So a stray
quote costs its own line, and the lines behind it are read as they are. Two stray quotes can look like a cell: the
first at a cell's start, the second at another's end. Such a cell is taken for what it is when it has many lines and
each of them is a whole record.
"""

import csv
import io

from thuja.curate.sources.field_limit import field_limit

_MAX_LINES = 1_000
"""Lines of a record with line ends in its cells."""
MANY_LINES = 6
"""Lines of a record behind which two stray quotes may stand."""
_MAX_FIELD = 256 << 20


def whole_records(text: bytes, separator: str, count: int) -> tuple[bytes, int]:
    """The records of `count` cells in a text, written as CSV anew, and how many lines are in none of them."""
    lines = text.removesuffix(b"\n").split(b"\n")
    kept: list[bytes] = []
    ragged = place = 0
    while place < len(lines):
        size, cells = _record(lines, place, separator=separator, count=count)
        if cells is not None:
            kept.append(_written(cells, separator))
        elif lines[place].strip():
            ragged += 1
        place += size
    return b"".join(kept), ragged


def _record(lines: list[bytes], place: int, *, separator: str, count: int) -> tuple[int, list[str] | None]:
    """How many lines the record at a place has, and its cells; one line and None where there is no record."""
    for end in range(place + 1, min(place + _MAX_LINES, len(lines)) + 1):
        if end > place + 1 and b'"' not in lines[end - 1]:  # cannot close what is open
            continue
        cells, is_open = _parsed(b"\n".join(lines[place:end]), separator)
        if is_open:
            continue
        if cells is None or len(cells) != count or _is_swallowed(lines[place:end], separator, count):
            break
        return end - place, cells
    return 1, None


def _parsed(text: bytes, separator: str) -> tuple[list[str] | None, bool]:
    """The cells of the one record that a text is, None where it is none, and whether a quote is open at its end."""
    stream = io.StringIO(text.decode("utf-8", "surrogateescape"), newline="")
    try:
        with field_limit(_MAX_FIELD):
            records = [*csv.reader(stream, delimiter=separator, strict=True)]
    except csv.Error as error:
        return None, "unexpected end" in str(error)
    return (records[0] if len(records) == 1 else None), False


def _is_swallowed(lines: list[bytes], separator: str, count: int) -> bool:
    """Whether a record is many lines, each of them one by itself."""
    gap = separator.encode()
    return len(lines) > MANY_LINES and count > 1 and all(line.count(gap) == count - 1 for line in lines[1:-1])


def _written(cells: list[str], separator: str) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator="\n").writerow(cells)
    return out.getvalue().encode("utf-8", "surrogateescape")
