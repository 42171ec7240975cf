"""Rows of a batch that a take-down list means; the list itself is read as `thuja shards` reads it."""

import polars as pl

from thuja.shards.takedown import COLUMNS, SCHEME, UUID, TakeDownList

__all__ = ["COLUMNS", "TakeDownList", "is_taken_down"]


def is_taken_down(listed: TakeDownList) -> pl.Expr:
    """Whether a row is on the list, by any of COLUMNS."""
    keys = pl.Series("key", list(listed.entries), dtype=pl.String).implode()
    return pl.any_horizontal(plain_keys(name).is_in(keys).fill_null(value=False) for name in COLUMNS)


def plain_keys(name: str) -> pl.Expr:
    """`plain_key` of a column."""
    return pl.col(name).str.strip_chars().str.to_lowercase().str.replace(SCHEME, "").str.replace(*UUID)
