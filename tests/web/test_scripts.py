"""The scripts of the interactive map, served to the page from where they lie."""

from pathlib import Path

import pytest

import thuja.analyze.maps.interactive as interactive


def test_a_shared_script_is_served_as_it_lies_there(client):
    answer = client.get("/plot/view.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.text == (Path(interactive.__file__).parent / "view.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["main.js", "page.css", "writing.py", "..%2Fwriting.py", "%2e%2e%2f__init__.py", "nothing.js"]
)
def test_nothing_else_of_that_folder_is_served(client, name):
    assert client.get(f"/plot/{name}").status_code == 404


def test_every_import_of_a_shared_script_is_shared(client):
    for name in ("cells.js", "colours.js", "columns.js", "raster.js", "view.js", "walking.js", "webgl.js"):
        for line in client.get(f"/plot/{name}").text.splitlines():
            if line.startswith("import "):
                imported = line.split('"./')[1].removesuffix('";')
                assert client.get(f"/plot/{imported}").status_code == 200
