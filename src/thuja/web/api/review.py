"""A batch of answers looked through by people: the queue, its pictures, decisions, and the table of examples."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from thuja.errors import ImageError, UsageError
from thuja.images.fetching import is_url
from thuja.report import web_address
from thuja.web.problems import Missing, NotFound
from thuja.web.review.answers import Asked
from thuja.web.review.export import export_csv
from thuja.web.review.journal import LONGEST_NAME, Decision, Verdict
from thuja.web.review.photos import shown
from thuja.web.review.queue import Review
from thuja.web.served import Here, Served
from thuja.web.shapes import AnswerShape, TaxonShape

router = APIRouter(tags=["review"], prefix="/api/review")

_MOST = 200
Row = Annotated[int, Path(ge=0, le=2**53, description="The picture's number in the batch")]


class ProgressShape(BaseModel):
    """How far along the review is; `failed` pictures have no answer and are not looked through."""

    total: int
    open: int
    accepted: int
    corrected: int
    skipped: int
    failed: int


class DecisionShape(BaseModel):
    """What somebody decided of a picture."""

    decision: Verdict
    name: str
    taxon: TaxonShape | None
    who: str
    when: str
    model: str

    @classmethod
    def of(cls, decision: Decision) -> "DecisionShape":
        """The shape of a decision."""
        taxon = None if decision.taxon is None else TaxonShape.of(decision.taxon)
        told = {name: getattr(decision, name) for name in ("decision", "name", "who", "when", "model")}
        return cls(**told, taxon=taxon)


class ReviewItem(BaseModel):
    """A picture of the batch: `url` shows it where its file is at hand, `link` leads to one on the web."""

    row: int
    name: str
    url: str | None
    link: str
    box: str
    certainty: float | None
    answers: list[AnswerShape]
    path: list[AnswerShape]
    settled: AnswerShape | None
    decision: DecisionShape | None


class ReviewPage(BaseModel):
    """A part of the queue, least certain first; `next` goes on behind it."""

    name: str
    model: str
    progress: ProgressShape
    items: list[ReviewItem]
    next: int | None


class Decide(BaseModel):
    """A decision: `name` is what the picture shows, needed for a correction."""

    decision: Verdict = Field(description="accept, correct, skip, or undo the last one")
    name: str = Field(default="", max_length=LONGEST_NAME)
    who: str = Field(max_length=LONGEST_NAME)

    model_config = {
        "json_schema_extra": {"examples": [{"decision": "correct", "name": "Corvus corone", "who": "Ada Lovelace"}]}
    }


class Decided(BaseModel):
    """The picture as it stands, and how far along the review is."""

    item: ReviewItem
    progress: ProgressShape


@router.get("", summary="What is to be looked through, least certain first")
def queue(
    here: Here,
    *,
    after: Annotated[int | None, Query(ge=0, le=2**53, description="The row that the last page ended with")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 20,
    state: Annotated[Literal["open", "all"], Query(description="open: what waits; all: what was decided too")] = "open",
) -> ReviewPage:
    """The next pictures of the queue."""
    review = _review(here)
    rows = review.queue(after=after, limit=limit, waiting=state == "open")
    return ReviewPage(
        name=review.answers.name,
        model=review.model,
        progress=_progress(review),
        items=[_item(review, review[row]) for row in rows],
        next=rows[-1] if len(rows) == limit else None,
    )


@router.get(
    "/export",
    summary="What was accepted and corrected, as a table of examples",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def export(here: Here) -> Response:
    """A CSV that `thuja predict --examples` and `thuja curate --labels` read as it is.

    Files stand in it by their whole path where this server answers this machine alone, without a proxy's name either,
    else as the batch names them.
    """
    review = _review(here)
    told = export_csv(review, has_paths=here.settings.is_private)
    headers = {"Content-Disposition": 'attachment; filename="reviewed.csv"'}
    return Response(told.encode("utf-8", "backslashreplace"), media_type="text/csv; charset=utf-8", headers=headers)


@router.get(
    "/{row}/picture",
    summary="A picture of the batch",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def picture(here: Here, row: Row) -> Response:
    """As a smaller JPEG of its pixels alone."""
    review = _review(here)
    try:
        async with here.photos:  # of 50 million pixels each takes 200 MB to read
            asked = await run_in_threadpool(_asked, review, row)
            data = await run_in_threadpool(shown, asked, review.answers, limits=here.limits.of_image)
    except ImageError as error:
        # The error's own words may hold the beginning of a file that is no picture.
        raise NotFound(f"picture {row} of the review cannot be shown: {error.reason}") from error
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


@router.post("/{row}", summary="Accept, correct or skip an answer, or undo that")
def decide(here: Here, row: Row, asked: Decide) -> Decided:
    """It is on the disk when the response comes."""
    review = _review(here)
    _asked(review, row)
    item = review.decide(row, asked.decision, who=asked.who, name=asked.name, resolve=here.explored.taxa.named)
    return Decided(item=_item(review, item), progress=_progress(review))


def _review(here: Served) -> Review:
    if here.review is None:
        raise Missing("this server has no answers to review", hint="start it with --review ANSWERS")
    return here.review


def _asked(review: Review, row: int) -> Asked:
    try:
        return review[row]
    except UsageError as error:
        raise NotFound(error.message, hint=error.hint) from error


def _progress(review: Review) -> ProgressShape:
    progress = review.progress()
    return ProgressShape(**{name: getattr(progress, name) for name in ProgressShape.model_fields})


def _item(review: Review, asked: Asked) -> ReviewItem:
    decision = review.decision(asked.row)
    is_away = is_url(asked.name)
    return ReviewItem(
        row=asked.row,
        name=asked.name.replace("\\", "/").rsplit("/", 1)[-1],
        url=None if is_away else f"/api/review/{asked.row}/picture",
        link=web_address(asked.name) if is_away else "",
        box=asked.box,
        certainty=asked.answers[0].score if asked.answers else None,
        answers=[AnswerShape.of(one) for one in asked.answers],
        path=[AnswerShape.of(one) for one in asked.path],
        settled=None if asked.settled is None else AnswerShape.of(asked.settled),
        decision=None if decision is None else DecisionShape.of(decision),
    )
