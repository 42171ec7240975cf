"""The page shows what was said, whatever files are called, and counts what it does not show."""

import base64
import io
import json
import re
import shutil
import subprocess
import tracemalloc
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thuja.errors import UsageError
from thuja.predict import Answer, Guess, Judgement, Prediction, Question
from thuja.predict.why.explanations import Explanation
from thuja.predict.why.page import PredictionPage
from thuja.taxonomy import RANKS, Rank, Taxon

RAVEN = Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"], "raven")
EVIL = "<script>alert('x')</script> & \"quoted\" \udcff.jpg"


def answer(rank: Rank, score: float, taxon: Taxon = RAVEN) -> Answer:
    return Answer(text=taxon.at(rank).scientific_name, taxon=taxon.at(rank), score=score)


PATH = tuple(answer(rank, 0.99 - 0.1 * rank) for rank in RANKS)
JUDGEMENT = Judgement(answers=PATH[-1:], path=PATH, settled=PATH[4], within=(PATH[4],), unseen={Rank.SPECIES: 0.8})
QUESTION = Question(rank=Rank.SPECIES, confidence=0.5, coverage=0.95)


class Reader(HTMLParser):
    """Checks that tags close in order; gathers elements, words, and what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def kinds(self, tag: str) -> list[str]:
        return [attributes.get("class") or "" for name, attributes in self.elements if name == tag]


def read(page: PredictionPage, folder: Path) -> Reader:
    page.save(folder / "page.html")
    reader = Reader()
    reader.feed((folder / "page.html").read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


def jpeg(size: tuple[int, int], *, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def explained(prediction: Prediction) -> Explanation:
    rival = Answer(text="<Corvus> corone", score=0.1)
    return Explanation(
        prediction=prediction,
        answer=prediction.answers[0],
        rival=rival,
        clade=RAVEN.at(Rank.GENUS),
        siblings=(rival,),
        others=3,
        others_score=0.02,
        image=Image.new("RGB", (40, 30), "white"),
        seen=(0.0, 0.0, 1.0, 1.0),
        heat=np.array([[1, 0], [0, -1]], dtype=np.float32),
    )


def test_hostile_names_are_words_and_nothing_of_them_is_markup(tmp_path: Path) -> None:
    page = PredictionPage(EVIL, QUESTION, summary=[EVIL])
    evil = Answer(text=EVIL, score=0.5)
    judgement = Judgement(answers=(evil,), path=(evil,), within=(evil,), targets={EVIL: Guess(value=EVIL)})
    told = Prediction(file_name=EVIL, id=f"id {EVIL}", judgement=judgement)
    page.add(told, None, explained(told))
    page.add(Prediction(file_name=EVIL, reason=EVIL, error=EVIL))
    reader = read(page, tmp_path)
    assert [tag for tag, _ in reader.elements].count("script") == 1
    assert not any(name.startswith("on") for _, attributes in reader.elements for name in attributes)
    sources = [value or "" for _, attributes in reader.elements for name, value in attributes.items() if name == "src"]
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert sum(r"alert('x')" in words for words in reader.words) > 5
    assert r"\udcff" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_path_marks_where_it_settles_and_dims_what_lies_below(tmp_path: Path) -> None:
    page = PredictionPage("t", QUESTION)
    page.add(Prediction(file_name="a.jpg", judgement=JUDGEMENT))
    reader = read(page, tmp_path)
    rungs = [kind for kind in reader.kinds("li") if kind in ("", "settled", "beyond")][-len(PATH) :]
    assert rungs == ["", "", "", "", "settled", "beyond", "beyond"]
    text = " ".join(reader.words)
    for said in ("Corvidae", "Corvus corax", "95 % set", "Its species may not be among the labels", "59 %"):
        assert said in text.replace("\N{NO-BREAK SPACE}", " ")
    widths = [attributes["style"] for tag, attributes in reader.elements if tag == "span" and "style" in attributes]
    assert widths == [f"width:{score.score:.1%}" for score in PATH]


def test_a_best_answer_off_the_path_stands_before_it(tmp_path: Path) -> None:
    """The likeliest species may lie in a genus that is not the likeliest; the card once showed its name alone."""
    page = PredictionPage("t", Question())
    magpie = Answer(text="Pica pica", taxon=Taxon(genus="Pica", species="pica"), score=0.31)
    page.add(Prediction(file_name="a.jpg", judgement=Judgement(answers=(magpie, *PATH[-1:]), path=PATH)))
    words = read(page, tmp_path).words
    said = words.index("By the likeliest step at each rank:")
    assert words[said - 1].replace("\N{NO-BREAK SPACE}", " ") == "31 %"
    assert words[said:].count("Pica pica") == 0
    assert words[said:].count("Corvus corax") == 1
    page = PredictionPage("t", QUESTION)  # headed by what is settled, the path's fifth taxon
    page.add(Prediction(file_name="a.jpg", judgement=replace(JUDGEMENT, answers=(magpie, *PATH[-1:]))))
    words = read(page, tmp_path).words
    assert words[words.index("Other answers") :].count("Pica pica") == 1


def test_without_a_confidence_a_card_is_headed_by_its_best_answer(tmp_path: Path) -> None:
    page = PredictionPage("t", Question())
    page.add(Prediction(file_name="a.jpg", judgement=JUDGEMENT))
    [card] = [attributes for tag, attributes in read(page, tmp_path).elements if attributes.get("class") == "card"]
    assert card["data-score"] == f"{PATH[-1].score:.6f}"
    assert "raven" in (card["data-text"] or "")


def test_images_are_upright_small_and_carry_their_box(tmp_path: Path) -> None:
    page = PredictionPage("t", Question())
    judged = Judgement(answers=(Answer(text="a", score=1.0),))
    page.add(
        Prediction(file_name="a.jpg", judgement=judged, box="0.25,0.5,0.5,0.25"), jpeg((4000, 2000), orientation=6)
    )
    reader = read(page, tmp_path)
    [image] = [attributes for tag, attributes in reader.elements if tag == "img"]
    with Image.open(io.BytesIO(base64.b64decode((image["src"] or "").split(",")[1]))) as drawn:
        assert drawn.size == (144, 288)
    [box] = [attributes["style"] for _, attributes in reader.elements if attributes.get("class") == "box"]
    assert box == "left:25.00%;top:50.00%;width:50.00%;height:25.00%"


def test_an_image_that_cannot_be_drawn_leaves_its_card(tmp_path: Path) -> None:
    page = PredictionPage("t", Question())
    page.add(Prediction(file_name="gone.jpg", reason="unreadable", error="cannot read gone.jpg"), tmp_path / "gone.jpg")
    page.add(Prediction(file_name="a.jpg", judgement=JUDGEMENT), b"\xff\xd8\xff cut")
    reader = read(page, tmp_path)
    assert reader.kinds("li").count("card failed") == 1
    assert reader.kinds("li").count("card") == 1
    assert "cannot read gone.jpg" in " ".join(reader.words)


def test_an_explanation_brings_its_map_and_its_rivals(tmp_path: Path) -> None:
    page = PredictionPage("t", Question())
    told = Prediction(file_name="a.jpg", judgement=JUDGEMENT)
    page.add(told, None, explained(told))
    reader = read(page, tmp_path)
    assert [attributes["alt"] for tag, attributes in reader.elements if tag == "img"] == ["", "heat map"]
    text = " ".join(reader.words)
    assert "Weighed against, within Corvus" in text
    assert "<Corvus> corone" in text
    assert "and 3 more" in text


def test_what_is_not_shown_is_counted(tmp_path: Path) -> None:
    page = PredictionPage("t", QUESTION, most=2)
    for number in range(5):
        assert page.is_full == (number >= 2)
        page.add(Prediction(file_name=f"{number}.jpg", judgement=JUDGEMENT))
    page.add(Prediction(file_name="bad.jpg", reason="truncated", error="cut"))
    reader = read(page, tmp_path)
    assert reader.kinds("li").count("card") == 2
    assert "The first 2 of 6 are shown." in reader.words
    numbers = (tmp_path / "page.html").read_text()
    assert re.search(r"<span>answered</span><strong>5</strong><small>of 6</small>", numbers)
    assert re.search(r"<td[^>]*>family</td><td[^>]*>5</td>", numbers)
    assert re.search(r"<td[^>]*>truncated</td><td[^>]*>1</td>", numbers)
    with pytest.raises(UsageError, match="at least one"):
        PredictionPage("t", QUESTION, most=0)


def test_memory_does_not_grow_with_the_cards(tmp_path: Path) -> None:
    page = PredictionPage("t", QUESTION, most=800)
    told = Prediction(file_name="a" * 20_000, judgement=Judgement(answers=PATH[-1:]))
    tracemalloc.start()
    for _ in range(800):
        page.add(told)
    page.save(tmp_path / "page.html")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "page.html").stat().st_size > 30e6
    assert peak < 20e6


def test_a_page_may_be_saved_as_it_grows(tmp_path: Path) -> None:
    page = PredictionPage("t", QUESTION)
    for number in range(1, 4):
        page.add(Prediction(file_name=f"{number}.jpg", judgement=JUDGEMENT))
        assert read(page, tmp_path).kinds("li").count("card") == number


CHECK = """<script>
const form = document.querySelector(".controls"), told = [];
const tell = () => told.push([...document.querySelectorAll(".card:not([hidden])")].map(card => card.dataset.score));
const set = (name, value) => {
  form.elements[name].value = value;
  for (const kind of ["input", "change"]) form.elements[name].dispatchEvent(new Event(kind, {bubbles: true}));
  tell();
};
tell();
for (const [name, value] of [["text", "B.JPG"], ["text", ""], ["kind", "error"], ["kind", ""], ["least", 50],
  ["least", 0], ["order", "down"], ["order", "up"], ["order", ""]]) set(name, value);
document.body.textContent = JSON.stringify(told);
</script></body>"""


@pytest.mark.browser
def test_a_browser_finds_filters_and_sorts(tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("needs a headless Chromium")
    page = PredictionPage("t", Question())
    for name, score in (("a", 0.25), ("b", 0.75), ("c", 0.5)):
        page.add(Prediction(file_name=f"{name}.jpg", judgement=Judgement(answers=(Answer(text="x", score=score),))))
    page.add(Prediction(file_name="d.jpg", reason="truncated", error="cut"))
    page.save(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8").replace("</body>", CHECK)
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*command, "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = re.search(r"<body>(\[\[.*\]\])\s*</body>", done.stdout)
    assert found is not None
    a, b, c, failed = "0.250000", "0.750000", "0.500000", "-1"
    given = [a, b, c, failed]
    assert json.loads(found[1]) == [
        given, [b], given, [failed], given, [b, c], given, [b, c, a, failed], [failed, a, c, b], given,
    ]  # fmt: skip
