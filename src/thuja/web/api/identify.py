"""What is on pictures: answers, the path down the tree, how deep it can be trusted, and whom it was weighed against."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from thuja.encode import Failure
from thuja.errors import ImageError
from thuja.predict.inputs.boxes import Box
from thuja.web.encoding import Vector
from thuja.web.forms import form_body, read_asked
from thuja.web.likenesses import likenesses
from thuja.web.problems import Invalid, Missing, Problem, TooLarge, problem
from thuja.web.questions import AskedShape, unpacked
from thuja.web.queue import all_of
from thuja.web.served import Here, Served
from thuja.web.shapes import AnswerShape, Picture
from thuja.web.works import Choice, Judge, Judged

router = APIRouter(tags=["identify"])

_LONGEST_NAME: Final = 200
_OPENAPI: Final[dict[str, Any]] = form_body(
    files="images",
    field="question",
    shape=AskedShape,
    example={"k": 3, "confidence": 0.9, "within": ["Aves"], "wants": ["siblings"]},
)


class Sibling(BaseModel):
    """A taxon that the answer was weighed against, and its pictures that look most like the one asked about."""

    answer: AnswerShape
    pictures: list[Picture] = Field(default_factory=list)


class Identified(BaseModel):
    """What is said of one picture, or why nothing is.

    `path` goes from the kingdom down; `settled` is the deepest taxon that reaches the confidence asked for. `within`
    are the subtrees that hold the truth as often as the coverage asked for. `unseen` says for a rank how likely it is
    that the organism's taxon there is none of the labels. `vector` is base64 of little-endian float32.
    """

    name: str
    error: Problem | None = None
    reason: str = ""
    answers: list[AnswerShape] = Field(default_factory=list)
    path: list[AnswerShape] = Field(default_factory=list)
    settled: AnswerShape | None = None
    within: list[AnswerShape] | None = None
    unseen: dict[str, float] = Field(default_factory=dict)
    siblings: list[Sibling] = Field(default_factory=list)
    vector: str | None = None


class Identification(BaseModel):
    """The pictures in the order that they were sent in, links behind files."""

    model: str
    is_calibrated: bool
    labels: int
    results: list[Identified]
    notes: list[str] = Field(default_factory=list)
    took_ms: float


@router.post("/api/identify", summary="Name what is on pictures", openapi_extra=_OPENAPI)
async def identify(request: Request, here: Here) -> Identification:
    """Send files as `images`, and what is asked of them as JSON in `question`.

    A picture that cannot be read is a result with its error; nothing of a picture is kept.
    """
    began = perf_counter()
    predictor = here.require_predictor()
    asked, uploads = await read_asked(request, here.limits, AskedShape, files="images", field="question")
    question, wish = asked.question(), asked.wish(here.limits)
    box = None if asked.box is None else asked.box.box()
    count = len(uploads) + len(asked.links)
    if not count:
        raise Invalid("there is no picture", hint="send files as images, or links in the question")
    if count > here.limits.images:
        raise TooLarge(f"more than {here.limits.images} pictures at once", hint="send them in several requests")
    asked.require_few(count, here.limits)
    encoding = here.require_encoding()
    with here.queue.admitted(count):
        choice = await here.require_choices().find(wish)
        choice.asked(question)  # what cannot be answered is said before a picture is looked at
        names = [*(upload.name for upload in uploads), *(link[:_LONGEST_NAME] for link in asked.links)]
        files = [encoding.look(upload.data, box) for upload in uploads]
        seen = await all_of([*files, *(_by_link(here, link, box) for link in asked.links)])
        has_kin = "siblings" in asked.wants
        results = await _told(here, names, seen, judge=Judge(choice=choice, question=question, has_kin=has_kin))
    if "vector" in asked.wants:
        for result, vector in zip(results, seen, strict=True):
            result.vector = None if isinstance(vector, Failure) else unpacked(vector)
    return Identification(
        model=predictor.model.id,
        is_calibrated=choice.is_calibrated,
        labels=len(choice.opened.among.labels),
        results=results,
        notes=_notes(choice),
        took_ms=round(1000 * (perf_counter() - began), 1),
    )


async def _by_link(here: Served, link: str, box: Box | None) -> Vector | Failure:
    """What is seen behind a link, a few links at a time; raises Missing where links are not allowed."""
    if here.fetch_link is None:
        raise Missing("this server fetches no links", hint="send the picture itself, or start it with --allow-links")
    async with here.links:  # what is fetched is in no body's count, so few are held at once
        try:
            data = await here.fetch_link(link)
        except ImageError as error:
            return Failure("", error.reason, error.message)
        return await here.require_encoding().look(data, box)


async def _told(
    here: Served, names: Sequence[str], seen: Sequence[Vector | Failure], *, judge: Judge
) -> list[Identified]:
    vectors = [one for one in seen if not isinstance(one, Failure)]
    judged = iter(await here.queue.run(judge, vectors))
    results = []
    for name, outcome in zip(names, seen, strict=True):
        if isinstance(outcome, Failure):
            results.append(Identified(name=name, reason=outcome.reason, error=problem(422, outcome.message)))
        else:
            results.append(await _identified(here, name, outcome, judged=next(judged)))
    return results


async def _identified(here: Served, name: str, vector: Vector, *, judged: Judged) -> Identified:
    told = judged.judgement
    answers = [AnswerShape.of(one) for one in told.answers]
    kin = [Sibling(answer=AnswerShape.of(one)) for one in judged.kin]
    await _with_pictures(here, vector, judged, answers=answers, kin=kin)
    return Identified(
        name=name,
        answers=answers,
        path=[AnswerShape.of(one) for one in told.path],
        settled=None if told.settled is None else AnswerShape.of(told.settled),
        within=None if told.within is None else [AnswerShape.of(one) for one in told.within],
        unseen={rank.label: share for rank, share in told.unseen.items()},
        siblings=kin,
    )


async def _with_pictures(
    here: Served, vector: Vector, judged: Judged, *, answers: Sequence[AnswerShape], kin: Sequence[Sibling]
) -> None:
    """Lay the index's pictures beside the best answer and its siblings, where it is of the same model."""
    index = here.index
    if not judged.kin or index is None or index.model != here.require_predictor().model.id or not index.has_lineage:
        return
    best = judged.judgement.answers[0].taxon
    taxa = [one.taxon for one in judged.kin]
    wanted = [taxon for taxon in (best, *taxa) if taxon is not None]
    found = await run_in_threadpool(likenesses, index, vector, wanted)
    if best is not None:
        answers[0].pictures = found.pop(0)
    for sibling, pictures in zip(kin, found, strict=True):
        sibling.pictures = pictures


def _notes(choice: Choice) -> list[str]:
    return [remark.text for remark in choice.opened.told]
