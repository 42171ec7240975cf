"""How long a cell may be: the same in every source, whatever its format."""

import json

import polars as pl

MAX_CELL = 1 << 16
"""Bytes of UTF-8 that a cell may have; what is longer loses its end."""


def cut(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The frame with its cells of text cut to MAX_CELL bytes at most, and how many were longer.

    A letter that lies across the limit goes as a whole. The column `traits` stays JSON: its members are cut instead,
    and left out where there are too many of them.
    """
    names = [name for name, kind in frame.schema.items() if kind == pl.String]
    if not names or not len(frame):
        return frame, 0
    longest = frame.select(pl.col(names).str.len_bytes().max()).row(0)
    found = [name for name, size in zip(names, longest, strict=True) if size is not None and size > MAX_CELL]
    count = 0
    for name in found:
        places = (frame[name].str.len_bytes() > MAX_CELL).fill_null(value=False).arg_true()
        cells = frame[name].gather(places).to_list()
        shorter = [_cut_members(cell) if name == "traits" else _cut_text(cell, MAX_CELL) for cell in cells]
        short = pl.Series(shorter, dtype=pl.String)
        frame = frame.with_columns(frame[name].scatter(places, short))
        count += len(places)
    return frame, count


def _cut_text(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore")


def _cut_members(text: str) -> str | None:
    """A JSON object as text of at most MAX_CELL bytes: every member cut to the longest length with which it fits."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, dict):
        return None
    size = MAX_CELL
    while size:
        size //= 2
        short = {name: _cut_text(cell, size) if isinstance(cell, str) else cell for name, cell in members.items()}
        made = json.dumps(short, sort_keys=True, ensure_ascii=False)
        if len(made.encode()) <= MAX_CELL:
            return made
    return None
