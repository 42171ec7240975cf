"""One picture: asked about, checked, and asked about again with what was wrong, until a draft is accepted."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b, sha256
from typing import Final, Protocol

from thuja.captions.captioner import Answer, Captioner, CaptionerError, CaptionerStopped, Prompt
from thuja.captions.check.finding import Check, Subject
from thuja.captions.check.verdict import verdict
from thuja.captions.descriptions.description import Description
from thuja.captions.make.drafts import UNANSWERED, Draft, Fault, is_settled
from thuja.captions.make.inputs import Picture
from thuja.captions.make.journal import STOPPED
from thuja.captions.make.settings import MakeSettings
from thuja.captions.make.showing import Shown, shown
from thuja.captions.prompts import Request, Template
from thuja.captions.prompts.naming import name_of
from thuja.images import DEFAULT_LIMITS, Limits, read_place
from thuja.taxonomy import Taxon

_PLAIN: Final = "A small brown bird with a white belly stands on a grey stone."

_ERROR_REASONS: Final[Mapping[str, str]] = {
    "empty": "There was no sentence in the answer.",
    "refused": "The answer refused the task; only what is visible is asked for.",
    "broken_answer": "The answer was not a plain sentence.",
}
"""What is told to the captioner of a try that gave no words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What is known of a taxon: the description of its looks, and examples of good captions.

    `examples_of` is the group that these are of: its class, or one near; empty where they are thuja's own.
    """

    description: Description | None = None
    examples: tuple[str, ...] = ()
    examples_of: str = ""


class Log(Protocol):
    """Where each step is written down before the next is taken."""

    def asked(self, uuid: str, number: int) -> None:
        """A request is about to be sent."""

    def drafted(self, uuid: str, number: int, draft: Draft) -> None:
        """A draft is there."""

    def failed(self, uuid: str, number: int, reason: str) -> None:
        """A request ended without an answer."""


class Unanswered(Exception):
    """Nobody answered, which may be the picture's bad luck or the end of the server: the caller knows the others."""

    def __init__(self, number: int, draft: Draft) -> None:
        super().__init__(draft.error)
        self.number, self.draft = number, draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafter:
    """Asks one captioner about pictures, and checks what it says. Any number of threads may use it."""

    captioner: Captioner
    checks: Sequence[Check]
    template: Template
    settings: MakeSettings
    limits: Limits = DEFAULT_LIMITS

    def warm_up(self) -> None:
        """Let every check load what it needs, once: else each thread would at the same moment."""
        for check in self.checks:
            check(_PLAIN, Subject(taxon=Taxon(), is_name_wanted=False))

    def draft(
        self, picture: Picture, guide: Guide, *, so_far: Sequence[Draft], log: Log, is_stopped: Callable[[], bool]
    ) -> Sequence[Draft]:
        """Ask until the picture is settled or `is_stopped`; every step goes to `log`. Returns all drafts.

        Raises ImageError for a picture that cannot be shown, Unanswered where nobody answers, and CaptionerStopped.
        """
        drafts = list(so_far)
        look: Shown | None = None
        while not is_settled(drafts, self.settings.tries) and not is_stopped():
            look = look or self._shown(picture)
            number = len(drafts)
            prompt = self.prompt(picture, guide, so_far=drafts)
            log.asked(picture.uuid, number)
            try:
                draft = self._answered(look.data, prompt, self._subject(picture, guide, look))
            except CaptionerStopped as stop:
                if not stop.was_sent:
                    log.failed(picture.uuid, number, STOPPED)
                raise
            if draft.error in UNANSWERED:
                raise Unanswered(number, draft)
            log.drafted(picture.uuid, number, draft)
            drafts.append(draft)
        return drafts

    def prompt(self, picture: Picture, guide: Guide, *, so_far: Sequence[Draft] = ()) -> Prompt:
        """What is asked about a picture after these drafts."""
        request = Request(
            taxon=picture.record.taxon,
            names=names_of(picture.record.taxon),
            examples=guide.examples,
            description=guide.description.text if guide.description is not None else "",
            feedback=so_far[-1].feedback if so_far else (),
            max_words=self.settings.max_words,
            seed=seed_of(self.settings.seed, picture.uuid, len(so_far)),
        )
        return self.template.render(request)

    def _answered(self, data: bytes, prompt: Prompt, subject: Subject) -> Draft:
        asked = Draft(seed=prompt.seed, prompt=digest_of(prompt))
        try:
            answer = self.captioner(data, prompt)
        except CaptionerError as error:
            reason = _ERROR_REASONS.get(error.reason, error.message)
            spent = error.spent or Answer(text="")
            told = asdict(replace(spent, text=""))
            return replace(asked, **told, error=error.reason, faults=(Fault(check=error.reason, reason=reason),))
        if not isinstance(answer, Answer | str):
            raise CaptionerStopped(
                f"the captioner returned {type(answer).__name__}, not words", hint="it returns a string, or an Answer"
            )
        return self._checked(answer if isinstance(answer, Answer) else Answer(text=answer), asked, subject)

    def _checked(self, answer: Answer, asked: Draft, subject: Subject) -> Draft:
        text = answer.text.strip()
        told = asdict(answer) | {"text": text}
        if not text:
            return replace(asked, **told, error="empty", faults=(Fault(check="empty", reason=_ERROR_REASONS["empty"]),))
        findings = [check(text, subject) for check in self.checks]
        found = verdict(findings)
        faults = tuple(Fault(check=name, reason=why) for name, why in zip(found.checks, found.reasons, strict=True))
        scores = tuple((finding.check, round(finding.score, 4)) for finding in findings)
        return replace(asked, **told, faults=faults, scores=scores, score=round(found.score, 4))

    def _shown(self, picture: Picture) -> Shown:
        data = read_place(picture.place, limits=self.limits)
        return shown(data, max_side=getattr(self.captioner, "max_side", None), limits=self.limits)

    def _subject(self, picture: Picture, guide: Guide, look: Shown) -> Subject:
        names = names_of(picture.record.taxon)
        fields = self.template.fields
        is_described = guide.description is not None and "description" in fields
        return Subject(
            taxon=picture.record.taxon,
            names=names,
            is_name_wanted=bool(names),
            description=guide.description.text if is_described and guide.description is not None else "",
            examples=guide.examples if "examples" in fields else (),
            image=look.pixels,
        )


def names_of(taxon: Taxon) -> tuple[str, ...]:
    """All that a taxon may be called, what a prompt calls it first."""
    named = (name_of(taxon), taxon.common, taxon.scientific_name)
    return tuple(dict.fromkeys(name for name in named if name))


def seed_of(seed: int, uuid: str, number: int) -> int:
    """Each try of each picture has its own, which hangs on nothing else: 31 bits, as servers take them."""
    drawn = blake2b(f"{seed}\n{uuid}\n{number}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(drawn) >> 1


def digest_of(prompt: Prompt) -> str:
    """The SHA-256 of what was asked, its seed apart."""
    return sha256(json.dumps([prompt.system, prompt.text]).encode()).hexdigest()
