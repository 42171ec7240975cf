"""What must not be parted: images of one observation or sequence, of one place, of one species."""

import math
from typing import Final, cast

import daft
import numpy as np
from daft import DataType, Series, col, lit
from daft.functions import coalesce, concat, when

from thuja.curate.steps import Frame

KM_PER_DEGREE: Final = 111.195
"""Of a great circle on a sphere of 6,371 km."""


def with_observations(frame: Frame) -> Frame:
    """The frame with a column `group`: the sequence, observation or occurrence that an image is of, or else its uuid.

    Ids count within their source. Sequences and observations that share images are one group.
    """
    frame = frame.with_columns(
        {
            "sequence": _scoped("sequence_id"),
            "observation": coalesce(_scoped("observation_id"), _scoped("occurrence_id"), _scoped("gbif_id")),
        }
    )
    roots = _roots(frame)
    if roots is None:
        own = coalesce(col("sequence"), col("observation"), col("uuid"))
        return frame.with_column("group", own).exclude("sequence", "observation")
    by_sequence = roots.groupby("sequence").agg(col("root").min().alias("root"))
    by_observation = roots.groupby("observation").agg(col("root").min().alias("other_root"))
    frame = frame.join(by_sequence, on="sequence", how="left").join(by_observation, on="observation", how="left")
    own = coalesce(col("root"), col("other_root"), col("sequence"), col("observation"), col("uuid"))
    return frame.with_column("group", own).exclude("sequence", "observation", "root", "other_root")


def _scoped(name: str) -> daft.Expression:
    own = when(col(name) == lit(""), lit(None).cast("string")).otherwise(col(name))
    return concat(coalesce(col("data_source"), lit("")), concat(lit(f"\n{name}\n"), own))


def _roots(frame: Frame) -> Frame | None:
    """Each pair of sequence and observation with the first sequence that links lead to; None where there is no pair.

    In each round a group of sequences joins the first group that it shares an observation with, and the groups that
    joined one after another become one. The rounds grow with the logarithm of the longest chain of links; where every
    observation lies within one sequence, as in most of what is published, there is one.
    """
    both = frame.where(col("sequence").not_null() & col("observation").not_null())
    pairs = both.select("sequence", "observation").distinct().with_column("root", col("sequence")).collect()
    if not len(pairs):
        return None
    while True:  # every round joins two groups at least
        least = pairs.groupby("observation").agg(col("root").min().alias("least"))
        joins = pairs.join(least, on="observation").groupby("root").agg(col("least").min().alias("next"))
        joins = joins.where(col("next") != col("root")).collect()
        if not len(joins):
            return pairs
        pairs = pairs.join(_followed(joins), on="root", how="left")
        pairs = pairs.select("sequence", "observation", coalesce(col("next"), col("root")).alias("root")).collect()


def _followed(joins: Frame) -> Frame:
    """`root` and `next` with each next one followed to its own, until none has another: it is less every time."""
    while True:
        onward = joins.select(col("root").alias("next"), col("next").alias("onward"))
        longer = joins.join(onward, on="next", how="left").collect()
        if not longer.where(col("onward").not_null()).count_rows():
            return joins
        joins = longer.select("root", coalesce(col("onward"), col("next")).alias("next")).collect()


def with_places(frame: Frame, cell_km: float) -> Frame:
    """The frame, which has a `group` an observation, with `group` the place: null where it is not known well enough.

    A place is a grid cell of about `cell_km`, or what `location_id` names where nobody gives coordinates that fine; a
    named location whose coordinates wander is the first of its cells. Coordinates that were made vague on purpose, or
    are less certain than a cell is wide, give no cell: nothing finer than was published is made of them.
    """
    vague = coalesce(col("data_generalizations"), lit("")) != lit("")
    withheld = coalesce(col("information_withheld"), lit("")).lower().regexp("coordinate|locality|location|obscured")
    uncertain = coalesce(col("coordinate_uncertainty"), lit(0.0)) > lit(cell_km * 1_000)
    given = cast(daft.Expression, _cells(col("latitude"), col("longitude"), cell_km))
    cell = when(vague | withheld | uncertain, lit(None).cast("string")).otherwise(given)
    frame = frame.with_columns({"cell": cell, "place_name": _scoped("location_id")})
    named = frame.where(col("place_name").not_null()).groupby("place_name").agg(col("cell").min().alias("named_cell"))
    frame = frame.join(named, on="place_name", how="left")
    frame = frame.with_column("own_place", coalesce(col("named_cell"), col("place_name"), col("cell")))
    whole = frame.groupby("group").agg(col("own_place").min().alias("whole_place"))
    frame = frame.join(whole, on="group", how="left").exclude("group", "cell", "place_name", "named_cell", "own_place")
    return frame.with_column_renamed("whole_place", "group")


@daft.func.batch(return_dtype=DataType.string(), use_process=False)
def _cells(latitudes: Series, longitudes: Series, cell_km: float) -> list[str | None]:
    pairs = zip(latitudes.to_pylist(), longitudes.to_pylist(), strict=True)
    return [cell_of(latitude, longitude, cell_km) for latitude, longitude in pairs]


def cell_of(latitude: float | None, longitude: float | None, cell_km: float) -> str | None:
    """The grid cell of a point: bands of latitude, each divided into whole cells at least `cell_km` wide and high.

    None for what is no point on Earth, and for 0, 0, which stands for a missing one.

    >>> cell_of(51.5, -0.12, 10), cell_of(51.5, 359.88, 10), cell_of(0.0, 0.0, 10)
    ('1573:1242', '1573:1242', None)
    """
    if latitude is None or longitude is None or not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    if abs(latitude) > 90 or abs(longitude) > 360 or latitude == longitude == 0:
        return None
    bands = max(1, math.floor(180 * KM_PER_DEGREE / cell_km))
    band = min(int((latitude + 90) / 180 * bands), bands - 1)
    edges = np.radians([band / bands * 180 - 90, (band + 1) / bands * 180 - 90])
    around = 360 * KM_PER_DEGREE * max(float(np.cos(edges).min()), 0.0)  # at the edge nearer the pole
    cells = max(1, math.floor(around / cell_km))
    return f"{band}:{int((longitude + 180) % 360 / 360 * cells)}"
