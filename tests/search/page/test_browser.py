"""The page of a search in a real browser: nothing fetched, nothing cut off, nothing that keeps somebody out."""

import shutil

import pytest
from tests.search.page.test_page import RAVEN, Pictures, hit

from thuja.search.columns.facets import FacetCount
from thuja.search.page import asked_of, result_page
from thuja.search.query import Answer, Query

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium():
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs a headless Chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    row = {"license_name": "CC BY", "license_link": "https://example.org/by", "copyright_owner": "Ada"}
    hits = [hit(id=f"{key:036}", key=key, row={**row, "title": "w" * 80}, copies=key % 3) for key in range(1, 40)]
    counts = {"order": [FacetCount(value="Passeriformes", count=1234)]}
    found = Answer(hits=hits, total=5000, facets=counts, told=(f'"raven" is understood as {RAVEN.taxonomic_name}',))
    query = Query(text="a raven", id="7", unlike=("9",))
    path = tmp_path_factory.mktemp("page") / "page.html"
    result_page(found, asked_of(Pictures(), query), Pictures().thumbnail).save(path)
    return path.as_uri()


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 800, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_whole_at_every_width_and_in_both_colours(chromium, address, width, scheme) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints, asked = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator("summary").first.click()
    assert page.locator(".hit").count() == 39
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    faults = [one for one in axe.run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in faults] == []
    page.close()
