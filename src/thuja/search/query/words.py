"""What the words of a query mean: a taxon of the index in the words of label spaces, else a description."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.errors import UnknownName, UsageError
from thuja.search.query.encoding import Encode, Floats, unit
from thuja.search.query.searched import Searched
from thuja.taxonomy import Taxon

_NAME: Final = 5
"""Words that a name has at most; a longer text is not looked up."""
_MEANINGS: Final = 8
"""Taxa of one name that are sought together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text as a vector (D,), and a sentence on how it was understood, empty for a description."""

    vector: Floats
    told: str = ""


def understood(index: Searched, text: str, encode: Encode) -> Words:
    """The vector of a text: of the taxa that are called so, where the index has any, else of what it describes."""
    taxa = named(index, text)
    if not taxa:
        return Words(vector=encode.described(text))
    vectors = [encode.taxon(taxon) for taxon in taxa]
    names = "; ".join(f"{taxon.taxonomic_name}{f' ({taxon.common})' if taxon.common else ''}" for taxon in taxa)
    several = f"{len(taxa)} taxa at once: " if len(taxa) > 1 else ""
    return Words(vector=unit(np.mean(vectors, axis=0)), told=f'"{text}" is understood as {several}{names}')


def named(index: Searched, text: str) -> list[Taxon]:
    """The taxa with their whole lineages that a text is the very name of; none for a text that is no name."""
    if not 0 < len(text.split()) <= _NAME or text.rstrip().endswith((".", "!", "?")):
        return []
    tree = index.tree()
    try:
        meanings = tree.resolve(text)[:_MEANINGS]
    except UnknownName:
        return []
    whole = []
    for taxon in meanings:
        try:
            whole.append(tree.node(taxon).taxon)
        except UsageError:  # one name, several lineages: what they share says enough
            whole.append(taxon)
    return whole
