"""The application: endpoints, the page's files, and what stands around them."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from thuja import __version__
from thuja.web.api import about, health, review
from thuja.web.headers import SecurityHeaders
from thuja.web.problems import Problem, add_problem_handlers
from thuja.web.served import Served

STATIC: Final = Path(__file__).parent / "static"
"""The page: plain files, served from / as they lie there."""

ROUTERS: Final[tuple[APIRouter, ...]] = (health.router, about.router, review.router)


def create_app(served: Served) -> FastAPI:
    """The application that serves these parts."""
    app = FastAPI(
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
    app.add_middleware(SecurityHeaders)
    return app
