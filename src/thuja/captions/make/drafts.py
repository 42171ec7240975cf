"""A draft: what a captioner said of one picture in one try, and what the checks say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

FINAL: Final = ("image", "no_answer", "timeout")
"""Errors of a captioner that another try of the same picture does not mend: the captioner itself has tried again."""

UNANSWERED: Final = ("no_answer", "timeout")
"""Errors that say nothing of the picture, and may say that the server is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a draft: the check (or the captioner's error) that says so, and why in a sentence."""

    check: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One try: the words, what was asked (`prompt` is the SHA-256 of it), what is wrong with them, what they cost.

    `error` is the reason of a CaptionerError where there are no words.
    """

    text: str = ""
    error: str = ""
    seed: int = 0
    prompt: str = ""
    faults: tuple[Fault, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
    score: float = 0.0
    is_cut: bool = False
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    requests: int = 1

    @property
    def is_accepted(self) -> bool:
        """Whether there are words, and no check rejects them."""
        return bool(self.text) and not self.error and not self.faults

    @property
    def reasons(self) -> tuple[str, ...]:
        """The short words of what is wrong, each once."""
        return tuple(dict.fromkeys(fault.check for fault in self.faults))

    @property
    def feedback(self) -> tuple[str, ...]:
        """What a captioner is told of this draft when it tries again."""
        return tuple(dict.fromkeys(fault.reason for fault in self.faults if fault.reason))

    def to_json(self) -> dict[str, Any]:
        """A journal's line: what says nothing is left out."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        said["faults"] = [[fault.check, fault.reason] for fault in self.faults]
        said["scores"] = [list(one) for one in self.scores]
        return {name: value for name, value in said.items() if value}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Draft":
        """What `to_json` wrote."""
        own = {one.name: said[one.name] for one in fields(cls) if one.name in said}
        own["faults"] = tuple(Fault(check=check, reason=reason) for check, reason in said.get("faults", ()))
        own["scores"] = tuple((check, float(score)) for check, score in said.get("scores", ()))
        return cls(**{"requests": 0, **own})


def is_settled(drafts: Sequence[Draft], tries: int) -> bool:
    """Whether nothing more is asked: the last draft is accepted, its error is final, or all tries are used."""
    if not drafts:
        return False
    last = drafts[-1]
    return last.is_accepted or last.error in FINAL or len(drafts) > tries
