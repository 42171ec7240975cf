"""The tree of life as thuja sees it: seven ranks, lineages over them, ancestors and distances."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from thuja.errors import ThujaError, UnknownName


class Rank(IntEnum):
    """The seven ranks, from the root down; `int(rank)` is the level, kingdom 0 to species 6."""

    KINGDOM = 0
    PHYLUM = 1
    CLASS = 2
    ORDER = 3
    FAMILY = 4
    GENUS = 5
    SPECIES = 6

    @property
    def label(self) -> str:
        """The rank's name in lower case, as in column names."""
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> "Rank":
        """The rank of that name, in any case; raises UnknownName."""
        try:
            return cls[text.strip().upper()]
        except KeyError:
            raise UnknownName.of("rank", text, [rank.label for rank in cls]) from None


RANKS: tuple[Rank, ...] = tuple(Rank)
_INAT21_FOLDER = re.compile(r"\d+_(?P<names>[^_]+(?:_[^_]*){6,})")


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Taxon:
    """A lineage over the seven ranks, any of them missing (the empty string).

    `species` holds the epithet alone, as in TreeOfLife-200M; `binomial` is derived. Two taxa are
    equal when their lineages are: the common name is what people call it, not what it is.

    >>> raven = Taxon(genus="Corvus", species="corax", family="Corvidae")
    >>> raven.binomial, raven.rank.label, raven[Rank.FAMILY]
    ('Corvus corax', 'species', 'Corvidae')
    """

    kingdom: str = ""
    phylum: str = ""
    class_: str = ""
    order: str = ""
    family: str = ""
    genus: str = ""
    species: str = ""
    common: str = field(default="", compare=False)

    def __getitem__(self, rank: Rank) -> str:
        return self.names[rank]

    @property
    def names(self) -> tuple[str, str, str, str, str, str, str]:
        """The seven names from kingdom to species, missing ones empty."""
        return (
            self.kingdom,
            self.phylum,
            self.class_,
            self.order,
            self.family,
            self.genus,
            self.species,
        )

    @property
    def rank(self) -> Rank | None:
        """The deepest rank that has a name; None for the root (nothing known)."""
        return max((rank for rank in RANKS if self.names[rank]), default=None)

    @property
    def binomial(self) -> str:
        """`Genus epithet`, or the empty string when either is missing."""
        return f"{self.genus} {self.species}" if self.genus and self.species else ""

    @property
    def scientific_name(self) -> str:
        """The binomial, or else the name at the deepest rank that has one.

        A species without a genus is a label that no backbone knows ("copepod calanoid"): it stands alone.
        """
        names = [name for name in self.names if name]
        return self.binomial or (names[-1] if names else "")

    @property
    def taxonomic_name(self) -> str:
        """All names from the kingdom down in one string; missing ranks are left out."""
        return " ".join(name for name in self.names if name)

    def at(self, rank: Rank) -> "Taxon":
        """The same lineage cut below `rank`; the common name goes with a cut."""
        kept = {_FIELDS[level]: self.names[level] for level in RANKS if level <= rank}
        is_whole = self.rank is None or self.rank <= rank
        return Taxon(**kept, common=self.common if is_whole else "")

    def is_within(self, ancestor: "Taxon") -> bool:
        """Whether every name that `ancestor` gives stands in this lineage too."""
        return all(theirs in ("", ours) for ours, theirs in zip(self.names, ancestor.names, strict=True))

    def agrees_with(self, other: "Taxon") -> bool:
        """Whether no rank that both name is named otherwise: Morus is a bird and a tree.

        >>> bird, tree = Taxon(class_="Aves", genus="Morus"), Taxon(family="Moraceae", genus="Morus", species="alba")
        >>> bird.agrees_with(tree), bird.agrees_with(Taxon(class_="Magnoliopsida", genus="Morus"))
        (True, False)
        """
        return all(ours in ("", theirs) or not theirs for ours, theirs in zip(self.names, other.names, strict=True))

    @classmethod
    def from_names(cls, names: Iterable[str | None], common: str | None = "") -> "Taxon":
        """From up to seven names in rank order; None and blanks are missing ranks."""
        cleaned = [" ".join((name or "").split()) for name in names]
        if len(cleaned) > len(RANKS):
            raise ThujaError(f"a lineage has seven ranks, got {len(cleaned)} names: {cleaned}")
        fields = dict(zip(_FIELDS, cleaned, strict=False))
        return cls(**fields, common=" ".join((common or "").split()))

    @classmethod
    def from_columns(cls, row: Mapping[str, object]) -> "Taxon":
        """From a table's row with columns `kingdom` ... `species` and `common`, any of them absent.

        A `species` cell that repeats the genus ("Corvus corax", as GBIF's does) is cut to the epithet.
        """

        def text(column: str) -> str:
            value = row.get(column)
            return "" if value is None or value != value else str(value)  # NaN differs from itself

        taxon = cls.from_names([text(rank.label) for rank in RANKS], common=text("common"))
        first, _, epithet = taxon.species.partition(" ")
        return replace(taxon, species=epithet) if epithet and first == taxon.genus else taxon

    @classmethod
    def from_folder(cls, name: str) -> "Taxon":
        """From an iNat21 folder name, `00042_Animalia_Chordata_Aves_..._Corvus_corax`.

        What follows the genus is the epithet, underscores turned to blanks. Raises ThujaError
        for a folder of another form (a bare scientific or common name needs a resolver).
        """
        match = _INAT21_FOLDER.fullmatch(name)
        if match is None:
            raise ThujaError(
                f'not an iNat21 folder name: "{name}"',
                hint="a number, then the seven names from kingdom to epithet, joined by underscores",
            )
        parts = match["names"].split("_", 6)
        return cls.from_names([*parts[:6], parts[6].replace("_", " ")])

    @classmethod
    def from_lineage(cls, text: str) -> "Taxon":
        """From one string: names in rank order, or each name behind the word of its rank.

        >>> Taxon.from_lineage("Animalia Chordata Aves Passeriformes Corvidae Corvus corax").genus
        'Corvus'
        >>> Taxon.from_lineage("kingdom Animalia family Corvidae genus Corvus").order
        ''
        """
        words = text.split()
        labels = {rank.label: rank for rank in RANKS}
        if not words:
            return cls()
        if words[0].lower() not in labels:
            return cls.from_names([*words[:6], " ".join(words[6:])])
        given: dict[Rank, list[str]] = {}
        current: list[str] = []
        for word in words:
            rank = labels.get(word.lower())
            # A rank word never comes twice: after "class", a second "class" is a name.
            if rank is not None and rank not in given:
                given[rank] = current = []
            else:
                current.append(word)
        return cls.from_names([" ".join(given.get(rank, ())) for rank in RANKS])

    def to_columns(self) -> dict[str, str | None]:
        """The row that `from_columns` reads; missing ranks are None, as a table's nulls."""
        row: dict[str, str | None] = {rank.label: self.names[rank] or None for rank in RANKS}
        return row | {"scientific_name": self.scientific_name or None, "common": self.common or None}


_FIELDS = ("kingdom", "phylum", "class_", "order", "family", "genus", "species")


def common_ancestor(first: Taxon, second: Taxon) -> Taxon:
    """The deepest lineage that both share.

    Read from the kingdom down: it ends before the first rank where both have a name and the names
    differ. A rank that only one of them gives stays empty, and does not end it.
    """
    shared: list[str] = []
    for ours, theirs in zip(first.names, second.names, strict=True):
        if ours and theirs and ours != theirs:
            break
        shared.append(ours if ours == theirs else "")
    return Taxon.from_names(shared)


def tree_distance(first: Taxon, second: Taxon) -> int:
    """The number of rank steps from one taxon up to the common ancestor and down to the other.

    Two species of a genus are 2 apart, of a family 4, of different kingdoms 14.
    """
    ancestor = _depth(common_ancestor(first, second))
    return _depth(first) + _depth(second) - 2 * ancestor


def _depth(taxon: Taxon) -> int:
    return 0 if taxon.rank is None else taxon.rank + 1
