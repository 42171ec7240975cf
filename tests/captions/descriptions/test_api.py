"""Pages by the MediaWiki API, from a wiki on loopback: politely, once each, through faults and interruptions."""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.captions.descriptions.wiki_server import Wiki, serving

from thuja.captions.descriptions.api import ApiClient, WikiApi, open_wiki
from thuja.captions.descriptions.api.cache import PageCache
from thuja.captions.descriptions.api.wiki import is_title
from thuja.captions.descriptions.pages import Page
from thuja.captions.descriptions.site import Site
from thuja.errors import BadFile, ThujaError, UsageError

CONTACT = "someone@example.org"
TIME = "2026-11-30T00:00:00Z"
ARTICLES = {
    "Quercus robur": (11, "'''Oak''' with lobed leaves."),
    "Corvus corax": (12, "A black bird."),
    "Morus": (13, "* [[Morus (bird)]]"),
    "Äsche": (14, "Ein Fisch, ≈ 30 cm."),
}


@pytest.fixture
def wiki() -> Iterator[Wiki]:
    redirects = {"English oak": "Quercus robur", "Common oak": "English oak", "A": "B", "B": "A"}
    with serving(Wiki(articles=dict(ARTICLES), redirects=redirects, lists={"Morus"})) as running:
        yield running


OPEN: list[WikiApi] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Every wiki that a test opens is closed after it."""
    yield
    while OPEN:
        OPEN.pop().close()


class Waits(list[float]):
    """A sleep that only writes down for how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def opened(wiki: Wiki, tmp_path: Path, waits: Waits | None = None, *, is_refreshed: bool = False) -> WikiApi:
    client = ApiClient(wiki.url, contact=CONTACT, sleep=Waits() if waits is None else waits)
    OPEN.append(WikiApi(client, PageCache(tmp_path / "pages.sqlite"), is_refreshed=is_refreshed))
    return OPEN[-1]


def page(title: str) -> Page:
    revision, text = ARTICLES[title]
    return Page(title=title, text=text, revision=str(revision), timestamp=TIME)


def link(title: str, target: str) -> Page:
    return Page(title=title, redirect=target)


def test_pages_redirects_and_what_is_missing(wiki: Wiki, tmp_path: Path) -> None:
    api = opened(wiki, tmp_path)
    titles = [
        "corvus_corax",
        "Common oak",
        "English oak",
        "Nobody",
        "A",
        "Äsche",
        "bad|title",
        "[x]",
        "Corvus corax",
        "",
    ]
    assert list(api(titles)) == [
        link("corvus corax", "Corvus corax"),
        page("Corvus corax"),
        link("Common oak", "English oak"),
        link("English oak", "Quercus robur"),
        page("Quercus robur"),
        page("Äsche"),  # and nothing for A, which leads in a circle
    ]
    assert len(wiki.asked) == 1
    api.close()


def test_a_page_that_the_wiki_calls_a_list_of_meanings_says_so(wiki: Wiki, tmp_path: Path) -> None:
    assert [found.text for found in opened(wiki, tmp_path)(["Morus"])] == ["{{disambiguation}}\n* [[Morus (bird)]]"]


def test_it_asks_as_the_etiquette_has_it(wiki: Wiki, tmp_path: Path) -> None:
    wiki.articles = {f"Page {number}": (number, "x" * 50) for number in range(1, 121)}
    found = list(opened(wiki, tmp_path)([f"Page {number}" for number in range(1, 121)]))
    assert [one.revision for one in found] == [str(number) for number in range(1, 121)]
    assert [question["titles"].count("|") + 1 for question in wiki.asked] == [50, 50, 20]
    assert {question["maxlag"] for question in wiki.asked} == {"5"}
    assert wiki.busiest == 1
    (agent,) = wiki.agents
    assert re.fullmatch(r"thuja/\S+ \(someone@example\.org\)", agent)


def test_long_titles_share_an_address_in_fewer_numbers(wiki: Wiki, tmp_path: Path) -> None:
    titles = [f"{number:03}{'ж' * 100}" for number in range(25)]
    wiki.articles = dict.fromkeys(titles, (1, "text"))
    assert len(list(opened(wiki, tmp_path)(titles))) == 25
    assert len(wiki.asked) == 3


def test_an_answer_in_parts_is_put_together(wiki: Wiki, tmp_path: Path) -> None:
    wiki.parts = 1
    found = {one.title: one for one in opened(wiki, tmp_path)([*ARTICLES, "Nobody"])}
    assert {title: one.revision for title, one in found.items()} == {t: str(r) for t, (r, _) in ARTICLES.items()}
    assert found["Morus"].text.startswith("{{disambiguation}}")
    assert found["Äsche"] == page("Äsche")
    assert len(wiki.asked) == 5


def test_what_was_had_is_not_asked_again(wiki: Wiki, tmp_path: Path) -> None:
    first = opened(wiki, tmp_path)
    before = list(first([*ARTICLES, "Common oak", "Nobody"]))
    first.close()
    again = opened(wiki, tmp_path)
    assert list(again([*ARTICLES, "Common oak", "Nobody"])) == before
    assert len(wiki.asked) == 1
    assert list(again(["Corvus corax", "English oak"])) == [
        page("Corvus corax"),
        link("English oak", "Quercus robur"),
        page("Quercus robur"),
    ]


def test_a_run_that_broke_off_goes_on_where_it_was(wiki: Wiki, tmp_path: Path) -> None:
    titles = [f"Page {number}" for number in range(100)]
    wiki.articles = dict.fromkeys(titles, (1, "text"))
    walk = opened(wiki, tmp_path)(titles)
    assert [next(walk).title for _ in range(50)] == titles[:50]
    wiki.faults = [(403, {}, b"")]
    with pytest.raises(ThujaError, match="answers 403"):
        next(walk)
    assert [one.title for one in opened(wiki, tmp_path)(titles)] == titles
    assert [question["titles"].split("|")[0] for question in wiki.asked] == ["Page 0", "Page 50", "Page 50"]


def test_refreshing_asks_for_revisions_and_fetches_what_changed(wiki: Wiki, tmp_path: Path) -> None:
    titles = [*ARTICLES, "Common oak", "Nobody"]
    before = list(opened(wiki, tmp_path)(titles))
    assert list(opened(wiki, tmp_path, is_refreshed=True)(titles)) == before
    assert (len(wiki.asked), wiki.texts_sent()) == (2, 1)
    wiki.articles["Corvus corax"] = (99, "A very black bird.")
    wiki.articles["Nobody"] = (100, "Somebody.")
    del wiki.redirects["English oak"]
    wiki.articles["English oak"] = (101, "An oak of its own.")
    after = {one.title: one for one in opened(wiki, tmp_path, is_refreshed=True)(titles)}
    assert wiki.asked[-1]["titles"] == "Corvus corax|Common oak|Nobody"
    assert after["Corvus corax"].revision == "99"
    assert after["Nobody"].text == "Somebody."
    assert after["Common oak"].redirect == "English oak"
    assert after["English oak"].text == "An oak of its own."
    assert after["Quercus robur"] == page("Quercus robur")


def fault(code: str, status: int = 200, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return status, headers, json.dumps({"error": {"code": code, "info": "Waiting for a server"}}).encode()


def test_faults_that_pass_are_waited_for_as_long_as_the_wiki_says(wiki: Wiki, tmp_path: Path) -> None:
    waits = Waits()
    wiki.faults = [
        (429, {"Retry-After": "7"}, b"slow down"),
        fault("maxlag", **{"Retry-After": "5"}),
        fault("ratelimited"),
        (503, {}, b""),
        (200, {}, b'{"query": {"pages": [{"ti'),
        (200, {}, b"<html>Our servers are busy</html>"),
        (200, {"Content-Encoding": "gzip"}, b"no gzip"),
    ]
    assert list(opened(wiki, tmp_path, waits)(["Corvus corax"])) == [page("Corvus corax")]
    assert waits == [7.0, 5.0, 5.0, 8.0, 16.0, 32.0, 64.0]


def test_long_waits_are_said(wiki: Wiki, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An address at which nobody answers was asked for two minutes without a word."""
    wiki.faults = [(503, {}, b""), (503, {}, b""), (503, {}, b"")]
    list(opened(wiki, tmp_path, Waits())(["Corvus corax"]))
    assert [record.getMessage() for record in caplog.records] == [
        f"{wiki.url}: the server says 503; it is asked again in 4 s"
    ]


def test_a_wiki_that_never_gives_way_ends_the_run_in_one_sentence(wiki: Wiki, tmp_path: Path) -> None:
    waits = Waits()
    wiki.faults = [fault("maxlag") for _ in range(8)]
    with pytest.raises(ThujaError, match="gives no answer: maxlag: Waiting for a server\nhint: what was had is kept"):
        list(opened(wiki, tmp_path, waits)(["Corvus corax"]))
    assert waits == [5.0] * 7
    wiki.faults = [(429, {"Retry-After": "86400"}, b"")]
    with pytest.raises(ThujaError, match="gives no answer: the server says 429"):
        list(opened(wiki, tmp_path, waits)(["Corvus corax"]))
    assert len(waits) == 7


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((403, {}, b""), "answers 403\nhint: .*is the contact right"),
        ((404, {}, b""), "answers 404\nhint: .*ends in api.php"),
        ((301, {"Location": "https://elsewhere.example/"}, b""), "answers 301"),
        (fault("readapidenied"), "refuses: readapidenied: Waiting"),
        ((200, {}, b'{"error": "what"}'), "refuses: error: what"),
    ],
)
def test_a_refusal_is_not_asked_twice(
    wiki: Wiki, tmp_path: Path, answer: tuple[int, dict[str, str], bytes], said: str
) -> None:
    wiki.faults = [answer]
    waits = Waits()
    with pytest.raises(ThujaError, match=said):
        list(opened(wiki, tmp_path, waits)(["Corvus corax"]))
    assert (len(wiki.asked), len(waits)) == (1, 0)


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    with serving(Wiki()) as gone:
        pass
    waits = Waits()
    with pytest.raises(ThujaError, match=r"gives no answer: the connection fails \(Connection refused\)"):
        list(opened(gone, tmp_path, waits)(["Corvus corax"]))
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"query": {"pages": {"12": {"title": "Corvus corax"}}}}',
        b'{"query": {"pages": [7, null, {"title": 5}], "redirects": "x", "normalized": [{"from": "Corvus corax"}]}}',
    ],
)
def test_an_answer_to_something_else_is_not_taken_for_a_missing_page(wiki: Wiki, tmp_path: Path, body: bytes) -> None:
    wiki.faults = [(200, {}, body)]
    with pytest.raises(ThujaError, match="says nothing of the titles that it was asked for: Corvus corax"):
        list(opened(wiki, tmp_path)(["Corvus corax"]))
    assert list(opened(wiki, tmp_path)(["Corvus corax"])) == [page("Corvus corax")]


def test_a_title_that_is_passed_over_is_asked_again(wiki: Wiki, tmp_path: Path) -> None:
    wiki.faults = [(200, {}, b'{"query": {"pages": [{"title": "Nobody", "missing": true}]}}')]
    assert list(opened(wiki, tmp_path)(["Nobody", "Corvus corax"])) == []
    assert list(opened(wiki, tmp_path)(["Nobody", "Corvus corax"])) == [page("Corvus corax")]
    assert wiki.asked[-1]["titles"] == "Corvus corax"


def test_a_title_in_another_form_of_unicode_leads_to_its_page(wiki: Wiki, tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Äsche")
    found = {one.title: one for one in opened(wiki, tmp_path)([decomposed])}
    assert found == {decomposed: link(decomposed, "Äsche"), "Äsche": page("Äsche")}


def test_a_page_whose_text_is_hidden_is_there_without_a_text(wiki: Wiki, tmp_path: Path) -> None:
    hidden = (
        b'{"query": {"pages": [{"title": "X", "revisions": [{"revid": 5, "slots": {"main": {"texthidden": true}}}]}]}}'
    )
    wiki.faults = [(200, {}, hidden), (200, {}, b'{"query": {"pages": [{"title": "Special:Y", "special": true}]}}')]
    assert list(opened(wiki, tmp_path)(["X"])) == [Page(title="X", revision="5")]
    assert list(opened(wiki, tmp_path)(["Special:Y"])) == []


def test_json_that_is_no_answer_is_said(wiki: Wiki, tmp_path: Path) -> None:
    wiki.faults = [(200, {}, b"[]")] * 8
    with pytest.raises(ThujaError, match="what it says is no answer of a MediaWiki API"):
        list(opened(wiki, tmp_path)(["Corvus corax"]))


def test_an_answer_without_an_end_is_left(wiki: Wiki, tmp_path: Path) -> None:
    wiki.faults = [(200, {}, b'{"continue": {"rvcontinue": "1"}, "query": {}}')] * 200
    with pytest.raises(ThujaError, match="goes on without an end"):
        list(opened(wiki, tmp_path)(["Corvus corax"]))


def test_the_wiki_says_what_it_is(wiki: Wiki, tmp_path: Path) -> None:
    assert opened(wiki, tmp_path).site() == Site(
        name="wikipedia-en",
        address="http://wiki.example/w/index.php",
        licence="CC BY-SA 4.0",
        licence_link="https://example.org/by-sa",
    )
    wiki.faults = [(200, {}, b"{}")]
    assert opened(wiki, tmp_path).site() == Site(
        name="wiki", address=wiki.url.replace("api.php", "index.php"), licence="", licence_link=""
    )


def test_two_wikis_are_not_mixed_up(wiki: Wiki, tmp_path: Path) -> None:
    with serving(Wiki(articles={"Corvus corax": (7, "Ein schwarzer Vogel.")})) as other:
        apis = [open_wiki(one.url, contact=CONTACT, cache=tmp_path) for one in (wiki, other, wiki)]
        OPEN.extend(apis)
        texts = [next(api(["Corvus corax"])).text for api in apis]
    assert texts == ["A black bird.", "Ein schwarzer Vogel.", "A black bird."]
    assert (len(wiki.asked), len(list(tmp_path.iterdir()))) == (1, 2)


@pytest.mark.parametrize("contact", ["", "me", "me@here", "ftp://x"])
def test_nobody_asks_without_a_contact(tmp_path: Path, contact: str) -> None:
    with pytest.raises(UsageError, match="whom it can write to"):
        open_wiki("https://en.wikipedia.org/w/api.php", contact=contact, cache=tmp_path)
    with pytest.raises(UsageError, match="no address of an API"):
        open_wiki("en.wikipedia.org", contact=CONTACT, cache=tmp_path)


def test_a_store_that_is_none_is_said(wiki: Wiki, tmp_path: Path) -> None:
    (tmp_path / "pages.sqlite").write_bytes(b"something else, and longer than a header " * 9)
    with pytest.raises(BadFile, match="no store of pages"):
        opened(wiki, tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        PageCache(tmp_path / "folder")


def test_titles_that_would_break_the_question_are_none() -> None:
    assert [
        title for title in ("A|B", "A#b", "{x}", "", "ж" * 128, "Mentha × piperita", "A: b") if is_title(title)
    ] == [
        "Mentha × piperita",
        "A: b",
    ]
