"""The tree in the page: walked by pointer, by keys and by name."""

import pytest
from tests.web.page.tabs.conftest import until

pytestmark = pytest.mark.browser
HASH = "decodeURIComponent(location.hash)"


def opened(visit, place="#tree"):
    page = visit(place)
    page.wait_for_selector(".tree-cards .card")
    return page


def test_a_node_shows_its_children_with_counts_and_typical_pictures(visit):
    page = opened(visit, "#tree?of=Animalia")
    cards = page.locator(".tree-cards .card")
    assert [card.locator(".tree-count").inner_text() for card in cards.all()] == ["7,200", "4,800"]
    assert [card.locator(".taxon-name").inner_text() for card in cards.all()] == ["Chordata", "Arthropoda"]
    assert all("CC BY 4.0" in card.locator(".credit").inner_text() for card in cards.all())
    page.get_by_role("button", name="Open Arthropoda").click()
    until(page, f"{HASH} === '#tree?of=Animalia/Arthropoda'")
    page.get_by_role("button", name="Life").click()
    until(page, "location.hash === '#tree'")


def test_the_outline_has_the_manners_of_a_tree(visit):
    page = opened(visit)
    name = "document.activeElement.dataset.name"
    page.locator("[role=treeitem][tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    until(page, f"{name} === 'animalia'")
    page.keyboard.press("ArrowRight")
    until(page, "document.activeElement.getAttribute('aria-expanded') === 'true'")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(name) == "chordata"
    page.keyboard.press("a")
    assert page.evaluate(name) == "arthropoda"
    page.keyboard.press("Enter")
    until(page, f"{HASH} === '#tree?of=Animalia/Arthropoda'")
    page.wait_for_selector("[role=treeitem][aria-selected=true][data-name=arthropoda]")
    assert page.evaluate(name) == "arthropoda"  # the focus stays in the tree
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(name) == "animalia"
    assert page.locator("[role=treeitem][tabindex='0']").count() == 1


def test_a_name_leads_to_its_node_and_from_there_to_search_map_and_compare(visit):
    page = opened(visit)
    page.get_by_role("combobox").fill("magp")
    page.get_by_role("option").first.click()
    page.wait_for_selector("text=2,400 pictures")
    page.wait_for_selector("[role=treeitem][aria-selected=true]:has-text('Pica pica')")
    links = {link.inner_text(): link.get_attribute("href") for link in page.locator(".tree-actions a").all()}
    assert links["Search within"].startswith("#search?within=Animalia%2FChordata%2FAves")
    assert "a=" in links["Compare"]
    page.get_by_role("link", name="Search within").click()
    until(page, "document.querySelector('.search-told')?.textContent.includes('2,400')")
    page.go_back()
    page.get_by_role("button", name="Corvidae").click()
    until(page, f"{HASH}.endsWith('Corvidae')")
    page.get_by_role("link", name="Map of its branches").click()
    until(page, "document.querySelector('.map-status')?.textContent.includes('7,200 points')")
    assert page.get_by_label("Colour by").input_value() == "genus"


def test_a_node_that_is_not_there_is_one_sentence(visit):
    page = visit("#tree?of=Animalia/Chordata/Avez")
    assert "Avez" in page.get_by_role("alert").inner_text()
    page.complaints.clear()  # the browser tells of the refusal itself
