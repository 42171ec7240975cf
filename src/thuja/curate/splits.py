"""Splits: as the source gave them or by image within each species, and whole species held out.

Both are drawn by a seeded hash of the image's id, so that neither the order of the rows nor how
they are spread over machines matters, and an image that joins later moves few others.
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
from daft.functions import row_number, when

from thuja.curate.steps import Frame, Step
from thuja.errors import UsageError
from thuja.taxonomy import RANKS, Rank, Taxon

_RANKS = [rank.label for rank in RANKS]


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
def _splits_of(places: Series, counts: Series, val: float, test: float) -> list[str]:
    pairs = zip(places.to_pylist(), counts.to_pylist(), strict=True)
    return [split_of(place, count, val=val, test=test) for place, count in pairs]


def split_of(place: int, count: int, *, val: float, test: float) -> str:
    """The split of the image at this place (from 1) among the `count` of its species.

    A species with three or more images gets at least one test image (when `test` is above zero),
    and every species keeps at least one to train on.

    >>> [split_of(place, 5, val=0.2, test=0.2) for place in range(1, 6)]
    ['test', 'val', 'train', 'train', 'train']
    """
    tests = max(1, round(test * count)) if count >= 3 and test else 0
    vals = min(round(val * count), count - tests - 1) if count >= 3 else 0
    return "test" if place <= tests else "val" if place <= tests + vals else "train"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """[splits]."""

    unseen_species: float = 0
    val: float = 0.05
    test: float = 0.15

    def __post_init__(self) -> None:
        if not (0 <= self.val < 1 and 0 <= self.test < 1 and self.val + self.test < 1):
            raise UsageError(f"val and test must be fractions that leave some to train, got {self.val} and {self.test}")
        if self.unseen_species < 0 or (self.unseen_species > 1 and self.unseen_species % 1):
            raise UsageError(
                f"unseen species must be a whole number or a fraction below 1, got {self.unseen_species}",
                hint="--unseen-species 20, or --unseen-species 0.2",
            )


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
    return Step(
        name="splits", settings={"seed": seed, **asdict(settings)}, apply=lambda frame: _split(frame, settings, seed)
    )


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


def _split(frame: Frame, config: SplitSettings, seed: int) -> Frame:
    frame = _hold_out(frame, config, seed) if config.unseen_species else frame
    is_open = col("drop_reason").is_null() & col("split").is_null()
    settled, free = frame.where(~is_open), frame.where(is_open)
    by_species = Window().partition_by("lineage")
    free = free.with_column("draw", draws(col("uuid"), seed, "split"))
    free = free.with_columns(
        {
            "number": row_number().over(by_species.order_by("draw")),
            "images": col("uuid").count().over(by_species),
        }
    )
    drawn = cast(daft.Expression, _splits_of(col("number"), col("images"), config.val, config.test))
    free = free.with_column("split", drawn)
    return settled.concat(free.select(*settled.column_names))


def _hold_out(frame: Frame, config: SplitSettings, seed: int) -> Frame:
    species = species_table(frame)
    chosen = choose_unseen(species, wanted_species(config.unseen_species, len(species)), seed)
    held = _lineages(one.lineage for one in chosen)
    frame = frame.join(held, on="lineage", how="left")
    is_held = col("is_held").not_null() & col("drop_reason").is_null()
    return frame.with_column("split", when(is_held, lit("unseen")).otherwise(col("split"))).exclude("is_held")


def _lineages(lineages: Iterable[str]) -> Frame:
    names = list(lineages)
    columns = {"lineage": pa.array(names, pa.string()), "is_held": pa.array([True] * len(names), pa.bool_())}
    return daft.from_arrow(pa.table(columns))
