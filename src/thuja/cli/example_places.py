"""Where classes stand in the tree of life, so that the nearest class that has examples is found."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thuja.taxonomy import Taxon


def class_lineages() -> "tuple[Taxon, ...]":
    """Every class of the embedded backbone with its phylum and kingdom, sorted; some 400. Takes a second or two."""
    from thuja.names import embedded
    from thuja.taxonomy import Rank, Taxon

    rows = embedded().taxa_at(Rank.CLASS).select("kingdom", "phylum", "class").to_dicts()
    return tuple(sorted({Taxon.from_columns(row) for row in rows}))
