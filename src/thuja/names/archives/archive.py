"""What every reader of a taxonomy hands on: who made it, its usages, its vernacular names, its faults."""

from dataclasses import dataclass, field

import polars as pl

from thuja.names.store import About

VERNACULAR_SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(),
    "name": pl.String(),
    "language": pl.String(),
    "is_preferred": pl.Boolean(),
    "source": pl.String(),
}
"""A vernacular name of the usage `id`; `language` has two letters where ISO 639-1 has it, else three or none."""

FURTHER_ID_SCHEMA: dict[str, pl.DataType] = {"id": pl.String(), "accepted": pl.String()}
"""Retired ids, and the usages that took their place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A taxonomy, read: usages (`lineages.USAGE_SCHEMA`), vernaculars and retired ids (schemas above).

    `problems` has one line for each kind of fault that was met and mended or left out.
    """

    about: About
    usages: pl.DataFrame
    vernaculars: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=VERNACULAR_SCHEMA))
    further_ids: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FURTHER_ID_SCHEMA))
    problems: tuple[str, ...] = ()


def vernacular_frame(names: pl.DataFrame | None = None) -> pl.DataFrame:
    """Vernacular names in the schema above: blanks trimmed, nameless rows and repetitions left out."""
    if names is None:
        return pl.DataFrame(schema=VERNACULAR_SCHEMA)
    tidied = names.select(
        pl.col("id"),
        pl.col("name").str.replace_all(r"\s+", " ").str.strip_chars(),
        pl.col("language").fill_null(""),
        pl.col("is_preferred").fill_null(False),
        pl.col("source").fill_null(""),
        *(name for name in ("observations",) if name in names.columns),
    ).filter(pl.col("id").is_not_null() & (pl.col("name").fill_null("") != ""))
    # A name may be given by many sources: the first stays, preferred if any of them prefers it.
    marked = tidied.with_columns(pl.col("is_preferred").any().over("id", "name", "language"))
    return marked.unique(["id", "name", "language"], keep="first", maintain_order=True)
