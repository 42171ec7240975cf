"""The checks that settings ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from thuja.captions.check.characters import Characters
from thuja.captions.check.colours import Colours
from thuja.captions.check.content import Content
from thuja.captions.check.copying import Copying
from thuja.captions.check.finding import Check, Finding, Subject
from thuja.captions.check.invisible import Invisible
from thuja.captions.check.language import Language
from thuja.captions.check.leakage import Leakage
from thuja.captions.check.length import MOST_LETTERS, Length
from thuja.captions.check.naming import Naming
from thuja.captions.check.refusal import Refusal
from thuja.captions.check.sentence import OneSentence
from thuja.captions.check.settings import CheckSettings
from thuja.captions.check.traits.against_description import Traits
from thuja.captions.check.traits.lexicon import Lexicon, general

_MAKERS: Final[Mapping[str, Callable[[CheckSettings], Check]]] = {
    "characters": lambda settings: Characters(),
    "length": lambda settings: Length(least=settings.min_words, most=settings.max_words),
    "sentence": lambda settings: OneSentence(),
    "refusal": lambda settings: Refusal(),
    "leakage": lambda settings: Leakage(),
    "language": lambda settings: Language(),
    "name": lambda settings: Naming.of(settings.other_names),
    "invisible": lambda settings: Invisible(judge=settings.judge, least=settings.visible, lexicon=_lexicon(settings)),
    "content": lambda settings: Content(lexicon=_lexicon(settings)),
    "colours": lambda settings: Colours(lexicon=_lexicon(settings)),
    "traits": lambda settings: Traits(lexicon=_lexicon(settings)),
    "copying": lambda settings: Copying(run=settings.copied_run, share=settings.copied_share),
}


def checks_of(settings: CheckSettings | None = None) -> tuple[Check, ...]:
    """The checks of one caption by itself, in the settings' order.

    >>> from thuja.captions.check.finding import Subject
    >>> from thuja.taxonomy import Taxon
    >>> raven = Subject(taxon=Taxon(genus="Corvus", species="corax", common="raven"), names=("raven",))
    >>> said = "As an AI, I cannot see the raven."
    >>> [finding.check for check in checks_of() if (finding := check(said, raven)).is_fault]
    ['refusal', 'content']
    """
    chosen = settings or CheckSettings()
    return tuple(
        _MAKERS[name](chosen) if name == "length" else _Bounded(_MAKERS[name](chosen)) for name in chosen.checks
    )


@dataclass(frozen=True, slots=True)
class _Bounded:
    """A check that reads only the beginning: its time may grow with the square of the length."""

    check: Check

    def __call__(self, caption: str, subject: Subject) -> Finding:
        return self.check(caption[:MOST_LETTERS], subject)


def _lexicon(settings: CheckSettings) -> Lexicon:
    return general().plus(settings.lexicon) if settings.lexicon else general()
