"""A report is one file that says what it was given, and nothing that it was given can break it."""

from html.parser import HTMLParser

import pytest
from PIL import Image

from thuja.errors import ThujaError
from thuja.report import INK, Headline, Report, WallPicture

DRAWING = f'<metadata>when</metadata><g id="a"><path style="fill: {INK}"/></g>'
SVG = f'<?xml version="1.0"?><svg viewBox="0 0 2 1">{DRAWING}</svg>'


class Reader(HTMLParser):
    """Checks that tags close in order, and gathers what a browser would fetch."""

    def __init__(self):
        super().__init__()
        self.open, self.sources, self.words = [], [], []

    def handle_starttag(self, tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "img", "path", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(report):
    reader = Reader()
    reader.feed(report.to_html())
    assert reader.open == []
    return reader


@pytest.fixture
def jpeg(tmp_path):
    Image.new("RGB", (4, 4), "red").save(tmp_path / "a.jpg")
    return (tmp_path / "a.jpg").read_bytes()


def test_a_whole_report_is_sound_html_and_fetches_nothing(jpeg, tmp_path):
    report = Report("World", summary=["All went well."]).headlines([Headline(label="top-1", value="88 %")])
    report.section("Scores", "One.\n\nTwo.").table(["rank", "score"], [["genus", 0.5], ["family", None]])
    report.section("Pictures").figure(SVG, caption="a curve").figure(b"\x89PNG...", caption="a map")
    report.wall([WallPicture(image=jpeg, caption=["true", "said"], is_right=False)], caption="wall")
    sources = read(report).sources
    assert sorted(source[:15] for source in sources) == ["#s0", "#s1", "data:image/jpeg", "data:image/png;"]
    report.save(tmp_path / "out" / "report.html")
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8") == report.to_html()


def test_names_with_markup_in_them_are_shown_as_they_are():
    name = '<script>alert("&")</script>'
    report = Report(name, summary=[name]).section(name, name).table([name], [[name]], caption=name)
    reader = read(report)
    assert "<script" not in report.to_html()
    assert reader.words.count(name) == 8  # title, h1, summary, h2, text, th, td, caption (no contents for one section)


def test_ink_of_a_figure_becomes_the_pages_and_group_ids_go():
    page = Report("t").section("s").figure(SVG, caption="c").to_html()
    assert '<g><path style="fill: var(--ink)"/></g>' in page
    assert "<metadata>" not in page


def test_right_and_wrong_are_said_in_words_not_in_colour_alone(jpeg):
    pictures = [WallPicture(image=jpeg, caption=[], is_right=right) for right in (True, False, None)]
    words = " ".join(read(Report("t").section("s").wall(pictures)).words)
    assert words.count("✓ right") == 1
    assert words.count("✗ wrong") == 1


def test_columns_of_numbers_stand_to_the_right_and_columns_of_words_do_not():
    page = Report("t").section("s").table(["name", "share"], [["a", "12 %"], ["b", None]]).to_html()
    assert '<th>name</th><th class="n">share</th>' in page


def test_a_row_of_the_wrong_length_and_a_part_without_a_section_are_refused():
    with pytest.raises(ThujaError, match="2 columns got a row of 1"):
        Report("t").section("s").table(["a", "b"], [["x"]])
    with pytest.raises(ThujaError, match="section"):
        Report("t").text("lost")
