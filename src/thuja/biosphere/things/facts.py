"""What a picture of things shows: one kind, or two and how they lie, where, and in what light."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from thuja.biosphere.things.kinds import Kind
from thuja.biosphere.things.lexicon import COLOURS, COUNTS, KINDS, LIGHTS, OBJECTS, PATTERNS, SCENES
from thuja.biosphere.things.plain import GLYPHS, SHAPES

T = TypeVar("T")

_FAMILIES = ((OBJECTS, 0.76), (SHAPES, 0.14), (GLYPHS, 0.10))
_PAIRS = 0.4
"""Share of pictures of objects and shapes that show two kinds and how they lie."""
_ASIDE = 0.3
"""Share of objects in any scene at all, so that no scene gives a thing away."""
_HOMES = {
    "indoor": ("plain", "kitchen", "shelf"),
    "outdoor": ("street", "road", "field", "night"),
    "air": ("beach", "field", "night", "harbour"),
    "water": ("beach", "harbour"),
}
_PATTERNED = 0.45
_MOST = 3
"""Of each of two kinds there are at most so many, or none could be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """So many things of one kind that look the same; size is "" where nothing is said of it."""

    kind: str
    colour: str
    pattern: str = "plain"
    size: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is true of a picture. `relation` says how `first` lies to `second`; `seed` holds all that no word says."""

    first: Group
    second: Group | None = None
    relation: str = ""
    scene: str = "plain"
    light: str = "even"
    seed: int = 0

    @property
    def groups(self) -> tuple[Group, ...]:
        """Both groups, or the one."""
        return (self.first,) if self.second is None else (self.first, self.second)


def draw_facts(generator: np.random.Generator) -> Facts:
    """Facts at random: families, kinds, colours and counts independent of each other, scenes half so."""
    chosen = int(generator.choice(len(_FAMILIES), p=[share for _, share in _FAMILIES]))
    kinds = _FAMILIES[chosen][0]
    first = _one_of(kinds, generator)
    is_pair = first.family != "glyph" and generator.random() < _PAIRS
    second, relation = _partner(first, kinds, generator) if is_pair else (None, "")
    a = _group(first, relation, generator)
    b = None
    while second is not None and (b is None or b.colour == a.colour):
        b = _group(second, relation, generator, is_second=True)
    scene = _scene(second or first, generator)
    return Facts(
        first=a,
        second=b,
        relation=relation,
        scene=scene,
        light=LIGHTS[int(generator.choice(3, p=(0.25, 0.75, 0) if scene == "night" else (0.25, 0.5, 0.25)))],
        seed=int(generator.integers(2**31)),
    )


def _one_of(values: tuple[T, ...], generator: np.random.Generator) -> T:
    return values[int(generator.integers(len(values)))]


def _partner(first: Kind, kinds: tuple[Kind, ...], generator: np.random.Generator) -> tuple[Kind, str]:
    """Another kind, and a relation that it allows."""
    hosts = {
        "left of": kinds,
        "above": kinds,
        "on": tuple(kind for kind in kinds if kind.top),
        "inside": tuple(kind for kind in kinds if kind.inner),
    }
    relations = tuple(relation for relation, able in hosts.items() if any(kind is not first for kind in able))
    relation = _one_of(relations, generator)
    second = first
    while second is first:
        second = _one_of(hosts[relation], generator)
    return second, relation


def _group(kind: Kind, relation: str, generator: np.random.Generator, *, is_second: bool = False) -> Group:
    """Colour, pattern, size and count; size is told of single groups only, where nothing else sets it."""
    holds = relation in ("on", "inside")
    most = 1 if holds and is_second else 2 if holds else _MOST if relation or kind.family == "glyph" else COUNTS[-1]
    count = 1 if generator.random() < (0.5 if relation else 0.1) else 1 + int(generator.integers(most))
    sizes = ("", "") if relation else ("", "small", "large") if count == 1 else ("", "small")
    pattern = PATTERNS[0]
    if kind.family != "glyph" and not relation.startswith("in") and generator.random() < _PATTERNED:
        pattern = PATTERNS[1 + int(generator.integers(len(PATTERNS) - 1))]
    return Group(
        kind=kind.key,
        colour=_one_of(tuple(COLOURS), generator),
        pattern=pattern,
        size=_one_of(sizes, generator),
        count=count,
    )


def _scene(kind: Kind, generator: np.random.Generator) -> str:
    """Where it plays; shapes and signs are on plain paper, and a boat may turn up in a kitchen."""
    if kind.family != "object":
        return "plain"
    return _one_of(tuple(SCENES) if generator.random() < _ASIDE else _HOMES[kind.home], generator)


def kind_of(group: Group) -> Kind:
    """The kind that a group is of."""
    return KINDS[group.kind]
