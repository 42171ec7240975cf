"""The page's files as they are sent: packed, and not sent again where the browser has them.

The scripts of the interactive map are among them: the page imports them from where `analyze` keeps them.
"""

import os
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).parent / "static"
"""The page: plain files, served from / as they lie there."""
# Found by path: importing the package would load all that draws maps.
PLOT: Final = Path(__file__).parents[1] / "analyze" / "maps" / "interactive"
SHARED: Final = frozenset({"cells.js", "colours.js", "columns.js", "raster.js", "view.js", "walking.js", "webgl.js"})
"""Of the folder PLOT, what the page imports under /plot/."""

_LEAST: Final = 500  # bytes that are worth packing
_LEVEL: Final = 6


class _Shared(StaticFiles):
    """The shared scripts, and nothing else of their folder."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Where a file lies, if there is such a one."""
        return super().lookup_path(path) if path in SHARED else ("", None)


class _Page(Mount):
    """What is left to the page: under /api an endpoint that takes another method is still to say so."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a path may be a file of the page."""
        return (Match.NONE, {}) if scope["path"].startswith("/api/") else super().matches(scope)


def mount_page(app: FastAPI) -> None:
    """Serve the page from / wherever no endpoint is."""
    for path, files in (("/plot", _Shared(directory=PLOT)), ("/", StaticFiles(directory=STATIC, html=True))):
        packed = GZipMiddleware(files, minimum_size=_LEAST, compresslevel=_LEVEL)
        app.router.routes.append(_Page(path, packed, name=path.strip("/") or "page"))
