"""Review in a real browser: by keyboard, of the visit's photos and of a batch, and what is decided teaches at once."""

import csv
import io
from pathlib import Path

import pytest
from tests.web.conftest import TAXA
from tests.web.page.conftest import Visit, photo, serious
from tests.web.review.drawn import write_batch

from thuja.predict.examples.rows import read_examples
from thuja.web.review.queue import Review
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

pytestmark = pytest.mark.browser


def identified(seen: Visit, count: int) -> None:
    """Have so many photos identified, go to Review, and be Ada."""
    seen.give(*(photo(f"{number}.jpg", number) for number in range(count)))
    seen.wait_for(count)
    seen.page.click("#tabs a >> text=Review")
    be_ada(seen)


def be_ada(seen: Visit) -> None:
    """Write a name and leave the box."""
    seen.page.wait_for_selector(".review-answer")
    seen.page.fill(".reviewer input", "Ada Lovelace")
    seen.page.locator("h1").click()


def press(seen: Visit, key: str, *, until: str) -> None:
    """Press a key, and wait until the progress says so."""
    seen.page.keyboard.press(key)
    seen.page.wait_for_selector(f".review-head >> text={until}")


def saved(seen: Visit) -> str:
    """The export."""
    with seen.page.expect_download() as download:
        seen.page.click("text=Save decided names as CSV")
    text: str = download.value.path().read_text(encoding="utf-8-sig")
    return text


def test_answers_are_looked_through_by_keyboard_least_certain_first(live, visit, tmp_path):
    seen = visit(live())
    identified(seen, 4)
    scores = []
    for number, (key, until) in enumerate([("Enter", "1 accepted"), ("s", "1 skipped"), ("2", "1 corrected")]):
        scores.append(
            seen.page.locator(".review-answer .verdict .score-bar > span").evaluate(
                "bar => parseFloat(bar.style.width)"
            )
        )
        press(seen, key, until=until)
        assert f"{number + 1} of 4 looked through" in seen.text(".review-head")
    assert scores == sorted(scores)
    seen.page.keyboard.press("c")
    seen.page.keyboard.type("a pressed flower")
    press(seen, "Enter", until="2 corrected")
    assert "All are looked through." in seen.text(".review-stage")
    (tmp_path / "reviewed.csv").write_text(saved(seen), encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "reviewed.csv").read_text(encoding="utf-8"))))
    assert [row["decision"] for row in rows] == ["accept", "correct", "correct"]
    assert {row["who"] for row in rows} == {"Ada Lovelace"}
    assert {row["model"] for row in rows} == {"untrained"}
    assert all(row["when"].endswith("Z") for row in rows)
    assert rows[2]["scientific_name"] == "a pressed flower"
    examples = read_examples(tmp_path / "reviewed.csv")
    assert [label.text for label in examples.labels] == [row["scientific_name"] for row in rows]
    assert seen.is_faultless()


def test_a_decision_can_be_taken_back(live, visit):
    seen = visit(live())
    identified(seen, 2)
    first = seen.text(".review-picture figcaption")
    press(seen, "Enter", until="1 accepted")
    assert seen.text(".review-picture figcaption") != first
    press(seen, "u", until="0 accepted")
    assert seen.text(".review-picture figcaption") == first
    assert seen.is_faultless()


@pytest.mark.slow
def test_photos_that_are_answered_meanwhile_join_the_queue(live, visit, served):
    seen = visit(live(served))
    with served.queue.admitted(served.settings.pace.queue):
        seen.give(photo("one.jpg"))
        seen.page.wait_for_selector(".busy")
        seen.page.click("#tabs a >> text=Review")
        assert "nothing to look through yet" in seen.text(".review-stage")
    be_ada(seen)
    assert "0 of 1 looked through" in seen.text(".review-head")
    name = seen.text(".review-picture figcaption")
    seen.page.evaluate("location.hash = 'identify'")
    seen.page.wait_for_selector(".drop")
    with served.queue.admitted(served.settings.pace.queue):
        seen.give(*(photo(f"{number}.jpg", number) for number in range(5)))
        seen.page.wait_for_selector(".busy")
        seen.page.click("#tabs a >> text=Review")
        seen.page.wait_for_selector(".review-answer")
    seen.page.wait_for_selector(".review-head >> text=0 of 6 looked through")
    assert seen.text(".review-picture figcaption") == name  # a key is pressed for what one sees
    assert seen.strays == []


def test_the_focus_stays_with_the_keys_from_answer_to_answer(live, visit):
    seen = visit(live())
    identified(seen, 2)
    seen.page.focus("button >> text=Accept")
    press(seen, "Enter", until="1 of 2")
    assert seen.page.evaluate("document.activeElement.textContent").startswith("Accept")
    press(seen, "Enter", until="2 of 2")
    assert seen.page.evaluate("document.activeElement.className") == "review-finished"
    assert seen.is_faultless()


def test_nobody_decides_without_a_name(live, visit):
    seen = visit(live())
    seen.give(photo("one.jpg"))
    seen.wait_for(1)
    seen.page.click("#tabs a >> text=Review")
    seen.page.click(".review-actions .primary")
    assert "Write your name first" in seen.text(".notice")
    assert seen.page.evaluate("document.activeElement.closest('.reviewer') !== null")
    assert "0 of 1 looked through" in seen.text(".review-head")


def test_a_name_ends_with_enter_and_the_next_enter_accepts(live, visit):
    """The focus stayed in the box, where keys are letters: who works by keyboard could not go on."""
    seen = visit(live())
    seen.give(photo("one.jpg"))
    seen.wait_for(1)
    seen.page.click("#tabs a >> text=Review")
    seen.page.click(".review-actions .primary")
    seen.page.keyboard.press("Enter")  # of no name: stays
    seen.page.keyboard.type("Ada")
    seen.page.keyboard.press("Enter")
    assert seen.page.locator(".notice").count() == 0
    assert "0 of 1 looked through" in seen.text(".review-head")
    press(seen, "Enter", until="1 of 1")
    assert seen.is_faultless()


def test_shortcuts_can_be_turned_off_and_keys_in_a_box_are_only_letters(live, visit):
    seen = visit(live())
    identified(seen, 2)
    seen.page.fill(".review-answer input[role=combobox]", "su")
    seen.page.keyboard.type("s")
    assert "0 skipped" in seen.text(".review-head")
    seen.page.uncheck(".review-keys input")
    seen.page.locator("h1").click()
    seen.page.keyboard.press("s")
    assert "0 of 2 looked through" in seen.text(".review-head")
    assert seen.is_faultless()


def test_a_correction_is_completed_by_common_name(live, visit):
    seen = visit(live())
    identified(seen, 1)
    seen.page.keyboard.press("c")
    seen.page.keyboard.type("carrion")
    seen.page.wait_for_selector("[role=option] >> text=Corvus corone")
    seen.page.keyboard.press("ArrowDown")
    press(seen, "Enter", until="1 corrected")
    (row,) = csv.DictReader(io.StringIO(saved(seen)))
    assert (row["scientific_name"], row["genus"], row["species"]) == ("Corvus corone", "Corvus", "corone")
    assert seen.is_faultless()


def test_less_than_the_answer_can_be_said_where_no_more_is_sure(live, visit):
    seen = visit(live())
    identified(seen, 1)
    seen.page.click("text=Or say less")
    family = seen.page.locator(".path .step", has_text="family").locator("button")
    named = family.inner_text()
    family.click()
    seen.page.wait_for_selector(".review-head >> text=1 corrected")
    (row,) = csv.DictReader(io.StringIO(saved(seen)))
    assert (row["scientific_name"], row["family"], row["species"]) == (named, named, "")
    assert seen.is_faultless()


def test_what_was_decided_teaches_the_next_answer_and_can_be_forgotten(live, visit):
    seen = visit(live())
    identified(seen, 2)
    for name, until in (("my own beast", "1 corrected"), ("a thing of mine", "2 corrected")):
        seen.page.keyboard.press("c")
        seen.page.keyboard.type(name)
        press(seen, "Enter", until=until)
    seen.page.check(".review-head input[type=checkbox]")
    seen.page.wait_for_selector(".review-head >> text=Used as examples in Identify: 2 photos")
    seen.page.click("#tabs a >> text=Identify")
    assert "2 examples from Review are used." in seen.text(".examples-used")
    seen.give(photo("another.jpg", 0))
    seen.wait_for(3)
    seen.page.wait_for_selector(".candidate >> text=my own beast")
    assert "2 examples of yours took part." in seen.text(".honesty")
    seen.page.click("text=Use none")
    seen.page.wait_for_selector(".candidate >> text=my own beast", state="detached")
    assert seen.page.locator(".examples-used").count() == 0
    assert seen.is_faultless()


def test_a_batch_is_reviewed_and_each_decision_is_on_the_servers_disk(live, visit, predictor, tmp_path):
    review = Review.open(write_batch(tmp_path, "csv"))
    address = live(Served(ServeSettings(review=tmp_path / "answers.csv"), predictor=predictor, review=review))
    seen = visit(address, "#review")
    be_ada(seen)
    assert seen.text(".review-picture figcaption") == "1.jpg"  # the least certain of the four
    seen.page.wait_for_function("() => document.querySelector('.review-picture img').naturalWidth > 0")
    press(seen, "Enter", until="1 accepted")
    assert seen.text(".review-picture figcaption") == "3.jpg"
    press(seen, "s", until="1 skipped")
    assert journal_of(tmp_path).count('"who": "Ada Lovelace"') == 2
    seen.page.check(".review-head input[type=checkbox]")
    seen.page.wait_for_selector(".review-head >> text=Used as an example in Identify: 1 photo")
    (row,) = csv.DictReader(io.StringIO(saved(seen)))
    assert (row["scientific_name"], row["decision"]) == (TAXA[1].scientific_name, "accept")
    assert seen.is_faultless()
    again = visit(address, "#review")
    be_ada(again)
    assert "2 of 4 looked through" in again.text(".review-head")
    review.close()


def journal_of(folder: Path) -> str:
    """All that was written down of a review."""
    (journal,) = folder.glob("answers*.reviews.jsonl")
    return journal.read_text(encoding="utf-8")


@pytest.mark.slow
def test_review_has_no_serious_fault_of_accessibility(live, visit):
    address = live()
    for scheme in ("light", "dark"):
        seen = visit(address, "#review", color_scheme=scheme)
        assert serious(seen.page) == []
        seen.page.click("#tabs a >> text=Identify")
        identified(seen, 1)
        assert serious(seen.page) == []
        assert seen.is_faultless()


def test_a_browser_that_keeps_nothing_reviews_as_any_other(live, visit):
    """One whose settings block cookies throws at the first look at its storage, and the tab stayed empty."""
    seen = visit(live())
    seen.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError'); } })"
    )
    seen.page.reload()
    identified(seen, 2)
    seen.page.uncheck(".review-keys input")
    seen.page.locator("h1").click()
    seen.page.keyboard.press("s")
    assert "0 of 2 looked through" in seen.text(".review-head")
    seen.page.check(".review-keys input")
    seen.page.locator("h1").click()
    press(seen, "s", until="1 skipped")
    seen.page.click("#tabs a >> text=Identify")
    seen.page.click("#tabs a >> text=Review")
    seen.page.wait_for_selector(".review-answer")
    assert seen.page.input_value(".reviewer input") == "Ada Lovelace"
    assert seen.is_faultless()
