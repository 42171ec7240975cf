"""A browser's session on a server with keys: shown once, a key need not stand in every link to a picture."""

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from thuja.web.access import COOKIE
from thuja.web.problems import Unauthorized
from thuja.web.served import Here

router = APIRouter(tags=["server"])


class KeyShape(BaseModel):
    """An API key."""

    key: str = Field(max_length=1000)


@router.post("/api/session", status_code=204, summary="Show a key once, for a browser", response_class=Response)
async def session(shown: KeyShape, here: Here) -> Response:
    """Sets a cookie that this origin's pages alone send, until the browser or the server ends."""
    if here.keys and not here.keys.holds(shown.key):
        raise Unauthorized("the API key is not one of this server's")
    response = Response(status_code=204)
    response.set_cookie(COOKIE, here.keys.session(), httponly=True, samesite="strict")
    return response
