"""What holds for every tab over an index: usable by all, at every width, in both schemes."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a headless Chromium"),
]
TABS = {
    "#search?like=corax-0000&within=Animalia": ".cell .card",
    "#tree?of=Animalia": ".tree-cards .card",
    "#map?by=class": ".map-entry",
    "#compare?a=Animalia/Chordata&b=Animalia/Arthropoda": ".compare-side .card",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", TABS)
def test_no_tab_has_a_fault_that_shuts_people_out(visit, place, scheme):
    page = visit(place, color_scheme=scheme)
    page.wait_for_selector(TABS[place])
    faults = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")]
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []


@pytest.mark.parametrize("place", TABS)
def test_no_tab_is_wider_than_a_phone(visit, place):
    page = visit(place, viewport={"width": 360, "height": 740})
    page.wait_for_selector(TABS[place])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
