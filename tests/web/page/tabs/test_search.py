"""Search in the page, before a real index in a real browser."""

import csv
import io
import json
import re

import pytest
from PIL import Image
from tests.web.page.tabs.conftest import LICENCE, saved, until

pytestmark = pytest.mark.browser


def opened(visit, place, **how):
    page = visit(place, **how)
    page.wait_for_selector(".cell .card")
    return page


def told(page, words):
    until(page, f"document.querySelector('.search-told').textContent.includes({words!r})")


def test_every_result_has_its_name_licence_and_credit(visit):
    page = opened(visit, "#search?like=corax-0000")
    card = page.locator(".cell .card").first
    assert card.locator(".taxon-name").inner_text() == "Corvus corax"
    assert card.locator("i.taxon-name").count() == 1
    assert "common raven" in card.inner_text()
    for card in page.locator(".cell .card").all():
        if card.locator("img").count():
            assert card.locator(".credit a").first.get_attribute("href") == LICENCE
            assert "Owner" in card.locator(".credit").inner_text()


def test_of_ten_thousand_results_only_those_in_view_are_in_the_page(visit):
    page = opened(visit, "#search?like=corax-0000")
    told(page, "10,000")
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    until(page, "Number(document.querySelector('.cell').dataset.place) > 4000")
    until(page, "document.querySelectorAll('.cell.waiting').length === 0")
    assert page.locator(".cell").count() < 60
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector(".cell[data-place='9999'] .card")
    assert page.locator(".cell").count() < 60
    page.evaluate("scrollTo(0, 0)")
    assert "Corvus corax" in page.locator(".cell[data-place='0']").inner_text()


def test_what_is_chosen_stands_in_the_address_and_comes_back_from_it(visit):
    page = opened(visit, "#search?like=corax-0000")
    page.get_by_role("combobox", name="Within a branch").fill("moth")
    page.get_by_role("option").first.click()
    told(page, "2,400")
    page.get_by_label("juvenile").check()
    told(page, "1,200")
    page.get_by_role("button", name="One of each species").click()
    until(page, "document.querySelectorAll('.cell').length === 1")
    again = opened(visit, page.evaluate("location.hash"))
    told(again, "One of each species")
    assert again.locator(".cell").count() == 1
    assert again.get_by_label("juvenile").is_checked()
    page.go_back()
    told(page, "1,200")
    assert page.get_by_role("button", name="One of each species").get_attribute("aria-pressed") == "false"


def test_a_branch_is_left_out_and_its_chip_gives_the_focus_back_to_a_box(visit):
    page = opened(visit, "#search?like=corax-0000")
    page.get_by_role("searchbox").fill("not yet asked")
    page.get_by_role("combobox", name="Leave a branch out").fill("moth")
    page.get_by_role("option").first.click()
    told(page, "9,600")
    assert page.get_by_role("searchbox").input_value() == "not yet asked"
    page.locator(".filter-chips .chip-remove").click()
    until(page, "location.hash === '#search?like=corax-0000'")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"


def test_of_what_is_put_apart_no_picture_comes_twice(visit):
    page = opened(visit, "#search?like=corax-0000")
    page.get_by_role("button", name="Alike ones apart").click()
    told(page, "the first 600 are shown")
    assert page.evaluate("location.hash").endswith("&varied=yes")
    text = saved(page, lambda: page.get_by_role("button", name="Save as CSV").click())
    assert len({row["id"] for row in csv.DictReader(io.StringIO(text))}) == 600


def test_other_results_are_shown_from_the_first_on_and_keep_the_focus(visit):
    page = opened(visit, "#search?like=corax-0000")
    page.locator(".cell[tabindex='0']").focus()
    page.keyboard.press("End")
    page.wait_for_selector(".cell[data-place='9999'] .card")
    page.locator(".cell[data-place='9999'] button[data-does=more]").click()
    until(page, "!location.hash.includes('corax-0000') && document.activeElement.dataset.place === '0'")
    assert page.evaluate("document.querySelector('.cell[data-place=\"0\"]').getBoundingClientRect().top") >= 0


def test_a_range_of_dates_is_kept_and_said_in_the_address(visit):
    page = opened(visit, "#search?like=corax-0000")
    page.locator("summary", has_text="Dates and numbers").click()
    page.locator(".filter-range").get_by_label("from").fill("2015-01-01")
    page.locator(".filter-range").get_by_label("from").blur()
    told(page, "3,000")
    assert "from.event_date=2015-01-01" in page.evaluate("location.hash")


def test_the_grid_is_walked_by_keys_and_gives_the_focus_back(visit):
    page = opened(visit, "#search?like=corax-0000")
    place = "document.activeElement.dataset.place"
    page.locator(".cell[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    assert page.evaluate(place) == "5"
    assert page.locator(".cell[tabindex='0']").count() == 1
    page.keyboard.press("End")
    until(page, f"{place} === '9999'")
    page.keyboard.press("Home")
    until(page, f"{place} === '0'")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    assert "Corvus corax" in dialog.inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    until(page, f"{place} === '1'")


def test_a_dialog_tells_all_columns_and_leads_to_more_like_it(visit):
    page = opened(visit, "#search?like=corax-0000&within=Animalia/Arthropoda")
    page.locator(".cell button.card-picture").first.click()
    dialog = page.get_by_role("dialog")
    assert {"licence", "date", "life stage", "note"} <= {
        term.lower() for term in dialog.locator("dt").all_inner_texts()
    }
    dialog.get_by_role("button", name="More like this").click()
    until(page, "/like=(pavonia|atlas)-/.test(location.hash)")
    assert "within=" in page.evaluate("location.hash")


def test_likes_and_unlikes_are_added_and_taken_away(visit):
    page = opened(visit, "#search?like=corax-0000")
    page.locator(".cell").first.get_by_role("button", name="Should not be like this").click()
    until(page, "location.hash.includes('unlike=')")
    assert re.search(r"[?&]like=corax-0000(&|$)", page.evaluate("location.hash"))
    page.get_by_role("button", name="Remove corax-0000").click()
    until(page, "!location.hash.includes('&like=') && !location.hash.includes('?like=')")
    assert re.search(r"[?&]unlike=[a-z]+-\d{4}", page.evaluate("location.hash"))


def test_a_picture_and_words_are_asked_together_and_the_picture_goes_out_once(visit):
    page = opened(visit, "#search")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/embed" in request.url else None)
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), (90, 30, 30)).save(buffer, "PNG")
    page.locator("input[type=file]").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    )
    told(page, "nearest first")
    assert page.get_by_label("What counts more").is_hidden()
    page.get_by_role("searchbox").fill("juvenile")
    assert page.get_by_label("What counts more").is_visible()
    page.keyboard.press("Enter")
    until(page, "location.hash === '#search?q=juvenile'")
    told(page, "nearest first")
    page.evaluate("scrollTo(0, 30000)")
    until(page, "document.querySelectorAll('.cell.waiting').length === 0")
    assert len(asked) == 1


def test_a_saved_table_has_every_column_and_no_formula(visit):
    page = opened(visit, "#search?like=corax-0000&within=Animalia/Chordata/Aves/Passeriformes/Corvidae/Pica")
    text = saved(page, lambda: page.get_by_role("button", name="Save as CSV").click())
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 2400
    assert {row["genus"] for row in rows} == {"Pica"}
    assert {row["note"] for row in rows} == {"'=1+1", "plain"}
    assert {row["license_link"] for row in rows} >= {LICENCE}


def test_an_unknown_taxon_is_one_sentence_with_near_names(visit):
    page = visit("#search?within=Corvidea")
    alert = page.get_by_role("alert")
    assert "Corvidea" in alert.inner_text()
    assert "Corvidae" in alert.inner_text()
    page.complaints.clear()  # the browser tells of the refusal itself


def test_words_of_a_hostile_table_stay_words(visit):
    page = opened(visit, "#search?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert page.get_by_role("searchbox").input_value() == "<img src=x onerror=alert(1)>"
    assert page.locator("main img[src=x]").count() == 0


def test_the_address_of_a_state_is_read_back_as_that_state(visit):
    page = opened(visit, "#search")
    assert page.evaluate(
        """async () => {
            const { emptyState, hashOf, stateOf } = await import(new URL("tabs/search/state.js", document.baseURI));
            const states = [emptyState(), {
                ...emptyState(), text: "a & b=c?", weight: 0.25, within: ["Animalia//Aves"], excludes: ["x"],
                like: ["1", "2"], unlike: ["3"], equals: { "a.b": ["x", ""], c: ["é"] },
                ranges: { event_date: { from: "2010-01-01" } }, group: true, collapse: true, varied: true,
                box: { west: "-10.5", north: "70" }, from: "a, b", to: "c&d", start: ["4"], end: ["5", "6"], far: 2.5,
            }];
            return states.map((state) => JSON.stringify(stateOf(hashOf(state))) === JSON.stringify(state));
        }"""
    ) == [True, True]


def test_a_direction_between_words_is_asked_once_both_are_said(visit):
    page = opened(visit, "#search")
    asked = []
    page.on("request", lambda request: asked.append(request.post_data) if "/api/search" in request.url else None)
    page.locator("summary", has_text="A direction").click()
    ends = page.get_by_role("group", name="A direction")
    ends.get_by_label("from").fill("Corvus corax")
    ends.get_by_label("to").fill("Attacus atlas")
    page.keyboard.press("Enter")
    told(page, "nearest first")
    assert page.evaluate("location.hash") == "#search?from=Corvus+corax&to=Attacus+atlas"
    assert [json.loads(body).get("direction") for body in asked] == [
        {"from_text": "Corvus corax", "to_text": "Attacus atlas", "strength": 1}
    ]
    assert page.get_by_label("How much the direction counts").is_hidden()  # nothing is asked beside it
    page.go_back()
    told(page, "most typical first")
    assert ends.get_by_label("to").input_value() == ""


def test_a_direction_between_two_results_is_chosen_in_their_dialogs_and_weighed_by_its_strength(visit):
    page = opened(visit, "#search?like=pica-0000&is.species=corax&is.species=atlas")
    page.locator(".cell button.card-picture").first.click()
    dialog = page.get_by_role("dialog")
    first = dialog.locator("code").inner_text()
    dialog.get_by_role("button", name="Start of a direction").click()
    assert dialog.get_by_role("button", name="Start of a direction").get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.activeElement.textContent") == "Start of a direction"
    dialog.get_by_role("button", name="Next").click()
    second = dialog.locator("code").inner_text()
    dialog.get_by_role("button", name="End of a direction").click()
    until(page, f"location.hash.includes('&start={first}&end={second}&')")
    assert dialog.is_hidden()
    with page.expect_request("**/api/search") as request:
        page.get_by_label("How much the direction counts").fill("2.5")
    assert request.value.post_data_json["direction"] == {"from": [first], "to": [second], "strength": 2.5}
    until(page, "location.hash.includes('far=2.5')")
    page.locator(".search-way").get_by_role("button", name="Remove").first.click()
    until(page, "!location.hash.includes('start=')")
    assert page.locator(".search-way").get_by_text("choose it as start").is_visible()


def test_the_far_end_of_a_direction_comes_first(visit):
    page = opened(visit, "#search?start=corax-0000&end=atlas-0000")
    told(page, "nearest first")
    assert page.locator(".cell[data-place='0'] .taxon-name").inner_text() == "Attacus atlas"
    turned = opened(visit, "#search?start=atlas-0000&end=corax-0000")
    told(turned, "nearest first")
    assert turned.locator(".cell[data-place='0'] .taxon-name").inner_text() == "Corvus corax"


def test_an_index_without_places_asks_for_none(visit):
    assert opened(visit, "#search").locator("summary", has_text="Place").count() == 0


def test_the_results_are_a_key_away_from_the_bar(visit):
    page = opened(visit, "#search")
    page.locator("summary", has_text="A direction").focus()
    for key in ("Tab", "Enter"):
        page.keyboard.press(key)
    until(page, "document.activeElement.dataset.place === '0'")


def test_a_date_that_no_field_of_dates_takes_is_shown_as_it_is_asked(visit):
    """The field stood empty, and the browser complained, while the results were filtered."""
    page = opened(visit, "#search?from.event_date=2015")
    told(page, "3,000")
    assert page.locator(".filter-range").get_by_label("from").input_value() == "2015"


def test_facets_tell_of_organisms_before_files(visit):
    """Of an index that thuja curate led to, a shard's name stood where life stages should."""
    page = opened(visit, "#search?like=corax-0000")
    names = (
        "order split data_source resolution_status basis_of_record img_type shard_filename recorded_by catalog_number"
    )
    columns = [
        {"name": name, "kind": "text"} for name in ("kingdom", "phylum", "class", *names.split(), "sex", "life_stage")
    ]
    counted = page.evaluate(
        """async (columns) => {
          const { facetColumns } = await import("/tabs/search/filters.js");
          return facetColumns({ index: { columns } }, { within: [], equals: {} });
        }""",
        columns,
    )
    assert counted[-2:] == ["sex", "life_stage"]
    assert "shard_filename" not in counted
