"""The taxa that a name means among others, as somebody who narrows a choice down writes it: one word, or a lineage."""

from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, UsageError
from thuja.labels.columns import Sorted, Taxa
from thuja.taxonomy import RANKS, Rank, Taxon

Mask = npt.NDArray[np.bool_]

_WORDS = RANKS[: Rank.SPECIES]
"""Ranks whose names are one word that means something by itself."""


def find_clade(taxa: Taxa, name: str, *, where: str = "among the labels") -> tuple[Mask, Taxon]:
    """Which taxa lie within the one that is named, and the names that tell it: (N,) and a lineage with gaps.

    `name` is one word, at any rank down to genus, or a lineage ("Animalia Chordata Aves"), or names behind the words
    of their ranks ("kingdom Animalia genus Oenanthe"). Raises EmptyInput where nothing lies within, UsageError for a
    word that means several taxa.
    """
    words = name.split()
    ancestor = _of_word(taxa, words[0]) if len(words) == 1 else Taxon.from_lineage(name)
    mask = taxa.is_within(ancestor)
    if ancestor.rank is None or not mask.any():
        meant = _nearest(taxa, name.strip().capitalize())
        raise EmptyInput(
            f'no taxon {where} lies within "{name}"',
            hint=f'{f"did you mean {meant}? " if meant else ""}one scientific name of genus or above ("Aves"), or each '
            'with its rank ("kingdom Animalia genus Oenanthe")',
        )
    return mask, ancestor


def _of_word(taxa: Taxa, word: str) -> Taxon:
    """The taxon of that name; none where there is no such name."""
    ranks = _ranks_of(taxa, word)
    if not ranks:
        return Taxon()
    first = _alone(word, ranks[0])
    lineages = _lineages(taxa, first, ranks[0])
    rank = _parting(lineages, ranks[0])
    if rank is not None:
        shown = " and ".join(taxon.taxonomic_name for taxon in _two_apart(lineages, rank))
        told = next(taxon[rank] for taxon in lineages if taxon[rank])
        raise UsageError(
            f'"{word}" means several taxa: {shown}',
            hint=f'say which with ranks: "{rank.label} {told} {ranks[0].label} {word}"',
        )
    below = [rank for rank in ranks[1:] if (~taxa.is_within(first) & taxa.is_within(_alone(word, rank))).any()]
    if below:
        raise UsageError(
            f'"{word}" is a name at several ranks: {ranks[0].label} and {below[0].label}',
            hint=f'say which with its rank: "{ranks[0].label} {word}"',
        )
    return first


def _ranks_of(taxa: Taxa, word: str) -> list[Rank]:
    """The ranks at which it is a name."""
    return [rank for rank in _WORDS if word and (taxa.codes(rank) == taxa.column(rank.label).code(word)).any()]


def _nearest(taxa: Taxa, word: str) -> str:
    """The name nearest to a word, from the kingdoms down; empty where none is near."""
    if _ranks_of(taxa, word):
        return word
    for rank in _WORDS:
        if near := get_close_matches(word, taxa.column(rank.label).names, n=1, cutoff=0.8):
            return near[0]
    return ""


def _alone(word: str, rank: Rank) -> Taxon:
    return Taxon.from_names([word if level == rank else "" for level in RANKS])


def _lineages(taxa: Taxa, within: Taxon, rank: Rank) -> list[Taxon]:
    """The distinct lineages down to a rank of the taxa within another one."""
    found = taxa.take(np.flatnonzero(taxa.is_within(within)))
    order = Sorted.of(found, down_to=rank)
    return list(found.take(order.order[order.starts(rank)]).at(rank))


def _parting(lineages: list[Taxon], rank: Rank) -> Rank | None:
    """The highest rank at which they have several names. A name that some of them lack does not part them."""
    for above in RANKS[:rank]:
        if len({taxon[above] for taxon in lineages} - {""}) > 1:
            return above
    return None


def _two_apart(lineages: list[Taxon], rank: Rank) -> list[Taxon]:
    by_name = {taxon[rank]: taxon for taxon in lineages if taxon[rank]}
    return list(by_name.values())[:2]
