"""Growth forms of plants as an encyclopedia says them: trees, shrubs, herbs, grasses, climbers, and what else grows."""

import re
from dataclasses import replace
from typing import Final

from thuja.analyze.ecology.reading import Grammar, Kind, Reading, Rule, read
from thuja.analyze.ecology.vocabulary import GROWTH_FORMS


def _rule(label: str, words: str, *, kind: Kind = Kind.SAID) -> Rule:
    return Rule(label=label, kind=kind, pattern=re.compile(rf"\b(?:{words})(?![\w-])"))


_PLANTS: Final = r"(?:plants?|herbs?|wildflowers?|weeds?)"
_OTHERS: Final = r"(?:climb|aquatic|succulent|woody|vin|twin|tree|shrub|subshrub|grass|marsh|fern|moss)"
"""Between "perennial" and "plants" none of these may stand: then the plant is that, and not just any herb."""
_LASTING: Final = r"(?:annual|perennial|biennial|herbaceous|rhizomatous|bulbous|tuberous|cormous)"
_HERBS: Final = rf"herbs|(?<!as a )(?<!as an )herb|forbs?|{_LASTING},? (?:(?!{_OTHERS})[\w'-]+,? ){{0,5}}{_PLANTS}"
_RULES: Final = (
    _rule("tree", r"trees?|treelets?|arborescent|palms?|conifers?"),
    _rule("shrub", r"shrubs?|sub-?shrubs?|shrublets?|undershrubs?|semi-?shrubs?|bushes|shrubby"),
    _rule("herb", _HERBS),
    _rule("herb", r"annuals?|perennials?|biennials?|herbaceous|geophytes?|bulbs", kind=Kind.NAMED),
    _rule("herb", r"orchids?|bromeliads?", kind=Kind.NAMED),
    _rule("graminoid", r"grass(?:es)?|sedges?|rush(?:es)?|bamboos?|graminoids?"),
    Rule(
        label="graminoid",
        kind=Kind.SAID,
        pattern=re.compile(r"\b(?:grass|sedge|rush|bamboo) family\b"),
        is_free=True,
    ),
    Rule(
        label="fern", kind=Kind.SAID, pattern=re.compile(r"\b(?:fern family)\b"), is_free=True
    ),
    Rule(
        label="herb", kind=Kind.NAMED, pattern=re.compile(r"\b(?:orchid|bromeliad) family\b"), is_free=True
    ),
    _rule(
        "climber",
        r"vines?|climbers?|lianas?|lianes?|climbing(?: \w+)? plants?|climbing|creepers|vining(?: plants?)?|twining|twiners?|scramblers?",
    ),
    _rule(
        "fern", r"ferns?|club-?moss(?:es)?|spike-?moss(?:es)?|horsetails?|quillworts?|lycophytes?"
    ),
    _rule("moss", r"moss(?:es)?|liverworts?|hornworts?|bryophytes?"),
    _rule("succulent", r"succulents?|cact(?:us|i|uses)|cactus family"),
    _rule("aquatic", r"aquatics?|seagrass(?:es)?|pondweeds?|water-?plants?|duckweeds?|water-? ?lil(?:y|ies)"),
)
_STRUCK: Final = re.compile(
    r"tree(?= ferns?)|\b(?!(?:grass|sedge|rush|bamboo|orchid|bromeliad|fern|cactus) family)"
    r"[\w'-]+(?: tree| vine| bush| shrub| grass)? family|(?:grass|tree|moss|fern|palm|shrub|vine)[- ](?:like|lined?|tops?|"
    r"trunks?|bark|canop(?:y|ies)|nuts?|frogs?|oil|hearts?|crops?|layers?|lands?)|spanish moss|herbal[^,.;]*|"
    r"(?:culinary|medicinal|cooking) herbs?|"
    r"(?:commonly|also|often|generally|usually|collectively|sometimes|variously|popularly|widely|which is|are|is)? ?\b(?:known|called|referred to|named)\b"
    r"[^.;]*?(?=,? (?:is|are|comprises?|consists?|contains?|includes?)\b|[.;]|$)|"
    r"common names?[^.;]*|(?:food ?plants?|hosts?) (?:by|for|of)[^.;]*|used (?:as|in|for|by)[^.;]*|"
    r"parasit\w+ (?:on|of)[^.;]*|larvae[^.;]*|caterpillars[^.;]*|latin[^.;]*|greek[^.;]*|means?\b[^.;]*|meaning\b[^.;]*|"
    r"grown (?:as|in|for)[^.;]*|bonsai|christmas trees?|family trees?|phylogen\w+ trees?|tree of [\w]+"
)
_PLACE: Final = re.compile(
    r"\b(?:on|under|beneath|among|amongst|in|by|between|against|host|up|into|over|near|other|upon|around|alongside|"
    r"through|below|above|related to|including|such as|like|as)(?: (?!(?:is|are|be|being) )[\w'-]+){0,3} $"
)
_SUBJECT: Final = re.compile(
    r"^(?!(?:[Tt]he |[Ii]ts |[Tt]heir |[Aa]ll |[Mm]ost )?(?:\w+ )?(?:leaves|leaf|flowers?|fruits?|seeds?|wood|timber|bark|roots?|"
    r"stems?|names?|genus name|larvae|caterpillars|type species|inflorescences?|petals?|sepals?|cones?|stamens?|"
    r"oldest|fossils?|pollen|pollination|word|epithet|etymology|capsules?|nuts?|spores?|sori)\b)"
)
GROWTH_FORM: Final = Grammar(
    labels=GROWTH_FORMS, rules=_RULES, struck=_STRUCK, place=_PLACE, subject=_SUBJECT
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
