"""What a captioner is: a function from an image and a prompt to an answer. Anything callable will do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from thuja.errors import ThujaError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a language model draws its words; the defaults are BioCAP's (its public caption_gen).

    `seed` makes a server's answer repeatable where the server heeds it; each try of each picture has its own.
    """

    temperature: float = 0.6
    top_p: float = 0.8
    max_tokens: int = 50
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is asked of a captioner beside the image: the role it plays, the request, and a seed for this try."""

    system: str
    text: str
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the words, which model said them, tokens read and written, their price, tries it took.

    `cost` is in the currency of the prices that were given, 0 where none were.
    """

    text: str
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    requests: int = 1
    is_cut: bool = False


Captioner = Callable[[bytes, Prompt], Answer | str]
"""An encoded image (JPEG, PNG, WebP) and a prompt to words. Called from several threads at once.

Raises CaptionerError for what this picture cannot have, and CaptionerStopped for what no picture will have. One with an
attribute `max_side` is handed pictures with no longer side, in pixels, and others as they are; one with a method
`close` is closed at the end.
"""


class CaptionerError(ThujaError):
    """One picture that got no answer; `reason` is a short stable word for tables.

    `spent` is what the asking took all the same: requests, tokens and cost, None where nothing was asked.
    """

    def __init__(self, message: str, *, reason: str = "no_answer", hint: str = "", spent: Answer | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.spent = spent

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.message, self.reason, self.hint, self.spent))


class CaptionerStopped(ThujaError):
    """No further picture will get an answer: a wrong key, a model that sees no images, a budget that is spent.

    `was_sent` where the request of this picture was broken off under way, and may have been paid for.
    """

    was_sent: bool = False


def _rebuild(message: str, reason: str, hint: str, spent: Answer | None) -> CaptionerError:
    """Errors cross process borders: pickle calls this instead of `__init__(*args)`."""
    return CaptionerError(message, reason=reason, hint=hint, spent=spent)


REASONS: Final = ("no_answer", "timeout", "refused", "empty", "broken_answer", "image")
"""Why a picture has no answer at all; what is wrong with an answer is said by `captions.check`."""
