"""A map in a real browser: it draws its points, answers to mouse and keys, and shows hostile words as words."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image

from chromium import chromium
from thuja.analyze.maps import InteractiveSettings, write_points
from thuja.report.colours import PALETTE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a headless Chromium"),
]
EVIL = "<img src=x onerror=\"document.title='broken'\">"
STATUS = "document.getElementById('status').textContent"
CARD = "(document.getElementById('card').hidden ? null : document.querySelector('#card h2').textContent)"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Two clusters far apart, left of 40 points and right of 20, open in a browser 1,000 pixels wide."""
    folder = tmp_path_factory.mktemp("map")
    generator = np.random.default_rng(0)
    points = generator.uniform(-1, 1, size=(60, 2)) + np.where(np.arange(60) < 40, -5, 5)[:, None]
    Image.new("RGB", (40, 40), (200, 30, 30)).save(folder / "red.png")
    columns = {
        "name": [f"left {row}" if row < 40 else f"right {row}" for row in range(60)],
        "side": ["left"] * 40 + ["right"] * 20,
        "place": [float(row) for row in range(59)] + [None],
        "evil": [EVIL] * 60,
    }
    write_points(
        folder / "map.html", points, columns, pictures=[folder / "red.png"] * 60, generator=generator,
        settings=InteractiveSettings(title=EVIL, name="name", colour_by="side", thumbnails=60),
    )  # fmt: skip
    with chromium(folder / "profile") as opened:
        opened.url = (folder / "map.html").as_uri()
        yield opened


def opened(page, **more):
    page.complaints.clear()
    page.open("about:blank")
    page.open(page.url + "#canvas", width=1000, height=700, **more)
    page.wait("document.body.dataset.renderer")
    page.wait(f"{STATUS} !== ''")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def shades(page, color):
    """The pixels of the map that have this colour: (down, right)."""
    picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)[:, :690]
    sought = np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)])
    return np.argwhere(np.abs(picture - sought).max(axis=2) <= 2)


def test_points_are_drawn_in_the_colours_of_their_classes(page):
    opened(page)
    left, right = shades(page, PALETTE[0]), shades(page, PALETTE[1])
    assert len(left) > 40 * 20
    assert len(right) > 20 * 20
    assert left[:, 1].max() < right[:, 1].min()
    assert left[:, 0].min() > right[:, 0].max()  # what is up on the map is up on the screen
    labels = page.evaluate("[...document.querySelectorAll('#legend .entry')].map(entry => entry.innerText)")
    assert [label.split() for label in labels] == [["left", "40"], ["right", "20"]]
    assert page.complaints == []


def test_pointing_shows_the_card_with_its_picture_and_hostile_words_as_words(page):
    opened(page)
    down, right = shades(page, PALETTE[1])[0]
    page.mouse("mouseMoved", float(right), float(down))
    page.wait(f"({CARD} || '').startsWith('right ')")
    assert EVIL in page.evaluate("document.getElementById('card').innerText")
    page.wait("getComputedStyle(document.querySelector('#card .sheet')).backgroundImage.startsWith('url(\"blob:')")
    assert page.evaluate("document.title") == EVIL
    assert page.evaluate("document.querySelectorAll('#card img').length") == 0
    page.mouse("mouseMoved", 345, 20)
    page.wait(f"{CARD} === null")
    assert page.complaints == []


def test_colouring_by_numbers_draws_a_ramp_and_by_words_a_legend(page):
    opened(page)
    change = "(choice => {{ choice.value = '{}'; choice.dispatchEvent(new Event('change')); }})"
    page.evaluate(change.format(2) + "(document.getElementById('colour-by'))")
    page.wait("document.querySelector('#legend .ramp') !== null")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert len(shades(page, PALETTE[0])) < 40
    ends = page.evaluate("[...document.querySelectorAll('#legend .ends span')].map(end => end.textContent)")
    assert ends == ["0", "58"]
    # All names differ, and all points are as evil as the others: of words a column is offered that tells some apart.
    offered = page.evaluate("[...document.getElementById('colour-by').options].map(option => option.textContent)")
    assert offered == ["side", "place", "evil"]


def test_a_search_keeps_what_it_finds_and_the_legend_what_is_pressed(page):
    opened(page)
    page.evaluate(
        "(s => { s.value = 'RIGHT 4'; s.dispatchEvent(new Event('input')); })(document.getElementById('search'))"
    )
    page.wait(f"{STATUS} === '10 of 60 points are kept'")
    assert len(shades(page, PALETTE[0])) == 0
    page.evaluate("(s => { s.value = ''; s.dispatchEvent(new Event('input')); })(document.getElementById('search'))")
    page.wait(f"{STATUS} === '60 points'")
    page.evaluate("document.querySelector('#legend .entry').click()")
    page.wait(f"{STATUS} === '40 of 60 points are kept'")
    assert page.evaluate("document.querySelector('#legend .entry').getAttribute('aria-pressed')") == "true"
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert len(shades(page, PALETTE[1])) == 0


def test_keys_move_the_map_and_open_the_card_of_the_nearest_point(page):
    opened(page)
    page.evaluate("document.getElementById('stage').focus()")
    before = shades(page, PALETTE[0])[:, 1].mean()
    page.key("ArrowLeft", code=37)
    page.wait(f"{STATUS}.includes('points in view; nearest to the middle: ')")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert shades(page, PALETTE[0])[:, 1].mean() == pytest.approx(before + 0.15 * 663, abs=12)
    page.key("Enter", code=13)
    page.wait(f"{CARD} !== null")
    assert page.evaluate(STATUS) == page.evaluate(CARD) + ", side: " + page.evaluate(CARD).split()[0]
    page.key("Escape", code=27)
    page.wait(f"{CARD} === null")


def test_dragging_and_the_wheel_move_and_grow_the_map(page):
    opened(page)
    before = shades(page, PALETTE[0])
    page.mouse("mousePressed", 300, 300)
    for step in range(1, 5):
        page.mouse("mouseMoved", 300 + 10 * step, 300, is_down=True)
    page.mouse("mouseReleased", 340, 300)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    moved = shades(page, PALETTE[0])
    assert moved[:, 1].mean() == pytest.approx(before[:, 1].mean() + 40, abs=1)
    down, right = moved.mean(axis=0)
    page.mouse("mouseWheel", float(right), float(down), deltaX=0, deltaY=-300)
    page.wait("true")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    grown = shades(page, PALETTE[0])
    assert np.ptp(grown[:, 0]) > 1.3 * np.ptp(moved[:, 0])
    np.testing.assert_allclose(grown.mean(axis=0), [down, right], atol=12)


def test_the_points_in_view_stand_in_a_table_whose_buttons_open_their_cards(page):
    opened(page)
    page.evaluate("document.getElementById('in-view').open = true")
    page.wait("document.querySelectorAll('#table tbody tr').length === 50")
    assert page.evaluate("document.getElementById('table-note').textContent").startswith("50 of 60 points in view")
    first = page.evaluate("document.querySelector('#table tbody button').textContent")
    page.evaluate("document.querySelector('#table tbody button').click()")
    assert page.evaluate(CARD) == first


def test_a_dark_page_and_a_narrow_one_hold_the_map(page):
    opened(page, is_dark=True)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 21)"
    assert len(shades(page, PALETTE[0])) > 40 * 20
    page.open(page.url + "#narrow", width=360, height=640)
    page.wait("document.body.dataset.renderer")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("document.getElementById('stage').getBoundingClientRect().height") > 200


@pytest.mark.slow  # another browser, with its own software for WebGL
def test_webgl_draws_what_the_pages_own_drawing_draws(page, tmp_path):
    opened(page)
    plain = [len(shades(page, color)) for color in PALETTE[:2]]
    with chromium(tmp_path / "profile", "--enable-unsafe-swiftshader") as other:
        other.open(page.url + "#webgl", width=1000, height=700)
        other.wait("document.body.dataset.renderer === 'webgl'")
        other.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        drawn = [len(shades(other, color)) for color in PALETTE[:2]]
    np.testing.assert_allclose(drawn, plain, rtol=0.25)
