"""Which known binomials a name may be a misspelling of: within two edits, insertions, deletions, substitutions, swaps.

Three blocks hold every candidate: the genus as written, the genera one edit away, and the epithet as
written under any genus. Within a block a word is first compared by its set of letters, one machine
word, which leaves some hundredth of the pairs for the edit distance itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from thuja.names.backbone import Backbone, Hits
from thuja.names.spelling import letters_of

MAX_EDITS = 2
_PAIRS = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Misspellings:
    """Pairs of a written name and a known one, and how many edits part their genera and their epithets."""

    asked: np.ndarray
    row: np.ndarray
    genus_edits: np.ndarray
    epithet_edits: np.ndarray


def misspelt_binomials(backbone: Backbone, genera: pl.Series, epithets: pl.Series) -> Misspellings:
    """Every binomial within `MAX_EDITS` of these (folded) ones: rows of the backbone's `names`, each pair once."""
    names = backbone.tables.names
    genus_letters, epithet_letters = letters_of(genera), letters_of(epithets)
    parts: list[tuple[np.ndarray, ...]] = []
    own = Hits(np.arange(len(genera)), np.arange(len(genera)))
    for hits in _pieces(backbone, genera, own, block="genus"):
        hits = _within(hits, epithet_letters, names["letters"], edits=MAX_EDITS)
        edits = _edits(epithets, hits.asked, names["epithet"], found=hits.found)
        parts.append((hits.asked, hits.found, np.zeros_like(edits), edits))
    words = backbone.tables.words["word"]
    distinct = genera.unique().sort()
    near = backbone.near_words(distinct)
    edits = _edits(distinct, near.asked, words, found=near.found)
    near = near.only(edits == 1)
    by_word = _regroup(near, distinct, genera)
    for hits in _pieces(backbone, words, by_word, block="genus"):
        hits = _within(hits, epithet_letters, names["letters"], edits=MAX_EDITS - 1)
        edits = _edits(epithets, hits.asked, names["epithet"], found=hits.found)
        parts.append((hits.asked, hits.found, np.ones_like(edits), edits))
    for hits in _pieces(backbone, epithets, own, block="epithet"):
        genus = names["genus"].gather(hits.found).to_numpy()
        word_letters = backbone.tables.words["letters"].gather(genus).to_numpy()
        close = np.bitwise_count(genus_letters[hits.asked] ^ word_letters) <= 2 * MAX_EDITS
        edits = _edits(genera, hits.asked[close], words, found=genus[close])
        parts.append((hits.asked[close], hits.found[close], edits, np.zeros_like(edits)))
    return _distinct(parts)


def misspelt_words(backbone: Backbone, words: pl.Series) -> Misspellings:
    """Every known name of one word that is one edit away: rows of the backbone's `names`."""
    near = backbone.near_words(words)
    known = backbone.tables.words["word"]
    near = near.only(_edits(words, near.asked, known, found=near.found) == 1)
    hits = backbone.by_key(known.gather(near.found))
    one = np.ones(len(hits.asked), np.uint8)
    return _distinct([(near.asked[hits.asked], hits.found, one, np.zeros_like(one))])


def _pieces(backbone: Backbone, keys: pl.Series, pairs: Hits, *, block: str) -> Iterator[Hits]:
    """The names in each pair's block, some millions of pairs at a time; `pairs.found` are rows of `keys`."""
    wanted, place = np.unique(pairs.found, return_inverse=True)
    held = keys.gather(wanted)
    hits = backbone.by_genus(held) if block == "genus" else backbone.by_epithet(held)
    size = np.bincount(hits.asked, minlength=len(wanted))
    start = np.cumsum(size) - size
    sizes = size[place]
    cuts = np.searchsorted(np.cumsum(sizes), np.arange(_PAIRS, int(sizes.sum()) + _PAIRS, _PAIRS))
    for first, last in zip([0, *(cuts[:-1] + 1)], [*(cuts[:-1] + 1), len(place)], strict=True):
        count = sizes[first:last]
        asked = np.repeat(np.arange(first, last), count)
        within = np.arange(len(asked)) - np.repeat(np.cumsum(count) - count, count)
        found = hits.found[start[place[asked]] + within]
        yield Hits(pairs.asked[asked], found)


def _regroup(near: Hits, distinct: pl.Series, genera: pl.Series) -> Hits:
    """The pairs of distinct genera and words as pairs of rows and words."""
    order = np.argsort(near.asked, kind="stable")
    count = np.bincount(near.asked, minlength=len(distinct))
    start = np.cumsum(count) - count
    place = distinct.search_sorted(genera, "left").to_numpy().astype(np.int64)
    counts = count[place]
    asked = np.repeat(np.arange(len(genera)), counts)
    within = np.arange(len(asked)) - np.repeat(np.cumsum(counts) - counts, counts)
    return Hits(asked, near.found[order][start[place[asked]] + within])


def _within(hits: Hits, letters: np.ndarray, known: pl.Series, *, edits: int) -> Hits:
    theirs = known.gather(hits.found).to_numpy()
    return hits.only(np.bitwise_count(letters[hits.asked] ^ theirs) <= 2 * edits)


def _edits(ours: pl.Series, asked: np.ndarray, theirs: pl.Series, *, found: np.ndarray) -> np.ndarray:
    """Optimal string alignment distances, at most one above `MAX_EDITS`.  (N,) uint8"""
    if not len(asked):
        return np.zeros(0, np.uint8)
    left, right = ours.gather(asked), theirs.gather(found).fill_null("")
    return process.cpdist(
        left.to_list(), right.to_list(), scorer=OSA.distance, score_cutoff=MAX_EDITS, dtype=np.uint8, workers=-1
    )


def _distinct(parts: list[tuple[np.ndarray, ...]]) -> Misspellings:
    asked, row, genus, epithet = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    kept = (genus + epithet <= MAX_EDITS) & (genus + epithet > 0)
    asked, row, genus, epithet = asked[kept], row[kept], genus[kept], epithet[kept]
    _, first = np.unique(asked.astype(np.int64) << 32 | row, return_index=True)
    return Misspellings(asked[first], row[first], genus[first], epithet[first])
