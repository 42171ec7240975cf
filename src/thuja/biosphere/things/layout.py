"""Where the things of a picture lie: each gets an affine map from its box of 100 to the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from thuja.biosphere.things.backdrops import Floor
from thuja.biosphere.things.facts import Facts, Group, kind_of
from thuja.biosphere.things.kinds import Kind
from thuja.biosphere.things.outlines import Points

Slot = tuple[float, float, float, float]
"""Left, top, right and bottom of what a thing may fill, in shares of the picture."""

_EXTENT = {"small": (0.17, 0.25), "": (0.36, 0.5), "large": (0.64, 0.76)}
"""The longer side of a single thing, in shares of the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One thing in its place: point p of its box lies at `matrix @ p + shift`, in shares of the picture."""

    kind: Kind
    group: Group
    matrix: Points
    shift: Points
    has_shadow: bool
    inner: tuple["Placed", ...] = ()

    def map(self, points: Points) -> Points:
        """Points of the box, (N, 2), in the picture."""
        return np.asarray(points @ self.matrix.T + self.shift)

    @property
    def bounds(self) -> Slot:
        """Its rim in the picture."""
        points = self.map(np.concatenate([part.points for part in self.kind.parts]))
        left, top = points.min(axis=0)
        right, bottom = points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


@dataclass(frozen=True, slots=True)
class _Hand:
    """Sets things down, with the picture's own chance."""

    generator: np.random.Generator
    floor: Floor
    scene: str

    def some(self, low: float, high: float) -> float:
        return float(self.generator.uniform(low, high))

    def pose(self, kind: Kind, *, is_upright: bool) -> Points:
        """Turned, foreshortened, slanted and mirrored at random, at the size of the box."""
        steep = 6.0 if is_upright else {"shape": 12.0, "glyph": 12.0, "air": 16.0}.get(kind.home, 9.0)
        angle = np.radians(self.some(-steep, steep))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        squash = self.some(0.92, 1.0) if kind.family == "shape" else self.some(0.8, 1.0)
        slant = 0.0 if is_upright or kind.family == "shape" else self.some(-0.12, 0.12)
        is_mirrored = kind.family != "glyph" and self.generator.random() < 0.5
        pose: Points = turn @ np.array([[-squash if is_mirrored else squash, slant], [0.0, 1.0]])
        return pose

    def fit(self, group: Group, slot: Slot, *, is_upright: bool = False, has_shadow: bool = False) -> Placed:
        """The thing as large as the slot allows, standing on the slot's bottom, in the middle of its width."""
        kind = kind_of(group)
        pose = self.pose(kind, is_upright=is_upright)
        points = np.concatenate([part.points for part in kind.parts]) @ pose.T
        low, high = points.min(axis=0), points.max(axis=0)
        width, height = high - low
        scale = min((slot[2] - slot[0]) / width, (slot[3] - slot[1]) / height)
        middle = (slot[0] + slot[2]) / 2 - scale * (low[0] + high[0]) / 2
        return Placed(kind, group, scale * pose, np.array([middle, slot[3] - scale * high[1]]), has_shadow)

    def base(self, kind: Kind) -> float:
        """Where a single thing has its base: on the ground, on the water, or in the air."""
        if kind.family != "object":
            return self.some(0.6, 0.95)
        if self.floats(kind):
            return self.floor.water
        if kind.home == "air" and self.scene not in ("plain", "kitchen", "shelf"):
            return self.some(0.4, 0.62)
        return self.some(self.floor.far, self.floor.near)

    def alone(self, group: Group) -> list[Placed]:
        """One thing, at any place that holds it."""
        kind = kind_of(group)
        extent = self.some(*_EXTENT[group.size])
        base = max(self.base(kind), extent * 0.98 + 0.02) if kind.family != "object" else self.base(kind)
        base = min(0.98, max(base, extent + 0.02 if group.size == "large" else 0))
        left = self.some(0.02, max(0.021, 0.98 - extent))
        stands = kind.family == "object" and (kind.home != "air" or base > 0.64)
        return [self.fit(group, (left, max(0.01, base - extent), left + extent, base), has_shadow=stands)]

    def row(self, group: Group, within: Slot, *, bases: tuple[float, ...] = ()) -> list[Placed]:
        """As many as the group counts, side by side in one row or two, none before another.

        The rows stand on `bases`, from the back, or where they fill the space.
        """
        left, top, right, bottom = within
        many = (
            len(bases) if bases else 2 if group.count > 3 or (group.count == 3 and self.generator.random() < 0.3) else 1
        )
        sizes = [group.count] if many == 1 else [group.count // 2, group.count - group.count // 2]
        rows = bases or tuple(top + (bottom - top) * (n + 1) / many for n in range(many))
        height = min(after - before for before, after in zip((top, *rows[:-1]), rows, strict=True))
        kind = kind_of(group)
        shrink = self.some(0.5, 0.65) if group.size == "small" else self.some(0.84, 1.0)
        side = min(height * 0.94, (right - left) / max(sizes) * 0.92) * shrink
        stands = kind.family == "object" and kind.home != "air"
        placed = []
        for size, row in zip(sizes, rows, strict=True):
            step = (right - left) / size
            for place in range(size):
                x = left + step * place + self.some(0, max(0.0, step - side))
                base = row if bases else row - self.some(0, max(0.0, height - side) * 0.5)
                placed.append(self.fit(group, (x, base - side, x + side, base), has_shadow=stands))
        return placed

    def many(self, group: Group) -> list[Placed]:
        """Many of a kind over the whole picture: on the ground, on both boards, on the water or in the air."""
        kind = kind_of(group)
        if kind.family != "object" or self.scene == "plain":
            return self.row(group, (0.02, 0.04, 0.98, 0.96))
        if kind.home == "air" and self.scene not in ("kitchen", "shelf"):
            return self.row(group, (0.02, 0.03, 0.98, self.some(0.62, 0.8)))
        if self.scene == "shelf":
            bases = (self.floor.upper, self.floor.near) if group.count > 2 else (self.floor.near,)
            return self.row(group, (0.05, 0.04, 0.95, 0.95), bases=bases)
        if self.floats(kind):
            return self.row(group, (0.02, self.floor.water - 0.4, 0.98, 1), bases=(self.floor.water,))
        if group.count < 4 or self.floor.near - self.floor.far < 0.18:
            base = self.some(self.floor.far, self.floor.near)
            return self.row(group, (0.02, max(0.02, base - 0.5), 0.98, 1), bases=(base,))
        bases = (self.floor.far - 0.03, self.floor.near)
        return self.row(group, (0.02, 0.1, 0.98, 1), bases=bases)

    def floats(self, kind: Kind) -> bool:
        """Whether it lies on water here."""
        return kind.home == "water" and self.scene in ("harbour", "beach") and kind.key in ("boat", "ferry")


def is_tall(facts: Facts) -> bool:
    """Whether things take the whole height of the picture, so that no board may cross them."""
    return facts.relation in ("left of", "on", "inside") or facts.first.size == "large"


def lay_out(facts: Facts, floor: Floor, generator: np.random.Generator) -> list[Placed]:
    """All things of a picture, those behind first."""
    hand = _Hand(generator, floor, facts.scene)
    first, second = facts.first, facts.second
    if second is None:
        return hand.alone(first) if first.count == 1 else hand.many(first)
    return {"left of": _left, "above": _above, "on": _on, "inside": _inside}[facts.relation](hand, first, second)


def _left(hand: _Hand, first: Group, second: Group) -> list[Placed]:
    border = hand.some(0.44, 0.56)
    top, bottom = hand.some(0.2, 0.34), hand.some(max(hand.floor.far, 0.7), max(0.71, hand.floor.near))
    return [
        *_beside(hand, first, (0.03, top, border - 0.03, bottom)),
        *_beside(hand, second, (border + 0.03, top, 0.97, bottom)),
    ]


def _beside(hand: _Hand, group: Group, within: Slot) -> list[Placed]:
    """One thing, or a row of them, in a part of the picture."""
    if group.count > 1:
        return hand.row(group, within)
    left, top, right, bottom = within
    side = min(right - left, bottom - top) * hand.some(0.75, 1.0)
    x = hand.some(left, right - side) if right - left > side else left
    slot = (x, bottom - side, x + side, bottom)
    return [hand.fit(group, slot, has_shadow=kind_of(group).family == "object")]


def _above(hand: _Hand, first: Group, second: Group) -> list[Placed]:
    middle = min(0.5, max(0.42, hand.floor.upper))
    x = hand.some(0.05, 0.2)
    bottom = hand.some(max(hand.floor.far, 0.84), max(0.85, hand.floor.near))
    below = _beside(hand, second, (x, middle + 0.08, 0.98 - x + hand.some(-0.05, 0.0), bottom))
    left, right = min(item.bounds[0] for item in below), max(item.bounds[2] for item in below)
    # The upper ones stay over the lower, so that "above" and "left of" are never both true.
    centre, half = (left + right) / 2, max(0.17, (right - left) / 2)
    over = hand.row(first, (max(0.02, centre - half), 0.03, min(0.98, centre + half), middle))
    return [*below, *(replace(item, has_shadow=hand.scene == "shelf") for item in over)]


def _on(hand: _Hand, first: Group, second: Group) -> list[Placed]:
    base = hand.some(max(hand.floor.far, 0.8), max(0.81, hand.floor.near))
    side = hand.some(0.5, 0.66)
    left = hand.some(0.03, 0.97 - side)
    host = hand.fit(second, (left, base - side * 0.8, left + side, base), is_upright=True, has_shadow=True)
    assert host.kind.top is not None, "facts put things on tops alone"
    start, end, height = host.kind.top
    ends = host.map(np.array([[start, height], [end, height]]))
    low, high = sorted(float(x) for x in ends[:, 0])
    ledge = float(ends[:, 1].mean())
    return [host, *_set_in(hand, first, (low, max(0.02, ledge - 0.42), high, ledge))]


def _inside(hand: _Hand, first: Group, second: Group) -> list[Placed]:
    base, side = hand.some(max(hand.floor.far, 0.86), max(0.87, hand.floor.near)), hand.some(0.6, 0.8)
    left = hand.some(0.03, 0.97 - side)
    shows = kind_of(second).family == "object"
    host = hand.fit(second, (left, max(0.02, base - side), left + side, base), is_upright=True, has_shadow=shows)
    assert host.kind.inner is not None, "facts put things in what is hollow alone"
    x, y, z, w = host.kind.inner
    corners = host.map(np.array([[x, y], [z, y], [x, w], [z, w]], dtype=np.float64))
    low, high = corners.min(axis=0), corners.max(axis=0)
    held = _set_in(hand, first, (float(low[0]), float(low[1]), float(high[0]), float(high[1])))
    return [replace(host, inner=tuple(_lowered(item, host.kind.sunk) for item in held))]


def _lowered(item: Placed, share: float) -> Placed:
    """The thing moved down by a share of its height."""
    _, top, _, bottom = item.bounds
    return replace(item, shift=item.shift + np.array([0.0, share * (bottom - top)]))


def _set_in(hand: _Hand, group: Group, within: Slot) -> list[Placed]:
    """One or two things side by side, standing on the bottom of a space."""
    left, top, right, bottom = within
    step = (right - left) / group.count
    return [
        hand.fit(group, (left + step * n + 0.005, top, left + step * (n + 1) - 0.005, bottom), is_upright=True)
        for n in range(group.count)
    ]


def with_shadows(items: Sequence[Placed]) -> list[Slot]:
    """The rims of what stands on the ground."""
    return [item.bounds for item in items if item.has_shadow]
