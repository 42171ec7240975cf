"""Whether the colours that a caption names are in its picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from thuja.captions.check.colour_terms import BASIC
from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.naming import without_names
from thuja.captions.check.palette import Palette, palette_of
from thuja.captions.check.traits.claims import claims_of
from thuja.captions.check.traits.lexicon import COLOUR, WHOLE, Lexicon, general
from thuja.captions.check.traits.tokens import items_of

_PLAIN: Final = frozenset({*BASIC, "golden", "crimson", "scarlet", "turquoise", "magenta"})
"""Words that are colours and nothing else; "coral" and "rose" count where they stand before a part."""

_LARGE: Final = frozenset(
    {WHOLE, "back", "breast", "belly", "upperparts", "underparts", "wing", "shell", "petal", "flower"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """A fault if no pixel to speak of could be called what the caption says.

    To speak of is the share `share` of the picture, or `large_share` where it is said of a large part: a blue bird.

    Says nothing of pictures without colours (infrared, too dark) and of captions without colour words. A colour in the
    background saves a wrong word for the body: what is rejected is surely wrong, what passes is not surely right.
    """

    share: float = 0.0005
    large_share: float = 0.003
    lexicon: Lexicon = field(default_factory=general)

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """The facts are the colours claimed, those absent, and whether it could be told."""
        claimed = named_colours(without_names(caption, subject), self.lexicon)
        if subject.image is None or not claimed:
            facts = {"claimed": _words(claimed), "absent": [], "is_decided": False}
            return Finding(check="colours", facts=facts)
        palette = palette_of(subject.image)
        facts = {"claimed": _words(claimed), "absent": [], "is_decided": not palette.is_colourless}
        if palette.is_colourless:
            return Finding(check="colours", facts=facts)
        absent = _words([one for one in claimed if self._is_absent(one, palette)])
        facts["absent"] = absent
        if absent:
            said = f"the picture shows nothing {' and nothing '.join(absent)}"
            return Finding(check="colours", score=0.0, is_fault=True, reason=said, facts=facts)
        return Finding(check="colours", facts=facts)

    def _is_absent(self, one: "Named", palette: Palette) -> bool:
        share = max(palette.shares[basic] for basic in one.colours)
        return share < (self.large_share if one.is_large else self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A colour word, the basic colours that it may stand for, and whether it is said of a large part of a body."""

    word: str
    colours: frozenset[str]
    is_large: bool = False


def named_colours(text: str, lexicon: Lexicon) -> list[Named]:
    """The colours of a text; "reddish brown" is one, and "coral" or "rose" one only before a part."""
    found = [
        Named(word=claim.value, colours=claim.colours, is_large=len(claim.key) == 1 and claim.key[0] in _LARGE)
        for claim in claims_of(text, lexicon)
        if claim.dimension == COLOUR
    ]
    items = items_of(text, lexicon)
    told = {one.word for one in found}
    for before, item, behind in zip([None, *items], items, [*items[1:], None], strict=False):
        beside = {other.kind for other in (before, behind) if other is not None}
        is_alone = item.text in _PLAIN and not beside & {"colour", "negation", "not"}
        if item.kind == "colour" and is_alone and item.text not in told:
            found.append(Named(word=item.text, colours=item.sense.colours))
    return found


def _words(named: Sequence[Named]) -> list[str]:
    return list(dict.fromkeys(one.word for one in named))
