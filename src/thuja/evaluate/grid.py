"""A table ready to be shown, on a page or on a terminal."""

from dataclasses import dataclass

_WORDS = (
    "question", "rank", "split", "task", "asked", "ImageNet has a class for", "way of naming", "by", "band", "of",
    "measure",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Words and numbers as they are shown; a terminal shows the main ones alone."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_main: bool = True


def percent(share: float | None) -> str:
    """A share in per cent with one decimal, two below one per cent; empty for None."""
    if share is None:
        return ""
    return f"{100 * share:.2f}" if 0 < share < 0.01 else f"{100 * share:.1f}"


def laid_out(grid: Grid) -> str:
    """The table for a terminal, words to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(grid.columns, *grid.rows, strict=True)]
    lines = []
    for row in (grid.columns, *grid.rows):
        cells = [
            cell.ljust(width) if name in _WORDS else cell.rjust(width)
            for name, cell, width in zip(grid.columns, row, widths, strict=True)
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join([grid.title, *lines])
