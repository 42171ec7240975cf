"""Whether a caption claims what no picture can show: sounds, smells, habits, ranges, measures, numbers, uses."""

from dataclasses import dataclass, field
from typing import Final

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.naming import without_names
from thuja.captions.check.phrasebook import first_phrase
from thuja.captions.check.traits.lexicon import Lexicon, general
from thuja.captions.check.unseen import unseen_clause
from thuja.captions.descriptions.keeping import Judge

_WHAT: Final = {
    "sound": "a sound",
    "smell": "a smell or taste",
    "behaviour": "what it does over time",
    "diet": "what it feeds on",
    "distribution": "where it lives",
    "measure": "a measurement",
    "abundance": "how many there are",
    "use": "what people do with it",
    "season": "a season or an age of the year",
    "generality": "what holds of the species in general",
    "other": "something",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Invisible:
    """Looks for phrases of such claims outside the taxon's own name: a song sparrow may be called one.

    With a judge, also for clauses that name nothing visible and that it holds for visible by less than `least`.
    """

    judge: Judge | None = None
    least: float = 0.3
    lexicon: Lexicon = field(default_factory=general)

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault says what kind of claim it is and quotes the phrase."""
        text = without_names(caption, subject)
        kind, phrase = first_phrase("invisible", text)
        if not kind and self.judge is not None:
            phrase = unseen_clause(text, self.lexicon, self.judge, least=self.least)
            kind = "other" if phrase else ""
        if not kind:
            return Finding(check="invisible")
        said = f'it claims {_WHAT[kind]}, which a picture cannot show: "{phrase}"'
        facts = {"kind": kind, "phrase": phrase}
        return Finding(check="invisible", score=0.0, is_fault=True, reason=said, facts=facts)
