"""What holds for every tab over an index: usable by all, at every width, in both schemes."""

import pytest
from tests.web.page.conftest import serious

pytestmark = pytest.mark.browser
TABS = {
    "#search?like=corax-0000&within=Animalia&start=corax-0001&end=atlas-0000": ".cell .card",
    "#tree?of=Animalia": ".tree-cards .card",
    "#map?by=class&layout=axes": ".map-entry",
    "#compare?a=Animalia/Chordata&b=Animalia/Arthropoda": ".compare-side .card",
}

STICKING_OUT = """[...document.querySelectorAll(".card a, .card button")].filter((inner) => {
    const [own, card] = [inner, inner.closest(".card")].map((one) => one.getBoundingClientRect());
    return own.width && (own.left < card.left - 1 || own.right > card.right + 1);
}).length"""


@pytest.mark.slow
@pytest.mark.parametrize("place", TABS)
def test_every_tab_fits_a_phone_and_shuts_nobody_out_in_either_scheme(visit, place):
    page = visit(place, color_scheme="light", reduced_motion="reduce")
    page.wait_for_selector(TABS[place])
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function("() => document.documentElement.scrollWidth <= 360")  # a grid is laid out a frame later
    assert page.evaluate(STICKING_OUT) == 0


def test_a_tab_that_comes_late_does_not_take_the_place_of_the_one_chosen_since(visit):
    page = visit("#tree")
    page.wait_for_selector(".tree-cards .card")
    held = []
    page.route("**/tabs/search.js", lambda route: held.append(route))
    page.click("#tabs a >> text=Search")
    page.click("#tabs a >> text=Tree")
    with page.expect_response("**/tabs/search.js"):
        held[0].continue_()
    page.wait_for_timeout(200)
    assert page.locator(".tree-cards").count() == 1
