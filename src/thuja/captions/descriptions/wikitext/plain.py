"""Wikitext to the words that a reader sees, less what is no prose: tables, references, boxes, galleries, files."""

import re
from collections.abc import Iterable
from typing import Final

import mwparserfromhell
from mwparserfromhell.nodes import Heading, HTMLEntity, Node, Tag, Template, Text, Wikilink
from mwparserfromhell.wikicode import Wikicode

from thuja.captions.descriptions.wikitext.balance import balanced, without_comments
from thuja.captions.descriptions.wikitext.templates import words_of

_NO_PROSE: Final = {
    *("ref", "references", "gallery", "table", "math", "chem", "score", "timeline", "imagemap", "code", "pre"),
    *("syntaxhighlight", "source", "style", "script", "templatestyles", "graph", "mapframe", "maplink", "noinclude"),
}
_BREAKS: Final = {"br", "hr", "p", "li", "dd", "dt", "div", "blockquote", "tr"}
_SPACE_BY_MEDIAWIKI: Final = re.compile(
    r":?\s*(?:file|image|media|category|special|template|wikt\w*|s|d|[a-z]{2,3})\s*:"
)
_PARAGRAPH: Final = re.compile(r"\n\s*\n\s*")
_MARKED: Final = re.compile(r"[\[\]{}<&\n]|''|__|//")
"""Whatever a parser would make something of; most cells of a box and most headings have none of it."""

_SWITCH: Final = re.compile(r"__[A-Z]{3,}__")
_EXTERNAL: Final = re.compile(r"(?<!\[)\[(?:https?:|ftp:)?//[^\s\[\]]{1,2000}[ \t]{0,9}([^\[\]\n]{0,300})\]")
_OPENS_EXTERNAL: Final = re.compile(r"\[(?=(?:[a-z]{3,10}:)?//|mailto:)", re.IGNORECASE)
"""Links that never close, from each of which the parser would try again."""

_TIDY: Final = (
    (re.compile(r"'{2,}|\[\[|\]\]|\{\{|\}\}|</?[a-zA-Z][^<>]*>"), ""),
    (re.compile(r"[\s\u00a0\u2002-\u200b\u202f]+"), " "),
    (re.compile(r"\(\s?(?:[,;:]\s?)+"), "("),
    (re.compile(r"(?:\s?[,;:]){0,9}\s\)|(?:[,;:]\s?){1,9}\)"), ")"),
    (re.compile(r"\s*\(\s*\)"), ""),
    (re.compile(r"\s+([,.;:!?)])(?!\w)"), r"\1"),
    (re.compile(r"([,;])[\s,;]*([,;.])"), r"\2"),
)


def plain_text(markup: str) -> str:
    """The words of a piece of wikitext, paragraphs parted by a blank line. Takes any text, however broken."""
    if not _MARKED.search(markup):
        return _tidy(markup)
    markup = _EXTERNAL.sub(r"\1", _SWITCH.sub("", without_comments(markup)))
    code = mwparserfromhell.parse(balanced(_OPENS_EXTERNAL.sub("", markup)))
    paragraphs = (_tidy(part) for part in _PARAGRAPH.split("".join(_words(code.nodes))))
    return "\n\n".join(part for part in paragraphs if part)


def _tidy(text: str) -> str:
    """Blanks and punctuation as they are once what stood between them is gone."""
    for pattern, replacement in _TIDY:
        text = pattern.sub(replacement, text)
    return text.strip(" ;,:")


def _words(nodes: Iterable[Node]) -> Iterable[str]:
    for node in nodes:
        if isinstance(node, Text):
            yield str(node.value)
        elif isinstance(node, Wikilink):
            yield _link(node)
        elif isinstance(node, Template):
            yield words_of(node, plain=_inline)
        elif isinstance(node, Tag):
            yield from _tag(node)
        elif isinstance(node, HTMLEntity):
            yield str(node.normalize())
        elif isinstance(node, Heading):
            yield "\n\n"


def _inline(code: Wikicode | None) -> str:
    return "".join(_words(code.nodes)) if code is not None else ""


def _link(link: Wikilink) -> str:
    title = str(link.title).strip()
    if _SPACE_BY_MEDIAWIKI.match(title.lower()) and not (title.startswith(":") and link.text):
        return ""
    return _inline(link.text) if link.text is not None else title.lstrip(":").replace("_", " ")


def _tag(tag: Tag) -> Iterable[str]:
    name = str(tag.tag).strip().lower()
    if name in _NO_PROSE:
        return
    if name in _BREAKS:
        yield "\n\n" if name != "br" else " "
    if tag.contents is not None:
        yield from _words(tag.contents.nodes)
    if name in _BREAKS and name != "br":
        yield "\n\n" if not tag.self_closing else ""
