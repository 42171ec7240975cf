"""Whether a caption repeats the request that it should answer, or text that reads like a request."""

from dataclasses import dataclass

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.phrasebook import first_phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """Looks for the words of prompts: limits, roles, examples, sources, orders to ignore something."""

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault quotes the phrase."""
        _, phrase = first_phrase("prompt", caption)
        if not phrase:
            return Finding(check="leakage")
        said = f'it repeats a request: "{phrase}"'
        return Finding(check="leakage", score=0.0, is_fault=True, reason=said, facts={"phrase": phrase})
