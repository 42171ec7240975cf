"""Whether the server lives, and whether it takes requests: for whoever starts and watches it."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from thuja.web.problems import Busy
from thuja.web.served import Here

router = APIRouter(tags=["server"])


class Health(BaseModel):
    """A word on it."""

    status: str


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="Whether the process lives")
async def healthz() -> Health:
    """Answers as long as the process does."""
    return Health(status="ok")


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="Whether it takes requests", responses={503: {"description": "It is stopping."}})
async def readyz(here: Here) -> Health:
    """503 from the moment that the server is told to stop."""
    if here.is_stopping:
        raise Busy("the server is stopping")
    return Health(status="ready")


@router.get("/metrics", summary="Numbers for Prometheus", response_class=Response)
async def metrics(here: Here) -> Response:
    """Requests and their times, the queue, the model's passes, memory."""
    return Response(here.metrics.text(), media_type=CONTENT_TYPE_LATEST)
