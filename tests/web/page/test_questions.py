"""Identify in a real browser: what may be answered, and what is asked that can not be."""

import pytest
from tests.web.page.conftest import photo

from thuja.predict import Predictor
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

pytestmark = pytest.mark.browser


def test_own_labels_are_answered_by_and_are_no_path(live, visit):
    seen = visit(live())
    seen.page.evaluate("document.querySelector('.settings').open = true")
    seen.page.click("text=my own labels")
    seen.page.fill(".among-detail:visible textarea", "a black bird\na flower\n\na black bird")
    assert "2 names" in seen.text(".among-detail:visible")
    seen.give(photo("crow.jpg"))
    seen.wait_for(1)
    assert sorted(seen.page.locator(".candidate .taxon").all_inner_texts()) == ["a black bird", "a flower"]
    assert seen.page.locator(".path").count() == 0
    assert seen.is_faultless()


def test_a_branch_that_does_not_exist_is_told_with_what_was_meant(live, visit):
    seen = visit(live())
    seen.page.evaluate("document.querySelector('.settings').open = true")
    seen.page.click("text=taxa within a branch")
    seen.page.fill("input[role=combobox]", "Corvida")
    seen.page.keyboard.press("Enter")
    seen.give(photo("crow.jpg"))
    seen.wait_for(1, "failed")
    assert 'lies within "Corvida"' in seen.text(".notice-detail")
    assert "Corvidae" in seen.text(".notice-hint")


def test_a_checklist_comes_from_a_file_and_limits_the_answers(live, visit, tmp_path):
    (tmp_path / "list.csv").write_text("scientific_name,seen\nCorvus corone,3\nPica pica,1\n", encoding="utf-8")
    seen = visit(live())
    seen.page.evaluate("document.querySelector('.settings').open = true")
    seen.page.click("text=taxa on a checklist")
    seen.page.set_input_files(".among-detail:visible input[type=file]", tmp_path / "list.csv")
    seen.page.wait_for_selector(".among-detail:visible >> text=2 names")
    seen.give(photo("crow.jpg"))
    seen.wait_for(1)
    named = seen.page.locator(".candidate .taxon-name").all_inner_texts()
    assert sorted(named) == ["Corvus corone", "Pica pica"]
    assert seen.is_faultless()


def test_answers_are_listed_at_the_rank_that_is_asked_for(live, visit):
    seen = visit(live())
    seen.page.evaluate("document.querySelector('.settings').open = true")
    seen.page.select_option(".question select", "genus")
    seen.give(photo("crow.jpg"))
    seen.wait_for(1)
    named = seen.page.locator(".candidates ol").first.locator(".taxon-name").all_inner_texts()
    assert sorted(named) == ["Bellis", "Corvus", "Pica"]
    assert seen.is_faultless()


def test_a_server_with_labels_that_are_no_taxa_is_asked_for_no_path(live, visit, predictor):
    labels = ["a black bird", "a yellow flower"]
    among = Predictor(predictor.model, labels=labels)
    seen = visit(live(Served(ServeSettings(), predictor=among)))
    assert "all 2 labels" in seen.text(".settings-asked")
    seen.give(photo("crow.jpg"))
    seen.wait_for(1)
    assert sorted(seen.page.locator(".candidate .taxon").all_inner_texts()) == labels
    assert seen.page.locator(".path").count() == 0
    assert seen.is_faultless()


def test_a_label_of_100_kilobytes_is_refused_in_one_sentence(live, visit):
    seen = visit(live())
    seen.page.evaluate("document.querySelector('.settings').open = true")
    seen.page.click("text=my own labels")
    seen.page.fill(".among-detail:visible textarea", "moth " * 20_000)
    seen.give(photo("crow.jpg"))
    seen.wait_for(1, "failed")
    assert "is over the limit of 2,000" in seen.text(".viewer .notice")
