"""Identify in a real browser: every way in, what is sent, what is said, what goes wrong in its place."""

import csv
import io
import json
from contextlib import contextmanager

import httpx
import pytest
from PIL import Image
from tests.web.api import conftest as indexed
from tests.web.conftest import jpeg
from tests.web.page.conftest import TAKEN, photo, placed_photo, serious

from thuja.errors import ImageError
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

pytestmark = pytest.mark.browser

index = indexed.index
_EVIL = "<img src=x onerror=\"document.title='broken'\">.jpg"


def sure(seen, value: float) -> None:
    """Ask for that much confidence."""
    seen.page.evaluate("document.querySelector('.settings').open = true")
    seen.page.locator(".confidence input").evaluate(
        """(input, value) => {
          input.value = value;
          input.dispatchEvent(new Event("input"));
          input.dispatchEvent(new Event("change"));
        }""",
        str(value),
    )


def uploads(seen, *, act) -> list[tuple[bytes, dict[str, object]]]:
    """The pictures that the page sends to /api/identify while `act` runs, each with its question."""
    seen.page.evaluate(
        """() => {
          const isWatched = window.sent !== undefined;
          window.sent = [];
          if (isWatched) return;
          const before = window.fetch;
          window.fetch = async (path, asked) => {
            if (String(path).includes("identify")) {
              const question = JSON.parse(asked.body.get("question"));
              for (const picture of asked.body.getAll("images")) {
                const bytes = Array.from(new Uint8Array(await picture.arrayBuffer()));
                window.sent.push({ bytes, question, name: picture.name });
              }
            }
            return before(path, asked);
          };
        }"""
    )
    act()
    sent = seen.page.evaluate("window.sent")
    assert {one["name"] for one in sent} <= {f"picture-{number}.jpg" for number in range(1, 5)}
    return [(bytes(one["bytes"]), one["question"]) for one in sent]


@contextmanager
def full(served: Served):
    """No room in the queue."""
    with served.queue.admitted(served.settings.pace.queue):
        yield


def test_a_photo_is_named_down_the_tree_as_far_as_it_is_sure(live, visit):
    seen = visit(live())

    def act():
        sure(seen, 0.5)
        seen.give(photo("crow.jpg"))
        seen.wait_for(1)

    ((sent, question),) = uploads(seen, act=act)
    asked = {"question": json.dumps(question)}
    told = httpx.post(f"{seen.address}/api/identify", files={"images": sent}, data=asked).json()["results"][0]
    seen.page.wait_for_selector(".verdict >> text=" + told["settled"]["text"])
    ranks = seen.page.locator(".path .step-rank").all_inner_texts()
    assert ranks == ["kingdom", "phylum", "class", "order", "family", "genus", "species"]
    assert seen.page.locator(".path .taxon-name").all_inner_texts() == [step["text"] for step in told["path"]]
    below = seen.page.locator(".step-below .step-rank").all_inner_texts()
    assert below == ranks[ranks.index(told["settled"]["rank"]) + 1 :]
    assert f"It stops at the {told['settled']['rank']}" in seen.text(".verdict-why")
    assert "Not calibrated" in seen.text(".honesty")
    assert seen.is_faultless()


def test_an_answer_that_nothing_supports_is_not_given(live, visit):
    seen = visit(live())
    seen.give(photo("crow.jpg"))
    sure(seen, 0.99)
    seen.wait_for(1)
    seen.page.wait_for_selector(".verdict >> text=Too unsure to say")
    assert seen.page.locator(".step-settled").count() == 0
    assert seen.is_faultless()


def test_a_picture_is_pasted_from_the_clipboard(live, visit):
    seen = visit(live(), permissions=["clipboard-read", "clipboard-write"])
    seen.page.evaluate(
        """async () => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 30 });
          canvas.getContext("2d").fillRect(5, 5, 20, 20);
          const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }"""
    )
    seen.page.locator("main").focus()
    seen.page.keyboard.press("Control+V")
    seen.wait_for(1)
    assert seen.page.locator(".verdict").count() == 1
    assert seen.is_faultless()


def test_photos_are_dropped_anywhere_on_the_page(live, visit):
    seen = visit(live())
    seen.page.evaluate(
        """async () => {
          const transfer = new DataTransfer();
          for (const name of ["one.png", "two.png"]) {
            const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 30 });
            const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
            transfer.items.add(new File([blob], name, { type: "image/png" }));
          }
          const drop = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
          document.querySelector("footer").dispatchEvent(drop);
        }"""
    )
    seen.wait_for(2)
    assert seen.page.locator(".strip-name").all_inner_texts() == ["one.png", "two.png"]
    assert seen.is_faultless()


def test_what_is_sent_is_upright_and_tells_no_place_date_or_name(live, visit):
    seen = visit(live())
    given = placed_photo("my garden.jpg")
    assert b"Exif" in given["buffer"]
    assert TAKEN.encode() in given["buffer"]

    def act():
        seen.give(given)
        seen.wait_for(1)

    ((sent, _),) = uploads(seen, act=act)
    with Image.open(io.BytesIO(sent)) as image:
        assert image.size == (40, 60)  # on its side in the file
        assert not image.getexif()
        top, bottom = image.getpixel((20, 10)), image.getpixel((20, 50))
    assert top[0] > 200 > 60 > top[2]
    assert bottom[2] > 200 > 60 > bottom[0]
    assert TAKEN.encode() not in sent
    assert seen.is_faultless()


def test_a_box_is_cut_by_keyboard_and_by_mouse_and_only_what_is_in_it_is_sent(live, visit):
    seen = visit(live())
    seen.give({"name": "wide.jpg", "mimeType": "image/jpeg", "buffer": photo("", 1)["buffer"]})
    seen.wait_for(1)

    def by_keyboard():
        seen.page.click("button >> text=Crop")
        seen.page.wait_for_selector(".crop-frame")
        for _ in range(8):
            seen.page.keyboard.press("Shift+ArrowLeft")  # 0.8 wide, less eight times 0.05
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_selector(".crop-dialog", state="detached")
        seen.page.wait_for_selector(".viewer-picture >> text=cropped")
        seen.wait_for(1)

    ((sent, _),) = uploads(seen, act=by_keyboard)
    with Image.open(io.BytesIO(sent)) as image:
        assert image.size == (19, 26)  # of 48 x 32: 0.4 and 0.8

    def by_mouse():
        seen.page.click("button >> text=Crop")
        area = seen.page.locator(".crop-stage").bounding_box()
        handle = seen.page.locator(".crop-se").bounding_box()
        seen.page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        seen.page.mouse.down()
        seen.page.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + area["height"] * 0.6, steps=4)
        seen.page.mouse.up()
        seen.page.click("button >> text=Use this box")
        seen.page.wait_for_function("() => window.sent.length === 1")
        seen.wait_for(1)

    ((sent, _),) = uploads(seen, act=by_mouse)
    with Image.open(io.BytesIO(sent)) as image:
        assert image.size == (24, 16)  # from 0.1 to 0.6 both ways
    assert seen.is_faultless()


def test_a_broken_photo_says_so_in_its_place_and_the_others_are_named(live, visit):
    seen = visit(live())
    seen.give(photo("good.jpg"), {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": b"no picture at all"})
    seen.wait_for(1, "done")
    seen.wait_for(1, "failed")
    assert "cannot open broken.jpg" in seen.text("[data-state=failed] .strip-answer")
    seen.page.click("[data-state=failed]")
    assert "cannot open broken.jpg as a picture" in seen.text(".viewer .notice")
    assert seen.is_faultless()


def test_the_name_of_a_file_is_only_ever_text(live, visit):
    seen = visit(live())
    seen.give(photo(_EVIL), photo("other.jpg", 1))
    seen.wait_for(2)
    assert seen.page.locator(".strip-name").first.inner_text() == _EVIL
    assert seen.page.title() == "Identify · thuja"
    assert seen.is_faultless()


def test_a_full_server_is_waited_for(live, visit, served):
    seen = visit(live(served))
    with full(served):
        seen.give(photo("crow.jpg"))
        seen.page.wait_for_selector(".busy >> text=asking again")
    seen.wait_for(1)
    assert seen.page.locator(".busy").count() == 0
    assert seen.strays == []


@pytest.mark.slow
def test_asking_about_many_photos_can_be_stopped_and_taken_up_again(live, visit, served):
    seen = visit(live(served))
    with full(served):
        seen.give(*(photo(f"{number}.jpg", number) for number in range(12)))
        seen.page.wait_for_selector(".busy")
        seen.page.click("text=Stop")
        seen.wait_for(12, "stopped")
    seen.page.click("text=Ask again")
    seen.wait_for(12)
    assert "12 of 12 photos answered" in seen.text(".tools")
    with full(served):
        seen.page.evaluate("document.querySelector('.settings').open = true")
        sure(seen, 0.5)
        seen.page.click("text=Ask again")
        seen.page.wait_for_selector(".busy")
        assert seen.page.locator(".answer.stale").count() == 1  # the answer to what was asked before says so
        seen.page.click("text=Stop")
        seen.wait_for(12, "stopped")
    assert seen.page.locator(".answer").count() == 0


def test_why_an_answer_was_given_is_shown_over_the_photo(live, visit):
    seen = visit(live())
    seen.give(photo("crow.jpg"))
    seen.wait_for(1)
    seen.page.click("text=Why this answer?")
    seen.page.wait_for_selector(".why section")
    if seen.page.locator(".why-overlay").count():
        seen.page.uncheck(".why input[type=checkbox]")
        assert seen.page.locator(".why-overlay").is_hidden()
    assert len(seen.text(".why section")) > 40
    assert seen.is_faultless()


def test_all_answers_are_saved_as_a_table_and_as_json(live, visit):
    seen = visit(live())
    seen.give(photo('a, "b".jpg'), photo("two.jpg", 2))
    seen.wait_for(2)
    with seen.page.expect_download() as saved:
        seen.page.click("text=Save as CSV")
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text(encoding="utf-8-sig"))))
    assert {row["file"] for row in rows} == {'a, "b".jpg', "two.jpg"}
    assert [row["answer"] for row in rows if row["file"] == "two.jpg"] == ["1", "2", "3", "4"]
    assert sum(float(row["score"]) for row in rows) == pytest.approx(2, abs=0.01)
    assert {row["family"] for row in rows} == {"Corvidae", "Asteraceae"}
    with seen.page.expect_download() as saved:
        seen.page.click("text=Save as JSON")
    told = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert [one["file"] for one in told] == ['a, "b".jpg', "two.jpg"]
    assert [step["rank"] for step in told[0]["path"]][:2] == ["kingdom", "phylum"]
    assert seen.is_faultless()


def test_relatives_stand_beside_the_answer_with_pictures_whose_licence_and_credit_are_told(
    live, visit, predictor, index
):
    seen = visit(live(Served(ServeSettings(), predictor=predictor, index=index)))
    seen.give(photo("crow.jpg"))
    seen.wait_for(1)
    seen.page.wait_for_function(
        "() => [...document.querySelectorAll('.candidate img')].some((image) => image.naturalWidth)"
    )
    pictures = seen.page.locator(".candidate-pictures .card")
    credits = [" ".join(text.split()) for text in pictures.locator(".credit").all_inner_texts()]
    assert len(credits) == pictures.count() > 3
    assert {text.split(" · ")[0] for text in credits} <= {"<b>Ann</b> Owner", "Author not given"}
    assert all(text.split(" · ")[1] in ("CC BY 4.0", "CC0") for text in credits)
    links = {link.get_attribute("href").split(":")[0] for link in pictures.locator("a").all()}
    assert links <= {"http", "https"}  # the index also has a javascript: link
    assert seen.is_faultless()


def test_a_picture_is_named_by_its_link_and_one_that_is_refused_says_why(live, visit, predictor):
    async def fetch(link: str) -> bytes:
        if "private" in link:
            raise ImageError("this link leads to a private address", reason="refused")
        return jpeg(3)

    settings = ServeSettings(allows_links=True)
    seen = visit(live(Served(settings, predictor=predictor, fetch_link=fetch)))
    seen.page.fill("input[type=url]", "https://example.org/moth.jpg")
    seen.page.keyboard.press("Enter")
    seen.wait_for(1)
    assert seen.text(".viewer-name") == "https://example.org/moth.jpg"
    seen.page.fill("input[type=url]", "https://private.example.org/")
    seen.page.keyboard.press("Enter")
    seen.wait_for(1, "failed")
    assert "this link leads to a private address" in seen.text(".viewer .notice")
    assert seen.is_faultless()


def test_a_later_question_is_answered_whatever_becomes_of_the_one_before(live, visit, served):
    """A question asked while another was under way was shown as stopped, and then answered by either."""
    seen = visit(live(served))
    with full(served):
        seen.give(photo("crow.jpg"))
        seen.page.wait_for_selector(".busy")
        seen.page.evaluate("document.querySelector('.settings').open = true")
        seen.page.click("text=my own labels")
        seen.page.fill(".among-detail:visible textarea", "a black bird\na flower")
        seen.page.locator("h1").click()
    seen.wait_for(1)
    seen.page.wait_for_selector(".candidate >> text=a black bird")
    assert seen.page.locator(".path").count() == 0


@pytest.mark.shared
def test_hostile_and_odd_photos_are_named_or_refused_each_in_its_place(live, visit, shared):
    files = sorted(path for path in (shared / "photos" / "robust").rglob("*") if path.is_file())
    seen = visit(live())
    seen.give(*files)
    seen.page.wait_for_function(
        "(count) => document.querySelectorAll('[data-state=done], [data-state=failed]').length === count",
        arg=len(files),
        timeout=60_000,
    )
    failed = seen.page.locator("[data-state=failed] .strip-answer").all_inner_texts()
    assert 0 < len(failed) < len(files) / 2
    assert all("cannot open" in text for text in failed)
    assert seen.is_faultless()


def test_arrows_go_from_photo_to_photo(live, visit):
    seen = visit(live())
    seen.give(photo("one.jpg"), photo("two.jpg", 1), photo("three.jpg", 2))
    seen.wait_for(3)
    seen.page.focus(".strip-photo")
    seen.page.keyboard.press("ArrowRight")
    assert seen.text(".viewer-name") == "two.jpg"
    seen.page.keyboard.press("End")
    assert seen.text(".viewer-name") == "three.jpg"
    assert seen.page.evaluate("document.activeElement.getAttribute('aria-current')") == "true"
    assert seen.page.locator(".strip-photo[tabindex='0']").count() == 1
    assert seen.is_faultless()


def test_a_photo_larger_than_is_sent_is_made_smaller_first(live, visit):
    buffer = io.BytesIO()
    Image.new("RGB", (4000, 1000), "green").save(buffer, "JPEG")
    seen = visit(live())

    def act():
        seen.give({"name": "large.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()})
        seen.wait_for(1)

    ((sent, _),) = uploads(seen, act=act)
    with Image.open(io.BytesIO(sent)) as image:
        assert image.size == (1600, 400)
    assert seen.is_faultless()


def test_an_answer_is_seen_within_a_second_of_the_models_own_time(live, visit):
    seen = visit(live())
    seen.page.evaluate(
        """() => {
          const before = window.fetch;
          window.fetch = async (...asked) => {
            const answer = await before(...asked);
            if (String(asked[0]).includes("identify")) window.took = (await answer.clone().json()).took_ms;
            return answer;
          };
          new MutationObserver(() => { if (document.querySelector(".verdict")) window.seenAt ??= performance.now(); })
            .observe(document.body, { childList: true, subtree: true });
          const given = () => { window.givenAt = performance.now(); };
          document.querySelector("input[type=file]").addEventListener("change", given, { capture: true });
        }"""
    )
    seen.give(photo("crow.jpg"))
    seen.wait_for(1)
    seen.page.wait_for_function("() => window.took !== undefined && window.seenAt")
    assert seen.page.evaluate("window.seenAt - window.givenAt - window.took") < 1000


@pytest.mark.slow
def test_identify_has_no_serious_fault_of_accessibility(live, visit):
    address = live()
    for scheme in ("light", "dark"):
        seen = visit(address, color_scheme=scheme)
        seen.page.evaluate("document.querySelector('.settings').open = true")
        assert serious(seen.page) == []
        seen.give(photo("one.jpg"), photo("two.jpg", 1))
        seen.wait_for(2)
        assert serious(seen.page) == []
        seen.page.click("button >> text=Crop")
        seen.page.wait_for_selector(".crop-frame")
        assert serious(seen.page) == []
        assert seen.is_faultless()


def test_a_long_name_of_a_file_leaves_room_for_the_next_photo_on_a_phone(live, visit):
    """Its name, which does not wrap, made a photo as wide as the screen."""
    seen = visit(live(), viewport={"width": 360, "height": 740})
    seen.give(photo(f"{'a-long-name-' * 6}.jpg"), photo("two.jpg", 1))
    seen.wait_for(2)
    widths = seen.page.locator(".strip li").evaluate_all("items => items.map((one) => one.offsetWidth)")
    assert widths == [153, 153]  # nine times the size of the page's letters


def test_the_scores_of_a_path_stand_in_one_column_beside_a_photo(live, visit):
    """A name that does not break pushed its score out of the page, and the others stood each elsewhere."""
    seen = visit(live(), viewport={"width": 800, "height": 900})
    seen.give(photo("one.jpg"))
    seen.wait_for(1)
    seen.page.locator(".step-name").nth(1).evaluate("name => { name.textContent = 'Grarnivlamorphadaeidae'; }")
    ends = seen.page.locator(".path .score").evaluate_all("all => all.map((one) => one.getBoundingClientRect().right)")
    path = seen.page.locator(".path").evaluate("path => path.getBoundingClientRect().right")
    assert set(ends) == {path}
