"""Vectors of pictures and texts, as the model makes them."""

from typing import Any, Final, Literal

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from thuja.encode import Failure
from thuja.web.encoding import require_short
from thuja.web.forms import form_body, read_asked
from thuja.web.problems import Invalid, TooLarge
from thuja.web.questions import Strict, unpacked
from thuja.web.queue import all_of
from thuja.web.served import Here, Served

router = APIRouter(tags=["embed"])


class EmbedShape(Strict):
    """Texts to embed, as they are or, with `are_names`, put into the usual prompts; and how vectors are written."""

    texts: list[str] = Field(default_factory=list)
    are_names: bool = False
    encoding: Literal["numbers", "base64"] = "numbers"


_OPENAPI: Final[dict[str, Any]] = form_body(
    files="images",
    field="question",
    shape=EmbedShape,
    example={"texts": ["a photo of a raven"], "encoding": "base64"},
    has_json=True,
)


class Embedded(BaseModel):
    """Unit vectors in the order that texts or pictures came in; None with an error where there is none.

    A vector is numbers, or base64 of little-endian float32.
    """

    model: str
    preparation: str
    dim: int
    vectors: list[list[float] | str | None]
    errors: list[str | None]


@router.post("/api/embed", summary="Make vectors of pictures or texts", openapi_extra=_OPENAPI)
async def embed(request: Request, here: Here) -> Embedded:
    """Send JSON with `texts`, or a form with files as `images` and the JSON as `question`."""
    model = here.require_encoding().encoder.model
    asked, uploads = await read_asked(request, here.limits, EmbedShape, files="images", field="question", has_json=True)
    if uploads and asked.texts:
        raise Invalid("send either pictures or texts", hint="files as images, or texts in the question")
    found = await (_pictures(here, [one.data for one in uploads]) if uploads else _texts(here, asked))
    return Embedded(
        model=model.id,
        preparation=model.preparation.name,
        dim=model.config.embed_dim,
        vectors=[None if isinstance(one, Failure) else _written(one, asked.encoding) for one in found],
        errors=[one.message if isinstance(one, Failure) else None for one in found],
    )


async def _pictures(here: Served, pictures: list[bytes]) -> list[Any]:
    encoding = here.require_encoding()
    with here.queue.admitted(len(pictures)):
        return list(await all_of(encoding.look(data) for data in pictures))


async def _texts(here: Served, asked: EmbedShape) -> list[Any]:
    if not asked.texts:
        raise Invalid("there is nothing to embed", hint='such as {"texts": ["a photo of a raven"]}')
    if len(asked.texts) > here.limits.labels:
        raise TooLarge(f"{len(asked.texts):,} texts are over the limit of {here.limits.labels:,}")
    require_short(asked.texts, here.limits.text)
    return list(await here.require_encoding().read(asked.texts, is_name=asked.are_names))


def _written(vector: Any, encoding: str) -> list[float] | str:
    return unpacked(vector) if encoding == "base64" else [float(number) for number in np.asarray(vector)]
