"""The map of the index: a header that says what there is, and one block of bytes with places and columns."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from thuja.web.plane import MOST, USUAL, Plane
from thuja.web.sampling import filter_of
from thuja.web.served import Here, Served
from thuja.web.taxa import LONGEST, node_named

router = APIRouter(tags=["map"], prefix="/api/map")

Within = Annotated[str, Query(max_length=LONGEST, description="A taxon, by its path or name", examples=["Aves"])]
Points = Annotated[int, Query(ge=1, le=MOST, description="Points at most, drawn evenly from all")]


class MapColumn(BaseModel):
    """Words by number in `words` (0 is not known), or numbers: `low` + code x `step`, 65535 is not known."""

    name: str
    kind: str
    codes: dict[str, Any] = Field(description="dtype, offset in bytes, count")

    model_config = ConfigDict(extra="allow")


class MapHeader(BaseModel):
    """`count` points of `total` pictures; `shares` of the variance lie on the two axes. `x` and `y` are float32."""

    count: int
    total: int
    method: str
    shares: list[float]
    notes: list[str]
    version: int
    name: str | None
    ids: list[str]
    x: dict[str, Any]
    y: dict[str, Any]
    columns: list[MapColumn]


@router.get("", summary="What the map holds")
def header(here: Here, within: Within = "", points: Points = USUAL) -> MapHeader:
    """The ids of its points in order, and where their places and columns lie in `/api/map/points`."""
    return MapHeader(**_plane(here, within, points).header)


@router.get(
    "/points",
    summary="The map's places and columns",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def data(here: Here, within: Within = "", points: Points = USUAL) -> Response:
    """Arrays end to end, the least byte first, as the header of the same question says."""
    return Response(_plane(here, within, points).data, media_type="application/octet-stream")


def _plane(here: Served, within: str, points: int) -> Plane:
    explored = here.explored
    explored.require_index()
    node = node_named(explored.require_lineage().tree(), within) if within.strip() else None
    return explored.maps.plane(None if node is None else filter_of(node.taxon), most=points)
