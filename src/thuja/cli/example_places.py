"""Where classes stand in the tree of life, so that the nearest class that has examples is found."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thuja.taxonomy import Taxon


def class_lineages() -> "dict[Taxon, int]":
    """Every class of the embedded backbone with its phylum and kingdom, sorted, and how many species are in it.

    Some 400; takes a second or two.
    """
    from thuja.names import embedded
    from thuja.taxonomy import Rank, Taxon

    ranks = ("kingdom", "phylum", "class")
    classes = embedded().taxa_at(Rank.CLASS).select(ranks).to_dicts()
    found = dict.fromkeys(sorted(map(Taxon.from_columns, classes)), 0)
    for row in embedded().taxa_at(Rank.SPECIES).group_by(ranks).len("species").to_dicts():
        taxon = Taxon.from_columns(row)
        if taxon in found:
            found[taxon] += row["species"]
    return found
