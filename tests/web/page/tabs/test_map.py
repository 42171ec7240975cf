"""The map in the page: drawn, coloured, and chosen from by line, by box and by legend."""

import csv
import io
import re
from pathlib import Path

import pytest
from tests.web.page.tabs.conftest import saved, until

import thuja.web
from thuja.analyze.maps.figures import RAMP
from thuja.report.colours import OTHERS, PALETTE

STATUS = "document.querySelector('.map-status').textContent"


def opened(visit, place="#map?by=class", **how):
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
