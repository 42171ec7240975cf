"""Two taxa side by side in the page."""

import pytest
from tests.web.page.tabs.conftest import until

pytestmark = pytest.mark.browser


def choose(page, label, prefix):
    page.get_by_role("combobox", name=label).fill(prefix)
    page.get_by_role("option").first.click()


def test_two_chosen_taxa_are_shown_with_look_alikes_and_what_tells_them_apart(visit):
    page = visit("#compare")
    choose(page, "One taxon", "raven")
    page.wait_for_selector("text=Choose the other taxon.")
    choose(page, "The other", "magpie")
    page.wait_for_selector(".compare-side .card")
    assert page.locator(".compare-side h2").all_inner_texts() == ["Corvus corax common raven", "Pica pica magpie"]
    assert "cosine" in page.locator(".compare-found").inner_text()
    pairs = page.locator(".compare-pairs li")
    assert pairs.count() >= 1
    assert pairs.first.locator(".taxon-name").all_inner_texts() == ["Corvus corax", "Pica pica"]
    for card in page.locator(".compare-found .card").all():
        if card.locator("img").count():
            assert "CC BY 4.0" in card.inner_text()


def test_the_sides_are_swapped_and_stand_in_the_address(visit):
    page = visit("#compare?a=Animalia/Chordata&b=Animalia/Arthropoda")
    page.wait_for_selector(".compare-side")
    page.get_by_role("button", name="Swap").click()
    until(page, "document.querySelector('.compare-side h2').textContent.startsWith('Arthropoda')")
    assert page.evaluate("decodeURIComponent(location.hash)") == "#compare?a=Animalia/Arthropoda&b=Animalia/Chordata"


def test_a_taxon_with_itself_and_one_that_is_not_there_are_one_sentence(visit):
    page = visit("#compare?a=Animalia&b=Animalia")
    assert "Both are the same taxon." in page.get_by_role("alert").inner_text()
    page = visit("#compare?a=Animalia&b=Nowhere")
    assert "Nowhere" in page.get_by_role("alert").inner_text()
    page.complaints.clear()  # the browser tells of the refusal itself


def test_a_name_that_no_taxon_has_is_said_to_be_none(visit):
    page = visit("#compare")
    page.get_by_role("combobox", name="One taxon").fill("zzz")
    until(page, "document.querySelector('.complete-told').textContent.includes('zzz')")
    assert page.locator(".complete-told").first.inner_text() == "No name here begins with “zzz”."
    assert page.get_by_role("option").count() == 0
