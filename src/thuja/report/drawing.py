"""The figures of a report: SVG text drawn by matplotlib in the report's ink. Only who draws imports this file."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from thuja.report.colours import DRAWING


@contextmanager
def drawing(width: float, height: float, *, name: str) -> Iterator[tuple[Figure, list[str]]]:
    """A figure of that size in inches; when the block ends, its SVG is in the list."""
    out: list[str] = []
    # The salt makes ids of clip paths the same in every run and different between figures of a page.
    style: Any = {**DRAWING, "svg.hashsalt": name}
    with mpl.rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, out
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        out.append(text.getvalue())
