"""Whether a caption's traits stand in the species' description, are new to it, or contradict it."""

from dataclasses import dataclass, field
from functools import lru_cache

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.naming import without_names
from thuja.captions.check.traits.agreement import compare
from thuja.captions.check.traits.claims import Claim, claims_of
from thuja.captions.check.traits.lexicon import Lexicon, general


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Compares claims about parts; only a contradiction rejects, and without a description nothing does."""

    lexicon: Lexicon = field(default_factory=general)

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """The score falls with the share of claims that the description does not speak of."""
        if not subject.description:
            return Finding(check="traits", facts={"supported": [], "contradicted": [], "new": []})
        said = claims_of(without_names(caption, subject, instead=" organism "), self.lexicon)
        known = _described(without_names(subject.description, subject, instead=" organism "), self.lexicon)
        found = compare(said, known, self.lexicon)
        facts = {
            "supported": [str(claim) for claim in found.supported],
            "contradicted": [str(claim) for claim in found.contradicted],
            "new": [str(claim) for claim in found.new],
        }
        if found.contradicted:
            reason = "; ".join(_contradiction(claim, known) for claim in found.contradicted)
            return Finding(check="traits", score=0.0, is_fault=True, reason=reason, facts=facts)
        claims = len(found.supported) + len(found.new)
        return Finding(check="traits", score=1 - 0.5 * len(found.new) / claims if claims else 1.0, facts=facts)


@lru_cache(maxsize=16_384)
def _described(text: str, lexicon: Lexicon) -> tuple[Claim, ...]:
    return tuple(claims_of(text, lexicon))


def _contradiction(claim: Claim, known: tuple[Claim, ...]) -> str:
    others = [other for other in known if (other.key, other.dimension) == (claim.key, claim.dimension)]
    return f"it says {claim}, the description {' and '.join(dict.fromkeys(map(str, others)))}"
