"""The plain text of an introduction that a wiki's extracts give as HTML: paragraphs parted by blank lines."""

from html.parser import HTMLParser
from typing import Final

_BLOCKS: Final = frozenset(
    {"p", "li", "ul", "ol", "dl", "dt", "dd", "blockquote", "div", "br", "hr", "table", "tr", "h2", "h3", "h4", "pre"}
)
_DROPPED: Final = frozenset({"style", "script", "sup", "table", "math"})
"""What is no running text: notes' numbers, templates' styles, tables, formulas."""


def plain_text(html: str) -> str:
    """The words of some HTML, its paragraphs and list items parted by blank lines.

    >>> plain_text("<p>The <b>lion</b> &amp; its mane.<sup>[1]</sup></p><ul><li>big</li></ul>")
    'The lion & its mane.\\n\\nbig'
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    paragraphs = (" ".join(paragraph.split()) for paragraph in "".join(reader.pieces).split("\n\n"))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


class _Reader(HTMLParser):
    """Gathers text outside dropped elements; one that is never closed drops the rest of its paragraph only."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._dropped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.pieces.append("\n\n")
            if "table" not in self._dropped:
                self._dropped.clear()
        if tag in _DROPPED:
            self._dropped.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._dropped:
            self._dropped.remove(tag)
        if tag in _BLOCKS:
            self.pieces.append("\n\n")
            if "table" not in self._dropped:
                self._dropped.clear()

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self.pieces.append(data.replace("\n", " "))
