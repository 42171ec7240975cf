"""What the checks of a caption ask for: one dataclass, the same for every caption of a run."""

from dataclasses import dataclass, field
from typing import Final

from thuja.captions.check.traits.lexicon import Lexicon
from thuja.captions.descriptions.keeping import Judge
from thuja.errors import UnknownName, UsageError

CHECKS: Final = (
    "characters",
    "length",
    "sentence",
    "refusal",
    "leakage",
    "language",
    "name",
    "content",
    "invisible",
    "copying",
    "traits",
    "colours",
)
"""Every check of one caption by itself, cheap ones first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """Which checks are made, and where they draw the line; the defaults are for BioCAP's captions.

    `max_words` is BioCAP's limit. A caption copies if it shares a run of `copied_run` words with what the captioner
    was handed, or `copied_share` of its runs of three. `other_names` are what other species are called, so that a
    caption that names one of them is told apart from a caption without a name. `lexicon` is words of a data set's
    own for parts and traits, beside those of plain English. `judge` says how surely a clause tells what a picture could
    show; clauses that name nothing visible are rejected below `visible`. Without a judge known phrases alone decide.
    """

    checks: tuple[str, ...] = CHECKS
    min_words: int = 4
    max_words: int = 20
    copied_run: int = 8
    copied_share: float = 0.5
    other_names: frozenset[str] = field(default=frozenset(), repr=False)
    lexicon: Lexicon | None = None
    judge: Judge | None = field(default=None, repr=False, compare=False)
    visible: float = 0.3

    def __post_init__(self) -> None:
        unknown = next((name for name in self.checks if name not in CHECKS), None)
        if unknown is not None:
            raise UnknownName.of("check", unknown, CHECKS)
        if not 0 < self.min_words <= self.max_words:
            raise UsageError(f"a caption cannot have from {self.min_words} to {self.max_words} words")
        if self.copied_run < 3 or not 0 < self.copied_share <= 1:
            raise UsageError(
                f"cannot call {self.copied_run} words in a row, or a share of {self.copied_share}, a copy",
                hint="three words or more, and a share above 0, of 1 at most",
            )
