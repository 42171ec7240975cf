"""Every endpoint under requests that were drawn from the API's own description: nothing breaks, all errors are told."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from tests.web.api.conftest import index  # noqa: F401 - the fixture
from tests.web.review.drawn import write_batch

from thuja.predict import Predictor
from thuja.search.index import Index
from thuja.web.app import create_app
from thuja.web.review.queue import Review
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

pytestmark = pytest.mark.slow
DRAWN = settings(
    max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def operations(
    predictor: Predictor,
    index: Index,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Any]]:
    """Every operation of a server that has everything: a model, an index, a batch under review."""
    import schemathesis  # seconds, which no other test is to wait for

    answers = write_batch(tmp_path_factory.mktemp("review"), "jsonl")
    review = Review.open(answers)
    app = create_app(Served(ServeSettings(review=answers), predictor=predictor, index=index, review=review))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/api/openapi.json")
    yield {one.ok().label: one.ok() for one in schema.get_all_operations()}
    server.should_exit = True
    thread.join(20)


LABELS = (
    "GET /healthz", "GET /readyz", "GET /metrics", "GET /api/about", "POST /api/session",
    "POST /api/identify", "POST /api/why", "POST /api/embed",
    "POST /api/search", "GET /api/records/{id}", "GET /api/pictures/{id}", "GET /api/taxa", "GET /api/taxa/children",
    "GET /api/taxa/compare", "GET /api/map", "GET /api/map/points", "GET /api/map/layout",
    "GET /api/review", "GET /api/review/export",
    "GET /api/review/{row}/picture", "POST /api/review/{row}",
)  # fmt: skip


def test_every_endpoint_is_described(operations: dict[str, Any]) -> None:
    assert set(LABELS) == set(operations)


@pytest.mark.parametrize("label", LABELS)
def test_no_request_breaks_the_server(operations: dict[str, Any], label: str) -> None:
    @given(case=operations[label].as_strategy())
    @DRAWN
    def ask(case: Any) -> None:
        answer = case.call()
        is_later = answer.status_code == 503 and "retry-after" in answer.headers  # a map that is being drawn
        assert answer.status_code < 500 or is_later, (case.as_curl_command(), answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0] == "application/problem+json", case.as_curl_command()
            assert answer.json()["detail"]

    ask()
