"""All words that captions may say of a picture, and which of them are held out for tests."""

from collections.abc import Mapping
from typing import Literal

from thuja.biosphere.things.belongings import BELONGINGS
from thuja.biosphere.things.household import HOUSEHOLD
from thuja.biosphere.things.kinds import Kind, table_of
from thuja.biosphere.things.outdoors import OUTDOORS
from thuja.biosphere.things.plain import GLYPHS, SHAPES

Wording = Literal["train", "test"]

OBJECTS: tuple[Kind, ...] = (*HOUSEHOLD, *BELONGINGS, *OUTDOORS)
KINDS: Mapping[str, Kind] = table_of((*OBJECTS, *SHAPES, *GLYPHS))

COLOURS: Mapping[str, tuple[int, int, int]] = {
    "black": (38, 38, 42),
    "white": (242, 242, 240),
    "grey": (138, 138, 140),
    "red": (206, 36, 40),
    "orange": (240, 132, 26),
    "yellow": (242, 210, 44),
    "green": (44, 146, 64),
    "blue": (38, 88, 196),
    "purple": (122, 54, 158),
    "pink": (242, 146, 180),
    "brown": (116, 72, 40),
}
"""The eleven basic colour terms of English (Berlin and Kay, 1969), and a typical sRGB of each."""

COLOUR_WORDS: Mapping[Wording, Mapping[str, str]] = {
    "train": {"gray": "grey", "bright red": "red"},
    "test": {"scarlet": "red", "jet-black": "black"},
}

PATTERNS = ("plain", "striped", "dotted", "checked")
PATTERN_WORDS: Mapping[Wording, Mapping[str, str]] = {
    "train": {"polka-dot": "dotted"},
    "test": {"chequered": "checked"},
}

SIZES = ("", "small", "large")
SIZE_WORDS: Mapping[Wording, Mapping[str, str]] = {
    "train": {"big": "large", "little": "small"},
    "test": {"tiny": "small", "huge": "large"},
}

COUNTS = (1, 2, 3, 4, 5)
NUMERALS: Mapping[int, str] = {2: "two", 3: "three", 4: "four", 5: "five"}

SCENES: Mapping[str, tuple[str, str]] = {
    "plain": ("on a plain background", "plain background"),
    "kitchen": ("on a kitchen table", "kitchen table"),
    "shelf": ("on a shelf", "shelf"),
    "street": ("in a street", "street"),
    "road": ("on a road", "road"),
    "beach": ("on a beach", "beach"),
    "field": ("in a field under a wide sky", "field"),
    "night": ("under the night sky", "night sky"),
    "harbour": ("in a harbour", "harbour"),
}
"""Where a picture plays: the words after a noun, and as a noun."""

SCENE_WORDS: Mapping[Wording, Mapping[str, tuple[str, str]]] = {
    "train": {
        "plain": ("against a blank wall", "studio shot"),
        "kitchen": ("on the table in a kitchen", "kitchen"),
        "street": ("in the city", "city street"),
        "road": ("on an empty road", "empty road"),
        "beach": ("by the sea", "seaside"),
        "harbour": ("at the port", "port"),
        "night": ("at night", "night"),
    },
    "test": {
        "plain": ("on an empty backdrop", "empty backdrop"),
        "kitchen": ("on a worktop", "worktop"),
        "shelf": ("on a rack", "rack"),
        "street": ("in town", "town"),
        "road": ("on the highway", "highway"),
        "beach": ("on the shore", "shore"),
        "field": ("on open farmland", "farmland"),
        "harbour": ("at the docks", "docks"),
        "night": ("after dark", "darkness"),
    },
}

RELATION_FORMS: Mapping[Wording, Mapping[str, tuple[str, ...]]] = {
    "train": {
        "left of": (
            "{a} left of {b}",
            "{a} to the left of {b}",
            "{b} to the right of {a}",
            "{b} with {a} on the left",
            "{a} next to {b}",
        ),
        "above": ("{a} above {b}", "{b} below {a}", "{b} with {a} above"),
        "on": ("{a} on {b}", "{a} standing on {b}", "{b} with {a} on top"),
        "inside": ("{a} inside {b}", "{a} in {b}", "{b} with {a} inside"),
    },
    "test": {
        "left of": ("{a} on the left-hand side of {b}", "on the left {a}, on the right {b}", "{b} right of {a}"),
        "above": ("{a} over {b}", "{b} underneath {a}"),
        "on": ("{a} on top of {b}", "{b} carrying {a}"),
        "inside": ("{a} within {b}", "{b} containing {a}"),
    },
}

LIGHTS = ("dim", "even", "bright")
LIGHT_WORDS: Mapping[Wording, Mapping[str, str]] = {
    "train": {"dim": "in dim light", "bright": "in bright light"},
    "test": {"dim": "poorly lit", "bright": "brightly lit"},
}
