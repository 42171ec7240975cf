"""Introductions as HTML to plain words."""

from thuja.captions.descriptions.html_text import plain_text


def test_paragraphs_and_list_items_are_parted_by_blank_lines():
    html = "<p>The <b>lion</b> is a <i>cat</i>.\n It roars.</p><ul><li>one</li><li>two</li></ul><p>End</p>"
    assert plain_text(html) == "The lion is a cat. It roars.\n\none\n\ntwo\n\nEnd"


def test_notes_styles_tables_and_formulas_are_no_text():
    html = '<style>p { color: red }</style><p>A<sup class="ref">[1]</sup> bird<table><tr><td>x</td></tr></table></p>'
    assert plain_text(html) == "A bird"


def test_entities_are_letters_and_marks_are_harmless():
    assert plain_text("<p>5 &lt; 6 &amp; &eacute; &#x3B1;") == "5 < 6 & é α"
    assert plain_text("<script>ignore()</script><p>a < b</p>") == "a < b"


def test_what_is_never_closed_takes_no_more_than_its_paragraph():
    assert plain_text("<p>one<sup>2</p><p>three</p>") == "one\n\nthree"
