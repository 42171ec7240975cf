"""Areas drawn as GeoJSON, and which points lie inside: the even-odd rule, holes and the antimeridian included."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile, UsageError

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_PAIRS = 2**21
"""Pairs of a point and an edge looked at together."""
_MARGIN = 1e-6
"""Degrees by which rounding may put a point beside an edge."""
_HINT = "GeoJSON of a Polygon or MultiPolygon, longitude before latitude, in degrees"


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """Polygons with holes; a point is in the region when it is in one of them.

    Each polygon is its edges, (E, 4): longitude and latitude from, longitude and latitude to, all rings together.
    `name` is what the region is called where it is told of.
    """

    polygons: tuple[Doubles, ...]
    name: str = "the polygon"

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a GeoJSON file: a geometry, a Feature or a FeatureCollection. Raises UsageError or BadFile."""
        try:
            facts = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise UsageError(f"cannot read the polygon in {path}: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise BadFile(f"{path} is not JSON: {error}", hint=_HINT) from error
        return cls.of(facts, name=str(path))

    @classmethod
    def of(cls, facts: Any, *, name: str = "the polygon") -> Self:
        """From GeoJSON as Python has it (RFC 7946); points and lines in it are passed over. Raises BadFile.

        Edges are straight in degrees. A polygon over the antimeridian may be cut there, go on past 180 degrees, or
        leap from one side to the other: an edge of more than 180 and less than 360 degrees takes the shorter way.
        """
        polygons = tuple(_edges(rings, name) for rings in _polygons(facts, name, depth=0))
        if not polygons:
            raise BadFile(f"there is no polygon in {name}", hint=_HINT)
        return cls(polygons=polygons, name=name)

    @cached_property
    def key(self) -> str:
        """What tells it from every region of another shape."""
        digest = hashlib.sha256()
        for edges in self.polygons:
            digest.update(len(edges).to_bytes(8, "little") + edges.astype("<f8").tobytes())
        return digest.hexdigest()

    @property
    def crossings(self) -> int:
        """How many edges of all polygons one parallel crosses at most: what a point costs to place, at most."""
        edges = np.concatenate(self.polygons)
        ends = np.sort(edges[:, (1, 3)], axis=1)
        low, high = np.sort(ends[ends[:, 0] < ends[:, 1]], axis=0).T
        begun = np.arange(1, len(low) + 1) - np.searchsorted(high, low, side="right")
        return int(begun.max(initial=0))

    def contains(self, latitudes: npt.ArrayLike, longitudes: npt.ArrayLike) -> Mask:
        """Which of N points lie inside: (N,); false for what is no place. A point on an edge belongs to one side."""
        north, east = np.asarray(latitudes, dtype=np.float64), np.asarray(longitudes, dtype=np.float64)
        inside = np.zeros(len(north), dtype=np.bool_)
        usable = self._near(north, east)
        order = usable[np.argsort(north[usable], kind="stable")]
        north, east = north[order], (east[order] + 180) % 360 - 180
        for edges in self.polygons:
            low, high = edges[:, (1, 3)].min(), edges[:, (1, 3)].max()
            rows = slice(*np.searchsorted(north, [low, high]).tolist())
            west, most_east = edges[:, (0, 2)].min(), edges[:, (0, 2)].max()
            for turn in (-360.0, 0.0, 360.0):
                moved = east[rows] + turn
                near = np.flatnonzero((moved >= west) & (moved <= most_east)) + rows.start
                if len(near):
                    inside[order[near]] |= _is_odd(north[near], east[near] + turn, edges)
        return inside

    def _near(self, north: Doubles, east: Doubles) -> npt.NDArray[np.int64]:
        """The points within a box around all polygons: of millions, few are left to be sorted."""
        west, south, most_east, most_north = _bounds(np.concatenate(self.polygons))
        near = np.flatnonzero((north >= south) & (north <= most_north) & np.isfinite(east))
        return near[(east[near] - west + _MARGIN) % 360 <= most_east - west + 2 * _MARGIN]


def _bounds(edges: Doubles) -> tuple[float, float, float, float]:
    """West, south, east and north."""
    east, north = edges[:, (0, 2)], edges[:, (1, 3)]
    return float(east.min()), float(north.min()), float(east.max()), float(north.max())


def _is_odd(north: Doubles, east: Doubles, edges: Doubles) -> Mask:
    """Whether a ray to the east from each point crosses an odd number of edges; points come from south to north.

    An edge holds its lower end and not its upper one, so a ray through a corner crosses one of two edges or both.
    """
    x0, y0, x1, y1 = edges[edges[:, 1] != edges[:, 3]].T
    starts = np.searchsorted(north, np.minimum(y0, y1), side="left")
    counts = np.searchsorted(north, np.maximum(y0, y1), side="left") - starts
    ends = np.cumsum(counts)
    crossings = np.zeros(len(north), dtype=np.int64)
    first = 0
    while first < len(counts):
        done = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + _PAIRS, side="right")))
        part = slice(first, last)
        edge = np.repeat(np.arange(first, last), counts[part])
        point = np.arange(len(edge)) + np.repeat(starts[part] - ends[part] + counts[part] + done, counts[part])
        slope = (x1[edge] - x0[edge]) / (y1[edge] - y0[edge])
        is_crossed = east[point] < x0[edge] + (north[point] - y0[edge]) * slope
        crossings += np.bincount(point[is_crossed], minlength=len(north))
        first = last
    is_odd: Mask = crossings % 2 == 1
    return is_odd


def _polygons(facts: Any, name: str, *, depth: int) -> Iterator[Any]:
    """The lists of rings of all polygons in a GeoJSON object."""
    kind = facts.get("type") if isinstance(facts, dict) else None
    if kind is None or depth > 20:
        raise BadFile(f"{name} is not GeoJSON", hint=_HINT)
    if kind == "Polygon":
        yield facts.get("coordinates")
    elif kind == "MultiPolygon":
        parts = facts.get("coordinates")
        if not isinstance(parts, list):
            raise BadFile(f"{name} has a MultiPolygon without coordinates", hint=_HINT)
        yield from parts
    elif kind in ("Feature", "FeatureCollection", "GeometryCollection"):
        inner = {"FeatureCollection": "features", "GeometryCollection": "geometries", "Feature": "geometry"}[kind]
        within = facts.get(inner)
        for part in within if isinstance(within, list) else [within] if within is not None else []:
            yield from _polygons(part, name, depth=depth + 1)


def _edges(rings: Any, name: str) -> Doubles:
    """The edges of a polygon's rings; holes are moved to the side of the antimeridian that their polygon is on."""
    if not isinstance(rings, list) or not rings:
        raise BadFile(f"{name} has a polygon without rings", hint=_HINT)
    outer, *holes = (_ring(ring, name) for ring in rings)
    west, east = outer[:, 0].min(), outer[:, 0].max()
    for hole in holes:
        for turn in (0.0, 360.0, -360.0):
            if west - 1e-6 <= hole[:, 0].min() + turn and hole[:, 0].max() + turn <= east + 1e-6:
                hole[:, 0] += turn
                break
    return np.concatenate([np.hstack([ring[:-1], ring[1:]]) for ring in (outer, *holes)])


def _ring(ring: Any, name: str) -> Doubles:
    """The corners of a ring, (P, 2), the first again at the end, without leaps over the antimeridian."""
    try:
        corners = np.array([[float(longitude), float(latitude)] for longitude, latitude, *_ in ring])
    except (TypeError, ValueError, OverflowError) as error:
        raise BadFile(f"{name} has a ring that is not a list of positions", hint=_HINT) from error
    if len(corners) < 3 or not np.isfinite(corners).all():
        raise BadFile(
            f"{name} has a ring of {len(corners)} corners", hint="a ring has at least four, the last the first"
        )
    if np.abs(corners[:, 1]).max() > 90 or np.abs(corners[:, 0]).max() > 540:
        raise BadFile(
            f"{name} has the corner {corners[np.abs(corners).sum(axis=1).argmax()].tolist()}, which is no place",
            hint="longitude stands before latitude, in degrees",
        )
    if (corners[0] != corners[-1]).any():
        corners = np.concatenate([corners, corners[:1]])
    steps = np.diff(corners[:, 0])
    leaps = np.where((np.abs(steps) > 180) & (np.abs(steps) < 360), -360 * np.sign(steps), 0)
    corners[1:, 0] += np.cumsum(leaps)
    if abs(corners[-1, 0] - corners[0, 0]) > 1e-6:
        raise BadFile(
            f"{name} has a ring that goes round a pole",
            hint="cut it at 180 degrees and lead it along the pole, as RFC 7946 says",
        )
    return corners
