"""What a word alone may mean in common names: "robin" is the head of European Robin, American Robin and others.

A name's head is its last word. Who finds a word to be the head of many taxa's names, and the preferred name of none,
knows that it tells nothing.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl

from thuja.names.backbone import Backbone

SHOWN = 20
"""How many taxa of a word are returned."""
ENGLISH = ("en", "")
"""The languages whose names end in their head; names in an unknown language count as English, as in a store."""


@lru_cache(maxsize=8)
def heads_of(backbone: Backbone) -> pl.DataFrame:
    """`build_heads` of a backbone's English names, built when first asked for."""
    return build_heads(backbone.tables.vernaculars)


def build_heads(vernaculars: pl.DataFrame, *, languages: Sequence[str] = ENGLISH) -> pl.DataFrame:
    """The heads of common names, sorted: `head, taxon, name, is_preferred, is_alone`, each head and taxon once.

    `vernaculars` is a store's table; `is_alone` says that the taxon goes by the head alone too. Of one head preferred
    names come first, then taxa that go by it alone, then names of fewer words, then the alphabet, then the taxa's
    numbers.
    """
    spoken = vernaculars.filter(pl.col("language").is_in(languages), pl.col("common_key") != "")
    head = pl.col("common_key").str.extract(r"(\S+)$").alias("head")
    words = pl.col("common_key").str.count_matches(" ", literal=True).alias("words")
    table = spoken.select(head, words, "taxon", "name", "is_preferred")
    table = table.sort("head", "taxon", "is_preferred", "words", "name", descending=[False, False, True, False, False])
    # Rows of one head and taxon stand together.
    taxa = table.group_by("head", "taxon", maintain_order=True).agg(
        pl.col("name", "is_preferred", "words").first(), (pl.col("words") == 0).any().alias("is_alone")
    )
    taxa = taxa.sort(
        "head", "is_preferred", "is_alone", "words", "name", "taxon",
        descending=[False, True, True, False, False, False],
    )  # fmt: skip
    return taxa.drop("words")


def with_head(heads: pl.DataFrame, words: pl.Series, *, shown: int = SHOWN) -> pl.DataFrame:
    """The taxa whose names end in each word, at most `shown` a word, the preferred names first.

    `words` are keys of one word (`spelling.folded_common`). Returns `asked` (the word's place), `taxon, name,
    is_preferred, is_alone` and `taxa`, how many taxa there are in all; in the order of the words.
    """
    first = heads["head"].search_sorted(words, "left").to_numpy().astype(np.int64)
    taxa = heads["head"].search_sorted(words, "right").to_numpy().astype(np.int64) - first
    taxa[words.is_null().to_numpy()] = 0
    count = np.minimum(taxa, shown)
    asked = np.repeat(np.arange(len(words)), count)
    within = np.arange(len(asked)) - np.repeat(np.cumsum(count) - count, count)
    found = heads.select("taxon", "name", "is_preferred", "is_alone")[first[asked] + within]
    return pl.DataFrame({"asked": asked, "taxa": taxa[asked]}).hstack(found)
