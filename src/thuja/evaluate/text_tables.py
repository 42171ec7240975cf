"""A table for a terminal: words to the left, numbers to the right, nothing where there is nothing."""

from collections.abc import Sequence


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> str:
    """The table as lines, two blanks between columns; the title stands above it."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    is_number = [bool(rows) and all(_is_number(row[place]) for row in rows) for place in range(len(headings))]
    lines = [title] if title else []
    for row in (headings, *rows):
        cells = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def _is_number(cell: str) -> bool:
    return not cell or cell[0].isdigit() or cell[0] in "+-−"
