"""The words for what can be seen: two sets of synonyms, one to train with and one held out for tests.

A fact is a name and a value ("mouth", "hooked"); this file says it in either wording, and says
several facts about one part together ("a long hooked beak"). Traits that are not named have no word
here, so no text that is made of these words can tell them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.traits import HABITATS, NEUTRAL, TRAITS

LOW: Final = "low"
HIGH: Final = "high"
_ENDS = (0.3, 0.7)


class Wording(StrEnum):
    """Which set of synonyms a text uses; no state of a trait shares a content word between the two."""

    TRAIN = "train"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Words:
    """One meaning in both wordings."""

    train: str
    test: str

    def of(self, wording: Wording) -> str:
        """The words in that wording."""
        return self.train if wording is Wording.TRAIN else self.test


@dataclass(frozen=True, slots=True)
class Parts:
    """What a body plan's parts are called; `unit` is what its limbs are counted by ("pairs of").

    `is_rooted` says that it grows in one place.
    """

    head: Words
    mouth: Words
    limbs: Words
    tail: Words
    unit: Words
    is_rooted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A body plan and its parts in the test wording, and its head in both."""

    noun: str
    mouth: str = "maw"
    limbs: str = "appendages"
    tail: str = "rear"
    head: Words = Words("head", "fore end")
    is_rooted: bool = False


_CROWN = Words("crown", "top")
_HELD: Final[Mapping[str, _Held]] = {
    "bird": _Held(noun="fowl", mouth="bill", limbs="quills"),
    "fish": _Held(noun="finned swimmer", mouth="rostrum", limbs="dorsal paddles"),
    "beast": _Held(noun="quadruped", mouth="rostrum", limbs="shanks"),
    "snail": _Held(noun="gastropod", mouth="rostrum", limbs="thorns"),
    "squid": _Held(noun="cephalopod", mouth="bill"),
    "serpent": _Held(noun="snake", mouth="rostrum", limbs="leglets"),
    "beetle": _Held(noun="chafer", mouth="rostrum", limbs="shanks"),
    "moth": _Held(noun="lepidopteran", mouth="sucker", limbs="trailing ribbons"),
    "spider": _Held(noun="arachnid", mouth="chelicera", limbs="shanks"),
    "star": _Held(noun="starfish", mouth="siphon", limbs="rays"),
    "flower": _Held(noun="blossom", mouth="pistil", limbs="corolla lobes", tail="base", head=_CROWN, is_rooted=True),
    "fern": _Held(noun="bracken", mouth="shoot tip", limbs="pinnae", tail="base", head=_CROWN, is_rooted=True),
    "cactus": _Held(noun="succulent", mouth="inflorescence", tail="base", head=_CROWN, is_rooted=True),
    "mushroom": _Held(
        noun="toadstool", mouth="boss", limbs="velum shreds", tail="base", head=Words("cap", "pileus"), is_rooted=True
    ),
    "coral": _Held(noun="polyp colony", mouth="siphon", limbs="boughs", tail="anchorage", head=_CROWN, is_rooted=True),
    "jellyfish": _Held(noun="medusa", mouth="siphon", limbs="filaments", head=Words("bell", "umbrella")),
    "centipede": _Held(noun="myriapod", mouth="chelicera", limbs="shanks"),
    "palm": _Held(noun="areca tree", mouth="shoot tip", limbs="plumes", tail="base", head=_CROWN, is_rooted=True),
}
"""By body plan. The words to train with come from the plan itself (bodies.py)."""
_UNIT = "pairs of "
_NO_UNIT, _PAIRS = Words("", ""), Words(_UNIT, "couples of ")

_COLOURS: Final[Mapping[str, str]] = {
    "red": "scarlet",
    "orange": "tangerine",
    "yellow": "lemon",
    "lime": "chartreuse",
    "green": "emerald",
    "turquoise": "teal",
    "sky blue": "azure",
    "blue": "cobalt",
    "purple": "violet",
    "magenta": "fuchsia",
    "pink": "rose",
    "brown": "chestnut",
    "olive": "khaki",
    "cream": "ivory",
    "dark blue": "navy",
    "dark green": "viridian",
    "maroon": "burgundy",
    "grey": "ashen",
}
COLOUR_NAMES: Final = tuple(_COLOURS)

_EXTENT = {LOW: Words("short", "stubby"), HIGH: Words("long", "lengthy")}
_NUMBERS = {
    "1": Words("one", "a single"),
    "2": Words("two", "twin"),
    "3": Words("three", "a trio of"),
    "4": Words("four", "a quartet of"),
    "5": Words("five", "a quintet of"),
    "6": Words("six", "a sextet of"),
}
_WORDS: Final[Mapping[str, Mapping[str, Words]]] = {
    "stage": {
        "juvenile": Words("young", "immature"),
        "subadult": Words("half-grown", "adolescent"),
        "adult": Words("grown", "mature"),
    },
    "elongation": {LOW: Words("stocky", "squat"), HIGH: Words("slender", "elongated")},
    "head_size": {LOW: Words("small", "diminutive"), HIGH: Words("large", "outsized")},
    "limb_count": _NUMBERS,
    "limb_length": _EXTENT,
    "limb_marks": {
        "plain": Words("plain", "uniform"),
        "ringed": Words("ringed", "hooped"),
        "striped": Words("striped", "streaked"),
        "tipped": Words("colour-tipped", "end-marked"),
    },
    "mouth": {
        "blunt": Words("blunt", "square-ended"),
        "pointed": Words("pointed", "sharp"),
        "hooked": Words("hooked", "downcurved"),
        "tubular": Words("tubular", "pipe-like"),
    },
    "mouth_length": _EXTENT,
    "tail": {
        "round": Words("round", "oval"),
        "forked": Words("forked", "cleft"),
        "pointed": Words("pointed", "tapering"),
        "fan": Words("fan-shaped", "outspread"),
    },
    "tail_length": _EXTENT,
    "ornament": {
        "crest": Words("crest", "topknot"),
        "horns": Words("horns", "antlers"),
        "antennae": Words("antennae", "feelers"),
        "spines": Words("spines", "prickles"),
    },
    "colour": {name: Words(name, other) for name, other in _COLOURS.items()},
    "mark_colour": {name: Words(name, other) for name, other in _COLOURS.items()},
    "chroma": {LOW: Words("muted", "subdued"), HIGH: Words("vivid", "intense")},
    "lightness": {LOW: Words("darker", "deeper"), HIGH: Words("lighter", "paler")},
    "pattern": {
        "bands": Words("bands", "belts"),
        "stripes": Words("lengthwise stripes", "streaks"),
        "spots": Words("spots", "dots"),
        "blotches": Words("blotches", "patches"),
        "rings": Words("rings", "hoops"),
        "checks": Words("checks", "squares"),
        "net": Words("net", "lattice"),
        "chevrons": Words("chevrons", "arrowheads"),
    },
    "pattern_scale": {LOW: Words("fine", "delicate"), HIGH: Words("coarse", "bold")},
    "collar_width": {LOW: Words("narrow", "thin"), HIGH: Words("broad", "wide")},
    "ocelli": _NUMBERS,
    "ocellus_size": {LOW: Words("small", "minute"), HIGH: Words("large", "sizeable")},
    "ailment": {
        "lesions": Words("dark sores", "blackened wounds"),
        "parasites": Words("parasites", "ticks clinging on"),
        "wear": Words("worn edges", "ragged outlines"),
    },
    "heading": {
        "left": Words("facing left", "headed leftward"),
        "right": Words("facing right", "headed rightward"),
    },
    "view": {"distant": Words("seen far off", "at a remove"), "near": Words("seen close", "at arm's length")},
    "style": {"hatched": Words("drawn in ink", "as a pen sketch"), "shaded": Words("photographed", "as a snapshot")},
    "light": {"dark": Words("by infrared flash", "in monochrome"), "day": Words("by daylight", "in full sun")},
    "camera": {
        "museum": Words("beside a scale bar", "next to a ruler"),
        "camera_trap": Words("caught by a camera trap", "on a motion-triggered shot"),
        "laboratory": Words("in the laboratory", "amid glassware"),
        "drone": Words("viewed by a drone", "filmed from the air"),
    },
    "emptiness": {"empty": Words("empty", "vacant"), "busy": Words("crowded", "bustling")},
}
_GROUNDS: Final[Mapping[str, tuple[Words, Words]]] = {
    "water": (Words("in", "amid"), Words("rippling water", "a shallow pool's glints")),
    "soil": (Words("on", "over"), Words("stony soil", "pebbly earth")),
    "leaf": (Words("on", "across"), Words("a veined leaf", "ribbed foliage")),
    "sand": (Words("on", "over"), Words("rippled sand", "windblown dunes")),
    "night": (Words("in", "amid"), Words("the night", "darkness")),
    NEUTRAL: (Words("on", "against"), Words("a plain ground", "a bare backdrop")),
}
"""By habitat: a preposition, and what is seen."""

COMPARED: Final[Mapping[str, Mapping[str, Words]]] = {
    "elongation": {LOW: Words("stockier", "squatter"), HIGH: Words("slenderer", "more elongated")},
    "head_size": {LOW: Words("smaller", "tinier"), HIGH: Words("larger", "bigger")},
    "limb_length": {LOW: Words("shorter", "stubbier"), HIGH: Words("longer", "lengthier")},
    "mouth_length": {LOW: Words("shorter", "stubbier"), HIGH: Words("longer", "lengthier")},
    "tail_length": {LOW: Words("shorter", "stubbier"), HIGH: Words("longer", "lengthier")},
    "chroma": {LOW: Words("more muted", "drabber"), HIGH: Words("more vivid", "richer")},
    "pattern_scale": {LOW: Words("finer", "denser"), HIGH: Words("coarser", "bolder")},
    "collar_width": {LOW: Words("narrower", "thinner"), HIGH: Words("broader", "wider")},
    "ocellus_size": {LOW: Words("smaller", "tinier"), HIGH: Words("larger", "bigger")},
}
"""What a share is called that is lower or higher than another."""

HOLDERS: Final = {
    "marks": ("lightness", "pattern_scale", "mark_colour", "pattern"),
    "collar": ("collar_width",),
    "eyespots": ("ocelli", "ocellus_size"),
    "head": ("head_size",),
    "mouth": ("mouth_length", "mouth"),
    "ornament": ("ornament",),
    "limbs": ("limb_count", "limb_length", "limb_marks"),
    "tail": ("tail_length", "tail"),
    "ailment": ("ailment",),
}
"""The facts that are said of one part together: parts in the order they are told, facts in that of their words."""
_OWN_NOUNS = {
    "build": Words("build", "form"),
    "colours": Words("colours", "hues"),
    "marks": Words("marks", "motifs"),
    "collar": Words("collar", "girdle"),
    "eyespots": Words("eyespots", "ocelli"),
}
PART_OF: Final[Mapping[str, str]] = {name: part for part, names in HOLDERS.items() for name in names}
"""The part that a fact is about."""
SUBJECT: Final = ("stage", "elongation", "chroma", "colour", "plan")
"""The facts that stand in or before the word for the whole living thing, in order."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to be said of a picture or a body: its name, its value, and the body plan that gives the words.

    A share's value is "low" or "high"; `lightness` is that of the marks beside the other colour; `colour`
    is that of the ground of the coat, `mark_colour` that of the marks on it.
    """

    name: str
    value: str
    plan: str = ""

    def phrase(self, wording: Wording = Wording.TRAIN) -> str:
        """The fact in words: "hooked beak" with its article, "red", "facing left"."""
        if self.name in PART_OF:
            return part_phrases((self,), wording)[0]
        return word(self, wording)


@cache
def parts_of(plan: str) -> Parts:
    """The parts of a body plan; plain words for what it has no words of its own for."""
    shows, held = PLANS[plan].shows, _held(plan)
    limbs = shows.get("limb_count", "limbs")
    return Parts(
        head=held.head,
        mouth=Words(shows.get("mouth", "mouth"), held.mouth),
        limbs=Words(limbs.removeprefix(_UNIT), held.limbs),
        tail=Words(shows.get("tail", "tail"), held.tail),
        unit=_PAIRS if limbs.startswith(_UNIT) else _NO_UNIT,
        is_rooted=held.is_rooted,
    )


def _held(plan: str) -> _Held:
    return _HELD.get(plan) or _Held(noun=PLANS[plan].noun)


def end_of(share: float) -> str:
    """Which end of its range a share is at: "low" below 0.3, "high" above 0.7, else the empty string."""
    return LOW if share < _ENDS[0] else HIGH if share > _ENDS[1] else ""


def values_of(name: str) -> tuple[str, ...]:
    """All values that a fact of this name can have."""
    if name == "plan":
        return tuple(PLANS)
    if name == "ground":
        return (*HABITATS, NEUTRAL)
    counts = TRAITS[name].counts if name in TRAITS else ()
    return tuple(str(count) for count in counts) or tuple(_WORDS[name])


def word(fact: Fact, wording: Wording) -> str:
    """The bare word of a fact's value: "hooked", "three", "bird"."""
    if fact.name == "plan":
        return PLANS[fact.value].noun if wording is Wording.TRAIN else _held(fact.value).noun
    if fact.name == "ground":
        return " ".join(words.of(wording) for words in _GROUNDS[fact.value])
    said = _WORDS[fact.name][fact.value].of(wording)
    if fact.name != "camera" or fact.value != "museum" or not fact.plan:
        return said
    fixed = Words("mounted" if parts_of(fact.plan).is_rooted else "pinned", "preserved")
    return f"{fixed.of(wording)} {said}"


def ground_noun(habitat: str, wording: Wording) -> str:
    """What is seen of a habitat, without a preposition: "stony soil"."""
    return _GROUNDS[habitat][1].of(wording)


def subject_phrase(facts: Iterable[Fact], wording: Wording) -> str:
    """The living thing itself, without an article: "young slender red bird"."""
    said = {fact.name: fact for fact in facts}
    words = [word(said[name], wording) for name in SUBJECT if name in said]
    return " ".join(words if "plan" in said else [*words, Words("organism", "living thing").of(wording)])


def part_phrases(facts: Iterable[Fact], wording: Wording) -> list[str]:
    """The parts that the facts are about, each said once: ["a long hooked beak", "three ringed fins"]."""
    said = {fact.name: fact for fact in facts}
    by_part = {part: [said[name] for name in names if name in said] for part, names in HOLDERS.items()}
    return [_noun_phrase(part, own, wording) for part, own in by_part.items() if own]


def listed(phrases: list[str]) -> str:
    """Phrases as a list in a sentence: "a, b and c"."""
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)


def with_article(words: str) -> str:
    """The words with "a" or "an"."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def is_plural(noun: str) -> bool:
    """Whether a noun of this vocabulary is one for several things."""
    return noun.endswith(("s", "ae", "li", "feet")) and not noun.endswith(("is", "ss", "us"))


def part_noun(part: str, plan: str, wording: Wording) -> str:
    """The word for a part of a body: "beak", "eyespots"."""
    if part in _OWN_NOUNS:
        return _OWN_NOUNS[part].of(wording)
    words: Words = getattr(parts_of(plan), part)
    return words.of(wording)


def _noun_phrase(part: str, facts: list[Fact], wording: Wording) -> str:
    words = [word(fact, wording) for fact in facts]
    names = [fact.name for fact in facts]
    if part == "ailment":
        return words[0]
    noun = words.pop() if names[-1] in ("ornament", "pattern") else part_noun(part, facts[0].plan, wording)
    if names[0] not in ("limb_count", "ocelli"):
        whole = " ".join([*words, noun])
        return whole if part == "limbs" or is_plural(noun) else with_article(whole)
    if facts[0].value == "1":
        noun = {"eyespots": "eyespot", "ocelli": "ocellus"}[noun]
    unit = parts_of(facts[0].plan).unit.of(wording) if part == "limbs" else ""
    return " ".join([words[0], *([unit.strip()] if unit else []), *words[1:], noun])
