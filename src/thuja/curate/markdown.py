"""Words of strangers in a page of Markdown: a name may hold bars, tags, fences, and lines that end a header."""

import re
from collections.abc import Iterable, Sequence

_MARKS = re.compile(r"([\\`*\[\]|~])")
_LONGEST = 300


def cell(value: object, *, is_whole: bool = False) -> str:
    """Text that stands for itself in one cell of a table or one line of a page, cut where it is long unless `is_whole`.

    >>> cell("a|b <b>bold</b>")
    'a\\\\|b &lt;b&gt;bold&lt;/b&gt;'
    """
    if isinstance(value, int):
        return f"{value:,}"
    text = " ".join("".join(one if one.isprintable() else " " for one in str(value)).split())
    if len(text) > _LONGEST and not is_whole:
        text = text[:_LONGEST] + "…"
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _MARKS.sub(r"\\\1", text)
    # What would begin a heading, a rule, a list or a header does so at the start of a line alone.
    return re.sub(r"^([#+=_-]|\d+(?=[.)]))", r"\\\1", text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, is_whole: bool = False) -> str:
    """A table with its empty line behind; a sentence where it has no row. Long cells are cut unless it `is_whole`."""
    lines = ["| " + " | ".join(cell(value, is_whole=is_whole) for value in row) + " |" for row in rows]
    if not lines:
        return "None.\n\n"
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines]) + "\n\n"


def fenced(text: str, language: str = "") -> str:
    """A block of code, fenced by more backticks than it holds in a row."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n\n"
