"""The page's shell: its weight, its words, its tabs, and what it says when something is missing."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.web.page.conftest import photo

from thuja.web.keys import digest_of
from thuja.web.page import PLOT, SHARED, STATIC
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

_USED = re.compile(r'\bword\(\s*"([a-z_.]+)"')
_LIMIT = 300_000
_MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
_ADDRESS = re.compile(r"https?://[\w./]+")


def _words() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((STATIC / "words" / "en.json").read_text(encoding="utf-8"))
    return found


def test_the_whole_page_weighs_less_than_300_kilobytes():
    """Every file that the page could ask for, before it is packed; pictures and answers of the API apart."""
    files = [*(path for path in STATIC.rglob("*") if path.is_file()), *(PLOT / name for name in SHARED)]
    assert {"index.html", "app.js", "en.json", "mark.svg", "webgl.js"} <= {path.name for path in files}
    assert sum(path.stat().st_size for path in files) < _LIMIT


def test_every_word_that_the_page_says_is_in_its_language_file():
    words = _words()
    for path in STATIC.rglob("*.js"):
        for key in _USED.findall(path.read_text(encoding="utf-8")):
            section, name = key.split(".")
            assert name in words[section], f"{path.name} says {key}"


def test_no_word_is_written_down_twice():
    def once(pairs):
        assert len(dict(pairs)) == len(pairs), [key for key, _ in pairs]
        return dict(pairs)

    json.loads((STATIC / "words" / "en.json").read_text(encoding="utf-8"), object_pairs_hook=once)


def test_the_shell_has_no_inline_script_or_style_and_names_no_other_host():
    class Reader(HTMLParser):
        inside = ""

        def handle_starttag(self, tag, attrs):
            self.inside = tag
            told = dict(attrs)
            assert not {name for name in told if name == "style" or name.startswith("on")}
            assert tag != "script" or told["src"]
            assert not any("//" in (told.get(name) or "") for name in ("src", "href"))

        def handle_data(self, data):
            assert self.inside not in ("script", "style") or not data.strip()

    Reader().feed((STATIC / "index.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda path: path.relative_to(STATIC).as_posix())
def test_a_script_makes_no_markup_out_of_strings(path: Path):
    text = path.read_text(encoding="utf-8")
    assert not _MARKUP.search(text)
    assert set(_ADDRESS.findall(text)) <= {"http://www.w3.org/2000/svg"}  # the name of a language, which nobody fetches


@pytest.mark.browser
def test_tabs_are_those_that_the_server_can_do_and_the_address_chooses_one(live, visit):
    seen = visit(live(), "#review")
    assert seen.page.locator("#tabs a").all_inner_texts() == ["Identify", "Review"]
    assert seen.text("#tabs [aria-current]") == "Review"
    seen.page.click("#tabs a >> text=Identify")
    seen.page.wait_for_selector(".drop")
    assert seen.page.title() == "Identify · thuja"
    seen.page.evaluate("location.hash = 'search?q=moth'")  # there is no index: the first tab is shown
    seen.page.wait_for_function("() => document.querySelector('#tabs [aria-current]').textContent === 'Identify'")
    assert seen.is_faultless()


@pytest.mark.browser
def test_the_skip_link_leads_past_the_tabs(live, visit):
    seen = visit(live())
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.id") == "skip"
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate("document.activeElement.id") == "main"
    assert seen.is_faultless()


@pytest.mark.browser
def test_a_key_is_asked_for_and_a_wrong_one_refused(live, visit, predictor):
    settings = ServeSettings(keys=frozenset({digest_of("open-sesame-0123456789")}))
    seen = visit(live(Served(settings, predictor=predictor)), waits_for="dialog[open] h2")
    seen.page.fill("dialog input", "wrong")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector("dialog[open] >> text=refused")
    seen.page.fill("dialog input", "open-sesame-0123456789")
    seen.page.keyboard.press("Escape")  # what was typed and not used is not used
    seen.page.wait_for_selector("main .notice")
    seen.page.reload()
    seen.page.wait_for_selector("dialog[open] h2")
    seen.page.fill("dialog input", "open-sesame-0123456789")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector(".drop")
    assert seen.strays == []


@pytest.mark.browser
def test_a_server_that_has_gone_is_said_to_be(chromium, live, visit):
    seen = visit(live())
    seen.page.context.set_offline(True)
    seen.give(photo("crow.jpg"))
    seen.wait_for(1, "failed")
    assert "The server does not answer." in seen.text(".notice")


@pytest.mark.browser
def test_a_tab_that_cannot_be_loaded_says_so_and_leaves_no_other_behind(live, visit):
    seen = visit(live())
    seen.page.context.set_offline(True)
    seen.page.click("#tabs a >> text=Review")
    seen.page.wait_for_selector("main .notice >> text=The server does not answer.")
    assert seen.page.locator(".drop").count() == 0


@pytest.mark.browser
def test_the_first_tab_is_open_before_the_scripts_of_the_others_are_asked_for(live, visit):
    seen = visit(live())
    seen.page.wait_for_selector(".drop")
    loaded = seen.page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert any(name.endswith("/tabs/identify.js") for name in loaded)
    assert not any(name.endswith(("/tabs/search.js", "/tabs/map.js", "/tabs/tree.js")) for name in loaded)
    assert seen.is_faultless()


@pytest.mark.browser
def test_no_part_of_the_page_is_wider_than_a_phone(live, visit):
    for where in ("#identify", "#review"):
        seen = visit(live(), where, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 360
        assert seen.is_faultless()
