"""Pages out of a dump's bytes. Each page is cut out by its tags and parsed by itself.

So a page that is broken costs that page and no other, pages that nobody asked for are not parsed, and an XML bomb finds
no document type to declare its entities in.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Final
from xml.parsers import expat

from thuja.captions.descriptions.dump.streams import Chunk, kind_of, pieces, require_dump
from thuja.captions.descriptions.pages import Page
from thuja.errors import BadFile

MOST_BYTES: Final = 16 << 20
"""Of one page in XML; MediaWiki itself takes no more than 2 MiB of wikitext."""

_OPEN, _CLOSE = b"<page>", b"</page>"
_TITLE: Final = re.compile(rb"<title>([^<]*)</title>")
_NAMESPACE: Final = re.compile(rb"<ns>(-?\d{1,9})</ns>")
_SECTION_REDIRECT: Final = re.compile(r"\s*#\s*\w+\s*:?\s*\[\[\s*:?([^\]|#]+)")
_HEADER: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A page that could not be read, and why."""

    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpHead:
    """Whose dump it is: the wiki's database name, such as `enwiki`, and the address of its main page."""

    database: str = ""
    main_page: str = ""


def read_dump(path: Path, *, on_skipped: Callable[[Skipped], None] | None = None) -> Iterator[Page]:
    """All pages of a dump (.xml, .xml.bz2 in one stream or many, .xml.gz), one at a time.

    What cannot be read is handed to `on_skipped`. Raises EmptyInput, or BadFile for another file or one cut short.
    """
    head_of(path)
    for raw in raw_pages(Path(path), Chunk()):
        page = raw if isinstance(raw, Skipped) else parse_page(raw)
        if isinstance(page, Page):
            yield page
        elif on_skipped is not None:
            on_skipped(page)


def head_of(path: Path) -> DumpHead:
    """What the dump's head says of its wiki. Raises EmptyInput or BadFile for what is no dump."""
    path, head = require_dump(path), b""
    for _, piece in pieces(path, 0):
        head += piece
        if b"</siteinfo>" in head or _OPEN in head or len(head) > _HEADER:
            break
    head = head.partition(_OPEN)[0][:_HEADER]
    if b"<mediawiki" not in head:
        raise BadFile(
            f"{path} is no dump of a wiki: it does not begin with <mediawiki>",
            hint="name a pages-articles file: .xml, .xml.bz2 or .xml.gz",
        )
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise BadFile(f"{path} declares XML entities, which no wiki's dump does", hint="fetch it from the wiki itself")

    def said(tag: bytes) -> str:
        match = re.search(rb"<%s>([^<]*)</%s>" % (tag, tag), head)
        return unescape(match[1].decode("utf-8", "replace")).strip() if match else ""

    return DumpHead(database=said(b"dbname"), main_page=said(b"base"))


def raw_pages(path: Path, chunk: Chunk) -> Iterator[bytes | Skipped]:
    """The pages that begin within a chunk, each from `<page>` to `</page>`."""
    return _Cutter(path, chunk).pages()


class _Cutter:
    """Cuts pages out of pieces; keeps no more than one page and one piece."""

    def __init__(self, path: Path, chunk: Chunk) -> None:
        self._path, self._end = path, chunk.end
        self._is_plain = kind_of(path) == "xml"
        self._pieces = pieces(path, chunk.start)
        self._buffer = bytearray()
        self._origins: deque[tuple[int, int]] = deque()  # where in the buffer a piece begins, and its place in the file

    def pages(self) -> Iterator[bytes | Skipped]:
        while self._find_open():
            if self._end is not None and self._origin() >= self._end:
                return
            end = self._find_close()
            if end < 0:
                yield Skipped(title=title_of(self._buffer), reason=f"longer than {MOST_BYTES >> 20} MiB")
                if not self._pass_over():
                    return
                continue
            again = self._buffer.find(_OPEN, len(_OPEN), end)
            if again >= 0:
                yield Skipped(title=title_of(self._buffer[:again]), reason="its end is missing")
                self._drop(again)
                continue
            end += len(_CLOSE)
            yield bytes(self._buffer[:end])
            self._drop(end)

    def _find_open(self) -> bool:
        """Bring the next `<page>` to the buffer's front."""
        while (at := self._buffer.find(_OPEN)) < 0:
            kept = _begun(self._buffer)
            self._drop(len(self._buffer) - kept)
            if not self._more(may_stop=kept == 0):
                return False
        self._drop(at)
        return True

    def _find_close(self) -> int:
        """Where `</page>` stands; -1 for a page that is too long."""
        looked = 0
        while (at := self._buffer.find(_CLOSE, looked)) < 0:
            if len(self._buffer) > MOST_BYTES:
                return -1
            looked = max(0, len(self._buffer) - len(_CLOSE))
            if not self._more(may_stop=False):
                raise BadFile(
                    f'{self._path} is cut short within the page "{title_of(self._buffer)}"',
                    hint="fetch the rest, such as by wget --continue",
                )
        return at if at <= MOST_BYTES else -1

    def _pass_over(self) -> bool:
        """Drop a page that is too long, without holding it."""
        while (at := self._buffer.find(_CLOSE)) < 0:
            self._drop(len(self._buffer) - len(_CLOSE))
            if not self._more(may_stop=False):
                return False
        self._drop(at + len(_CLOSE))
        return True

    def _more(self, *, may_stop: bool) -> bool:
        """Read a piece; False at the file's end, or at the chunk's where `may_stop`."""
        for at, piece in self._pieces:
            if may_stop and self._end is not None and at >= self._end:
                return False
            self._origins.append((len(self._buffer), at))
            if piece:
                self._buffer += piece
                return True
        return False

    def _origin(self) -> int:
        """Where in the file the buffer's first byte comes from."""
        start, at = self._origins[0]
        return at - start if self._is_plain else at

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        moved = deque((start - count, at) for start, at in self._origins)
        while len(moved) > 1 and moved[1][0] <= 0:
            moved.popleft()
        self._origins = moved


def _begun(buffer: bytearray) -> int:
    """How many of the last bytes may be the beginning of `<page>`."""
    return next((count for count in range(len(_OPEN) - 1, 0, -1) if buffer.endswith(_OPEN[:count])), 0)


def title_of(raw: bytes | bytearray) -> str:
    """A page's title, without parsing it."""
    match = _TITLE.search(raw)
    return unescape(match[1].decode("utf-8", "replace")) if match else ""


def namespace_of(raw: bytes) -> int:
    """A page's namespace, without parsing it."""
    match = _NAMESPACE.search(raw)
    return int(match[1]) if match else 0


def parse_page(raw: bytes) -> Page | Skipped:
    """A page out of its XML; of several revisions the last one."""
    words: dict[str, list[str]] = {}
    path: list[str] = []
    target = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal target
        path.append(name)
        if name == "redirect":
            target = attributes.get("title", "")
        words[key()] = []

    def key() -> str:
        return "/".join(path[1:]) if len(path) <= 3 else ""

    def end(name: str) -> None:
        path.pop()

    def characters(data: str) -> None:
        words[key()].append(data)

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        return Skipped(title=title_of(raw), reason=f"broken XML: {error}")
    said = {name: "".join(parts) for name, parts in words.items()}
    text, title = said.get("revision/text", ""), said.get("title", "").strip()
    if not title or "revision/text" not in said:
        return Skipped(title=title, reason="it has no title or no text")
    return Page(
        title=title,
        text=text,
        revision=said.get("revision/id", ""),
        timestamp=said.get("revision/timestamp", ""),
        redirect=target or redirect_in(text),
        namespace=namespace_of(raw),
    )


def redirect_in(text: str) -> str:
    """The title that `#REDIRECT [[Title#Section]]` names, in any language's word for it; empty where there is none."""
    match = _SECTION_REDIRECT.match(text[:500]) if text[:200].lstrip().startswith("#") else None
    return " ".join(match[1].replace("_", " ").split()) if match else ""
