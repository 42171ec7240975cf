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


@pytest.mark.parametrize("place", TABS)
def test_every_tab_fits_a_phone_and_shuts_nobody_out_in_either_scheme(visit, place):
    page = visit(place, color_scheme="light", reduced_motion="reduce")
    page.wait_for_selector(TABS[place])
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        faults = [
            fault for fault in Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")
        ]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
