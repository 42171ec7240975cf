"""Whether a caption is about the living thing, and not about the model that wrote it, or about a picture."""

from dataclasses import dataclass
from typing import Final

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.phrasebook import first_phrase

_REASONS: Final = {
    "refusal": 'it refuses: "{}"',
    "boilerplate": 'it talks of the picture or the caption: "{}"',
    "person": 'it speaks of itself or to its reader: "{}"',
    "generic": 'it fits every picture of its species: "{}"',
    "doubt": 'it does not commit itself: "{}"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Looks for phrases of refusal, of boilerplate and of not knowing."""

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault quotes the phrase."""
        kind, phrase = first_phrase("refusal", caption)
        if not kind:
            return Finding(check="refusal")
        facts = {"kind": kind, "phrase": phrase}
        return Finding(check="refusal", score=0.0, is_fault=True, reason=_REASONS[kind].format(phrase), facts=facts)
