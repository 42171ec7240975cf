"""Whether a caption is neither too long nor too short."""

from dataclasses import dataclass
from typing import Final

from thuja.captions.check.finding import Finding, Subject

MOST_LETTERS: Final = 4_000
"""What is longer is too long whatever its words; no other check reads further than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """Counts words as they stand between blanks, as the captioner's limit does."""

    least: int = 4
    most: int = 20

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault for fewer words than `least`, more than `most`, none, or letters without end."""
        count = sum(any(letter.isalnum() for letter in word) for word in caption.split())
        facts = {"words": count}
        if len(caption) > MOST_LETTERS:
            said = f"it has {len(caption):,} letters, at most {MOST_LETTERS:,} are read"
            return Finding(check="length", score=0.0, is_fault=True, reason=said, facts=facts)
        if not count:
            return Finding(check="length", score=0.0, is_fault=True, reason="it says nothing", facts=facts)
        if count > self.most:
            said = f"it has {count} words, at most {self.most} are wanted"
            return Finding(check="length", score=self.most / count / 2, is_fault=True, reason=said, facts=facts)
        if count < self.least:
            said = f"it has {count} words, at least {self.least} are wanted"
            return Finding(check="length", score=count / self.least / 2, is_fault=True, reason=said, facts=facts)
        return Finding(check="length", facts=facts)
