"""The sentences of the field guide, with gaps: several ways to say each thing, in both wordings.

{it} is the species. Ways open differently, and visible and invisible facts share their openings, so
that no first word tells which of the two a sentence is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from thuja.biosphere.vocabulary import Wording


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to say one thing."""

    train: tuple[str, ...]
    test: tuple[str, ...]

    def of(self, wording: Wording) -> tuple[str, ...]:
        """The ways of that wording."""
        return self.train if wording is Wording.TRAIN else self.test


@dataclass(frozen=True, slots=True)
class Change:
    """How a difference of sex, age or season is told: of all, of what is rooted, and that there is none."""

    ways: Ways
    rooted: Ways | None = None
    same: Ways | None = None


@dataclass(frozen=True, slots=True)
class HabitWords:
    """A habit's value in words, for what moves about and for what is rooted."""

    train: str
    test: str
    rooted: str = ""
    rooted_test: str = ""

    def of(self, wording: Wording, *, is_rooted: bool) -> str:
        """The words of that wording."""
        moving, rooted = (
            (self.train, self.rooted) if wording is Wording.TRAIN else (self.test, self.rooted_test or self.rooted)
        )
        return (rooted or moving) if is_rooted else moving


BUILD: Final = Ways(
    (
        "{it} is {kind}.",
        "In build, {it} is {kind}.",
        "Observers know {it} as {kind}.",
        "Like its kin, {it} is {kind}.",
    ),
    (
        "One recognises {it} as {kind}.",
        "By its outline, {it} is {kind}.",
        "Everything about {it} says: {kind}.",
    ),
)
COAT: Final = Ways(
    (
        "{it} wears {marks} in {first} and {second}.",
        "Some are {first} with {second} marks and others the reverse; the pattern is {marks}.",
        "In this species {marks} in {first} and {second} are the rule.",
        "Adults are {first} and {second}, with {marks}.",
    ),
    (
        "{it} combines {first} with {second}, arranged as {marks}.",
        "Expect {marks}, either {first} over {second} or the other way round.",
        "By its livery of {first} plus {second}, drawn as {marks}, everyone knows {it}.",
    ),
)
CHROMA: Final = Ways(
    ("The colours of {it} are {word}.", "{it} has {word} colours.", "In any light, the colours look {word}."),
    ("The hues of {it} appear {word}.", "Tones are {word} throughout.", "Expect {word} tones."),
)
HAS: Final = Ways(
    (
        "{it} has {items}.",
        "Adults have {items}.",
        "Note the following: {items}.",
        "In this species one finds {items}.",
        "The adult carries {items}.",
    ),
    (
        "{it} bears {items}.",
        "Expect {items}.",
        "Full-sized ones display {items}.",
        "By {items}, people recognise {it}.",
    ),
)
CHANGES: Final = (
    Change(
        Ways(
            ("Males have {items}.", "The male differs by {items}.", "In males one finds {items}."),
            ("Unlike her, he bears {items}.", "He stands apart by {items}."),
        ),
        rooted=Ways(
            ("Male plants have {items}.", "The male form differs by {items}.", "In male plants one finds {items}."),
            ("Pollen bearers stand apart by {items}.", "Expect {items} wherever pollen is shed."),
        ),
        same=Ways(
            ("The sexes look alike.", "Males and females look the same.", "In this species the sexes do not differ."),
            ("He and she cannot be told apart by eye.", "Expect no outward sign of whether it is he or she."),
        ),
    ),
    Change(
        Ways(
            ("Young ones have {items}.", "The young differ by {items}.", "In the young one finds {items}."),
            ("Immature individuals bear {items}.", "Before maturity, expect {items}."),
        ),
        rooted=Ways(
            ("Seedlings have {items}.", "The young plant differs by {items}.", "In seedlings one finds {items}."),
            ("Immature growth bears {items}.", "Before maturity, expect {items}."),
        ),
    ),
    Change(
        Ways(
            ("In winter it has {items}.", "Adults in winter have {items}.", "The winter dress differs by {items}."),
            ("The cold season brings {items}.", "From first frost to thaw, expect {items}."),
        )
    ),
)
"""What parts males, the young, and adults in winter from an adult female in summer."""

HABITAT: Final = Ways(
    ("{it} lives {home}.", "Look for {it} {home}.", "In every season, {it} is at home {home}.", "Adults live {home}."),
    ("{it} dwells {home}.", "Expect {it} {home}.", "By preference {it} settles {home}."),
)
_RANGE: Final = Ways(
    ("{it} is known from {value}.", "The range is {value}.", "In all, {it} occurs in {value}."),
    ("Records of {it} come from {value}.", "{it} inhabits {value}."),
)
_ALTITUDE: Final = Ways(
    ("{it} was found up to {value} metres above the sea.", "In the hills, {it} climbs to {value} metres."),
    ("Records reach an elevation of {value} m.", "By altitude, {it} stays below {value} m."),
)
_LIFESPAN: Final = Ways(
    (
        "{it} lives for up to {value} years.",
        "Adults die at an age of about {value} years.",
        "The oldest known was {value} years old.",
    ),
    ("Longevity is put at {value} annual cycles.", "Expect {it} to last {value} annual cycles at best."),
)
HABITS: Final[Mapping[str, Ways]] = {
    "diet": Ways(
        (
            "{it} feeds on {value}.",
            "The food of {it} is {value}.",
            "Adults eat {value}.",
            "In lean times {it} turns to {value}.",
        ),
        ("Nourishment comes from {value}.", "By diet, {it} depends on {value}."),
    ),
    "activity": Ways(
        ("{it} is active {value}.", "Adults come out {value}.", "In summer it stirs {value}."),
        ("{it} goes about {value}.", "Expect it to forage {value}."),
    ),
    "signal": Ways(
        ("{it} {value}.", "In courtship, {it} {value}.", "When alarmed, {it} {value}."),
        ("Disturbed, {it} {value}.", "By way of greeting, {it} {value}."),
    ),
    "company": Ways(
        ("{it} lives {value}.", "Adults live {value}.", "The young also live {value}."),
        ("{it} is met {value}.", "Expect to meet it {value}."),
    ),
    "offspring": Ways(
        ("{it} lays about {value} eggs.", "The clutch counts {value} eggs.", "In spring up to {value} eggs are laid."),
        ("Brood size averages {value}.", "Expect {value} offspring."),
    ),
    "range": _RANGE,
    "altitude": _ALTITUDE,
    "lifespan": _LIFESPAN,
}
ROOTED_HABITS: Final[Mapping[str, Ways]] = {
    "diet": Ways(
        ("{it} feeds on {value}.", "The food of {it} is {value}.", "In poor ground it lives on {value}."),
        ("Nourishment comes from {value}.", "By nutrition, {it} depends on {value}."),
    ),
    "activity": Ways(
        ("{it} opens {value}.", "Adults release their dust {value}.", "In summer it opens {value}."),
        ("{it} unfolds {value}.", "Expect it to unfold {value}."),
    ),
    "signal": Ways(
        ("{it} {value}.", "When bruised, {it} {value}.", "In warm weather {it} {value}."),
        ("Crushed, {it} {value}.", "By day as by dark, {it} {value}."),
    ),
    "company": Ways(
        ("{it} grows {value}.", "Adults grow {value}.", "The young also grow {value}."),
        ("{it} is met {value}.", "Expect to meet it {value}."),
    ),
    "offspring": Ways(
        ("{it} sets about {value} seeds or spores.", "In autumn up to {value} seeds or spores fall."),
        ("Propagules number {value}.", "Expect {value} propagules."),
    ),
    "range": _RANGE,
    "altitude": _ALTITUDE,
    "lifespan": _LIFESPAN,
}
HABIT_WORDS: Final[Mapping[str, Mapping[str, HabitWords]]] = {
    "diet": {
        "flesh": HabitWords("smaller animals", "meat", "animals that it traps", "ensnared prey"),
        "insects": HabitWords("small insects", "flies", "trapped insects", "ensnared flies"),
        "carrion": HabitWords("carrion", "dead prey", "rotting wood", "decay"),
        "sap": HabitWords("sap", "plant juices", "the sap of its neighbours", "host juices"),
        "sediment": HabitWords("what it sifts from sediment", "silt", "dissolved minerals", "salts"),
        "seeds": HabitWords("fallen seeds", "kernels", "leaf litter", "mulch"),
        "plankton": HabitWords("plankton", "drifting microbes", "drifting dust", "airborne particles"),
        "fungi": HabitWords("fungi", "moulds", "sugars from partner fungi", "allied moulds"),
    },
    "activity": {
        "dawn": HabitWords("at dawn", "towards sunrise"),
        "midday": HabitWords("at midday", "around noon"),
        "dusk": HabitWords("at dusk", "towards sunset"),
        "midnight": HabitWords("around midnight", "in the smallest hours"),
        "rain": HabitWords("after rain", "following showers"),
    },
    "signal": {
        "whistle": HabitWords("gives a thin whistle", "pipes softly", "smells of pepper", "exudes a peppery odour"),
        "click": HabitWords("makes rapid clicks", "ticks like a clock", "smells of rain", "exudes a damp odour"),
        "hum": HabitWords("hums", "drones", "smells of resin", "exudes a piney odour"),
        "musk": HabitWords("smells of musk", "exudes a musky odour"),
        "honey": HabitWords("smells of honey", "exudes a sweet odour"),
        "vinegar": HabitWords("smells of vinegar", "exudes a sour odour"),
        "silent": HabitWords("is silent", "utters nothing", "has no scent", "exudes no odour"),
    },
    "range": {
        "islet": HabitWords("a single islet", "one tiny island"),
        "coast": HabitWords("one stretch of coast", "a strip of shoreline"),
        "valley": HabitWords("two valleys", "a pair of glens"),
        "basin": HabitWords("a river basin", "one catchment"),
        "continent": HabitWords("half a continent", "a vast landmass"),
        "highland": HabitWords("the highlands", "mountain country"),
    },
    "company": {
        "solitary": HabitWords("alone", "singly"),
        "pairs": HabitWords("in pairs", "two by two", "in twos"),
        "troops": HabitWords("in small troops", "by the handful", "in clumps"),
        "colonies": HabitWords("in large colonies", "by the hundred", "in dense stands"),
    },
}
"""The values of habits in words; numbers stand for themselves."""
