"""Pictures of the index that are like a picture, words, both, or others of the index, under filters."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from thuja.search.index import Index
from thuja.search.query import Answer, answer
from thuja.web.asked import SearchShape
from thuja.web.asking import query_encode
from thuja.web.forms import form_body
from thuja.web.hits import HitShape, hit_shape
from thuja.web.problems import Invalid, WrongType, read_json
from thuja.web.served import Here, Served
from thuja.web.uploads import read_form

router = APIRouter(tags=["search"])

_OPENAPI: Final[dict[str, Any]] = form_body(
    files="images",
    field="query",
    shape=SearchShape,
    example={"text": "a moth with eyespots", "filter": {"within": ["Saturniidae"]}, "k": 12, "facets": ["family"]},
    has_json=True,
)


class FacetShape(BaseModel):
    """A value and how many of the pictures that the filter keeps have it; "" stands for none."""

    value: str
    count: int


class Found(BaseModel):
    """What was found.

    `total` is how many pictures the filter keeps, `is_exhausted` says that nothing comes after the last hit, `is_exact`
    that every picture was compared. `told` are sentences on how the question was understood.
    """

    hits: list[HitShape]
    total: int
    facets: Mapping[str, list[FacetShape]]
    is_exact: bool
    is_exhausted: bool
    told: list[str]
    version: int
    took_ms: float


@router.post("/api/search", summary="Find pictures", openapi_extra=_OPENAPI)
async def search(request: Request, here: Here) -> Found:
    """Send JSON, or a form with pictures as `images` and the JSON as `query`. Nothing of a picture is kept."""
    index = here.require_index()
    asked, images = await _read(request, here)
    needs_model = bool(images or asked.text.strip() or (asked.direction and asked.direction.from_text))
    encode = query_encode(here.require_encoding()) if needs_model else None

    def found() -> Found:
        query = asked.query(index, here.limits, images)
        return _found(index, answer(index, query, encode), asked)

    with here.queue.admitted(len(images)) if images else nullcontext():
        async with here.searches:
            return await run_in_threadpool(found)


async def _read(request: Request, here: Served) -> tuple[SearchShape, tuple[bytes, ...]]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return read_json(SearchShape, (await request.body()).decode("utf-8", "replace")), ()
    if kind != "multipart/form-data":
        raise WrongType("the body is neither JSON nor multipart/form-data")
    form = await read_form(request, here.limits, files="images")
    asked = read_json(SearchShape, form.fields.get("query") or "{}")
    images = tuple(one.data for one in form.files)
    if any(not data for data in images):
        raise Invalid("a picture is empty")
    return asked, images


def _found(index: Index, told: Answer, asked: SearchShape) -> Found:
    return Found(
        hits=[hit_shape(index, hit, asked.columns) for hit in told.hits],
        total=told.total,
        facets={
            name: [FacetShape(value=one.value, count=one.count) for one in counts]
            for name, counts in told.facets.items()
        },
        is_exact=told.is_exact,
        is_exhausted=told.is_exhausted,
        told=list(told.told),
        version=index.version,
        took_ms=told.took_ms,
    )
