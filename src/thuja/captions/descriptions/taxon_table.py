"""Which taxa to describe: the distinct ones of a data folder, a catalog or any table, held as columns."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import polars as pl

from thuja.captions.columns import BINOMIAL, RECOGNISED, known_as
from thuja.captions.descriptions.page_choice import Synonyms, titles_of
from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.taxonomy import RANKS, Taxon

_COLUMNS: Final = [rank.label for rank in RANKS]
_NAME: Final = r"^([A-Z][a-z-]+)(?: \([A-Z][a-z]+\))?(?: (?:[×x] )?([a-z][a-z-]{2,}))?\b"
_SYNONYMS: Final = re.compile(r"\s*[;|]\s*")
_NOWHERE: Final = "\x1f"
"""A sign that stands in no table."""

_AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonTable:
    """Distinct taxa: columns of the seven ranks, `common` and `synonyms`; `nameless` rows of the source had none."""

    frame: pl.DataFrame
    nameless: int = 0

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def id(self) -> str:
        """A hash of all names in their order."""
        digest = sha256()
        for part in self.frame.iter_slices(_AT_ONCE):
            digest.update(part.write_csv().encode())
        return digest.hexdigest()[:16]

    def block(self, start: int, stop: int) -> list[Taxon]:
        """The taxa of some rows."""
        return [Taxon.from_columns(row) for row in self.frame[start:stop].iter_rows(named=True)]

    def synonyms(self, start: int = 0, stop: int | None = None) -> Synonyms:
        """Further names of the taxa of some rows, by their scientific name."""
        rows = self.frame[start:stop].filter(pl.col("synonyms") != "").iter_rows(named=True)
        return {
            Taxon.from_columns(row).scientific_name: tuple(_SYNONYMS.split(row["synonyms"].strip())) for row in rows
        }

    def titles(self) -> Iterator[str]:
        """The titles that any taxon's page may have; some come twice."""
        for start in range(0, len(self), _AT_ONCE):
            stop = start + _AT_ONCE
            synonyms = self.synonyms(start, stop)
            for taxon in self.block(start, stop):
                yield from titles_of(taxon, synonyms)


def read_taxa(path: Path) -> TaxonTable:
    """The taxa of a data folder, or of a table (.csv, .tsv, .parquet) with columns of ranks or `scientific_name`.

    Dropped rows of a catalog are left out. Where a table has no ranks, a binomial is read as genus and epithet, another
    name as a genus's; nothing above is known then. Raises EmptyInput, UsageError for columns that do not do.
    """
    path = _table_at(Path(path))
    rows = _scan(path)
    names = {column: _known_as(column) for column in rows.collect_schema().names()}
    kept = {name: column for column, name in names.items() if name in {*RECOGNISED, "synonyms"}}
    if not {*_COLUMNS, "scientific_name"} & kept.keys():
        raise UsageError(
            f"{path} has no column that names taxa; it has {', '.join(list(names)[:8]) or 'none'}",
            hint="any of kingdom, phylum, class, order, family, genus, species, or scientific_name",
        )
    if "drop_reason" in names.values():
        rows = rows.filter(pl.col("drop_reason").is_null() | (pl.col("drop_reason") == ""))
    wanted = [*_COLUMNS, "common", "scientific_name", "synonyms"]
    cells = [_cell(kept.get(name), name) for name in wanted]
    distinct = rows.select(cells).unique(subset=[*_COLUMNS, "common", "scientific_name", "synonyms"], keep="any")
    with _readable(path):
        frame = distinct.collect(engine="streaming")
    return _distinct(frame, path)


def _table_at(path: Path) -> Path:
    if path.is_dir():
        if not (path / "catalog.parquet").is_file():
            raise EmptyInput(f"the folder {path} holds no catalog.parquet", hint="name one that thuja curate made")
        return path / "catalog.parquet"
    if not path.is_file():
        raise EmptyInput(f"there is no table at {path}", hint="name a .csv, .tsv or .parquet file, or a data folder")
    return path


def _scan(path: Path) -> pl.LazyFrame:
    kind = path.suffix.lower()
    if kind not in (".parquet", ".pq", ".csv", ".tsv"):
        raise UsageError(f'cannot read taxa from "{path.name}"', hint="name a .csv, .tsv or .parquet file")
    with _readable(path):
        if kind in (".parquet", ".pq"):
            frame = pl.scan_parquet(path)
        else:
            separator = "\t" if kind == ".tsv" else "," if _has_columns(path) else _NOWHERE
            frame = pl.scan_csv(path, separator=separator, infer_schema=False, encoding="utf8-lossy")
        frame.collect_schema()
    return frame


def _has_columns(path: Path) -> bool:
    """Whether a CSV has more than one: where it has not, commas belong to its names."""
    with path.open("rb") as file:
        return b"," in file.readline(1 << 16)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what polars says of a broken table into one sentence."""
    try:
        yield
    except pl.exceptions.NoDataError as error:
        raise EmptyInput(f"the table {path} is empty", hint="a heading and a row a taxon") from error
    except pl.exceptions.PolarsError as error:
        hint = 'a cell with a comma stands in "quotes"' if "more fields" in str(error) else "is it what its name says?"
        raise BadFile(f"{path} cannot be read as a table: {_first_line(error)}", hint=hint) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def _known_as(column: str) -> str:
    known = known_as(column)
    return "scientific_name" if known == "name" else known


def _cell(column: str | None, name: str) -> pl.Expr:
    value = pl.lit("") if column is None else pl.col(column).cast(pl.String).fill_null("").str.strip_chars()
    return value.alias(name)


def _distinct(frame: pl.DataFrame, path: Path) -> TaxonTable:
    """Each lineage once, sorted; a lone scientific name is taken apart."""
    is_whole = (pl.col("genus") == "") & pl.col("species").str.contains(BINOMIAL)  # as GBIF's, without the genus
    frame = frame.with_columns(
        scientific_name=pl.when(is_whole).then(pl.col("species")).otherwise(pl.col("scientific_name")),
        species=pl.when(is_whole).then(pl.lit("")).otherwise(pl.col("species")),
    )
    lone = (pl.col("genus") == "") & (pl.col("species") == "") & (pl.col("scientific_name") != "")
    is_unranked = pl.all_horizontal(pl.col(name) == "" for name in _COLUMNS)
    parsed = pl.col("scientific_name").str.extract_groups(_NAME)
    first, second = (parsed.struct.field(part).fill_null("") for part in ("1", "2"))
    has_second = second != ""
    frame = (
        frame.with_columns(
            species=pl.col("species").str.strip_prefix(pl.col("genus") + " ").str.strip_chars(),
        )
        .with_columns(
            genus=pl.when(lone & (is_unranked | has_second)).then(first).otherwise(pl.col("genus")),
            species=pl.when(lone & has_second).then(second).otherwise(pl.col("species")),
        )
        .drop("scientific_name")
    )
    named = frame.filter(pl.any_horizontal(pl.col(name) != "" for name in _COLUMNS))
    nameless = len(frame) - len(named)
    whole = named.sort([*_COLUMNS, "common"], descending=[*[False] * len(_COLUMNS), True])
    whole = whole.unique(subset=_COLUMNS, keep="first", maintain_order=True)
    if whole.is_empty():
        raise EmptyInput(f"{path} names no taxon", hint="a row a taxon, with its ranks or its scientific_name")
    return TaxonTable(frame=whole, nameless=nameless)
