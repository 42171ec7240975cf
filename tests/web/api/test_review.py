"""The review over HTTP: the queue, its pictures and nothing else, decisions, the export."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from tests.web.review.drawn import write_batch

from thuja.predict.outputs.provenance import log_beside
from thuja.web.app import create_app
from thuja.web.opening import Named, open_served
from thuja.web.review.journal import Verdict
from thuja.web.review.queue import Review
from thuja.web.served import Served
from thuja.web.settings import ServeSettings


def opened(answers: Path) -> tuple[TestClient, Review]:
    review = Review.open(answers, model="tiny")
    served = Served(ServeSettings(review=answers), review=review)
    return TestClient(create_app(served), base_url="http://127.0.0.1:8080", raise_server_exceptions=False), review


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    client, review = opened(write_batch(tmp_path, "jsonl"))
    with client:
        yield client
    review.close()


def test_the_queue_shows_answers_and_pictures_least_certain_first(client: TestClient) -> None:
    page = client.get("/api/review", params={"limit": 3}).json()
    assert [item["row"] for item in page["items"]] == [1, 3, 2]
    assert page["next"] == 2
    first = page["items"][0]
    assert (first["name"], first["answers"][0]["text"]) == ("1.jpg", "Corvus corone")
    assert first["settled"]["text"] == "Corvidae"
    assert page["progress"] == {"total": 5, "open": 4, "accepted": 0, "corrected": 0, "skipped": 0, "failed": 1}
    assert client.get("/api/review", params={"after": 2}).json()["items"][0]["row"] == 0
    picture = client.get(first["url"])
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(picture.content)).size == (48, 32)


def test_a_file_that_was_damaged_meanwhile_is_the_servers_fault_and_its_name_stays_here(tmp_path: Path) -> None:
    """It was 400, with the file's whole path for any caller."""
    answers = write_batch(tmp_path, "jsonl")
    client, review = opened(answers)
    answers.write_bytes(b"?" * answers.stat().st_size)
    with client:
        told = client.get("/api/review")
    assert (told.status_code, told.json()["detail"]) == (500, "a file of this server is damaged")
    assert str(tmp_path) not in told.text
    review.close()


def test_the_export_names_whole_paths_to_nobody_behind_a_proxy(tmp_path: Path) -> None:
    """A server on loopback that a proxy calls by a name answers strangers."""
    answers = write_batch(tmp_path, "jsonl")
    review = Review.open(answers)
    review.decide(1, Verdict.ACCEPT, who="Ada")
    for hosts, is_whole in (((), True), (("names.example.org",), False)):
        served = Served(ServeSettings(review=answers, hosts=hosts), review=review)
        client = TestClient(create_app(served), base_url="http://127.0.0.1:8080")  # not entered: the review stays open
        assert (str(tmp_path) in client.get("/api/review/export").text) == is_whole
    review.close()


def test_a_review_needs_neither_model_nor_index(tmp_path: Path) -> None:
    served = open_served(Named(), ServeSettings(review=write_batch(tmp_path, "jsonl")))
    with TestClient(create_app(served), base_url="http://127.0.0.1:8080") as client:
        assert client.get("/api/review").json()["progress"]["total"] == 5
        features = client.get("/api/about").json()["features"]
        assert [name for name, is_there in features.items() if is_there] == ["review"]


def test_a_decision_is_told_and_its_picture_leaves_the_queue(client: TestClient) -> None:
    told = client.post("/api/review/1", json={"decision": "correct", "name": "a  jay", "who": "Ada"}).json()
    assert told["item"]["decision"]["name"] == "a jay"
    assert told["progress"]["corrected"] == 1
    assert 1 not in [item["row"] for item in client.get("/api/review").json()["items"]]
    assert 1 in [item["row"] for item in client.get("/api/review", params={"state": "all"}).json()["items"]]
    undone = client.post("/api/review/1", json={"decision": "undo", "who": "Ada"}).json()
    assert (undone["item"]["decision"], undone["progress"]["open"]) == (None, 4)


def test_the_export_is_a_csv_of_what_was_decided(client: TestClient) -> None:
    client.post("/api/review/0", json={"decision": "accept", "who": "Ada"})
    told = client.get("/api/review/export")
    assert told.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(told.text)))
    assert [(row["scientific_name"], row["who"], row["model"]) for row in rows] == [("Corvus corax", "Ada", "tiny")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"decision": "correct", "who": "Ada"}, 400),
        ({"decision": "accept", "who": " "}, 400),
        ({"decision": "burn", "who": "Ada"}, 422),
        ({"decision": "correct", "name": "x" * 100_000, "who": "Ada"}, 422),
        ({"decision": "correct", "name": "\ud800", "who": "Ada"}, 422),
        (["accept"], 422),
    ],
)
def test_a_decision_that_is_none_is_one_sentence(client: TestClient, body: object, status: int) -> None:
    answer = client.post("/api/review/0", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 0 < len(answer.json()["detail"]) < 400


@pytest.mark.parametrize("row", ["5", "99999999999", "-1", "..%2f..%2fetc%2fpasswd", "1e3", "0x1", "%00"])
def test_only_rows_of_the_batch_are_shown(client: TestClient, row: str) -> None:
    assert client.get(f"/api/review/{row}/picture").status_code in (404, 422)


def test_a_named_file_that_is_no_picture_is_not_shown(tmp_path: Path) -> None:
    """Whoever hands over a table of answers names any file in it: only pictures leave, and only as pixels.

    The decoder's sentence held the first bytes of what is none.
    """
    (tmp_path / "secret.txt").write_text("a secret")
    names = ["secret.txt", "/etc/passwd", "gone.jpg", "https://example.org/a.jpg"]
    client, review = opened(write_batch(tmp_path, "jsonl", names=names))
    for row in range(4):
        answer = client.get(f"/api/review/{row}/picture")
        assert answer.status_code == 404
        assert "root:" not in answer.text
    items = {item["row"]: item for item in client.get("/api/review").json()["items"]}
    assert (items[3]["url"], items[3]["link"]) == (None, "https://example.org/a.jpg")
    assert items[1]["name"] == "passwd"  # no path of the server's disk
    review.close()


def test_a_shown_picture_carries_no_exif(tmp_path: Path) -> None:
    answers = write_batch(tmp_path, "csv")
    image = Image.new("RGB", (3000, 1500), "green")
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (51.0, 0.0, 0.0)}
    image.save(tmp_path / "photos" / "0.jpg", exif=exif)
    client, review = opened(answers)
    shown = Image.open(io.BytesIO(client.get("/api/review/0/picture").content))
    review.close()
    assert (shown.size, dict(shown.getexif())) == ((1024, 512), {})


def test_a_server_without_answers_says_so(client: TestClient) -> None:
    bare = TestClient(create_app(Served(ServeSettings())), base_url="http://127.0.0.1:8080")
    answer = bare.get("/api/review")
    assert (answer.status_code, answer.json()["hint"]) == (409, "start it with --review ANSWERS")


def test_the_log_of_predict_says_which_model(tmp_path: Path) -> None:
    answers = write_batch(tmp_path, "csv")
    log_beside(answers).write_text('{"model": {"id": "hub:a"}}')
    client, review = opened(answers)
    assert client.get("/api/review").json()["model"] == "hub:a"
    review.close()


@pytest.mark.shared
def test_hostile_photos_are_shown_or_refused(shared: Path, tmp_path: Path) -> None:
    files = sorted(path for path in (shared / "photos" / "robust").rglob("*") if path.is_file())
    lines = [
        json.dumps({"file_name": str(path), "id": str(path), "answers": [{"text": "a", "score": 0.5}]})
        for path in files
    ]
    (tmp_path / "answers.jsonl").write_text("\n".join(lines))
    client, review = opened(tmp_path / "answers.jsonl")
    told = {path.name: client.get(f"/api/review/{row}/picture") for row, path in enumerate(files)}
    review.close()
    assert {answer.status_code for answer in told.values()} == {200, 404}
    for name, answer in told.items():
        if answer.status_code == 200:
            image = Image.open(io.BytesIO(answer.content))
            assert max(image.size) <= 1024, name
            assert not image.getexif(), name


def test_two_reviewers_at_once_lose_no_decision(tmp_path: Path) -> None:
    lines = [
        json.dumps({"file_name": f"{row}.jpg", "id": "", "answers": [{"text": "a", "score": row / 300}]})
        for row in range(200)
    ]
    (tmp_path / "answers.jsonl").write_text("\n".join(lines))
    client, review = opened(tmp_path / "answers.jsonl")

    def decide(who: str, first: int) -> None:
        for row in range(first, 200, 2):
            assert client.post(f"/api/review/{row}", json={"decision": "accept", "who": who}).status_code == 200

    threads = [threading.Thread(target=decide, args=pair) for pair in (("Ada", 0), ("Bo", 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    review.close()
    again = Review.open(tmp_path / "answers.jsonl")
    assert [decision.who for _, decision in again.decided()] == ["Ada", "Bo"] * 100
    assert again.progress().open == 0
    again.close()
