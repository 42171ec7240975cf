"""Tables of where and when species were recorded, summed to what labels have in each cell and month.

A table is anything with names and places: a download of GBIF's in its simple form, an export of iNaturalist, a
catalog of `thuja curate`, a species range as cells. It is read twice, in batches: once for its distinct names, which
are matched to the labels, once for the counts. Memory holds the names and the distinct label, cell and month.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from thuja.classify.priors.ranges import PriorSettings, RangePrior
from thuja.classify.priors.records import Records, require_degrees
from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.labels import LabelSpace
from thuja.names.backbone import Backbone
from thuja.names.installed import installed, open_backbones
from thuja.names.tables.reading import opened_table
from thuja.predict.places.columns import SPELLINGS, find
from thuja.predict.places.countries import country_code, country_codes
from thuja.predict.places.names import KEY, key_of, label_names, match_names, name_columns, taken_apart
from thuja.regions import Region

Mask = npt.NDArray[np.bool_]

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    **SPELLINGS,
    "count": ("count", "occurrences", "records", "occurrencecount", "observationcount", "n"),
    "individuals": ("individualcount",),
    "status": ("occurrencestatus", "presence"),
}
_ABSENT = ("absent", "absence", "0", "false")
_SHOWN = 10
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where records count: in one of these countries (two-letter codes), where any is given, and inside `region`."""

    countries: tuple[str, ...] = ()
    region: Region | None = None

    @classmethod
    def of(cls, *, country: str | Sequence[str] | None = None, polygon: Path | Region | None = None) -> Self:
        """From codes or English names of countries and a GeoJSON file. Raises UsageError, UnknownName or BadFile."""
        given = [country] if isinstance(country, str) else list(country or ())
        region = Region.load(polygon) if isinstance(polygon, Path) else polygon
        return cls(countries=tuple(dict.fromkeys(country_code(name) for name in given)), region=region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of a table's records: all counts are records, `rows` the sum of those that follow it.

    `matched` are those of labels inside the area, by `how` their names were matched. `unmatched` have a name that is
    none of the labels', the commonest of which are `strangers`, of `strange_names` in all. `unplaced` of the matched
    have no coordinates, `undated` no month.
    """

    rows: int
    matched: int
    unmatched: int
    nameless: int
    outside: int
    absent: int
    unplaced: int
    undated: int
    how: Mapping[str, int] = field(default_factory=dict)
    strangers: tuple[tuple[str, int], ...] = ()
    strange_names: int = 0

    def __str__(self) -> str:
        ways = ", ".join(f"{way} {count:,}" for way, count in self.how.items() if way != "name")
        others = {
            f"{self.unmatched:,} of {self.strange_names:,} other names": self.unmatched,
            f"{self.outside:,} outside the area": self.outside,
            f"{self.absent:,} absences": self.absent,
            f"{self.nameless:,} without a name": self.nameless,
            f"{self.unplaced:,} of labels have no place": self.unplaced,
            f"{self.undated:,} of labels have no month": self.undated,
        }
        told = "".join(f", {words}" for words, count in others.items() if count)
        lines = [f"{self.rows:,} records: {self.matched:,} of labels{f' (by {ways})' if ways else ''}{told}"]
        if self.strangers:
            lines.append("commonest of other names: " + "; ".join(f"{name} ({n:,})" for name, n in self.strangers))
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occurrences:
    """What a table says of L labels: `counts` (L,) records in the area, and those with a place by cell and month."""

    counts: npt.NDArray[np.int64]
    records: Records
    account: Account


def labels_in(occurrences: Occurrences, *, least: int = 1) -> Mask:
    """The labels that have at least so many records in the area that the table was read for: (L,).

    Raises EmptyInput where none has.
    """
    if least < 1:
        raise UsageError(f"a label needs at least one record, got {least}")
    mask: Mask = occurrences.counts >= least
    if not mask.any():
        raise EmptyInput(
            f"no label has {f'{least} records' if least > 1 else 'a record'} in that area",
            hint="look at the country, at longitude before latitude in the polygon, and at the table's names",
        )
    return mask


def read_occurrences(
    path: Path,
    labels: LabelSpace,
    *,
    area: Area | None = None,
    degrees: float = 1.0,
    backbones: Sequence[str | Path | Backbone] | None = None,
) -> Occurrences:
    """Read a CSV, TSV or Parquet table for these labels, in cells of so many degrees.

    `backbones` know the synonyms; None are those that `thuja names import` installed, for the embedded one has none.
    A record is one whatever its number of individuals, for a flock is seen once; a column `count` (as GBIF's cubes
    have) says how many records a row stands for. Absences are left out. Raises UsageError or BadFile.
    """
    require_degrees(degrees)
    area = area or Area()
    known = label_names(labels)
    with opened_table(path) as frame:
        table = _Table.of(frame, path, area=area, degrees=degrees)
        names = table.names()
        apart = taken_apart(names[KEY])
        pairs = match_names(apart.filter("is_named"), known, backbones=_opened(backbones))
        ways = pairs.unique("id").select("id", "how")
        ids = apart.select("id", KEY, "is_named").join(ways, on="id", how="left", maintain_order="left")
        grouped = table.grouped(ids)
    inside = grouped.filter(pl.col("state") == "in").join(pairs.select("id", "label"), on="id")
    summed = inside.group_by("label", "cell", "month").agg(pl.col("count").sum()).sort("label", "cell", "month")
    counts = np.zeros(len(labels), dtype=np.int64)
    np.add.at(counts, summed["label"].to_numpy(), summed["count"].to_numpy())
    records = Records.of(
        summed["label"].to_numpy(),
        summed["cell"].to_numpy(),
        labels=len(labels),
        month=summed["month"].to_numpy(),
        count=summed["count"].to_numpy(),
        degrees=degrees,
    )
    return Occurrences(counts=counts, records=records, account=_account(grouped, apart))


def read_prior(
    path: Path,
    labels: LabelSpace,
    settings: PriorSettings | None = None,
    *,
    degrees: float = 1.0,
    backbones: Sequence[str | Path | Backbone] | None = None,
) -> RangePrior:
    """The prior of place and date that a table makes of these labels; raises UsageError where it has no places."""
    occurrences = read_occurrences(path, labels, degrees=degrees, backbones=backbones)
    _LOG.info("%s: %s", path, occurrences.account)
    if not len(occurrences.records.label):
        raise UsageError(
            f"{path} has no record of a label with a place",
            hint="a prior needs names of labels and decimalLatitude, decimalLongitude",
        )
    return RangePrior(occurrences.records, settings)


def _opened(backbones: Sequence[str | Path | Backbone] | None) -> list[Backbone]:
    chosen = installed()[1:] if backbones is None else list(backbones)
    return open_backbones(chosen) if chosen else []


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    """A table's rows as `key`, `count`, `state`, `cell` and `month`, lazily."""

    rows: pl.LazyFrame

    @classmethod
    def of(cls, frame: pl.LazyFrame, path: Path, *, area: Area, degrees: float) -> Self:
        schema = frame.collect_schema()
        headings = [name for name, kind in schema.items() if not (kind.is_nested() or kind in (pl.Binary, pl.Object))]
        columns, names = find(headings, _COLUMNS), name_columns(headings)
        if not names:
            raise BadFile(
                f"{path} has no column with names", hint="scientific_name, species or genus; as GBIF's tables have"
            )
        if area.countries and "country" not in columns:
            raise UsageError(f"{path} has no column with countries", hint="countryCode or country; or use a polygon")
        has_places = "latitude" in columns and "longitude" in columns
        if area.region is not None and not has_places:
            raise UsageError(f"{path} has no coordinates", hint="decimalLatitude and decimalLongitude")
        latitude, longitude = (_number(columns, name) if has_places else pl.lit(None, pl.Float64) for name in _AXES)
        base = frame.select(
            key_of(names),
            _count(columns).alias("count"),
            _is_absent(columns).alias("is_absent"),
            _is_in_country(columns, area).alias("is_in_country"),
            latitude.alias("latitude"),
            longitude.alias("longitude"),
            _month(columns).alias("month"),
        )
        placed = base.with_columns(_cell(degrees).alias("cell"))
        state = (
            pl.when(pl.col("is_absent"))
            .then(pl.lit("absent"))
            .when(pl.col("is_in_country") & _is_inside(area.region))
            .then(pl.lit("in"))
            .otherwise(pl.lit("outside"))
        )
        return cls(rows=placed.select(KEY, "count", state.alias("state"), "cell", "month"))

    def names(self) -> pl.DataFrame:
        """The distinct names and lineages, sorted."""
        return self.rows.select(KEY).unique().collect(engine="streaming").sort(KEY)

    def grouped(self, ids: pl.DataFrame) -> pl.DataFrame:
        """The records of each name and state, and of labels inside the area by cell and month."""
        joined = self.rows.join(ids.lazy(), on=KEY, how="left")
        counts = pl.col("how").is_not_null() & (pl.col("state") == "in")
        kept = [pl.when(counts).then(pl.col(name)).alias(name) for name in ("cell", "month")]
        kinds = ["id", "is_named", "how", "state", *kept]
        return joined.group_by(kinds).agg(pl.col("count").sum()).collect(engine="streaming")


_AXES = ("latitude", "longitude")


def _text(columns: Mapping[str, tuple[str, ...]], meaning: str) -> pl.Expr:
    cells = [pl.col(heading).cast(pl.String).str.strip_chars() for heading in columns.get(meaning, ())]
    return pl.coalesce(*(pl.when(cell != "").then(cell) for cell in cells), pl.lit(None, pl.String))


def _number(columns: Mapping[str, tuple[str, ...]], meaning: str) -> pl.Expr:
    return _text(columns, meaning).cast(pl.Float64, strict=False)


def _count(columns: Mapping[str, tuple[str, ...]]) -> pl.Expr:
    if "count" not in columns:
        return pl.lit(1, pl.Int64)
    return _number(columns, "count").clip(0, 1e15).fill_nan(1).fill_null(1).round().cast(pl.Int64)


def _is_absent(columns: Mapping[str, tuple[str, ...]]) -> pl.Expr:
    is_absent = _text(columns, "status").str.to_lowercase().is_in(_ABSENT)
    return (is_absent | (_number(columns, "individuals") == 0)).fill_null(False)


def _is_in_country(columns: Mapping[str, tuple[str, ...]], area: Area) -> pl.Expr:
    if not area.countries:
        return pl.lit(True)
    spellings = [name for name, code in country_codes().items() if code in area.countries]
    return _text(columns, "country").str.to_uppercase().is_in(spellings).fill_null(False)


def _is_inside(region: Region | None) -> pl.Expr:
    if region is None:
        return pl.lit(True)
    inside = region.contains

    def test(points: pl.Series) -> pl.Series:
        return pl.Series(
            inside(points.struct.field("latitude").to_numpy(), points.struct.field("longitude").to_numpy())
        )

    points = pl.struct("latitude", "longitude")
    return points.map_batches(test, return_dtype=pl.Boolean, is_elementwise=True)


def _cell(degrees: float) -> pl.Expr:
    """`records.cell_of` as an expression; a place at 0, 0 exactly is a missing one that was filled in."""
    rows, columns = round(180 / degrees), round(360 / degrees)
    north, east = pl.col("latitude"), pl.col("longitude")
    row = ((north + 90) / degrees).floor().clip(0, rows - 1)
    column = ((east + 180) / degrees).floor()
    column = column - (column / columns).floor() * columns
    is_place = (north.abs() <= 90) & (east.abs() <= 360) & ((north != 0) | (east != 0))
    # NaN is greater than any number in polars, so it is no place either.
    return pl.when(is_place.fill_null(False)).then(row * columns + column).otherwise(-1.0).cast(pl.Int32)


def _month(columns: Mapping[str, tuple[str, ...]]) -> pl.Expr:
    """The month, 0 where it is not known: of a date in ISO's order, and of a period only where it is one month."""
    dates = _text(columns, "date")
    said = dates.str.extract(r"^\d{4}-?(\d{2})", 1).cast(pl.Int8, strict=False)
    last = dates.str.extract(r"/\d{4}-(\d{2})", 1).cast(pl.Int8, strict=False)
    year, last_year = dates.str.extract(r"^(\d{4})", 1), dates.str.extract(r"/(\d{4})-", 1)
    is_one = last.is_null() | ((last == said) & (year == last_year))
    month = pl.coalesce(_number(columns, "month").round().cast(pl.Int8, strict=False), pl.when(is_one).then(said))
    return pl.when(month.is_between(1, 12)).then(month).otherwise(0).fill_null(0).cast(pl.Int8)


def _account(grouped: pl.DataFrame, names: pl.DataFrame) -> Account:
    def count(where: pl.Expr) -> int:
        return int(grouped.filter(where)["count"].sum())

    inside, named = pl.col("state") == "in", pl.col("is_named").fill_null(False)
    matched = inside & named & pl.col("how").is_not_null()
    strange = grouped.filter(inside & named & pl.col("how").is_null()).group_by("id").agg(pl.col("count").sum())
    shown = strange.join(names.select("id", "whole", *_CLADES), on="id").with_columns(_shown_name().alias("name"))
    shown = shown.group_by("name").agg(pl.col("count").sum()).sort(["count", "name"], descending=[True, False])
    ways = grouped.filter(matched).group_by("how").agg(pl.col("count").sum()).sort("count", "how", descending=True)
    return Account(
        rows=int(grouped["count"].sum()),
        matched=count(matched),
        unmatched=int(strange["count"].sum()),
        nameless=count(inside & ~named),
        outside=count(pl.col("state") == "outside"),
        absent=count(pl.col("state") == "absent"),
        unplaced=count(matched & (pl.col("cell") < 0)),
        undated=count(matched & (pl.col("month") == 0)),
        how=dict(ways.iter_rows()),
        strangers=tuple(shown.head(_SHOWN).iter_rows()),
        strange_names=len(shown),
    )


_CLADES = ("genus", "family", "order", "class", "phylum", "kingdom")


def _shown_name() -> pl.Expr:
    return pl.coalesce(*(pl.when(pl.col(name) != "").then(name) for name in ("whole", *_CLADES)), pl.lit(""))
