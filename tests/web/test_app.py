"""The application around its endpoints: health, the page, problems, headers."""

import asyncio
import json
import threading

import anyio.to_thread
import httpx
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.concurrency import run_in_threadpool
from tests.web.conftest import jpeg

from thuja.web.app import create_app
from thuja.web.served import Served


def test_health_and_readiness_part_when_the_server_is_stopping(client: TestClient, served: Served) -> None:
    assert client.get("/readyz").status_code == 200
    served.is_stopping = True
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_second_server_on_the_same_parts_is_refused_at_once(client: TestClient, served: Served) -> None:
    """It shared a queue that belongs to the first one's event loop, and its requests hung."""
    with pytest.raises(AssertionError, match="make others"), TestClient(create_app(served)):
        pass
    assert client.get("/healthz").status_code == 200


def test_health_is_told_while_all_threads_are_taken(served: Served) -> None:
    """Each request waited for a thread to learn what the server stands on: forty slow searches kept health waiting."""

    async def run() -> int:
        to_end, limiter = threading.Event(), anyio.to_thread.current_default_thread_limiter()
        busy = [asyncio.create_task(run_in_threadpool(to_end.wait, 20)) for _ in range(int(limiter.total_tokens))]
        while limiter.available_tokens:
            await asyncio.sleep(0.005)
        transport = httpx.ASGITransport(create_app(served))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            answer = await asyncio.wait_for(client.get("/healthz"), 10)
        to_end.set()
        await asyncio.gather(*busy)
        return answer.status_code

    assert asyncio.run(run()) == 200


def test_about_says_what_the_server_has(client: TestClient, served: Served) -> None:
    told = client.get("/api/about").json()
    assert told["labels"] == {
        "count": 4, "is_taxa": True, "is_calibrated": False,
        "ranks": ["kingdom", "phylum", "class", "order", "family", "genus", "species"],
    }  # fmt: skip
    assert told["model"]["dim"] == 8
    assert told["index"] is None
    assert told["features"]["identify"]
    assert not told["features"]["search"]


def test_the_page_is_served_at_the_root_under_a_policy_without_strangers(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_is_not_there_is_a_problem_with_one_sentence(client: TestClient) -> None:
    for path in ("/api/nothing", "/nothing.js", "/api/../../etc/passwd", "/..%2f..%2fetc/passwd"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "there is nothing at this address"


def test_a_fault_of_ours_is_a_problem_that_tells_nothing(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """It once passed the doors by: without the policy's headers, and in the log as if the client had left."""
    app = create_app(served)

    async def fault() -> None:
        raise ValueError("a secret path")

    app.router.routes.insert(0, APIRoute("/api/fault", fault))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        answer = client.get("/api/fault")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert 'thuja_requests_total{method="GET",path="/api/fault",status="500"} 1.0' in served.metrics.text().decode()


def test_the_description_of_the_api_has_examples_that_are_meant(client: TestClient) -> None:
    told = client.get("/api/openapi.json").json()
    form = told["paths"]["/api/identify"]["post"]["requestBody"]["content"]["multipart/form-data"]
    answer = client.post("/api/identify", files={"images": jpeg()}, data=form["example"])
    assert answer.status_code == 200, answer.text
    text = told["paths"]["/api/embed"]["post"]["requestBody"]["content"]["application/json"]
    assert client.post("/api/embed", json=text["example"]).status_code == 200
    assert "$ref" not in json.dumps(form["schema"])


def test_whoever_watches_may_ask_for_the_head_alone_and_another_method_is_told(client: TestClient) -> None:
    """Some balancers ask so; they were told that there is nothing at this address."""
    assert [client.head(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    for answer in (client.put("/api/search", json={}), client.get("/api/identify"), client.post("/api/about")):
        assert (answer.status_code, answer.json()["detail"]) == (405, "this address does not take that method")
    assert client.get("/api/none").status_code == 404
