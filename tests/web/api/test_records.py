"""Records and their small pictures: by id alone, whatever the id looks like, cached by browsers, with their credit."""

import io
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from PIL import Image

STRANGE = (
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "corax-00/../corax-02",
    "x" * 5_000,
    "\r\nX-Evil: 1",
    "{{7*7}}",
    "é",
)


def test_a_record_tells_all_of_its_row(client: TestClient) -> None:
    told = client.get("/api/records/corone-04").json()
    assert (told["id"], told["taxon"]["scientific_name"], told["score"]) == ("corone-04", "Corvus corone", 1.0)
    assert (told["row"]["sex"], told["row"]["event_date"]) == ("female", "2014-05-15")
    assert told["picture"]["source_url"] == "https://example.org/corone/4"


def test_a_small_picture_is_a_jpeg_that_a_browser_keeps(client: TestClient) -> None:
    address = client.get("/api/records/corone-04").json()["picture"]["url"]
    told = client.get(address)
    assert Image.open(io.BytesIO(told.content)).format == "JPEG"
    assert "max-age=604800" in told.headers["Cache-Control"]
    assert told.headers["X-Content-Type-Options"] == "nosniff"
    again = client.get(address, headers={"If-None-Match": told.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_row_without_a_small_picture_says_so(client: TestClient) -> None:
    answer = client.get("/api/pictures/corone-05")
    assert (answer.status_code, answer.json()["detail"]) == (404, "the index has no small picture of this one")


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("where", ["records", "pictures"])
def test_an_id_is_looked_up_and_never_a_path(client: TestClient, where: str, name: str) -> None:
    answer = client.get(f"/api/{where}/{quote(name, safe='')}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert "X-Evil" not in answer.headers
    assert "root:" not in answer.text
    assert "49" not in answer.text
    assert len(answer.text) < 1_000
