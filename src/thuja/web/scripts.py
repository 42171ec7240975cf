"""The scripts of the interactive map, which the page imports from where `analyze` keeps them."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse

from thuja.web.problems import NotFound

# Found by path: importing the package would load all that draws maps.
_FOLDER: Final = Path(__file__).parents[1] / "analyze" / "maps" / "interactive"
_SHARED: Final = frozenset({"cells.js", "colours.js", "columns.js", "raster.js", "view.js", "walking.js", "webgl.js"})

router = APIRouter(include_in_schema=False)


@router.get("/plot/{name}")
def script(name: str) -> FileResponse:
    """One of the modules that draw points."""
    if name not in _SHARED:
        raise NotFound("there is no such script")
    return FileResponse(_FOLDER / name, media_type="text/javascript")
