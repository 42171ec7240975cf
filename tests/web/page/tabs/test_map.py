"""The map in the page: drawn, coloured, and chosen from by line, by box and by legend."""

import csv
import io
import multiprocessing
import re
from pathlib import Path

import pytest
from tests.web.conftest import serving
from tests.web.page.tabs.conftest import saved, until

import thuja.web
from thuja.analyze.maps.figures import RAMP
from thuja.analyze.maps.projections import Method
from thuja.report.colours import OTHERS, PALETTE
from thuja.web.drawing import DrawingBoard
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

LAID = "document.querySelector('.map-stage').dataset.layout"
STATUS = "document.querySelector('.map-status').textContent"


AXES = "#map?by=class&layout=axes"
"""The layout that is there at once."""


def opened(visit, place=AXES, **how):
    page = visit(place, **how)
    page.wait_for_selector(".map-entry")
    return page


def test_the_colours_of_the_page_are_those_of_the_reports():
    script = (Path(thuja.web.__file__).parent / "static/tabs/map/points.js").read_text()
    found = {
        name: re.findall(r"#[0-9a-f]{6}", script.split(f"const {name} = ")[1].split(";")[0])
        for name in ("PALETTE", "OTHERS", "RAMP")
    }
    assert found == {"PALETTE": list(PALETTE), "OTHERS": [OTHERS], "RAMP": list(RAMP)}


@pytest.mark.browser
def test_the_legend_counts_the_points_and_keeps_what_is_pressed(visit):
    page = opened(visit)
    assert page.evaluate(STATUS) == "12,000 points"
    assert page.locator(".map-entry").all_inner_texts() == ["Aves\n7,200", "Insecta\n4,800"]
    page.locator(".map-entry", has_text="Insecta").click()
    assert page.evaluate(STATUS) == "4,800 of 12,000 points chosen"
    page.get_by_role("button", name="Clear").click()
    assert page.evaluate(STATUS) == "12,000 points"


@pytest.mark.slow
@pytest.mark.browser
def test_a_map_of_an_index_that_grew_meanwhile_is_asked_for_anew(visit):
    page = opened(visit)
    headers = []

    def old(route):
        answer = route.fetch()
        headers.append(answer.json())
        first = len(headers) == 1
        route.fulfill(response=answer, json=headers[-1] | ({"version": 999, "ids": []} if first else {}))

    page.route("**/api/map?*", old)
    page.goto(page.url.replace("by=class", "by=order"))
    page.reload()
    page.wait_for_selector(".map-entry")
    assert len(headers) == 2
    page.complaints.clear()  # the browser tells of the refusal itself


@pytest.mark.browser
def test_a_line_round_points_makes_a_list_a_table_and_a_search(visit):
    page = opened(visit)
    page.locator(".map-entry", has_text="Insecta").click()
    page.get_by_role("button", name="Lasso").click()
    stage = page.locator(".map-stage").bounding_box()
    corners = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)]
    page.mouse.move(stage["x"] + corners[0][0] * stage["width"], stage["y"] + corners[0][1] * stage["height"])
    page.mouse.down()
    for right, down in corners[1:]:
        page.mouse.move(stage["x"] + right * stage["width"], stage["y"] + down * stage["height"], steps=4)
    page.mouse.up()
    assert page.evaluate(STATUS) == "4,800 of 12,000 points chosen"  # inside the line and pressed in the legend
    rows = list(
        csv.DictReader(io.StringIO(saved(page, lambda: page.get_by_role("button", name="Save as CSV").click())))
    )
    assert len(rows) == 4800
    assert {row["class"] for row in rows} == {"Insecta"}
    assert page.locator(".map-list .map-line").count() == 100
    page.get_by_role("link", name="Search for more like these").click()
    page.wait_for_selector(".cell .card")
    assert page.evaluate("location.hash.split('like=').length - 1") == 12
    assert page.locator(".cell .taxon-name").first.inner_text() in ("Saturnia pavonia", "Attacus atlas")


@pytest.mark.browser
def test_a_line_drawn_by_finger_chooses_as_one_by_mouse(visit):
    page = opened(visit, viewport={"width": 360, "height": 740}, has_touch=True)
    page.get_by_role("button", name="Lasso").click()
    page.evaluate(
        """() => {
            const sheet = document.querySelector(".lasso");
            const frame = sheet.getBoundingClientRect();
            const at = (kind, right, down) => sheet.dispatchEvent(new PointerEvent(kind, {
                pointerId: 1, pointerType: "touch", isPrimary: true, bubbles: true, cancelable: true,
                clientX: frame.left + right * frame.width, clientY: frame.top + down * frame.height,
            }));
            sheet.setPointerCapture = () => {};
            at("pointerdown", 0.01, 0.01);
            for (const [right, down] of [[0.99, 0.01], [0.99, 0.99], [0.01, 0.99]]) at("pointermove", right, down);
            at("pointerup", 0.01, 0.99);
        }"""
    )
    assert page.evaluate(STATUS) == "12,000 of 12,000 points chosen"


@pytest.mark.browser
def test_a_box_is_moved_and_taken_by_keys(visit):
    page = opened(visit)
    page.get_by_role("button", name="Box").click()
    page.keyboard.press("Shift+ArrowRight")
    before = page.evaluate(STATUS)
    for key in ("ArrowLeft", "ArrowUp", "ArrowUp", "Shift+ArrowDown", "Shift+ArrowRight"):
        page.keyboard.press(key)
    count = page.evaluate(STATUS).removesuffix(" points in the box")
    assert before != page.evaluate(STATUS)
    page.keyboard.press("Enter")
    assert page.evaluate(STATUS) == f"{count} of 12,000 points chosen"


@pytest.mark.browser
def test_a_point_is_opened_by_keys_with_its_picture_licence_and_name(visit):
    page = opened(visit)
    page.locator(".map-stage").focus()
    page.keyboard.press("+")
    until(page, "document.getElementById('live').textContent.startsWith('Nearest to the middle')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".map-card .taxon-name")
    assert "More like this" in page.locator(".map-card").inner_text()
    page.keyboard.press("Escape")
    assert page.locator(".map-card").is_hidden()


@pytest.mark.slow
@pytest.mark.browser
def test_the_axes_are_shown_until_the_layout_by_neighbours_is_drawn_and_what_is_chosen_stays_chosen(
    chromium, predictor, index
):
    complaints = []
    board = DrawingBoard(method=Method.TSNE, rows=60)
    with serving(Served(ServeSettings(), predictor=predictor, index=index, board=board)) as address:
        page = chromium.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.goto(f"{address}/#map?by=class&points=500")
        page.wait_for_selector(".map-entry")
        assert page.evaluate(LAID) == "axes"
        assert "by neighbours (t-SNE) is being drawn" in page.locator(".map-waiting").inner_text()
        page.locator(".map-entry", has_text="Insecta").click()
        page.locator(".map-stage").focus()
        page.wait_for_selector(".map-stage[data-layout=neighbours]", timeout=150_000)  # its process steps back
        assert page.evaluate(STATUS) == "200 of 500 points chosen"
        assert page.evaluate("document.activeElement.className") == "map-stage"
        until(page, "document.getElementById('live').textContent === 'The map is laid out by neighbours.'")
        assert page.locator(".map-waiting").inner_text() == ""
        assert "t-SNE puts pictures that are alike next to each other" in page.locator(".map-made").inner_text()
        page.get_by_label("Layout").select_option("principal axes")
        page.wait_for_selector(".map-stage[data-layout=axes]")
        assert "layout=axes" in page.url
        assert page.evaluate(STATUS) == "200 of 500 points chosen"
        page.close()
    assert complaints == []


@pytest.mark.browser
def test_a_layout_that_fails_is_told_in_a_sentence_and_the_axes_stay(chromium, predictor, index):
    board = DrawingBoard(method=Method.TSNE)
    with serving(Served(ServeSettings(), predictor=predictor, index=index, board=board)) as address:
        others = multiprocessing.active_children()
        board.progress(index)
        [process] = [one for one in multiprocessing.active_children() if one not in others]
        process.kill()
        process.join(5)
        page = chromium.new_page()
        page.goto(f"{address}/#map?by=class&points=500")
        page.wait_for_selector(".map-entry")
        until(page, "document.querySelector('.map-waiting').textContent.includes('cannot be drawn')")
        assert page.locator(".map-waiting").inner_text().endswith("its process ended (exit code -9).")
        assert page.evaluate(LAID) == "axes"
        page.close()
