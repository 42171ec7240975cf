"""Which columns of a table say what: their names in any case, and what is asked of a row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from thuja.errors import BadFile
from thuja.names.rows import GIVEN, MAX_LENGTH, SEVEN
from thuja.names.tables.identifiers import IdentifierSources

ALIASES = {
    "verbatim": ("scientific_name", "scientificName"),
    **{rank: (rank,) for rank in SEVEN},
    "class": ("class", "cls"),
    "common": ("common_name", "common", "vernacularName"),
    "taxon_id": ("taxonKey", "taxonID"),
    "accepted_id": ("acceptedTaxonKey",),
}
"""What a row may be asked by, and its headings, the first preferred; case, blanks, `_` and `-` do not matter."""
IDS = ("taxon_id", "accepted_id")
ASKED = (*GIVEN, *IDS)
"""The columns of a row that asks; ids are written `backbone:id`, and empty where no open backbone has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which heading of a table stands for which of `ALIASES`."""

    held: Mapping[str, tuple[str, ...]]

    @classmethod
    def find(cls, headings: Iterable[str], path: Path) -> "Columns":
        """The columns of a table. Raises BadFile where two say the same, or where none can be resolved."""
        headings = list(headings)
        known = {plain_heading(alias): meaning for meaning, aliases in ALIASES.items() for alias in aliases}
        held: dict[str, list[str]] = {}
        for heading in headings:
            if meaning := known.get(plain_heading(heading)):
                held.setdefault(meaning, []).append(heading)
        for several in held.values():
            if len({plain_heading(heading) for heading in several}) < len(several):
                raise BadFile(
                    f"{path}: the columns {' and '.join(several)} say the same thing",
                    hint="leave one of them out, or rename it",
                )
        if not held:
            asked = ", ".join(alias for aliases in ALIASES.values() for alias in aliases)
            raise BadFile(f"{path} has no column with names: one of {asked}", hint=f"found: {_shown(headings)}")
        place = {plain_heading(alias): number for number, alias in enumerate(sum(ALIASES.values(), ()))}
        ordered = {
            key: sorted(several, key=lambda heading: place[plain_heading(heading)]) for key, several in held.items()
        }
        return cls(held={meaning: tuple(several) for meaning, several in ordered.items()})

    def asked(self, sources: IdentifierSources) -> list[pl.Expr]:
        """Expressions of the columns `ASKED`, without nulls; a cell is cut at `MAX_LENGTH` characters."""
        names = [self._text(meaning).alias(meaning) for meaning in GIVEN]
        ids = []
        for meaning in IDS:
            keys = [sources.key(pl.col(heading), heading) for heading in self.held.get(meaning, ())]
            first = pl.coalesce(pl.when(key != "").then(key) for key in keys) if keys else pl.lit(None, pl.String)
            ids.append(first.fill_null("").alias(meaning))
        return [*names, *ids]

    def _text(self, meaning: str) -> pl.Expr:
        """The first of the columns of this meaning that says something in a row."""
        cells = [pl.col(heading).cast(pl.String).str.head(MAX_LENGTH) for heading in self.held.get(meaning, ())]
        return pl.coalesce(*(pl.when(cell.str.strip_chars() != "").then(cell) for cell in cells), pl.lit(""))


def require_plain(schema: Mapping[str, pl.DataType], columns: Columns, path: Path) -> None:
    """Raise BadFile where a column that is read holds lists or bytes and not names."""
    for headings in columns.held.values():
        for heading in headings:
            kind = schema[heading]
            if kind.is_nested() or kind in (pl.Binary, pl.Object):
                raise BadFile(f"{path}: the column {heading} holds {kind}, not text", hint="write it as text")


def plain_heading(heading: str) -> str:
    """A heading as different tables write it: Scientific Name is scientificName."""
    return "".join(letter for letter in heading.lower() if letter.isalnum())


def _shown(headings: list[str]) -> str:
    text = ", ".join(headings[:20]) or "no column"
    return text if len(text) < 300 else f"{text[:300]} ..."
