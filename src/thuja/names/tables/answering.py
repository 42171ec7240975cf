"""The answers to the distinct rows of a table: overrides, then ids, then names; then what the table as a whole says."""

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from thuja.jobs import Progress
from thuja.names.installed import open_backbones
from thuja.names.resolver import RESULT, Resolver, numbered
from thuja.names.rows import GIVEN, tidy_rows
from thuja.names.store import LINEAGE
from thuja.names.tables.columns import IDS
from thuja.names.tables.forms import form
from thuja.names.tables.identifiers import identified
from thuja.names.tables.languages import names_in
from thuja.names.tables.lineage_checks import one_lineage_each
from thuja.names.tables.overrides import Overrides

ANSWERS = [*RESULT[: RESULT.index("reason") + 1], "form", *RESULT[RESULT.index("reason") + 1 :]]
"""The columns of an answer in a table."""
_PART = 20_000
"""Rows that another process resolves at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Other processes to resolve names in: how many, and the backbones by name or path, as each opens them."""

    count: int = 1
    backbones: tuple[str, ...] = ()


def answer_rows(
    rows: pl.DataFrame,
    resolver: Resolver,
    *,
    overrides: Overrides | None = None,
    language: str = "",
    workers: Workers | None = None,
) -> pl.DataFrame:
    """The answers to distinct rows (`columns.ASKED`, and `rows`, how many there are), in their order.

    Columns: `name`, what is looked up first, and `ANSWERS`.
    """
    spoken = names_in(resolver.backbones, language) if language else None  # an unknown one is refused first
    tidy = tidy_rows(rows).hstack(rows.select(*IDS, "rows")).with_row_index("row")
    tidy = tidy.hstack(numbered(tidy.select(GIVEN)).select("name"))
    asked = tidy
    parts = []
    for find in (overrides.find if overrides else None, lambda rest: identified(rest, resolver)):
        if find is not None:
            parts.append(find(asked))
            asked = asked.join(parts[-1].select("row"), on="row", how="anti")
    named = _named(asked.select(GIVEN), resolver, workers or Workers())
    parts.append(asked.select("row").hstack(named.select(RESULT)))
    answers = pl.concat([part.with_columns(pl.col("row").cast(pl.UInt32)) for part in parts]).sort("row")
    given = tidy.select(
        pl.col("verbatim", "name", "rows"), *(pl.col(name).alias(f"given_{name}") for name in (*LINEAGE, "common"))
    )
    answers = one_lineage_each(answers.hstack(given)).with_columns(form().alias("form"))
    if spoken is not None:
        answers = answers.drop("common").join(spoken, on=["backbone", "accepted_id"], how="left", maintain_order="left")
    blank = ("infraspecific", "qualifier", "term")
    answers = answers.with_columns(pl.col(blank).replace("", None))
    return answers.select("name", *ANSWERS)


def _named(rows: pl.DataFrame, resolver: Resolver, workers: Workers) -> pl.DataFrame:
    if len(rows) <= _PART:
        return resolver.resolve_rows(rows)
    progress = Progress(total=len(rows), label="resolving", unit="names")
    try:
        return _in_parts(rows, resolver, workers, advance=progress.advance)
    finally:
        progress.close()


def _in_parts(
    rows: pl.DataFrame, resolver: Resolver, workers: Workers, *, advance: Callable[[int], None]
) -> pl.DataFrame:
    if workers.count < 2:
        return resolver.resolve_rows(rows, advance=advance)
    distinct = rows.unique().sort(GIVEN)
    packed = [_packed(distinct[start : start + _PART]) for start in range(0, len(distinct), _PART)]
    # A forked child would inherit polars' threads in whatever state they are in.
    with ProcessPoolExecutor(workers.count, mp_context=get_context("spawn")) as pool:
        size = len(packed)
        answered = []
        for part in pool.map(_resolve_part, packed, [workers.backbones] * size, [resolver.threshold] * size):
            answered.append(pl.read_ipc(io.BytesIO(part)))
            advance(len(answered[-1]))
    answers = pl.concat(answered)
    places = distinct.with_row_index("answer")
    place = rows.join(places, on=GIVEN, how="left", maintain_order="left")["answer"]
    return answers[place.to_numpy()]


def _resolve_part(packed: bytes, backbones: Sequence[str], threshold: float) -> bytes:
    """In another process: rows in, answers out, both as Arrow files."""
    names: list[str | Path] = list(backbones)
    resolver = Resolver(open_backbones(names), threshold=threshold)
    return _packed(resolver.resolve_rows(pl.read_ipc(io.BytesIO(packed))))


def _packed(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_ipc(buffer)
    return buffer.getvalue()
