"""What a search asks, read strictly, and as the index takes it."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from thuja.errors import BadFile, UnknownName
from thuja.regions import Region
from thuja.search.filters import Box, Filter, Range
from thuja.search.index import Index
from thuja.search.language import Asked, read_filter
from thuja.search.query import Direction, Query
from thuja.search.query.credits import NEEDED
from thuja.web.problems import Invalid, TooLarge
from thuja.web.questions import Number, Share, Strict, packed
from thuja.web.settings import RequestLimits

_NAMES: Final = 1_000
"""Ids, taxa and values of one kind that a search names at most."""
_NAMED: Final = 40
_ENDS: Final = 4
_CROSSINGS: Final = 256
"""Edges of a region that one parallel crosses at most: every picture's place is held against so many."""
_RINGS: Final = 4_000
"""Rings of a region, each of which is read, and looked for among the pictures, by itself: 0.2 ms and more."""
_SIDES: Final = ("south", "west", "north", "east")


class RangeShape(Strict):
    """Values from one end to the other, both included; either may be left out."""

    from_: Number | str | None = Field(default=None, alias="from")
    to: Number | str | None = None


class FilterShape(Strict):
    """Which pictures may be found. `where` are conditions as the command line takes them: `event_date=2010..2020`.

    `box` is south, west, north and east in degrees, `region` GeoJSON of polygons, longitude first.
    """

    within: list[str] = Field(default_factory=list)
    excludes: list[str] = Field(default_factory=list)
    equals: dict[str, list[str]] = Field(default_factory=dict)
    ranges: dict[str, RangeShape] = Field(default_factory=dict)
    where: list[str] = Field(default_factory=list)
    box: list[Number] | None = Field(default=None, min_length=_ENDS, max_length=_ENDS)
    region: dict[str, Any] | None = None

    def filter(self, index: Index) -> Filter:
        """The filter; raises UsageError, UnknownName and TooLarge."""
        values = [len(one) for one in self.equals.values()]
        if max([len(self.within), len(self.excludes), len(self.where), len(self.ranges), *values]) > _NAMES:
            raise TooLarge(f"a filter has at most {_NAMES:,} names or values of one kind")
        asked = Asked(
            within=self.within,
            excludes=self.excludes,
            where=self.where,
            equals=self.equals,
            ranges={name: Range(low=one.from_, high=one.to) for name, one in self.ranges.items()},
            box=None if self.box is None else Box(**dict(zip(_SIDES, self.box, strict=True))),
            region=None if self.region is None else _region(self.region),
        )
        return read_filter(asked, tree=index.tree, kinds=index.columns)


def _region(facts: Mapping[str, Any]) -> Region:
    """A region that a request may have looked for; raises Invalid and TooLarge."""
    rings = _rings_of(facts)
    if rings > _RINGS:
        raise TooLarge(f"the region has {rings:,} rings, over {_RINGS:,}", hint="simplify it, or leave out islands")
    try:
        region = Region.of(facts, name="the region")
    except BadFile as error:
        raise Invalid(error.message, hint=error.hint) from error
    if region.crossings > _CROSSINGS:
        raise TooLarge(
            f"the region winds so that a parallel crosses its outline {region.crossings:,} times, over {_CROSSINGS}",
            hint="simplify it",
        )
    return region


def _rings_of(facts: Any) -> int:
    """How many rings the polygons of GeoJSON have, before any is read, whatever else is wrong with it."""
    left, count = [facts], 0
    while left:
        one = left.pop()
        if not isinstance(one, dict):
            continue
        for inner in (one.get(name) for name in ("features", "geometries", "geometry")):
            left.extend(inner if isinstance(inner, list) else [inner])
        kind, parts = one.get("type"), one.get("coordinates")
        polygons = parts if kind == "MultiPolygon" else [parts] if kind == "Polygon" else []
        count += sum(len(rings) for rings in polygons if isinstance(rings, list)) if isinstance(polygons, list) else 0
    return count


class DirectionShape(Strict):
    """A way through the space, from some pictures or words to others; `strength` is how far to go."""

    from_: list[str] = Field(default_factory=list, alias="from")
    to: list[str] = Field(default_factory=list)
    from_text: str = ""
    to_text: str = ""
    strength: Number = 1.0

    def direction(self) -> Direction:
        """The direction; raises UsageError."""
        return Direction(
            from_ids=tuple(self.from_),
            to_ids=tuple(self.to),
            from_text=self.from_text,
            to_text=self.to_text,
            strength=self.strength,
        )


class SearchShape(Strict):
    """What is sought. Pictures, words, ids and a direction add up; with none of them the most typical come first.

    `vector` is numbers or base64 of float32, as `/api/embed` and `/api/identify` give it. `columns` are what hits
    tell of their rows, null for all. `collapse` is a cosine from which two pictures count as one.
    """

    text: str = ""
    text_weight: Share = 0.5
    id: str = ""
    like: list[str] = Field(default_factory=list)
    unlike: list[str] = Field(default_factory=list)
    vector: list[Number] | str | None = None
    direction: DirectionShape | None = None
    filter: FilterShape = Field(default_factory=FilterShape)
    k: int = 24
    offset: int = 0
    group_by: str | None = Field(default=None, max_length=200)
    per_group: int = 1
    diversity: Share = 0.0
    collapse: Number | None = None
    facets: list[str] = Field(default_factory=list)
    columns: list[str] | None = None

    def query(self, index: Index, limits: RequestLimits, images: tuple[bytes, ...] = ()) -> Query:
        """The query; raises UsageError, UnknownName and TooLarge."""
        self._require_within(limits)
        return Query(
            images=images,
            vector=self._vector(index.dim),
            text=self.text,
            text_weight=self.text_weight,
            id=self.id,
            like=tuple(dict.fromkeys(self.like)),
            unlike=tuple(dict.fromkeys(self.unlike)),
            direction=None if self.direction is None else self.direction.direction(),
            filter=self.filter.filter(index),
            k=self.k,
            offset=self.offset,
            group_by=self.group_by,
            per_group=self.per_group,
            diversity=self.diversity,
            collapse=self.collapse,
            facets=tuple(dict.fromkeys(self.facets)),
            columns=self._columns(index),
        )

    def _columns(self, index: Index) -> tuple[str, ...] | None:
        """What is read of each hit: what is told, and whose picture it is."""
        if self.columns is None:
            return None
        unknown = [name for name in self.columns if name not in index.columns]
        if unknown:
            raise UnknownName.of("column", unknown[0][:80], list(index.columns)[:_NAMED])
        return tuple(dict.fromkeys([*self.columns, *(name for name in NEEDED if name in index.columns)]))

    def _require_within(self, limits: RequestLimits) -> None:
        if self.k > limits.k:
            raise TooLarge(f"k is at most {limits.k:,} here, got {self.k:,}", hint="the rest can be had page by page")
        direction = self.direction or DirectionShape()
        for text in (self.text, direction.from_text, direction.to_text):
            if len(text) > limits.text:
                raise TooLarge(
                    f"a text of {len(text):,} characters is over the limit of {limits.text:,}",
                    hint="say what is seen in a sentence",
                )
        if max(map(len, (self.like, self.unlike, self.facets, direction.from_, direction.to))) > _NAMES:
            raise TooLarge(f"at most {_NAMES:,} ids or facets of one kind")

    def _vector(self, dim: int) -> npt.NDArray[np.float32] | None:
        if self.vector is None:
            return None
        vector = np.frombuffer(packed(self.vector), "<f4")
        if len(vector) != dim:
            raise Invalid(f"a query's vector has {len(vector)} numbers, and those of the index {dim}")
        return vector
