"""The application around its endpoints: health, the page, problems, headers."""

from fastapi.testclient import TestClient

from thuja.web.served import Served


def test_health_and_readiness_part_when_the_server_is_stopping(client: TestClient, served: Served) -> None:
    assert client.get("/readyz").status_code == 200
    served.is_stopping = True
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").json() == {"status": "ok"}


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
