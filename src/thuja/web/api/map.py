"""The map of the index: a header that says what there is, and one block of bytes with places and columns."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from thuja.web.drawing import State
from thuja.web.plane import MOST, USUAL, Layout, Plane
from thuja.web.problems import NotFound, Problem
from thuja.web.sampling import filter_of
from thuja.web.served import Here, Served
from thuja.web.taxa import LONGEST, node_named

router = APIRouter(tags=["map"], prefix="/api/map")

Within = Annotated[str, Query(max_length=LONGEST, description="A taxon, by its path or name", examples=["Aves"])]
Points = Annotated[int, Query(ge=1, le=MOST, description="Points at most, drawn evenly from all")]
By = Annotated[
    Layout, Query(description="On their own principal axes, or where the whole index by neighbours has them")
]
Version = Annotated[int | None, Query(ge=0, description="That of the header: another's numbers are not sent")]
_LATER: Final[dict[int | str, dict[str, Any]]] = {
    503: {"model": Problem, "description": "The layout is being drawn: ask again after Retry-After"}
}


class MapColumn(BaseModel):
    """Words by number in `words` (0 is not known), or numbers: `low` + code x `step`, 65535 is not known."""

    name: str
    kind: str
    codes: dict[str, Any] = Field(description="dtype, offset in bytes, count")

    model_config = ConfigDict(extra="allow")


class MapHeader(BaseModel):
    """`count` points of `total` pictures. `x` and `y` are float32.

    `shares` of the variance lie on the two axes, where the map is of axes. `method` was fitted on `fitted` pictures.
    """

    count: int
    total: int
    layout: Layout
    method: str
    fitted: int
    shares: list[float]
    notes: list[str]
    version: int
    name: str | None
    ids: list[str]
    x: dict[str, Any]
    y: dict[str, Any]
    columns: list[MapColumn]


class LayoutProgress(BaseModel):
    """How far the layout by neighbours is; `detail` is what went wrong, where it failed."""

    state: State
    method: str
    detail: str


@router.get("", summary="What the map holds", responses=_LATER)
def header(here: Here, within: Within = "", points: Points = USUAL, layout: By = Layout.AXES) -> MapHeader:
    """The ids of its points in order, and where their places and columns lie in `/api/map/points`."""
    return MapHeader(**_plane(here, within, points, layout=layout).header)


@router.get(
    "/points",
    summary="The map's places and columns",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **_LATER},
)
def data(
    here: Here, *, within: Within = "", points: Points = USUAL, layout: By = Layout.AXES, version: Version = None
) -> Response:
    """Arrays end to end, the least byte first, as the header of the same question says."""
    plane = _plane(here, within, points, layout=layout)
    if version not in (None, plane.header["version"]):
        raise NotFound(
            f"the index is of version {plane.header['version']}, and the map's header of {version}",
            hint="ask for the header again",
        )
    return Response(plane.data, media_type="application/octet-stream")


@router.get("/layout", summary="How far the layout by neighbours is")
def progress(here: Here) -> LayoutProgress:
    """Asking begins it: it is fitted once for a version of the index, in a process of its own."""
    found = here.board.progress(here.explored.require_index())
    return LayoutProgress(state=found.state, method=found.method, detail=found.detail)


def _plane(here: Served, within: str, points: int, *, layout: Layout) -> Plane:
    explored = here.explored
    explored.require_index()
    node = node_named(explored.require_lineage().tree(), within) if within.strip() else None
    return explored.maps.plane(None if node is None else filter_of(node.taxon), most=points, layout=layout)
