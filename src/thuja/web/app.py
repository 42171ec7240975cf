"""The application: endpoints, the page's files, and what stands around them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from thuja import __version__
from thuja.web import scripts
from thuja.web.access import Access
from thuja.web.api import (
    about,
    compare,
    embed,
    health,
    identify,
    map,
    pictures,
    records,
    review,
    search,
    session,
    taxa,
    why,
)
from thuja.web.headers import SecurityHeaders
from thuja.web.intake import Intake
from thuja.web.logs import RequestLog
from thuja.web.problems import Problem, add_problem_handlers
from thuja.web.served import Served

STATIC: Final = Path(__file__).parent / "static"
"""The page: plain files, served from / as they lie there."""

ROUTERS: Final[tuple[APIRouter, ...]] = (
    health.router,
    about.router,
    session.router,
    identify.router,
    why.router,
    embed.router,
    search.router,
    records.router,
    pictures.router,
    taxa.router,
    compare.router,
    map.router,
    review.router,
    scripts.router,
)


def create_app(served: Served) -> FastAPI:
    """The application that serves these parts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        follower = asyncio.create_task(served.follow_index())
        yield
        follower.cancel()
        await served.close()

    app = FastAPI(
        lifespan=lifespan,
        title="thuja",
        version=__version__,
        summary="Identify organisms on pictures, and find pictures of them.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # both pages would load scripts from elsewhere
        redoc_url=None,
        responses={"4XX": {"model": Problem, "description": "What is wrong, in one sentence"}},
    )
    app.state.served = served
    add_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
    # The last is the outermost: a request is counted and logged whatever becomes of it.
    app.add_middleware(Intake, limits=served.limits, pace=served.settings.pace, metrics=served.metrics)
    app.add_middleware(Access, settings=served.settings, keys=served.keys)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog, served=served)
    return app
