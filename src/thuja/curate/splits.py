"""Splits: as the source gave them, or by image, observation, place or species; and whole species held out.

All are drawn by a seeded hash of what is drawn, so that neither the order of the rows nor how they are spread over
machines matters, and an image that joins later moves few others.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, cast

import daft
import pyarrow as pa
from daft import DataType, Series, Window, col, lit
from daft.functions import coalesce, concat, row_number, when

from thuja.curate.groups import with_observations, with_places
from thuja.curate.steps import Frame, Step
from thuja.errors import UnknownName, UsageError
from thuja.taxonomy import RANKS, Rank, Taxon

_RANKS = [rank.label for rank in RANKS]
WAYS = ("image", "observation", "location", "species")
_NARROW = (
    "uuid", "lineage", *_RANKS, "split", "data_source", "sequence_id", "observation_id", "occurrence_id", "gbif_id",
)  # fmt: skip
_PLACES = (
    "latitude", "longitude", "coordinate_uncertainty", "location_id", "data_generalizations", "information_withheld",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """[splits]: `val` and `test` are fractions of each species' images, where the source gives no split of its own.

    `unseen_species` is a number of species, or below 1 the fraction of all. `by` says what is never parted: an
    `observation` (or sequence; an image without either stands alone), the single `image`, a `location` (in cells of
    `cell_km`), or a `species` (then `val` and `test` are fractions of each family's species).
    """

    unseen_species: float = 0
    val: float = 0.05
    test: float = 0.15
    by: str = "observation"
    cell_km: float = 10.0

    def __post_init__(self) -> None:
        if not (0 <= self.val < 1 and 0 <= self.test < 1 and self.val + self.test < 1):
            raise UsageError(f"val and test must be fractions that leave some to train, got {self.val} and {self.test}")
        if not self.unseen_species >= 0 or (self.unseen_species > 1 and self.unseen_species % 1):
            raise UsageError(
                f"unseen species must be a whole number or a fraction below 1, got {self.unseen_species}",
                hint="--unseen-species 20, or --unseen-species 0.2",
            )
        if self.by not in WAYS:
            raise UnknownName.of("way to split", self.by, WAYS)
        if not 0.1 <= self.cell_km <= 5_000:
            raise UsageError(f"splits.cell_km is from 0.1 to 5000 km, got {self.cell_km}")


def draw(seed: int, purpose: str, name: str) -> str:
    """A seeded hash to order by: 16 hexadecimal digits."""
    return blake2b(f"{seed}\n{purpose}\n{name}".encode(), digest_size=8).hexdigest()


@daft.func.batch(return_dtype=DataType.string(), use_process=False)
def _draws(names: Series, seed: int, purpose: str) -> list[str]:
    return [draw(seed, purpose, name) for name in names.to_pylist()]


def draws(names: daft.Expression, seed: int, purpose: str) -> daft.Expression:
    """`draw` for a column."""
    return cast(daft.Expression, _draws(names, seed, purpose))


@daft.func.batch(return_dtype=DataType.string(), use_process=False)
def _splits_of(ends: Series, sizes: Series, counts: Series, *, groups: Series, val: float, test: float) -> list[str]:
    columns = (ends.to_pylist(), sizes.to_pylist(), counts.to_pylist(), groups.to_pylist())
    return [
        split_of_group(end, size, Stratum(images=count, groups=number), val=val, test=test)
        for end, size, count, number in zip(*columns, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Stratum:
    """How many images a species has to split, and in how many groups."""

    images: int
    groups: int


def split_of_group(end: int, size: int, stratum: Stratum, *, val: float, test: float) -> str:
    """The split of a group of `size` images that ends at this place (from 1) among the images of its species.

    A group falls where its middle falls, so the images held out miss their number by at most half a group. A species
    of three or more groups gets at least one to test (when `test` is above zero); every species keeps its last group,
    which is its largest, to train on.
    """
    middle = end - size / 2  # of a single image at place p: p - 1/2, which is within n images when p is
    if end == stratum.images or stratum.groups < 3:
        return "train"
    tests, vals = held_out(stratum.images, val=val, test=test)
    if middle <= tests or (test and end == size):
        return "test"
    return "val" if middle <= tests + vals else "train"


def split_of(place: int, count: int, *, val: float, test: float) -> str:
    """The split of the image at this place (from 1) among the `count` of its species, each a group of its own.

    >>> [split_of(place, 5, val=0.2, test=0.2) for place in range(1, 6)]
    ['test', 'val', 'train', 'train', 'train']
    """
    return split_of_group(place, 1, Stratum(images=count, groups=count), val=val, test=test)


def held_out(count: int, *, val: float, test: float) -> tuple[int, int]:
    """How many of so many images are to test and to validate on; none of fewer than three."""
    tests = max(1, round(test * count)) if count >= 3 and test else 0
    vals = min(round(val * count), count - tests - 1) if count >= 3 else 0
    return tests, vals


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesImages:
    """A species, and how many images it has to train on unless it is held out."""

    taxon: Taxon
    lineage: str
    images: int


def choose_unseen(species: Sequence[SpeciesImages], wanted: int, seed: int) -> list[SpeciesImages]:
    """Up to `wanted` species to hold out, spread over the families.

    Families take turns in a seeded order, each giving one species a turn as long as another of its
    species stays to train on. Fewer come back when the families can spare no more.
    """
    families: dict[tuple[str, ...], list[SpeciesImages]] = defaultdict(list)
    for one in sorted(species, key=lambda one: draw(seed, "species", one.lineage)):
        if one.taxon.binomial and one.taxon.family and one.images:
            families[one.taxon.names[: Rank.GENUS]].append(one)
    order = sorted(families, key=lambda family: draw(seed, "family", " ".join(family)))
    chosen: list[SpeciesImages] = []
    while len(chosen) < wanted:
        turn = [family for family in order if len(families[family]) > 1][: wanted - len(chosen)]
        if not turn:
            break
        chosen += [families[family].pop(0) for family in turn]
    return chosen


def splits_step(settings: SplitSettings, *, seed: int) -> Step:
    """Give every kept image its split."""
    told = asdict(settings) | {"seed": seed}
    return Step(name="splits", settings=told, apply=lambda frame: _split(frame, settings, seed))


def wanted_species(unseen_species: float, species: int) -> int:
    """How many of so many species that setting asks for."""
    return math.floor(unseen_species * species + 0.5) if unseen_species < 1 else int(unseen_species)


def species_table(frame: Frame) -> list[SpeciesImages]:
    """The species of the kept rows, with the images that no given split keeps from training."""
    trains = when(col("split").is_null() | (col("split") == lit("train")), lit(1)).otherwise(lit(0))
    kept = frame.where(col("drop_reason").is_null()).with_column("trains", trains)
    groups = kept.groupby("lineage", *_RANKS).agg(col("trains").sum())
    return [_species(row) for row in groups.to_pylist() if row["genus"] and row["species"]]


def _species(row: dict[str, Any]) -> SpeciesImages:
    return SpeciesImages(taxon=Taxon.from_columns(row), lineage=row["lineage"], images=int(row["trains"]))


def _split(frame: Frame, settings: SplitSettings, seed: int) -> Frame:
    frame = _hold_out(frame, settings, seed) if settings.unseen_species else frame
    kept = frame.where(col("drop_reason").is_null())
    if settings.by != "observation":  # a place may show held-out species and others
        kept = kept.where(coalesce(col("split"), lit("")) != lit("unseen"))
    columns = (*_NARROW, *_PLACES) if settings.by == "location" else _NARROW
    rows = _grouped(kept.select(*columns), settings).select("uuid", "group", "stratum", "split")
    drawn = _drawn_groups(rows, settings, seed)
    rows = rows.where(col("split").is_null()).join(drawn, on="group", how="left")
    drawn_rows = rows.select("uuid", coalesce(col("drawn"), lit("train")).alias("drawn"))
    frame = frame.join(drawn_rows, on="uuid", how="left")
    return frame.with_column("split", coalesce(col("split"), col("drawn"))).exclude("drawn")


def _grouped(rows: Frame, settings: SplitSettings) -> Frame:
    """With the `group` that is never parted (null: it trains) and the `stratum` whose fractions are held out."""
    if settings.by == "species":
        above = [coalesce(col(rank), lit("")) for rank in _RANKS[: Rank.GENUS]]
        return rows.with_columns({"group": col("lineage"), "stratum": concat_all(above)})
    rows = rows.with_column("stratum", col("lineage"))
    if settings.by == "image":
        return rows.with_column("group", col("uuid"))
    rows = with_observations(rows)
    return with_places(rows, settings.cell_km) if settings.by == "location" else rows


def concat_all(names: Sequence[daft.Expression]) -> daft.Expression:
    """Text expressions one after another, with line ends between them."""
    joined = names[0]
    for name in names[1:]:
        joined = concat(joined, concat(lit("\n"), name))
    return joined


def _drawn_groups(rows: Frame, settings: SplitSettings, seed: int) -> Frame:
    """Each group with its split: `group`, `drawn`.

    A group that has images with a given split goes with them: to test before val before train. What a group has
    besides images of a held-out species is tested on: a frame of the same sequence must not be trained on. A group of
    several species is counted with the rarest of them, which needs it most.
    """
    place = (
        when(col("split").is_in(["test", "unseen"]), lit(0)).when(col("split") == lit("val"), lit(1)).otherwise(lit(2))
    )
    known = rows.where(col("group").not_null())
    given = known.where(col("split").not_null()).groupby("group").agg(place.min().alias("place"))
    word = when(col("place") == lit(0), lit("test")).when(col("place") == lit(1), lit("val")).otherwise(lit("train"))
    settled = given.select("group", word.alias("drawn"))
    free = known.where(col("split").is_null()).join(settled, on="group", how="anti")
    if settings.by == "species":
        cells = free.select("group", "stratum").distinct().with_column("size", lit(1).cast("int64"))
    else:
        cells = free.groupby("group", "stratum").agg(col("uuid").count().cast("int64").alias("size"))
        cells = _in_rarest(cells) if settings.by != "image" else cells
    cells = cells.with_column("draw", draws(col("group"), seed, "split"))
    by_stratum = Window().partition_by("stratum")
    ranked = cells.with_column(
        "from_last", row_number().over(by_stratum.order_by(["size", "draw"], desc=[True, True]))
    ).with_column("is_last", when(col("from_last") == lit(1), lit(1)).otherwise(lit(0)))
    until_here = by_stratum.order_by(["is_last", "draw", "group"]).rows_between(
        Window.unbounded_preceding, Window.current_row
    )
    ranked = ranked.with_columns(
        {
            "end": col("size").sum().over(until_here),
            "images": col("size").sum().over(by_stratum),
            "groups": col("group").count().over(by_stratum),
        }
    )
    split = _splits_of(
        col("end"), col("size"), col("images"), groups=col("groups"), val=settings.val, test=settings.test
    )
    drawn = ranked.select("group", cast(daft.Expression, split).alias("drawn"))
    return drawn.concat(settled)


def _in_rarest(cells: Frame) -> Frame:
    """Groups of several strata put whole into the smallest: a row a group."""
    totals = cells.groupby("stratum").agg(col("size").sum().alias("total"))
    order = Window().partition_by("group").order_by(["total", "stratum"])
    several = cells.join(totals, on="stratum").with_column("number", row_number().over(order))
    homes = several.where(col("number") == lit(1)).select("group", "stratum")
    sizes = cells.groupby("group").agg(col("size").sum().alias("size"))
    return homes.join(sizes, on="group")


def _hold_out(frame: Frame, settings: SplitSettings, seed: int) -> Frame:
    species = species_table(frame)
    chosen = choose_unseen(species, wanted_species(settings.unseen_species, len(species)), seed)
    held = _lineages(one.lineage for one in chosen)
    frame = frame.join(held, on="lineage", how="left")
    is_held = col("is_held").not_null() & col("drop_reason").is_null()
    return frame.with_column("split", when(is_held, lit("unseen")).otherwise(col("split"))).exclude("is_held")


def _lineages(lineages: Iterable[str]) -> Frame:
    names = list(lineages)
    columns = {"lineage": pa.array(names, pa.string()), "is_held": pa.array([True] * len(names), pa.bool_())}
    return daft.from_arrow(pa.table(columns))
