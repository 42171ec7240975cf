"""Growth forms of plants as an encyclopedia says them: trees, shrubs, herbs, grasses, climbers, and what else grows."""

import re
from dataclasses import replace
from typing import Final

from thuja.analyze.ecology.reading import Grammar, Kind, Reading, Rule, read
from thuja.analyze.ecology.vocabulary import GROWTH_FORMS


def _rule(label: str, words: str, *, kind: Kind = Kind.SAID, is_free: bool = False) -> Rule:
    return Rule(label=label, kind=kind, pattern=re.compile(rf"\b(?:{words})(?![\w-])"), is_free=is_free)


def _one(words: str) -> str:
    """Words in the singular, which alone are part of a name as often as not: "a small tree", but not "plane tree"."""
    between = r"(?: (?!(?:of|in|on|with|by|the|from|to|for) )[\w'-]+,?){0,4}"
    return rf"(?:an?|(?:species|genus|genera) of){between} (?:{words})|(?:{words})(?= (?:genus|species))"


_PLANTS: Final = r"(?:plants?|herbs?|wildflowers?|weeds?)"
_OTHERS: Final = r"(?:climb|aquatic|succulent|woody|vin|twin|tree|shrub|subshrub|grass|marsh|fern|moss)"
"""Between "perennial" and "plants" none of these may stand: then the plant is that, and not just any herb."""
_LASTING: Final = r"(?:annual|perennial|biennial|herbaceous|rhizomatous|bulbous|tuberous|cormous)"
_HERBS: Final = (
    rf"herbs|{_one('herb')}|forbs?|herbaceous (?:and|or) (?:shrubby|woody)|"
    rf"{_LASTING},? (?:(?!{_OTHERS})[\w'-]+,? ){{0,5}}{_PLANTS}"
)
_SHRUB: Final = r"shrub|sub-?shrub|shrublet|undershrub|semi-?shrub"
_CLIMBERS: Final = (
    r"vines|climbers?|lianas?|lianes?|climbing(?: \w+)? plants?|climbing|creepers|vining(?: plants?)?|twining|twiners?|"
    r"scramblers?"
)
_SUCCULENTS: Final = (
    r"succulents|succulent (?:(?:flowering|perennial|evergreen) )?(?:plants?|shrubs?|herbs?|perennials?|annuals?|"
    r"species)|"
    r"cact(?:us|i|uses)|cactus family"
)
_RULES: Final = (
    _rule("tree", rf"trees|treelets?|arborescent|palms|conifers|{_one('tree|palm|conifer|palm tree')}"),
    _rule("shrub", rf"(?:{_SHRUB})s|bushes|shrubby|{_one(_SHRUB)}"),
    _rule("herb", _HERBS),
    _rule("herb", r"annuals?|perennials?|biennials?|herbaceous|geophytes?|bulbs", kind=Kind.NAMED),
    _rule("herb", r"orchids?|bromeliads?", kind=Kind.NAMED),
    _rule("herb", r"(?:orchid|bromeliad) family", kind=Kind.NAMED, is_free=True),
    _rule("graminoid", rf"grasses|sedges|rushes|bamboos?|graminoids?|{_one('grass|sedge|rush')}"),
    _rule("graminoid", r"(?:grass|sedge|rush|bamboo) family", is_free=True),
    _rule("climber", rf"{_CLIMBERS}|{_one('vine')}"),
    _rule("fern", rf"ferns|{_one('fern')}|club-?moss(?:es)?|spike-?moss(?:es)?|horsetails?|quillworts?|lycophytes?"),
    _rule("fern", "fern family", is_free=True),
    _rule("moss", rf"mosses|liverworts|hornworts|bryophytes?|{_one('moss|liverwort|hornwort')}"),
    _rule("succulent", _SUCCULENTS),
    _rule("aquatic", r"aquatics?|seagrass(?:es)?|pondweeds?|water-?plants?|duckweeds?|water-? ?lil(?:y|ies)"),
)
_NAMES: Final = (
    r"\([^)]*\)|\b(?!(?:grass|sedge|rush|bamboo|orchid|bromeliad|fern|cactus) family)[\w'-]+(?: tree| vine| bush|"
    r" shrub)? "
    r"family|common names?[^.;]*|(?:(?:commonly|also|often|generally|usually|collectively|sometimes|variously|"
    r"popularly|"
    r"widely|which is|are|is) )?\b(?:known|called|referred to|named)\b[^.;]*?"
    r"(?=,? (?:is|are|comprises?|consists?|contains?|includes?)\b|[.;]|$)"
)
"""Names of families and common names, which are full of trees and grasses that are none."""
_THINGS: Final = (
    r"aquatic,? (?:or|and) (?:terrestrial|semi-?aquatic)|terrestrial,? (?:or|and) aquatic|semi-?aquatic|"
    r"tree(?= ferns?)|(?:grass|tree|moss|fern|palm|shrub|vine)[- ](?:like|lined?|tops?|trunks?|bark|canop(?:y|ies)|"
    r"nuts?|"
    r"frogs?|oil|hearts?|crops?|layers?|lands?)|spanish moss|herbal[^,.;]*|(?:culinary|medicinal|cooking) herbs?|"
    r"(?:food ?plants?|hosts?) (?:by|for|of)[^.;]*|used (?:as|in|for|by)[^.;]*|parasit\w+ (?:on|of)[^.;]*|larvae[^.;]*|"
    r"caterpillars[^.;]*|latin[^.;]*|greek[^.;]*|means?\b[^.;]*|meaning\b[^.;]*|grown (?:as|in|for)[^.;]*|bonsai|"
    r"christmas trees?|family trees?|phylogen\w+ trees?|tree of [\w]+"
)
_PLACE: Final = re.compile(
    r"\b(?:on|under|beneath|among|amongst|in|by|between|against|host|up|into|over|near|other|upon|around|alongside|"
    r"through|below|above|related to|including|such as|like|as)"
    r"(?: (?!(?:is|are|be|being|genera|genus|species) )[\w'-]+){0,3} $"
)
_PARTS_OF_PLANTS: Final = (
    r"leaves|leaf|flowers?|fruits?|seeds?|wood|timber|bark|roots?|stems?|inflorescences?|petals?|sepals?|cones?|"
    r"stamens?|capsules?|nuts?|spores?|sori|pollen|pollination"
)
_SUBJECT: Final = re.compile(
    rf"^(?![Oo]ther )(?!(?:[Tt]he |[Ii]ts |[Tt]heir |[Aa]ll |[Mm]ost )?(?:\w+ )?(?:{_PARTS_OF_PLANTS}|names?|"
    rf"genus name|"
    r"larvae|caterpillars|type species|oldest|fossils?|word|epithet|etymology)\b)"
)
GROWTH_FORM: Final = Grammar(
    labels=GROWTH_FORMS,
    rules=_RULES,
    struck=re.compile(f"{_NAMES}|{_THINGS}"),
    place=_PLACE,
    subject=_SUBJECT,
    most=re.compile(
        r"\b(?:most|mostly|mainly|primarily|predominantly|chiefly|usually|typically|largely)\b"
        r"(?!.*\b(?:some|few|also|but|rarely|include|includes|including)\b)[^.]*$"
    ),
)
_NO_HERB_BESIDE: Final = frozenset({"graminoid", "fern", "moss", "succulent", "aquatic"})


def read_growth_form(text: str) -> Reading:
    """How the plants of a text grow; `herb` is a herb that is no grass, fern, moss, succulent or water plant.

    >>> read_growth_form("A genus of shrubs and small trees.").primary, read_growth_form("Annual grasses.").labels
    ('tree_or_shrub', ('graminoid',))
    """
    reading = read(text, GROWTH_FORM)
    if "herb" not in reading.labels or not _NO_HERB_BESIDE & set(reading.labels):
        return reading
    kept = [(label, word) for label, word in zip(reading.labels, reading.words, strict=True) if label != "herb"]
    return replace(reading, labels=tuple(label for label, _ in kept), words=tuple(word for _, word in kept))
