"""Whether a caption names anything that is seen: a part, a colour, a shape, a pattern, a posture, a ground."""

from dataclasses import dataclass, field

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.naming import without_names
from thuja.captions.check.traits.lexicon import Lexicon, general
from thuja.captions.check.unseen import speaks_of_the_picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A name and "a fine specimen" would fit every picture of a species."""

    lexicon: Lexicon = field(default_factory=general)

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault if nothing visible is named beside the taxon."""
        if speaks_of_the_picture(without_names(caption, subject), self.lexicon):
            return Finding(check="content")
        said = "it names no part, colour, shape, pattern, posture or ground"
        return Finding(check="content", score=0.0, is_fault=True, reason=said)
