"""Pictures of the index that are like a picture, words, both, or others of the index, under filters."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from thuja.search.columns import FacetCount
from thuja.search.index import Index
from thuja.search.query import Answer, answer
from thuja.web.asked import SearchShape
from thuja.web.asking import query_encode
from thuja.web.forms import form_body, read_asked
from thuja.web.hits import HitShape, hit_shape
from thuja.web.problems import Invalid
from thuja.web.served import Here

router = APIRouter(tags=["search"])

_OPENAPI: Final[dict[str, Any]] = form_body(
    files="images",
    field="query",
    shape=SearchShape,
    example={"text": "a moth with eyespots", "filter": {"within": ["Saturniidae"]}, "k": 12, "facets": ["family"]},
    has_json=True,
)


class Found(BaseModel):
    """What was found.

    `total` is how many pictures the filter keeps, `is_exhausted` says that nothing comes after the last hit, `is_exact`
    that every picture was compared. `told` are sentences on how the question was understood.
    """

    hits: list[HitShape]
    total: int
    facets: Mapping[str, Sequence[FacetCount]]
    is_exact: bool
    is_exhausted: bool
    told: list[str]
    version: int
    took_ms: float


@router.post("/api/search", summary="Find pictures", openapi_extra=_OPENAPI)
async def search(request: Request, here: Here) -> Found:
    """Send JSON, or a form with pictures as `images` and the JSON as `query`. Nothing of a picture is kept."""
    index = here.require_index()
    asked, uploads = await read_asked(request, here.limits, SearchShape, files="images", field="query", has_json=True)
    images = tuple(one.data for one in uploads)
    if not all(images):
        raise Invalid("a picture is empty")
    needs_model = bool(images or asked.text.strip() or (asked.direction and asked.direction.from_text))
    encode = query_encode(here.require_encoding()) if needs_model else None

    def found() -> Found:
        query = asked.query(index, here.limits, images)
        return _found(index, answer(index, query, encode), asked)

    with here.queue.admitted(len(images)) if images else nullcontext():
        async with here.searches:
            return await run_in_threadpool(found)


def _found(index: Index, told: Answer, asked: SearchShape) -> Found:
    return Found(
        hits=[hit_shape(index, hit, asked.columns) for hit in told.hits],
        total=told.total,
        facets=told.facets,
        is_exact=told.is_exact,
        is_exhausted=told.is_exhausted,
        told=list(told.told),
        version=index.version,
        took_ms=told.took_ms,
    )
