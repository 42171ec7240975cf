"""The page's files as they are sent, the scripts of the interactive map among them."""

import pytest

from thuja.web.page import PLOT, SHARED


def test_a_shared_script_is_served_as_it_lies_there(client):
    answer = client.get("/plot/view.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.text == (PLOT / "view.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["main.js", "page.css", "writing.py", "..%2Fwriting.py", "%2e%2e%2f__init__.py", "nothing.js"]
)
def test_nothing_else_of_that_folder_is_served(client, name):
    assert client.get(f"/plot/{name}").status_code == 404


def test_every_import_of_a_shared_script_is_shared(client):
    for name in SHARED:
        for line in client.get(f"/plot/{name}").text.splitlines():
            if line.startswith("import "):
                imported = line.split('"./')[1].removesuffix('";')
                assert client.get(f"/plot/{imported}").status_code == 200


@pytest.mark.parametrize("path", ["/", "/app.js", "/words/en.json", "/plot/webgl.js"])
def test_a_file_is_sent_packed_and_once(client, path):
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < 0.7 * int(plain.headers["content-length"])
    again = client.get(path, headers={"If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
