"""Why a name was resolved as it was: its candidates, and the evidence for each."""

from dataclasses import dataclass

import polars as pl

from thuja.names.evidence import weights
from thuja.names.features import FEATURES
from thuja.names.resolver import Resolver, numbered
from thuja.names.rows import SEVEN, rows_of
from thuja.taxonomy import Taxon


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A known taxon that a name may mean. `parts` are the features that speak for and against it, in log-odds."""

    name: str
    matched: str
    status: str
    rank: str
    lineage: str
    backbone: str
    probability: float
    log_odds: float
    parts: tuple[tuple[str, float], ...]


def candidates_of(resolver: Resolver, name: str, lineage: Taxon) -> list[Candidate]:
    """The candidates of a name that came with a lineage, the likeliest first."""
    rows = numbered(rows_of([name], [lineage]))
    queries = resolver.queries(rows.with_columns(pl.col("name").alias("term")))
    _, features = resolver.found(queries)
    table = resolver.candidates(queries)
    held = weights()
    found = []
    for row, own in zip(table.iter_rows(named=True), features, strict=True):
        parts = [(word, float(value) * held[word]) for word, value in zip(FEATURES, own, strict=True) if value]
        names = [str(row[rank]) for rank in SEVEN[:-1] if row[rank]]
        found.append(
            Candidate(
                name=str(row["accepted_name"]),
                matched=str(row["matched_name"] or ""),
                status=str(row["matched_status"] or ""),
                rank=str(row["accepted_rank"]),
                lineage=" > ".join(names),
                backbone=str(row["backbone_name"]),
                probability=float(row["probability"]),
                log_odds=float(row["log_odds"]),
                parts=tuple(sorted(parts, key=lambda part: (-abs(part[1]), part[0]))),
            )
        )
    return sorted(found, key=lambda one: (-one.probability, one.name, one.lineage, one.matched))
