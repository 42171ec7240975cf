"""Whether the colours that a caption names are in its picture."""

from dataclasses import dataclass, field
from typing import Final

from thuja.captions.check.colour_terms import BASIC
from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.naming import without_names
from thuja.captions.check.palette import palette_of
from thuja.captions.check.traits.claims import claims_of
from thuja.captions.check.traits.lexicon import COLOUR, Lexicon, general
from thuja.captions.check.traits.tokens import items_of

_PLAIN: Final = frozenset({*BASIC, "golden", "crimson", "scarlet", "turquoise", "magenta"})
"""Words that are colours and nothing else; "coral" and "rose" count where they stand before a part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """A fault if no pixel to speak of could be called what the caption says; `share` is what is to speak of.

    Says nothing of pictures without colours (infrared, too dark) and of captions without colour words. A colour in the
    background saves a wrong word for the body: what is rejected is surely wrong, what passes is not surely right.
    """

    share: float = 0.0008
    lexicon: Lexicon = field(default_factory=general)

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """The facts are the colours claimed, those absent, and whether it could be told."""
        claimed = named_colours(without_names(caption, subject), self.lexicon)
        palette = palette_of(subject.image) if claimed and subject.image is not None else None
        if palette is None or palette.is_colourless:
            return Finding(check="colours", facts={"claimed": list(claimed), "absent": [], "is_decided": False})
        absent = [
            word for word, basics in claimed.items() if max(palette.shares[basic] for basic in basics) < self.share
        ]
        facts = {"claimed": list(claimed), "absent": absent, "is_decided": True}
        if absent:
            said = f"the picture shows nothing {' and nothing '.join(absent)}"
            return Finding(check="colours", score=0.0, is_fault=True, reason=said, facts=facts)
        return Finding(check="colours", facts=facts)


def named_colours(text: str, lexicon: Lexicon) -> dict[str, frozenset[str]]:
    """The colour words of a text, with the basic colours that each may stand for.

    "Reddish brown" is one word, and "coral" or "rose" is one only before a part.
    """
    found = {claim.value: claim.colours for claim in claims_of(text, lexicon) if claim.dimension == COLOUR}
    items = items_of(text, lexicon)
    for before, item, behind in zip([None, *items], items, [*items[1:], None], strict=False):
        beside = {other.kind for other in (before, behind) if other is not None}
        if item.kind == "colour" and item.text in _PLAIN and not beside & {"colour", "negation", "not"}:
            found.setdefault(item.text, item.sense.colours)
    return found
