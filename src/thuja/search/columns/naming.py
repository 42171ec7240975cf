"""Which nodes of a tree have a name: whole, by the beginning of any of its words, or nearly."""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz import fuzz, process

from thuja.labels import Texts
from thuja.labels.columns import COMMON
from thuja.search.columns.lineages import Nodes
from thuja.search.columns.runs import Integers
from thuja.taxonomy import RANKS, Rank

LONGEST: Final = 200
"""Letters of a name that are looked at: no taxon has more, and a text of megabytes is no name."""
_WORDS: Final = 8
"""Words of a name that may be begun with."""
_NEAREST: Final = 60.0
"""How alike, of 100, a name is that may have been meant."""
_LAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Names:
    """Every name of every node, folded, once from each of its words on and sorted: "corvus corax" and "corax".

    `node` (E,) is whose it is, `is_whole` (E,) whether it begins with the first word, `is_common` (E,) whether it is a
    common name.
    """

    texts: Texts
    node: Integers
    is_whole: npt.NDArray[np.bool_]
    is_common: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, nodes: Nodes) -> "Names":
        """The scientific and common names of a tree's nodes."""
        frame = pl.concat([_scientific(nodes), _common(nodes)])
        frame = frame.with_columns(words=_folded(frame["text"]).str.split(" "))
        parts = [
            frame.select(
                text=pl.col("words").list.slice(first).list.join(" "),
                node="node",
                is_common="is_common",
                is_whole=pl.lit(first == 0),
            ).filter(pl.col("text") != "")
            for first in range(_WORDS)
        ]
        joined = pl.concat(parts).sort("text", "node")
        texts = joined["text"].to_arrow()
        return cls(
            texts=Texts(len(texts), lambda: texts),
            node=joined["node"].cast(pl.Int64).to_numpy(),
            is_whole=joined["is_whole"].to_numpy(),
            is_common=joined["is_common"].to_numpy(),
        )

    def begun(self, prefix: str) -> Integers:
        """The nodes with a name of which a word, and what follows it, begins so."""
        sought = folded(prefix)
        first, stop = bisect_left(self.texts, sought), bisect_left(self.texts, sought + _LAST)
        return np.unique(self.node[first:stop]) if sought else np.zeros(0, dtype=np.int64)

    def whole(self, name: str, *, is_common: bool) -> Integers:
        """The nodes with this very scientific or common name, but for case, accents and punctuation."""
        sought = folded(name)
        first, stop = bisect_left(self.texts, sought), bisect_left(self.texts, sought + "\0")
        entries = slice(first, stop)
        return np.unique(self.node[entries][self.is_whole[entries] & (self.is_common[entries] == is_common)])

    def near(self, name: str, *, most: int) -> list[tuple[int, bool]]:
        """The nodes whose names are most like a text, and whether it is their common name that is."""
        entries = np.flatnonzero(self.is_whole)
        choices = list(self.texts.take(entries))
        found = process.extract(folded(name), choices, scorer=fuzz.ratio, limit=4 * most, score_cutoff=_NEAREST)
        near: dict[int, bool] = {}
        for _, _, place in found:  # the likest first
            near.setdefault(int(self.node[entries[place]]), bool(self.is_common[entries[place]]))
        return list(near.items())[:most]


def folded(name: str) -> str:
    """A name without case, accents and punctuation: "Steller's Jay" is "stellers jay".

    >>> folded("  Cygne à bec-noir "), folded("Großer  Wal")
    ('cygne a bec noir', 'grosser wal')
    """
    return str(_folded(pl.Series([name[:LONGEST]], dtype=pl.String))[0])


def _folded(names: pl.Series) -> pl.Series:
    """As `folded`, for the millions of names of a great tree."""
    plain = names.str.to_lowercase().str.replace_all("ß", "ss").str.replace_all("['’]", "")
    plain = plain.str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    return plain.str.replace_all(r"[^\p{L}\p{N}_]+", " ").str.strip_chars()


def _scientific(nodes: Nodes) -> pl.DataFrame:
    """Names at each rank, species as binomials."""
    frames = []
    for rank in RANKS:
        own = np.flatnonzero(nodes.rank == rank)
        taxa = nodes.taxa.take(nodes.start[own])
        texts = taxa.scientific_names().arrow if rank is Rank.SPECIES else taxa.column(rank.label).strings()
        frames.append(pl.DataFrame({"text": pl.Series(texts, dtype=pl.String), "node": own}))
    return pl.concat(frames).with_columns(is_common=False)  # given above, it would untype a rank without a name


def _common(nodes: Nodes) -> pl.DataFrame:
    """Common names, of the nodes that rows are labelled with and not only stand above."""
    deepest = np.max(nodes.at, axis=0, initial=-1)  # nodes below have the greater numbers
    first = np.unique(deepest[deepest >= 0])
    texts = nodes.taxa.take(nodes.start[first]).column(COMMON).strings()
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String), "node": first.astype(np.int64)})
    return frame.with_columns(is_common=True).drop_nulls()
