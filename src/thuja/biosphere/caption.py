"""One true sentence about a picture, of at most twenty words, that says only what can be seen in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.cameras import has_foreground
from thuja.biosphere.colours import Colour, colour_name, colour_pair
from thuja.biosphere.paints import worn_pair
from thuja.biosphere.scene import Camera, Scene, Specimen, Style
from thuja.biosphere.traits import TRAITS, Looks, View, visibility
from thuja.biosphere.vocabulary import (
    HIGH,
    HOLDERS,
    LOW,
    SUBJECT,
    Fact,
    Wording,
    end_of,
    ground_noun,
    listed,
    part_phrases,
    subject_phrase,
    with_article,
    word,
)

MOST_WORDS: Final = 20
_STEEP: Final = 45.0
"""Turned by more degrees than these, a specimen faces up or down rather than left or right."""
_UNCLEAR: Final = 0.6
"""From this much blur on, only colours, pattern and body plan are told."""
_HAZY: Final = 0.25
"""From this much haze on, nothing is told of how vivid colours are."""
_ILL: Final = 0.3
"""From this severity on an ailment is plain to see on any body, and wear has faded its colours."""
_FAINT: Final = 0.1
"""Two colours whose brightness parts by less, of 1, have none that is plainly the lighter."""
_DETAILS: Final = (
    "elongation",
    "head_size",
    "limb_count",
    "limb_length",
    "limb_marks",
    "mouth",
    "mouth_length",
    "tail",
    "tail_length",
    "ornament",
    "pattern_scale",
    "chroma",
    "lightness",
    "collar_width",
    "ocelli",
    "ocellus_size",
)
_WEIGHTS: Final = {"colour": 3.0, "mark_colour": 2.0, "pattern": 3.0, "stage": 2.0, "ground": 2.0, "ailment": 2.0}
"""How likely a fact is told, beside 1 for the others."""


def caption(specimen: Specimen, scene: Scene, *, wording: Wording = Wording.TRAIN) -> str:
    """The sentence about a picture; the same specimen and scene always give the same."""
    return said_of(specimen, scene, wording).text


@dataclass(frozen=True, slots=True)
class Plain:
    """What a caption says before it is put in words: which facts, in which of its wording's templates."""

    facts: tuple[Fact, ...]
    template: int
    wording: Wording

    @property
    def text(self) -> str:
        """The sentence."""
        return _compose(self)


def said_of(specimen: Specimen, scene: Scene, wording: Wording) -> Plain:
    """What the caption of a picture says: the body plan, or that nobody is there, and up to four facts more."""
    generator = np.random.default_rng([specimen.coat_seed, scene.seed])
    known = facts(specimen, scene)
    always = [fact for fact in known if fact.name in ("plan", "emptiness")]
    rest = [fact for fact in known if fact not in always]
    weights = np.array([_WEIGHTS.get(fact.name, 1.0) for fact in rest])
    count = min(len(rest), int(generator.integers(2, 5)))
    # Keys of this form give a draw without replacement whose odds follow the weights (Efraimidis and Spirakis 2006).
    order = np.argsort(-(generator.random(len(rest)) ** (1 / weights)))
    chosen = [rest[int(place)] for place in order[:count]]
    plain = Plain((*always, *chosen), int(generator.integers(_TEMPLATES)), wording)
    while len(plain.text.split()) > MOST_WORDS:
        plain = Plain(plain.facts[:-1], plain.template, wording)
    return plain


def facts(specimen: Specimen, scene: Scene) -> tuple[Fact, ...]:
    """All that is visible in the picture and has a word."""
    if scene.is_empty:
        return (Fact("emptiness", "empty"), *_surroundings(scene, ""))
    looks = specimen.looks
    plan = looks.body_plan
    found = [Fact("plan", plan, plan)]
    # The colours as worn: wear fades them.
    coat = coat_facts(looks, worn_pair(specimen))
    found += [fact for fact in coat if _is_coat_shown(fact.name, specimen, scene)]
    if not has_foreground(scene) and scene.blur < _UNCLEAR:
        told = details(looks, is_reversed=specimen.is_reversed)
        found += [fact for fact in told if _is_shown(fact.name, specimen, scene)]
        found += _condition(specimen, scene)
    if PLANS[plan].faces and abs(scene.angle) < _STEEP:
        found.append(Fact("heading", "left" if scene.is_mirrored else "right", plan))
    if scene.view is View.DISTANT:
        found.append(Fact("view", "distant", plan))
    return (*found, *_surroundings(scene, plan))


def coat_facts(looks: Looks, pair: tuple[Colour, Colour]) -> list[Fact]:
    """The colours of the ground and of the marks, and the pattern."""
    plan = looks.body_plan
    names = [colour_name(colour) for colour in pair]
    return [Fact("colour", names[0], plan), Fact("mark_colour", names[1], plan), Fact("pattern", looks.pattern, plan)]


def details(looks: Looks, *, is_reversed: bool) -> list[Fact]:
    """What a body's named traits give to say beside plan, colours and pattern: states, counts, shares at an end."""
    found = []
    for name in _DETAILS:
        value = getattr(looks, name)
        said = str(value) if TRAITS[name].is_discrete else end_of(value)
        if name == "lightness":
            said = _contrast(looks, is_reversed=is_reversed) if said else ""
        if said:
            found.append(Fact(name, said, looks.body_plan))
    return found


def _contrast(looks: Looks, *, is_reversed: bool) -> str:
    """Whether the marks are the lighter or the darker colour, where that is plain to the eye and due to the trait."""
    first, second = _brightness(colour_pair(looks))
    ground, marks = (second, first) if is_reversed else (first, second)
    # Colour 1 is the light one where the trait is high: who wears the colours reversed has them as marks.
    expected = (looks.lightness > 0.5) == is_reversed
    if abs(marks - ground) < _FAINT or (marks > ground) != expected:
        return ""
    return HIGH if marks > ground else LOW


def _brightness(pair: tuple[Colour, Colour]) -> tuple[float, float]:
    """How bright the two colours are as greys, from 0 to 1."""
    first, second = (float(np.dot(colour, (0.299, 0.587, 0.114))) for colour in pair)
    return first, second


def _is_marked(specimen: Specimen, scene: Scene) -> bool:
    """Whether the two colours part in the picture: by infrared flash two of one brightness are one grey."""
    if not scene.is_dark or scene.style is not Style.SHADED:
        return True
    first, second = _brightness(worn_pair(specimen))
    return abs(first - second) >= _FAINT


def _is_coloured(scene: Scene) -> bool:
    """Whether colours show as they are: ink is no coat's colour, and an infrared flash shows greys."""
    return not scene.is_dark and scene.style is Style.SHADED


def _is_shown(name: str, specimen: Specimen, scene: Scene) -> bool:
    """Whether a detail can be told from what is in the frame; veils and wear change how vivid colours are."""
    if name == "chroma" and (not _is_coloured(scene) or scene.haze > _HAZY or specimen.ailments.wear > _ILL):
        return False
    if name == "lightness" and scene.style is not Style.SHADED:
        return False
    if TRAITS[name].is_coat and not _is_marked(specimen, scene):
        return False
    return visibility(TRAITS[name], scene.view, specimen.looks.body_plan) >= 1


def _is_coat_shown(name: str, specimen: Specimen, scene: Scene) -> bool:
    """Whether a colour or the pattern can be told: from afar as well, where all is small."""
    if not (_is_marked(specimen, scene) if name == "pattern" else _is_coloured(scene)):
        return False
    trait = TRAITS["pattern" if name == "pattern" else "hue"]
    least = 0.5 if scene.view is View.DISTANT else 1
    return visibility(trait, scene.view, specimen.looks.body_plan) >= least


def _condition(specimen: Specimen, scene: Scene) -> list[Fact]:
    """That it is young, and its worst ailment if that is plain: both on a body that is all in the frame alone.

    Youth is told by all of a body, its colours with the rest.
    """
    if scene.view is not View.WHOLE:
        return []
    plan = specimen.looks.body_plan
    ills = {name: getattr(specimen.ailments, name) for name in ("lesions", "parasites", "wear")}
    worst = max(ills, key=lambda name: float(ills[name]))
    found = [Fact("ailment", worst, plan)] if ills[worst] > _ILL else []
    if specimen.stage == "juvenile" and _is_coloured(scene):
        found.append(Fact("stage", specimen.stage, plan))
    return found


def _surroundings(scene: Scene, plan: str) -> list[Fact]:
    found = []
    # A museum's board and a laboratory's dish are no habitat's ground.
    if scene.camera not in (Camera.MUSEUM, Camera.LABORATORY):
        found.append(Fact("ground", scene.habitat, plan))
    if scene.is_dark:
        found.append(Fact("light", "dark", plan))
    if scene.style is Style.HATCHED:
        found.append(Fact("style", scene.style.value, plan))
    if scene.camera is not Camera.PHONE:
        found.append(Fact("camera", scene.camera.value, plan))
    return found


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The pieces of a sentence, any but the subject empty: "a red bird", "blue bands", "facing left", "on sand",
    "caught by a camera trap"."""

    subject: str
    items: str
    heading: str
    ground: str
    ending: str

    @property
    def lead(self) -> str:
        """The comma behind what stands between the subject and its parts."""
        return ", " if self.heading or self.ground else ""


def _compose(plain: Plain) -> str:
    """The facts in words; any subset of them makes a sentence."""
    wording = plain.wording
    said = {fact.name: fact for fact in plain.facts}

    def phrase(*names: str) -> str:
        return " ".join(word(said[name], wording) for name in names if name in said)

    items = part_phrases(plain.facts, wording)
    ending = ", ".join(word(said[name], wording) for name in ("view", "light", "style", "camera") if name in said)
    if "emptiness" in said or not any(name in said for name in (*SUBJECT, *_PART_NAMES, "heading")):
        subject, ground = _frame(said, wording), ""
        items = [*([with_article(subject_phrase(plain.facts, wording))] if "plan" in said else []), *items]
    else:
        subject, ground = with_article(subject_phrase(plain.facts, wording)), phrase("ground")
    pieces = _Pieces(subject, listed(items) if items else "", phrase("heading"), ground, ending)
    templates = _TRAIN if wording is Wording.TRAIN else _TEST
    text = " ".join(templates[plain.template](pieces).split()).replace(" ,", ",")
    return f"{text[0].upper()}{text[1:]}."


_PART_NAMES: Final = tuple(name for names in HOLDERS.values() for name in names)


def _frame(said: dict[str, Fact], wording: Wording) -> str:
    """A picture without anybody: "an empty frame of stony soil"."""
    noun = "frame" if wording is Wording.TRAIN else "shot"
    empty = f"{word(said['emptiness'], wording)} {noun}" if "emptiness" in said else noun
    of = f" of {ground_noun(said['ground'].value, wording)}" if "ground" in said else ""
    return with_article(empty) + of


def _after(text: str, before: str) -> str:
    """The text behind what leads to it, or nothing."""
    return f"{before} {text}" if text else ""


def _first(pieces: _Pieces, sentence: str) -> str:
    """The sentence behind its ground and a comma, where there is a ground."""
    return f"{pieces.ground}, {sentence}" if pieces.ground else sentence


_Template = Callable[[_Pieces], str]
_TRAIN: Final[Sequence[_Template]] = (
    lambda p: f"{p.subject} {_after(p.items, 'with')} {_after(p.heading, ',')} {p.ground} {_after(p.ending, ',')}",
    lambda p: _first(p, f"{p.subject} {_after(p.items, 'with')} {_after(p.heading, ',')} {_after(p.ending, ',')}"),
    lambda p: f"{p.subject} {p.heading} {p.ground} {_after(p.items, p.lead + 'with')} {_after(p.ending, ',')}",
    lambda p: f"{p.subject} {_after(p.items, 'that has')} {_after(p.heading, ',')} {p.ground} {_after(p.ending, ',')}",
)
_TEST: Final[Sequence[_Template]] = (
    lambda p: (
        f"there is {p.subject} {_after(p.items, 'bearing')} {_after(p.heading, ',')} {p.ground} {_after(p.ending, ',')}"
    ),
    lambda p: (
        _first(p, f"one sees {p.subject} {_after(p.heading, ',')} {_after(p.items, p.lead + 'showing')} ")
        + _after(p.ending, ",")
    ),
    lambda p: (
        f"{p.subject} {p.ground} {_after(p.items, 'displaying')} {_after(p.heading, ',')} {_after(p.ending, ',')}"
    ),
    lambda p: (
        f"here, {p.subject} {p.heading} {p.ground} {_after(p.items, p.lead + 'marked by')} {_after(p.ending, ',')}"
    ),
)
_TEMPLATES: Final = len(_TRAIN)
