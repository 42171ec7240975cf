"""The page of a map holds what it was given, packed, and nothing that it was given can break out of it."""

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from thuja.analyze import Space
from thuja.analyze.maps import InteractiveSettings, Method, SpaceMapSettings, write_map, write_points
from thuja.analyze.maps.interactive.columns import packed_column
from thuja.errors import EmptyInput, ThujaError, UnknownName
from thuja.taxonomy import Taxon

EVIL = "</script><script>alert('x')</script><!-- & \"quoted\" \u2028 \udcff"
SHOWN = EVIL.replace("\udcff", "?")
POINTS = np.array([[0.0, -1.0], [2.0, 1.0], [1.0, 0.5]])


class Reader(HTMLParser):
    """Checks that tags close in order; gathers elements and what stands in scripts by id."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.held, self.sources = [], [], {}, []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "input", "path"):
            self.open.append((tag, dict(attributes).get("id")))

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open and self.open[-1][0] in ("script", "title", "h1", "p"):
            tag, name = self.open[-1]
            self.held[name or tag] = self.held.get(name or tag, "") + data


def write(folder, columns, *, points=POINTS, pictures=None, seed=0, **settings):
    path = folder / "map.html"
    written = write_points(
        path, points, columns, pictures=pictures, settings=InteractiveSettings(**settings),
        generator=np.random.default_rng(seed),
    )  # fmt: skip
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert reader.open == []
    assert written.size == path.stat().st_size
    return reader, json.loads(reader.held["map-data"]), written


def array(text, width):
    return np.frombuffer(base64.b64decode(text), dtype=f"<u{width}")


def values(column):
    """A packed column as the page reads it."""
    codes = array(column["codes"], column["width"]).tolist()
    if column["kind"] == "word":
        return [column["words"][code - 1] if code else None for code in codes]
    return [None if code == 65535 else column["low"] + code * column["step"] for code in codes]


def test_points_and_columns_are_read_back(tmp_path):
    columns = {
        "name": ["Corvus corax", None, "Pica pica"],
        "is wild": [True, False, None],
        "year": [1999, None, 2024],
        "beak": [0.25, 0.75, float("nan")],
        "mixed": ["a", 1, None],
        "nothing": [None, None, None],
    }
    _, data, written = write(tmp_path, columns, name="name", colour_by="year")
    assert data["count"] == written.points == 3
    x = data["left"] + array(data["x"], 2) / 65535 * (data["right"] - data["left"])
    y = data["low"] + array(data["y"], 2) / 65535 * (data["high"] - data["low"])
    np.testing.assert_allclose(np.column_stack([x, y]), POINTS, atol=2 / 65535)
    read = {column["name"]: values(column) for column in data["columns"]}
    assert read == {
        "name": ["Corvus corax", None, "Pica pica"],
        "is wild": ["yes", "no", None],
        "year": [1999, None, 2024],
        "beak": [0.25, 0.75, None],
        "mixed": ["a", "1", None],
        "nothing": [None, None, None],
    }
    assert (data["name"], data["colour_by"]) == (0, 2)


def test_numbers_keep_their_place_within_a_step_of_their_range(tmp_path):
    generator = np.random.default_rng(0)
    numbers = generator.lognormal(size=2000)
    whole = generator.integers(-30_000, 30_000, size=2000)
    _, data, _ = write(
        tmp_path, {"numbers": numbers.tolist(), "whole": whole.tolist()}, points=generator.normal(size=(2000, 2))
    )
    read = {column["name"]: values(column) for column in data["columns"]}
    assert np.abs(np.array(read["numbers"]) - numbers).max() <= np.ptp(numbers) / 65534 / 2 * 1.001
    assert read["whole"] == whole.tolist()


@pytest.mark.parametrize(("count", "width"), [(255, 1), (256, 2), (65_535, 2), (65_536, 4)])
def test_words_are_numbered_in_as_few_bytes_as_hold_them(count, width):
    words = [f"word {number}" for number in range(count)]
    column = packed_column("words", words)
    assert column["width"] == width
    assert values(column) == words


def test_the_most_frequent_words_come_first(tmp_path):
    _, data, _ = write(tmp_path, {"k": ["b", "a", "b", "c", "a", "b"]}, points=np.zeros((6, 2)))
    assert data["columns"][0]["words"] == ["b", "a", "c"]
    assert (data["left"], data["right"]) == (0, 0)


def test_hostile_words_stand_in_the_page_as_words(tmp_path):
    columns = {EVIL: [EVIL, "b", None]}
    reader, data, _ = write(
        tmp_path, columns, title=EVIL, about=EVIL, name=EVIL, colour_by=EVIL, pictures=[EVIL, f"https://a/{EVIL}", None]
    )
    assert reader.tags.count("script") == 2
    assert reader.held["title"] == reader.held["h1"] == SHOWN
    assert reader.held["p"].startswith(SHOWN)
    assert data["columns"][0]["name"] == SHOWN
    assert values(data["columns"][0]) == [SHOWN, "b", None]
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert page.count("alert(") == page.count("\\u003cscript\\u003ealert('x')") + page.count("&lt;script&gt;alert(")
    assert "<!-- &" not in page


def test_a_title_that_names_a_place_of_the_page_changes_nothing_else(tmp_path):
    reader, _, _ = write(tmp_path, {}, title="<!--about-->", about="<!--title-->")
    assert reader.held["h1"] == "<!--about-->"
    assert reader.held["p"].startswith("<!--title-->")


def test_the_page_fetches_nothing_and_runs_its_own_script_alone(tmp_path):
    reader, _, _ = write(tmp_path, {"a": ["x", "y", "z"]})
    assert reader.sources == []
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    (digest,) = re.findall(r"script-src 'sha256-([^']+)'", page)
    assert base64.b64encode(hashlib.sha256(reader.held["script"].encode()).digest()).decode() == digest
    assert "default-src 'none'" in page


def test_links_are_relative_paths_or_web_addresses_and_nothing_else(tmp_path):
    (tmp_path / "out").mkdir()
    pictures = [
        tmp_path / "photos" / "a b#1?.jpg", tmp_path / "photos" / "javascript:alert(1)", "https://example.org/c.jpg",
        "http://example.org/ä.jpg", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//example.org/d",
        "plain.jpg", "https://[bad/e.jpg", None,
    ]  # fmt: skip
    _, data, _ = write(tmp_path / "out", {}, points=np.zeros((11, 2)), pictures=pictures, thumbnails=0)
    links = [rest if rest is None else data["links"]["prefix"] + rest for rest in data["links"]["rest"]]
    assert links == [
        "./../photos/a%20b%231%3F.jpg", "./../photos/javascript%3Aalert%281%29", "https://example.org/c.jpg",
        "http://example.org/ä.jpg", *[None] * 7,
    ]  # fmt: skip
    _, data, _ = write(tmp_path, {}, pictures=[f"https://example.org/{n}.jpg" for n in range(3)], has_links=False)
    assert data["links"]["rest"] == []


def test_what_all_links_begin_with_is_said_once(tmp_path):
    _, data, _ = write(tmp_path, {}, pictures=[f"https://example.org/{n}.jpg" for n in (10, 11, 1)])
    assert data["links"] == {"prefix": "https://example.org/1", "rest": ["0.jpg", "1.jpg", ".jpg"]}


def test_thumbnails_stand_on_the_sheets_in_the_order_of_their_rows(tmp_path):
    generator = np.random.default_rng(0)
    colours = generator.integers(0, 256, size=(300, 3))
    pictures = []
    for row, colour in enumerate(colours):
        pictures.append(tmp_path / f"{row}.png")
        Image.new("RGB", (20, 30), tuple(int(part) for part in colour)).save(pictures[-1])
    pictures[5].write_bytes(b"no picture")
    reader, data, written = write(
        tmp_path, {}, points=np.zeros((300, 2)), pictures=pictures, thumbnails=280, cell=16, quality=95
    )
    rows = array(data["thumbnails"]["rows"], 4)
    assert written.thumbnails == len(rows) == len(set(rows.tolist())) == 280
    assert written.unreadable <= 1
    assert 5 not in rows
    sheets = [Image.open(io.BytesIO(base64.b64decode(reader.held[f"sheet-{number}"]))) for number in range(2)]
    assert [sheet.size for sheet in sheets] == [(256, 256), (256, 32)]
    for place, row in enumerate(rows.tolist()):
        within = place % 256
        found = sheets[place // 256].getpixel((within % 16 * 16 + 8, within // 16 * 16 + 8))
        np.testing.assert_allclose(found, colours[row], atol=12)


def test_the_same_seed_writes_the_same_page(tmp_path):
    Image.new("RGB", (20, 20), "red").save(tmp_path / "a.png")
    pages = []
    for _ in range(2):
        write(tmp_path, {"a": [1, 2, 3]}, pictures=[tmp_path / "a.png"] * 3, thumbnails=2)
        pages.append((tmp_path / "map.html").read_bytes())
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("points", "columns", "settings", "error", "said"),
    [
        (np.empty((0, 2)), {}, {}, EmptyInput, "no point"),
        (np.zeros((3, 3)), {}, {}, ThujaError, r"got an array of shape \(3, 3\)"),
        (POINTS * np.nan, {}, {}, ThujaError, "points"),
        (POINTS, {"a": [1]}, {}, ThujaError, 'expected 3 values in the column "a", got 1'),
        (POINTS, {"a": [1, 2, 3]}, {"name": "b"}, UnknownName, 'unknown column: "b"'),
        (POINTS, {"a": [-1e308, 1e308, 0.0]}, {}, ThujaError, "too far apart"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path, points, columns, settings, error, said):
    with pytest.raises(error, match=said):
        write(tmp_path, columns, points=points, **settings)
    assert not (tmp_path / "map.html").exists()
    with pytest.raises(ThujaError, match="-1 thumbnails"):
        InteractiveSettings(thumbnails=-1)


def test_a_space_is_mapped_with_its_names_ranks_and_columns(tmp_path):
    generator = np.random.default_rng(0)
    taxa = [Taxon(family="Corvidae", genus="Corvus", species="corax"), Taxon(family="Laridae"), Taxon()] * 4
    space = Space(
        vectors=generator.normal(size=(12, 5)),
        taxa=taxa,
        columns={"beak": list(range(12)), "file": ["https://a.org/b.jpg", "c.jpg", None] * 4},
    )
    settings = SpaceMapSettings(method=Method.TSNE, fitted=9, picture="file")
    written = write_map(space, tmp_path / "map.html", settings=settings, generator=generator)
    assert (written.points, written.unreadable) == (12, 4)
    reader = Reader()
    reader.feed((tmp_path / "map.html").read_text(encoding="utf-8"))
    data = json.loads(reader.held["map-data"])
    assert [column["name"] for column in data["columns"]] == ["name", "family", "genus", "species", "beak"]
    assert values(data["columns"][0])[:3] == ["Corvus corax", "Laridae", None]
    assert data["columns"][data["colour_by"]]["name"] == "family"
    assert reader.held["p"].startswith("12 images by t-SNE, fitted on 9 of them")


def test_the_modules_become_one_script_that_imports_and_exports_nothing(tmp_path):
    reader, _, _ = write(tmp_path, {"name": ["a", "b", "c"]})
    text = reader.held["script"]
    assert "function viewOf(points)" in text
    assert re.findall(r"^\s*(?:import|export)\b.*", text, flags=re.MULTILINE) == []
