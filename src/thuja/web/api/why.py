"""Why a picture was given an answer: what it was weighed against, and where the picture speaks for it."""

from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from thuja.encode import Failure
from thuja.errors import ImageError
from thuja.predict.why.explanations import Explanation
from thuja.web.explaining import Explain, ToExplain, doubt_of, overlay_of, picture_of, rivals_of, sentence_of
from thuja.web.forms import form_body, read_asked
from thuja.web.problems import Invalid
from thuja.web.questions import AskedShape
from thuja.web.served import Here
from thuja.web.shapes import AnswerShape

router = APIRouter(tags=["identify"])


class WhyShape(AskedShape):
    """The question that was asked, and the answer to explain; the best one where none is named."""

    answer: str = Field(default="", max_length=2_000)


_OPENAPI: Final[dict[str, Any]] = form_body(
    files="image", field="question", shape=WhyShape, example={"answer": "Corvus corax", "within": ["Aves"]}
)


class Why(BaseModel):
    """Why an answer was given.

    `shows` says whether `overlay` tells the answer from its rival: where not, or where little, `reason` says why.
    `overlay` is the picture in grey under the map, PNG; `picture` the same without it, JPEG: both data URIs.
    """

    answer: AnswerShape
    rivals: list[AnswerShape]
    sentence: str
    shows: bool
    reason: str
    overlay: str | None
    picture: str


@router.post("/api/why", summary="Show why a picture was given an answer", openapi_extra=_OPENAPI)
async def why(request: Request, here: Here) -> Why:
    """Send the file as `image`, and the question that was asked of it, with the answer's text, as `question`."""
    here.require_predictor()
    asked, uploads = await read_asked(request, here.limits, WhyShape, files="image", field="question")
    if len(uploads) != 1:
        raise Invalid(f"one picture is explained at a time, got {len(uploads)}", hint="send it as image")
    question, wish = asked.question(), asked.wish(here.limits)
    box = None if asked.box is None else asked.box.box()
    data = uploads[0].data
    with here.queue.admitted(1):
        choice = await here.require_choices().find(wish)
        vector = await here.require_encoding().look(data, box)
        if isinstance(vector, Failure):
            raise ImageError(vector.message, reason=vector.reason)
        shares = "" if asked.box is None else asked.box.shares()
        work = Explain(choice=choice, question=question, attributions=here.attributions)
        (told,) = await here.queue.run(work, [ToExplain(data=data, vector=vector, box=shares, text=asked.answer)])
    if isinstance(told, ImageError):
        raise told
    return await run_in_threadpool(_shown, told)  # two pictures are packed


def _shown(told: Explanation) -> Why:
    overlay = overlay_of(told)
    return Why(
        answer=AnswerShape.of(told.answer),
        rivals=[AnswerShape.of(one) for one in rivals_of(told)],
        sentence=sentence_of(told),
        shows=overlay is not None,
        reason=doubt_of(told),
        overlay=overlay,
        picture=picture_of(told.image),
    )
