"""How what a caption says of parts stands to what a description says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from thuja.captions.check.colour_terms import may_be_one
from thuja.captions.check.traits.claims import COUNT, PAIRS, PRESENCE, Claim
from thuja.captions.check.traits.lexicon import COLOUR, WHOLE, Lexicon

_NUMBERS: Final = frozenset({COUNT, PAIRS})
_VAGUE: Final = frozenset({"tip", "base", "center", "side", "margin"})
"""Parts that every part has: alone they are none in particular."""
_RELATIVE: Final = frozenset({"size", "length", "width", "build"})
"""Of a whole body, these are said beside its kin, or of another body in the same sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A caption's claims: those a description supports, contradicts, and says nothing about."""

    supported: tuple[Claim, ...] = ()
    contradicted: tuple[Claim, ...] = ()
    new: tuple[Claim, ...] = ()


def compare(claims: Sequence[Claim], described: Sequence[Claim], lexicon: Lexicon) -> Agreement:
    """Each claim of a caption against all of a description.

    Contradicted is only what the description says otherwise of the same part, both without a condition (a sex, an age,
    a season), and nowhere, also under a condition, the same. Of several colours of one part all must be contradicted;
    a colour of the whole must besides be far from every colour that the description names.
    """
    supported, contradicted, new = [], [], []
    for claim in dict.fromkeys(claims):
        about = [other for other in described if other.key == claim.key and other.dimension == claim.dimension]
        firm = [other for other in about if not other.is_conditional]
        if any(_agree(claim, other) for other in about):
            if claim.dimension != PRESENCE:
                supported.append(claim)
        elif _is_denied(claim, described) or (firm and _is_against_all(claim, firm, described, lexicon)):
            contradicted.append(claim)
        elif claim.dimension != PRESENCE:
            new.append(claim)
    contradicted, undecided = _without_company(contradicted, [*supported, *new])
    new += undecided
    return Agreement(supported=tuple(supported), contradicted=tuple(contradicted), new=tuple(new))


def _without_company(contradicted: list[Claim], others: list[Claim]) -> tuple[list[Claim], list[Claim]]:
    """Those that stand alone, and colours of a part of which another colour of the caption may be right."""
    coloured = {other.key for other in others if other.dimension == COLOUR}
    kept = [claim for claim in contradicted if claim.dimension != COLOUR or claim.key not in coloured]
    return kept, [claim for claim in contradicted if claim not in kept]


def _agree(claim: Claim, other: Claim) -> bool:
    if claim.dimension == COLOUR:
        return bool(claim.colours & other.colours)
    return claim.value == other.value


def _is_denied(claim: Claim, described: Sequence[Claim]) -> bool:
    """Whether a part is claimed that the description denies, or the other way round."""
    if claim.dimension != PRESENCE or not _is_particular(claim):
        return False
    of_part = [other for other in described if other.key == claim.key]
    denials = [other for other in of_part if other.dimension == PRESENCE and other.value != claim.value]
    return bool(denials) and not any(other.is_conditional for other in denials)


def _is_particular(claim: Claim) -> bool:
    """Whether a claim is about one part that the description can be about too."""
    is_mark_somewhere = claim.key[0] == WHOLE and len(claim.key) > 1
    is_vague = len(claim.key) == 1 and claim.key[0] in _VAGUE
    is_relative = claim.key == (WHOLE,) and claim.dimension in _RELATIVE
    return not (claim.is_conditional or is_mark_somewhere or is_vague or is_relative)


def _is_against_all(claim: Claim, firm: Sequence[Claim], described: Sequence[Claim], lexicon: Lexicon) -> bool:
    if not _is_particular(claim):
        return False
    if claim.dimension == COLOUR:
        rivals = described if claim.key == (WHOLE,) else [other for other in described if other.key == claim.key]
        return not any(may_be_one(claim.colours, other.colours) for other in rivals if other.dimension == COLOUR)
    if claim.dimension in _NUMBERS:
        return True
    return all(lexicon.opposes(claim.dimension, claim.value, other.value) for other in firm)
