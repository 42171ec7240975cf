"""Common names in a language of the user's choice."""

from collections.abc import Sequence

import polars as pl

from thuja.errors import UnknownName
from thuja.names.backbone import Backbone


def names_in(backbones: Sequence[Backbone], language: str) -> pl.DataFrame:
    """The common name of each taxon in a language: `backbone`, `accepted_id`, `common`.

    Names that a source prefers come first, then the sources in the order of their names, then the alphabet. Raises
    UnknownName where no backbone has names in that language.
    """
    parts = []
    for backbone in backbones:
        spoken = backbone.tables.vernaculars.filter(pl.col("language").cast(pl.String) == language)
        spoken = spoken.sort("taxon", "is_preferred", "source", "name", descending=[False, True, False, False])
        first = spoken.unique("taxon", keep="first", maintain_order=True)
        ids = backbone.tables.taxa["id"].gather(first["taxon"])
        parts.append(first.select(pl.lit(backbone.name).alias("backbone"), ids.alias("accepted_id"), common="name"))
    table = pl.concat(parts)
    if table.is_empty():
        raise UnknownName.of(
            "language", language, languages(backbones) or ["none: these backbones have no common names"]
        )
    return table


def languages(backbones: Sequence[Backbone]) -> list[str]:
    """The languages that the backbones have names in, the one with most names first."""
    held = [backbone.tables.vernaculars.select(pl.col("language").cast(pl.String)) for backbone in backbones]
    counts = pl.concat(held).filter(pl.col("language") != "").group_by("language").len()
    return counts.sort("len", "language", descending=[True, False])["language"].to_list()
