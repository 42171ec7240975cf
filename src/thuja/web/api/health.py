"""Whether the server lives, and whether it takes requests: for whoever starts and watches it."""

from fastapi import APIRouter
from pydantic import BaseModel

from thuja.web.problems import Busy
from thuja.web.served import Here

router = APIRouter(tags=["server"])


class Health(BaseModel):
    """A word on it."""

    status: str


@router.get("/healthz", summary="Whether the process lives")
async def healthz() -> Health:
    """Answers as long as the process does."""
    return Health(status="ok")


@router.get("/readyz", summary="Whether it takes requests", responses={503: {"description": "It is stopping."}})
async def readyz(here: Here) -> Health:
    """503 from the moment that the server is told to stop."""
    if here.is_stopping:
        raise Busy("the server is stopping")
    return Health(status="ready")
