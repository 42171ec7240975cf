"""Places in the tab Search: a box, the areas of a file; and a server that gives few results at once."""

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from tests.web.conftest import serving
from tests.web.page.conftest import serious
from tests.web.page.tabs.conftest import BIRDS, INSECTS, lineage, until

from thuja.embeddings import Embeddings
from thuja.predict import Predictor
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, build_index
from thuja.web.served import Served
from thuja.web.settings import RequestLimits, ServeSettings

pytestmark = pytest.mark.browser
EACH = 30
AT_ONCE = 20


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, predictor: Predictor) -> Iterator[str]:
    """A server whose five species live each on a parallel of its own, 0 to 40, at meridians from 0 to 29."""
    folder = tmp_path_factory.mktemp("placed")
    dim = predictor.model.config.embed_dim
    centres = np.linalg.qr(np.random.default_rng(3).normal(size=(dim, dim)))[0][:5]
    rows = [
        lineage(*names) | {"latitude": 10.0 * number, "longitude": float(east)}
        for number, names in enumerate([*BIRDS, *INSECTS])
        for east in range(EACH)
    ]
    Embeddings(
        ids=[f"{row['species']}-{row['longitude']:02.0f}" for row in rows],
        vectors=np.repeat(centres, EACH, axis=0).astype(np.float32),
        model=predictor.model.id,
        columns=pa.Table.from_pylist(rows),
    ).save(folder / "vectors.parquet")
    build_index([folder / "vectors.parquet"], folder / "index", BuildOptions())
    settings = ServeSettings(limits=RequestLimits(k=AT_ONCE))
    with serving(Served(settings, predictor=predictor, index=Index.open(folder / "index"))) as address:
        yield address


def opened(visit, place="#search", **how):
    page = visit(place, **how)
    page.wait_for_selector(".cell .card")
    return page


def told(page, words):
    until(page, f"document.querySelector('.search-told').textContent.startsWith({words!r})")


def give(page, name, content):
    """Choose a file of an area, by the button that a reader sees."""
    if not page.locator(".filter-place[open]").count():
        page.locator("summary", has_text="Place").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open an area").click()
    text = content if isinstance(content, str) else json.dumps(content)
    chooser.value.set_files({"name": name, "mimeType": "application/geo+json", "buffer": text.encode()})


def square(south, west, north, east):
    """A polygon of GeoJSON."""
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [corners]}


def test_a_box_keeps_what_lies_in_it_and_stands_in_the_address(visit):
    page = opened(visit)
    page.locator("summary", has_text="Place").click()
    page.get_by_label("north").fill("15")
    page.get_by_label("north").blur()
    told(page, "60 pictures")
    page.get_by_label("west").fill("20")
    page.get_by_label("west").blur()
    told(page, "20 pictures")
    assert page.evaluate("decodeURIComponent(location.hash)") == "#search?box=,20,15,"
    again = opened(visit, page.evaluate("location.hash"))
    told(again, "20 pictures")
    assert again.get_by_label("north").input_value() == "15"
    page.go_back()
    told(page, "60 pictures")
    assert page.get_by_label("west").input_value() == ""


def test_a_box_upside_down_is_one_sentence(visit):
    page = visit("#search?box=50,,10,")
    assert "from south to north" in page.get_by_role("alert").inner_text()
    page.complaints.clear()  # the browser tells of the refusal itself


def test_a_place_that_the_reader_folds_stays_folded(visit):
    """Each answer opened it again."""
    page = opened(visit, "#search?box=,,15,")
    assert page.locator(".filter-place[open]").count() == 1
    page.locator("summary", has_text="Place").click()
    page.get_by_role("button", name="Near-copies once").click()
    until(page, "document.querySelectorAll('.cell .card').length === 2")
    assert page.locator(".filter-place[open]").count() == 0


def test_filters_that_are_folded_say_how_many_they_are(visit):
    """On a phone nothing told that a file's areas, which stand in no address, still kept most pictures out."""
    page = visit("#search?box=,,15,&is.genus=Corvus&is.genus=Parus", viewport={"width": 360, "height": 740})
    page.wait_for_selector(".search-side:not([open])")
    assert page.locator(".search-side > summary").inner_text().split() == ["Filters", "3"]
    page.goto(page.url.split("#")[0] + "#search")
    until(page, "document.querySelector('.search-side > summary').textContent === 'Filters'")


def test_results_that_come_while_filters_hide_them_are_there_once_these_are_folded(visit):
    """They were put off the screen, and stayed out of the page until somebody scrolled."""
    page = opened(visit, "#search", viewport={"width": 360, "height": 320})
    page.locator(".search-side > summary").click()
    page.locator("summary", has_text="Place").click()
    page.get_by_label("north").fill("15")
    page.get_by_label("north").blur()
    told(page, "60 pictures")
    assert page.locator(".cell").count() == 2  # the first line, for who does not scroll
    page.locator(".search-side > summary").click()
    until(page, "document.querySelectorAll('.cell .card').length > 2")


def test_no_result_is_no_empty_feed_of_results(visit):
    page = visit("#search?box=80,,,")
    page.wait_for_selector(".search-told")
    told(page, "Nothing")
    assert serious(page) == []


def test_a_column_of_an_address_is_a_name_whatever_it_is(visit):
    """A link that named __proto__ gave every object of the page a property, or left the page empty."""
    page = visit("#search?from.__proto__=1&is.constructor=x")
    assert "unknown column" in page.get_by_role("alert").inner_text()
    assert page.evaluate("[({}).from, document.querySelectorAll('.search-columns').length]") == [None, 1]
    page.complaints.clear()  # the browser tells of the refusal itself


def test_the_areas_of_a_file_keep_what_lies_inside_and_can_be_taken_away(visit):
    page = opened(visit)
    asked = []
    page.on("request", lambda request: asked.append(request.post_data) if "/api/search" in request.url else None)
    point, part = {"type": "Point", "coordinates": [0, 0]}, square(35, 0.5, 45, 4.5)
    one = {"type": "Feature", "properties": {"owner": "private"}, "geometry": square(-5, -1, 5, 9.5)}
    other = {"type": "Feature", "geometry": {"type": "GeometryCollection", "geometries": [point, part]}}
    give(page, "mine.geojson", {"type": "FeatureCollection", "features": [one, other]})
    told(page, "14 pictures")
    region = json.loads(asked[-1])["filter"]["region"]
    assert (region["type"], len(region["coordinates"])) == ("MultiPolygon", 2)
    assert "private" not in asked[-1]
    assert page.evaluate("location.hash") == "#search"
    page.get_by_role("button", name="Remove mine.geojson").click()
    told(page, "150 pictures")
    assert page.evaluate("document.activeElement.type") == "number"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"type": "Polygon", ', "There is no area in my.json."),
        ('{"type": "Point", "coordinates": [1, 2]}', "There is no area in my.json."),
        (" " * 1_000_001, "my.json is larger than 1 MB."),
    ],
    ids=["broken", "a-point", "large"],
)
def test_a_file_without_an_area_is_one_sentence_and_changes_nothing(visit, content, said):
    page = opened(visit)
    give(page, "my.json", content)
    assert said in page.get_by_role("alert").inner_text()
    assert page.locator(".filter-place .chip").count() == 0
    told(page, "150 pictures")


def test_what_a_server_gives_at_once_is_a_page_of_the_results(visit):
    page = opened(visit)
    told(page, "150 pictures")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector(".cell[data-place='149'] .card")
    assert page.locator(".cell[data-place='0']").count() == 0  # it is out of sight
    page.get_by_role("button", name="Alike ones apart").click()
    until(page, "location.hash === '#search?varied=yes'")
    page.wait_for_selector(".cell[data-place='0'] .card")
    assert page.locator(".cell[data-place='149']").count() == 0


@pytest.mark.slow
def test_the_filter_of_places_shuts_nobody_out_in_either_scheme(visit):
    page = opened(visit, "#search?box=,5,15,")
    give(page, "an-area-of-a-long-name-that-does-not-wrap-by-itself.geojson", square(-5, -1, 45, 30))
    page.wait_for_selector(".filter-place .chip")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert serious(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
