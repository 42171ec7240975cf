"""The application: endpoints, the page's files, and what stands around them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from thuja import __version__
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
from thuja.web.memory import keep_small
from thuja.web.page import mount_page
from thuja.web.problems import Problem, add_problem_handlers
from thuja.web.served import Served

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
)


class Application(FastAPI):
    """FastAPI with the doors outside of everything, its handling of faults included."""

    def __init__(self, served: Served, **options: Any) -> None:
        super().__init__(**options)
        self.state.served = self._served = served

    def build_middleware_stack(self) -> ASGIApp:
        """Logged and counted whatever becomes of it; then headers, who may ask, and how much."""
        served = self._served
        settings = served.settings
        bounded = Intake(
            super().build_middleware_stack(), limits=served.limits, pace=settings.pace, metrics=served.metrics
        )
        return RequestLog(SecurityHeaders(Access(bounded, settings=settings, keys=served.keys)), served=served)


def create_app(served: Served) -> FastAPI:
    """The application that serves these parts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        served.begin()
        tasks = [
            asyncio.create_task(served.follow_index()),
            asyncio.create_task(keep_small(served.metrics.is_idle, pause=served.settings.pace.refresh)),
        ]
        asyncio.get_running_loop().run_in_executor(None, served.warm)
        yield
        for task in tasks:
            task.cancel()
        await served.close()

    app = Application(
        served,
        lifespan=lifespan,
        title="thuja",
        version=__version__,
        summary="Identify organisms on pictures, and find pictures of them.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # both pages would load scripts from elsewhere
        redoc_url=None,
        responses={"4XX": {"model": Problem, "description": "What is wrong, in one sentence"}},
    )
    add_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    mount_page(app)
    return app
