"""One picture of the index by its id, with all that its row tells."""

from fastapi import APIRouter

from thuja.errors import UnknownName
from thuja.search.index import Index
from thuja.web.hits import HitShape, hits_at
from thuja.web.problems import NotFound
from thuja.web.served import Here

router = APIRouter(tags=["search"])

LONGEST = 500
"""Letters of an id."""


@router.get("/api/records/{id:path}", summary="A picture of the index by its id")
def record(here: Here, id: str) -> HitShape:
    """All that is known of it; `score` is 1, that of a picture with itself."""
    index = here.require_index()
    return hits_at(index, [key_of(index, id)], [1.0])[0]


def key_of(index: Index, id: str) -> int:
    """The key of a row; raises NotFound."""
    try:
        return index.keys_of([id[:LONGEST]])[0]
    except UnknownName as error:
        raise NotFound(error.message, hint=error.hint) from error
