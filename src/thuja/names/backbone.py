"""The names that are known, with their lineages: an installed backbone, the embedded one, or a table of the user's.

Every look-up takes a whole column and is a binary search in a sorted column of the store; what it
returns are pairs of numbers, the row that asked and the row that answers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from thuja.errors import UsageError
from thuja.names.archives.archive import VERNACULAR_SCHEMA
from thuja.names.archives.plain_table import read_plain_table
from thuja.names.spelling import shortened, stemmed
from thuja.names.store import About, Tables, build_tables, is_store, open_store
from thuja.taxonomy import RANKS, Rank, Taxon

_LONGEST = 60
_SEVEN = [rank.label for rank in RANKS]
_USAGES = dict.fromkeys(["id", "name", "authorship", "rank", "status", "accepted", *_SEVEN], pl.String)


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Pairs of a look-up: `asked` is the number of the row that asked, `found` of the row that answers."""

    asked: np.ndarray
    found: np.ndarray

    def only(self, kept: np.ndarray) -> "Hits":
        """The pairs where `kept` is true."""
        return Hits(self.asked[kept], self.found[kept])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Backbone:
    """Known names: the tables of a store, and what the backbone says of itself."""

    tables: Tables
    about: About

    def __repr__(self) -> str:
        return f"Backbone({self.about.name!r}, {len(self.tables.names):,} names)"

    @property
    def name(self) -> str:
        """Its short name, which answers carry in their column `backbone`."""
        return self.about.name

    @classmethod
    def open(cls, folder: Path) -> "Backbone":
        """Map an installed backbone into memory. Raises UsageError where none is, BadFile for a damaged one."""
        if not is_store(folder):
            raise UsageError(f"there is no backbone in {folder}", hint="make one with thuja names import ARCHIVE")
        return cls(*open_store(folder))

    @classmethod
    def load(cls, path: Path) -> "Backbone":
        """A store's folder; or a Parquet or CSV table with any of kingdom ... species, and optionally `common`.

        `species` may hold the epithet or the binomial. The taxa above the species given count as
        known too. Raises UsageError for a path that is not there, BadFile for another layout.
        """
        path = Path(path)
        if path.is_dir() and is_store(path):
            return cls.open(path)
        if not path.is_file():
            raise UsageError(f"there is no backbone at {path}", hint="a Parquet or CSV file with kingdom ... species")
        archive = read_plain_table(path)
        return cls(build_tables(archive.usages, archive.vernaculars), replace(archive.about, name=path.stem))

    @classmethod
    def from_taxa(cls, name: str, taxa: Iterable[Taxon]) -> "Backbone":
        """A backbone of these taxa and of every taxon above them."""
        known: dict[Taxon, Taxon] = {}
        for taxon in sorted(taxa):
            for rank in RANKS:
                if taxon[rank]:
                    part = taxon.at(rank)
                    if part not in known or part.common:
                        known[part] = part
        rows, spoken = [], []
        for number, taxon in enumerate(known.values()):
            if taxon.rank is not None:
                id_ = str(number)
                names = [part or None for part in taxon.names]
                rows.append((id_, taxon.scientific_name, None, taxon.rank.label, "accepted", id_, *names))
                spoken.append((id_, taxon.common or None, "en", True, name))
        usages = pl.DataFrame(rows, schema=_USAGES, orient="row")
        return cls(build_tables(usages, _spoken(spoken)), About(name=name))

    # -- look-ups: columns in, pairs out

    def by_key(self, keys: pl.Series) -> Hits:
        """Names with these keys: rows of `names`."""
        return _equal(self.tables.names["key"], keys)

    def by_variant(self, genera: pl.Series, epithets: pl.Series) -> Hits:
        """Binomials of the same genus whose epithet has the same stem: rows of `names`."""
        keys = pl.select(genera + pl.lit(" ") + pl.Series(stemmed_of(epithets))).to_series()
        return self._rows("variants", "variant", keys)

    def by_epithet(self, epithets: pl.Series) -> Hits:
        """Binomials with this epithet, whatever the genus: rows of `names`."""
        return self._rows("epithets", "epithet", epithets)

    def by_genus(self, genera: pl.Series) -> Hits:
        """All binomials (and longer names) of a genus: rows of `names`."""
        key = self.tables.names["key"]
        # A blank is followed by "!" in the alphabet of bytes.
        return _spread(key.search_sorted(genera + " ", "left"), key.search_sorted(genera + "!", "left"))

    def by_id(self, ids: pl.Series) -> Hits:
        """Names with these ids of the backbone's own: rows of `names`."""
        return self._rows("ids", "id", ids)

    def by_common(self, keys: pl.Series) -> Hits:
        """Common names with these keys: rows of `vernaculars`."""
        return _equal(self.tables.vernaculars["common_key"], keys)

    def by_head(self, keys: pl.Series) -> Hits:
        """Taxa whose preferred English name ends in these keys: rows of `taxa`."""
        hits = _equal(self.tables.heads["head"], keys)
        return Hits(hits.asked, self.tables.heads["taxon"].gather(hits.found).to_numpy().astype(np.int64))

    def words(self, words: pl.Series) -> Hits:
        """Genera and other names of one word: rows of `words`."""
        return _equal(self.tables.words["word"], words)

    def near_words(self, words: pl.Series) -> Hits:
        """Words that may be one edit away (and some at two): rows of `words`, each pair once."""
        # What is longer than any name (a barcode in the wrong column) has no form worth its memory.
        asked = shortened(words.zip_with(words.str.len_chars() <= _LONGEST, pl.Series([""])))
        hits = _equal(self.tables.near["form"], asked["form"])
        found = self.tables.near["word"].gather(hits.found).to_numpy()
        pairs = np.unique(np.stack([asked["word"].to_numpy()[hits.asked], found]), axis=1)
        return Hits(pairs[0].astype(np.int64), pairs[1].astype(np.int64))

    def _rows(self, table: str, column: str, keys: pl.Series) -> Hits:
        index: pl.DataFrame = getattr(self.tables, table)
        hits = _equal(index[column], keys)
        return Hits(hits.asked, index["row"].gather(hits.found).to_numpy().astype(np.int64))

    def taxa_at(self, rank: Rank) -> pl.DataFrame:
        """The accepted taxa of one rank, as `lineages` gives them."""
        taxa = self.tables.taxa.select((pl.col("rank").cast(pl.String) == rank.label).arg_true()).to_series()
        return self.lineages(taxa.to_numpy())

    def lineages(self, taxa: np.ndarray) -> pl.DataFrame:
        """The seven ranks, `id`, `rank`, `name`, `common` of rows of `taxa`."""
        chosen = self.tables.taxa[taxa]
        above = self.tables.lineages[chosen["lineage"].to_numpy()]
        return above.hstack(chosen.select("species", "id", "rank", "name", "authorship", "common"))


def stemmed_of(epithets: pl.Series) -> pl.Series:
    """`spelling.stemmed` of a series."""
    return epithets.to_frame("epithet").select(stemmed(pl.col("epithet"))).to_series()


def _equal(column: pl.Series, keys: pl.Series) -> Hits:
    return _spread(column.search_sorted(keys, "left"), column.search_sorted(keys, "right"))


def _spread(start: pl.Series, end: pl.Series) -> Hits:
    """The pairs of ranges: row i asked, start[i] ... end[i] - 1 answer."""
    first, last = start.to_numpy().astype(np.int64), end.to_numpy().astype(np.int64)
    count = np.maximum(last - first, 0)
    asked = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(asked)) - np.repeat(np.cumsum(count) - count, count)
    return Hits(asked, first[asked] + within)


def _spoken(rows: Sequence[tuple[str, str | None, str, bool, str]]) -> pl.DataFrame:
    named = [row for row in rows if row[1]]
    return pl.DataFrame(named, schema=VERNACULAR_SCHEMA, orient="row")
