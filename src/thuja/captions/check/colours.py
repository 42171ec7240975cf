"""Whether the colours that a caption names are in its picture."""

from collections.abc import Iterator
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

    share: float = 0.001
    lexicon: Lexicon = field(default_factory=general)

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """The facts are the colours claimed, those absent, and whether it could be told."""
        claimed = dict(named_colours(without_names(caption, subject), self.lexicon))
        if subject.image is None or not claimed:
            return Finding(check="colours", facts={"claimed": list(claimed), "absent": [], "is_decided": False})
        palette = palette_of(subject.image)
        facts = {"claimed": list(claimed), "absent": [], "is_decided": not palette.is_colourless}
        if palette.is_colourless:
            return Finding(check="colours", facts=facts)
        shares = {word: max(palette.shares[basic] for basic in basics) for word, basics in claimed.items()}
        absent = [word for word, share in shares.items() if share < self.share]
        facts["absent"] = absent
        if absent:
            said = f"the picture shows nothing {' and nothing '.join(absent)}"
            return Finding(check="colours", score=0.0, is_fault=True, reason=said, facts=facts)
        return Finding(check="colours", facts=facts)


def named_colours(text: str, lexicon: Lexicon) -> Iterator[tuple[str, frozenset[str]]]:
    """The colour words of a text with the basic colours that each may stand for; "reddish brown" is one."""
    for claim in claims_of(text, lexicon):
        if claim.dimension == COLOUR:
            yield claim.value, claim.colours
    items = items_of(text, lexicon)
    for before, item, behind in zip([None, *items], items, [*items[1:], None], strict=False):
        is_alone = not any(
            other is not None and other.kind in ("colour", "negation", "not") for other in (before, behind)
        )
        if item.kind == "colour" and is_alone and item.text in _PLAIN:
            yield item.text, item.sense.colours
