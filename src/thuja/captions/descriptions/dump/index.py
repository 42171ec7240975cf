"""The index of a multistream dump (`...-multistream-index.txt.bz2`): in which stream a page stands.

A line is `offset:page id:title`, the offset that of a stream of 100 pages. The lines are read as a stream; nothing of
them is kept but the offsets that are wanted.
"""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from thuja.captions.descriptions.dump.reading import Skipped, head_of, parse_page, raw_pages, title_of
from thuja.captions.descriptions.dump.streams import STREAM, Chunk, kind_of, pieces
from thuja.captions.descriptions.pages import Page
from thuja.captions.descriptions.titles import TitleSet, hashes_of, one_spelling
from thuja.errors import BadFile, EmptyInput

_AMPERSAND: Final = b"&"
_DIGITS: Final = 18
"""More has no offset in any file."""


def read_titles(dump: Path, index: Path, titles: Collection[str]) -> Iterator[Page]:
    """The pages of these titles, of which only their streams are decompressed; redirects are followed once.

    Raises BadFile for an index of another dump.
    """
    head_of(dump)
    wanted = {one_spelling(title) for title in titles}
    targets: set[str] = set()
    for page in _read(dump, index, wanted):
        if page.redirect and one_spelling(page.redirect) not in wanted:
            targets.add(one_spelling(page.redirect))
        yield page
    if targets:
        yield from _read(dump, index, targets)


def _read(dump: Path, index: Path, wanted: Collection[str]) -> Iterator[Page]:
    for chunk in wanted_streams(dump, index, TitleSet(hashes_of(wanted))):
        has_any = False
        for raw in raw_pages(dump, chunk):
            if not isinstance(raw, Skipped) and title_of(raw) in wanted:
                has_any = True
                page = parse_page(raw)
                if isinstance(page, Page):
                    yield page
        if not has_any:
            raise another_dump(index, f"the stream at byte {chunk.start:,} has none of the pages that it promises")


def wanted_streams(dump: Path, index: Path, wanted: TitleSet) -> list[Chunk]:
    """The streams that hold a wanted title, in the file's order. Raises as `Survey.read` does."""
    survey = Survey(wanted)
    survey.read(dump, index)
    return streams_at(survey.offsets)


def streams_at(offsets: Iterable[int]) -> list[Chunk]:
    """The chunks of one stream each that begin at these offsets."""
    return [Chunk(start=offset, end=offset + 1) for offset in sorted(set(offsets))]


class Survey:
    """What an index says: the `offsets` of streams with a wanted title, and how many `streams` there are.

    `prefixed` are offset and title of the pages whose title begins with `prefix`, which are not wanted by that alone.
    """

    def __init__(self, wanted: TitleSet, *, prefix: str = "") -> None:
        self._wanted, self._prefix = wanted, prefix
        self.offsets: set[int] = set()
        self.prefixed: list[tuple[int, str]] = []
        self.streams = 0

    def read(self, dump: Path, index: Path) -> None:
        """Go through the index once. Raises BadFile for that of another dump, or for a file that is none."""
        if kind_of(dump) != "bz2":
            raise BadFile(f"{dump} is not compressed by bzip2, so it has no index", hint="leave out --index")
        last = -1
        with dump.open("rb") as file:
            for offset, title in index_lines(index):
                if offset != last:
                    _require_rising(index, last, offset)
                    self.streams += 1
                if self._take(offset, title) or last < 0:
                    _require_stream(dump, file, offset, index)
                last = offset
            if last < 0:
                raise EmptyInput(f"the index {index} holds no page", hint=_FETCH)
            _require_stream(dump, file, last, index)

    def _take(self, offset: int, title: str) -> bool:
        """Whether a page's stream is one to be looked at for the first time."""
        is_prefixed = bool(self._prefix) and title.startswith(self._prefix)
        if is_prefixed:
            self.prefixed.append((offset, title))
        if offset in self.offsets or not (is_prefixed or title in self._wanted):
            return False
        if not is_prefixed:
            self.offsets.add(offset)
        return True


_FETCH: Final = "fetch the index that has the dump's own date in its name"


def _require_rising(index: Path, last: int, offset: int) -> None:
    if offset < last:
        raise BadFile(f"{index} is no index of a dump: its offsets do not rise", hint=_FETCH)


def _require_stream(dump: Path, file: BinaryIO, offset: int, index: Path) -> None:
    """Raise BadFile unless a stream begins at this offset."""
    file.seek(offset)
    if not STREAM.match(file.read(10)):
        raise another_dump(index, f"no stream of {dump.name} begins at byte {offset:,}")


def another_dump(index: Path, why: str) -> BadFile:
    """The error for an index that is not this dump's."""
    return BadFile(f"{index} belongs to another dump: {why}", hint=_FETCH)


def index_lines(index: Path) -> Iterator[tuple[int, str]]:
    """Offset and title of each line. Raises EmptyInput or BadFile."""
    index = Path(index)
    if not index.is_file():
        raise EmptyInput(f"there is no index at {index}", hint="leave out --index to read the whole dump")
    rest = b""
    for _, piece in pieces(index, 0):
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        yield from (_parsed(line, index) for line in lines if line)
    if rest:
        yield _parsed(rest, index)


def _parsed(line: bytes, index: Path) -> tuple[int, str]:
    offset, _, rest = line.partition(b":")
    page, colon, title = rest.partition(b":")
    if not (colon and offset.isdigit() and page.isdigit() and len(offset) <= _DIGITS):
        shown = line[:40].decode("utf-8", "replace")
        raise BadFile(f'{index} is no index of a dump: "{shown}" is not offset:page:title', hint=_FETCH)
    if _AMPERSAND in title:  # indexes of some years have their titles escaped as in XML
        title = title.replace(b"&quot;", b'"').replace(b"&#039;", b"'").replace(b"&amp;", b"&")
    return int(offset), title.decode("utf-8", "replace")
