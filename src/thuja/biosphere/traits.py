"""The traits of living things: what each may be, where on the body it sits, from where it can be seen.

A trait has no role of its own: which ones tell species apart, answer to the habitat, or are noise is
drawn anew for every world (roles.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from thuja.biosphere.shown import SHOWN
from thuja.errors import UsageError

HABITATS: Final = ("water", "soil", "leaf", "sand", "night")
NEUTRAL: Final = "neutral"
"""The ground that belongs to no habitat: plain grey."""


class View(StrEnum):
    """From where a specimen is seen: all of it, its front half or its rear half from near, or all from far."""

    WHOLE = "whole"
    FRONT = "front"
    REAR = "rear"
    DISTANT = "distant"


class Region(StrEnum):
    """Where on a body a trait sits: at its front (head, crown), at its rear (tail, root), or all over."""

    FRONT = "front"
    REAR = "rear"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """One trait. With `states` it is discrete; with `counts` a number of things; else a share from 0 to 1.

    `is_coat` marks what belongs to the coat rather than to the shape. A trait that is not `is_named` stands in
    no text: no caption, description or name.
    """

    name: str
    region: Region = Region.ALL
    states: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    is_coat: bool = False
    is_named: bool = True

    @property
    def is_discrete(self) -> bool:
        """Whether it has states or counts rather than a share."""
        return bool(self.states or self.counts)

    @property
    def dimensions(self) -> int:
        """How many liabilities stand behind it: one a state, else one (see evolution.py)."""
        return len(self.states) or 1

    def check(self, value: str | int | float) -> None:
        """Raise UsageError for a value that it cannot have."""
        known = self.states or self.counts
        is_share = isinstance(value, int | float) and 0 <= value <= 1
        if value not in known if known else not is_share:
            wanted = f"one of {', '.join(map(str, known))}" if known else "a share from 0 to 1"
            raise UsageError(f"{self.name} cannot be {value!r}", hint=wanted)


_ALL: Final = (
    # shape
    Trait(name="elongation"),
    Trait(name="head_size", region=Region.FRONT),
    Trait(name="limb_count", counts=(3, 4, 5, 6)),
    Trait(name="limb_length"),
    Trait(name="limb_width", is_named=False),
    Trait(name="limb_tip", states=("pointed", "round", "forked", "flat"), is_named=False),
    Trait(name="mouth", region=Region.FRONT, states=("blunt", "pointed", "hooked", "tubular")),
    Trait(name="mouth_length", region=Region.FRONT),
    Trait(name="tail", region=Region.REAR, states=("round", "forked", "pointed", "fan")),
    Trait(name="tail_length", region=Region.REAR),
    Trait(name="ornament", region=Region.FRONT, states=("crest", "horns", "antennae", "spines")),
    Trait(name="ornament_length", region=Region.FRONT, is_named=False),
    Trait(name="margin", states=("smooth", "scalloped", "toothed", "fringed"), is_named=False),
    # coat
    Trait(
        name="pattern",
        states=("bands", "stripes", "spots", "blotches", "rings", "checks", "net", "chevrons"),
        is_coat=True,
    ),
    Trait(name="pattern_scale", is_coat=True),
    Trait(name="pattern_wobble", is_coat=True, is_named=False),
    Trait(name="hue", is_coat=True),
    Trait(name="chroma", is_coat=True),
    Trait(name="lightness", is_coat=True),
    Trait(name="collar_place", is_coat=True, is_named=False),
    Trait(name="collar_width", is_coat=True),
    Trait(name="ocelli", counts=(1, 2, 3, 4), is_coat=True),
    Trait(name="ocellus_size", is_coat=True),
    Trait(name="ocellus_form", states=("disc", "ring", "crescent", "bar"), is_coat=True, is_named=False),
    Trait(name="texture", states=("smooth", "scaly", "furry", "warty"), is_coat=True, is_named=False),
    Trait(name="midline_width", is_coat=True, is_named=False),
    Trait(name="limb_marks", states=("plain", "ringed", "striped", "tipped"), is_coat=True),
)
TRAITS: Final[Mapping[str, Trait]] = {trait.name: trait for trait in _ALL}
"""All 27 traits by name. A third is never named: five of the sixteen shares, four of the eleven discrete ones."""

PATTERNS: Final = TRAITS["pattern"].states
MOUTHS: Final = TRAITS["mouth"].states
TAILS: Final = TRAITS["tail"].states
ORNAMENTS: Final = TRAITS["ornament"].states
_PLACES: Final = {name: place for place, name in enumerate(TRAITS)}
_LEVELS: Final = {"0": 0.0, "5": 0.5, "1": 1.0}


def visibility(trait: Trait, view: View, plan: str) -> float:
    """How well a trait shows in a view of a body plan: 1 plainly, 0.5 in part or small, 0 not at all.

    It is measured, by `scripts/measure_visibility.py`, which says what counts as plain.
    """
    return _LEVELS[SHOWN[plan][view][_PLACES[trait.name]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What a species, or one specimen of it, looks like: a body plan and a value of every trait.

    Shares run from 0 to 1. `limb_count` counts what the body plan repeats: fins, pairs of legs, arms,
    petals, leaflets. Colour 1 is set by `hue`, `chroma` and `lightness`; colour 2 is its opposite (see
    colours.py for why).
    """

    body_plan: str
    elongation: float
    head_size: float
    limb_count: int
    limb_length: float
    limb_width: float
    limb_tip: str
    mouth: str
    mouth_length: float
    tail: str
    tail_length: float
    ornament: str
    ornament_length: float
    margin: str
    pattern: str
    pattern_scale: float
    pattern_wobble: float
    hue: float
    chroma: float
    lightness: float
    collar_place: float
    collar_width: float
    ocelli: int
    ocellus_size: float
    ocellus_form: str
    texture: str
    midline_width: float
    limb_marks: str

    def __post_init__(self) -> None:
        for name, trait in TRAITS.items():
            trait.check(getattr(self, name))
