"""The small pictures of the index, by id: bytes of a JPEG, which a browser keeps."""

from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Header
from fastapi.responses import Response

from thuja.web.api.records import key_of
from thuja.web.problems import NotFound
from thuja.web.served import Here

router = APIRouter(tags=["search"])

_JPEG: Final = b"\xff\xd8\xff"
_CACHED: Final = "private, max-age=604800"
"""A week: an id's picture changes only where its row is replaced. Private, for a server may ask for a key."""


@router.get(
    "/api/pictures/{id:path}",
    summary="A small picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 304: {"description": "It is the one that you have"}},
)
def picture(here: Here, id: str, if_none_match: Annotated[str, Header(max_length=1000)] = "") -> Response:
    """The thumbnail of a row. Its licence and credit stand in every hit, and in `/api/records`."""
    index = here.require_index()
    data = index.thumbnail(key_of(index, id))
    if data is None or not data.startswith(_JPEG):  # an index may come from a stranger
        raise NotFound("the index has no small picture of this one", hint="its record may have a link to its source")
    tag = f'"{sha256(data).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": _CACHED}
    if tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/jpeg", headers=headers)
