"""Markup becomes the words that a reader sees, however broken it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.captions.descriptions.wikitext.balance import balanced, without_comments
from thuja.captions.descriptions.wikitext.looks import looks_of
from thuja.captions.descriptions.wikitext.plain import plain_text
from thuja.captions.descriptions.wikitext.taxobox import taxobox_of


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("'''''Pica pica''''' is [[black (color)|black]] and [[white]].", "Pica pica is black and white."),
        ("Black<ref name=a/> tail.<ref>{{cite web|title=A tail}}</ref> Long.", "Black tail. Long."),
        ("It is {{convert|3|cm|in}} long.", "It is 3 cm long."),
        ("It is {{convert|3|-|5|cm|in|abbr=on}} long.", "It is 3–5 cm long."),
        ("It is {{cvt|3|to|5|mm}} by {{convert|2|x|4.5|cm}}.", "It is 3 to 5 mm by 2 × 4.5 cm."),
        ("{{convert|5|ft|8|in|m}} and {{convert|1,200|km2}}", "5 ft 8 inches and 1,200 km²"),
        (
            "Red{{citation needed|date=May 2020}}, {{nowrap|dark red}} {{ndash}} {{lang|fr|rouge}}.",
            "Red, dark red – rouge.",
        ),
        ("A [[File:A.jpg|thumb|a [[bill]] and [[tail|its tail]]]] bird.", "A bird."),
        ("A [[:File:A.jpg|bill]] [[:Category:Birds|here]].", "A bill here."),
        ("Black. [[de:Elster]] [[Category:Birds]]", "Black."),
        ("{| class=wikitable\n! a\n|-\n| b {{x}}\n|}\nBlack.", "Black."),
        ("<gallery>\nA.jpg|a {{b}}\n</gallery>\nBlack.<br/>White.", "Black. White."),
        ("Black <!-- [[not]] {{seen --> bill", "Black bill"),
        ("Black <!-- never closed", "Black"),
        ("Wings &nbsp;20&ndash;30&#160;mm, H<sub>2</sub>O.", "Wings 20–30 mm, H2O."),
        ("* white\n* black\n\n# red", "white\n\nblack\n\nred"),
        ("''Pica pica'' ({{IPA|x}}; {{lang-la|y}}, ) is black ( {{y}} ).", "Pica pica is black."),
        ("[http://a.example A site] tells [https://b.example].", "A site tells."),
        ("Black <ref>never closed, white.", "Black never closed, white."),
        ("{{taxobox|a={{b}} Black {{ white ]] [[ grey", "taxobox|a= Black white grey"),
        ("__NOTOC__Black<math>x^2</math> <span style='x'>and</span> <b>white", "Black and white"),
        ("Male ♂ {{male}}: {{frac|1|2}}, {{circa|1900}}", "Male ♂ male: 1/2, c. 1900"),
    ],
)
def test_the_words_that_a_reader_sees_are_left(markup: str, words: str) -> None:
    assert plain_text(markup) == words


@given(st.text(alphabet="a b[]{}|<>/='!-:*#\n", max_size=300))
def test_any_markup_becomes_words_without_brackets_of_markup(markup: str) -> None:
    words = plain_text(markup)
    assert "[[" not in words
    assert "{{" not in words
    looks_of(markup)
    taxobox_of("{{Speciesbox" + markup)


@given(st.lists(st.sampled_from(["{{", "}}", "[[", "]]", "<b>", "</b>", "x"]), max_size=60).map("".join))
def test_what_is_left_after_balancing_is_balanced(markup: str) -> None:
    left = balanced(markup)
    assert left.count("{{") == left.count("}}")
    assert left.count("[[") == left.count("]]")
    assert left.count("<b>") == left.count("</b>")


@pytest.mark.parametrize(
    "unit",
    ["{{a|", "[[a|", "{{a|}}{{", "<ref>", "{|\n", "<b><i>", "[http://a ", "{{{a|", "<!--", "{{Speciesbox|", "''"],
)
def test_what_never_closes_is_gone_before_the_parser_tries_each_of_it(unit: str) -> None:
    """`{{a|` 20,000 times kept mwparserfromhell busy for four minutes."""
    left = balanced(without_comments(unit * 1_000))
    assert left.count("{{") <= left.count("}}")
    assert not any(token in left for token in ("[[", "<ref>", "<b>", "{|"))
    looks_of(unit * 1_000)
    taxobox_of(unit * 1_000)


def test_what_lies_deeper_than_any_page_needs_is_opened_up() -> None:
    left = balanced("{{a|" * 1_000 + "}}" * 1_000)
    assert left.startswith("{{a|" * 12 + "a|a|")
    assert left.count("{{") == left.count("}}") == 12


@pytest.mark.parametrize(
    "text", ["\n" * 100_000, "==" + " " * 100_000, "[[" + " " * 100_000, ", " * 50_000, ":" * 100_000]
)
def test_long_runs_of_one_sign_are_read_at_once(text: str) -> None:
    """Two repetitions side by side in a pattern tried every way to share such a run between them."""
    assert all(section.text.strip(", :=[") == "" for section in looks_of(text))
    assert taxobox_of(text) is None


@pytest.mark.parametrize(
    "piece", ["<ref name=", "<div a='", "</b", "<a b=c ", "<div a='>", "<b><ref name=x ", "[http://"]
)
def test_tags_that_never_close_are_read_in_no_time(piece: str) -> None:
    """6,000 times `<ref name=` kept the parser busy for half a minute; a page of them held up the run."""
    assert "end" in plain_text(f"{piece * 5_000} end")


def test_a_tag_is_read_without_its_attributes() -> None:
    assert plain_text("A<ref name=\"x\" /> <span style='color: red'>red</span><br clear=all/> wing, 3 <b, c>d") == (
        "A red wing, 3 d"
    )
