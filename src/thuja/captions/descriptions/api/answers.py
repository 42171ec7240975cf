"""The JSON of `action=query`: what titles lead where, and the pages at their ends."""

from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote

from thuja.captions.descriptions.pages import Page

LONGEST_CHAIN: Final = 8
"""Steps from a title to its page, longer ones lead nowhere."""

_MOST_NAMESPACES: Final = 1 << 31

DISAMBIGUATION: Final = "{{disambiguation}}\n"
"""Put before the text of a page which the wiki itself marks as a list of meanings, whatever template it uses."""


@dataclass(slots=True)
class Batch:
    """What an API said of some titles: `links` are normalised titles and redirects, `told` all titles at their ends.

    `heads` are pages whose revision is known, their text among them where it was asked for.
    """

    links: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    heads: dict[str, Page] = field(default_factory=dict)
    _listed: set[str] = field(default_factory=set)

    def add(self, answer: dict[str, Any]) -> None:
        """One answer more; a long one comes in several, each with a part of the pages' fields."""
        query = _table(answer.get("query"))
        for kind in ("normalized", "redirects"):
            for link in _rows(query.get(kind)):
                source, target = _text(link.get("from")), _text(link.get("to"))
                source = unquote(source) if link.get("fromencoded") else source  # what is not NFC comes so
                if source and target and source != target:
                    self.links[source] = target
        for row in _rows(query.get("pages")):
            self._add_page(row)

    def _add_page(self, row: dict[str, Any]) -> None:
        title = _text(row.get("title"))
        if not title:
            return
        self.told.add(title)
        if row.get("missing") or row.get("invalid"):
            return
        if "disambiguation" in _table(row.get("pageprops")):
            self._listed.add(title)
        revisions = _rows(row.get("revisions"))
        if revisions:
            main = _table(_table(revisions[0].get("slots")).get("main"))
            namespace = row.get("ns")
            self.heads[title] = Page(
                title=title,
                text=_text(main.get("content")),
                revision=str(revisions[0].get("revid") or ""),
                timestamp=_text(revisions[0].get("timestamp")),
                namespace=namespace if isinstance(namespace, int) and abs(namespace) < _MOST_NAMESPACES else 0,
            )

    @property
    def missing(self) -> set[str]:
        """Titles that no page stands under."""
        return self.told - self.heads.keys()

    def end(self, title: str) -> str:
        """Where a title leads; empty where that is a circle."""
        for _ in range(LONGEST_CHAIN):
            if title not in self.links:
                return title
            title = self.links[title]
        return ""

    def pages(self) -> dict[str, Page]:
        """The pages by title, those that are lists of meanings marked as such."""
        return {
            title: replace(page, text=DISAMBIGUATION + page.text) if title in self._listed else page
            for title, page in self.heads.items()
        }


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    """JSON may hold halves of surrogate pairs, which are no text that can be kept."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
