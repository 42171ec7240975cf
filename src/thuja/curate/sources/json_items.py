"""JSON files too large for memory, item by item: a list, or an object of lists as COCO's.

Python's own decoder reads one item after the other out of a buffer. It takes `NaN`, which Python writes and other
parsers refuse, and needs no library.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from thuja.errors import BadFile

_PIECE = 2**20
_MAX_ITEM = 256 * 2**20
_DECODER = json.JSONDecoder()


def read_items(path: Path) -> Iterator[tuple[str, Any]]:
    """The items of the lists at the top of a JSON file in the file's order, each with its list's key.

    A top-level list has the key `""`. A member of the top object that is no list comes as one item. Raises BadFile
    for a file that is cut short or no JSON.
    """
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            yield from _Buffer(file, path).top()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise BadFile(f"{path} cannot be read: {error}", hint="JSON in UTF-8, whole") from error


class _Buffer:
    """The part of the file between what is decoded and what is read."""

    def __init__(self, file: IO[str], path: Path) -> None:
        self._file = file
        self._path = path
        self._text = ""
        self._at = 0

    def top(self) -> Iterator[tuple[str, Any]]:
        if self._peek() == "[":
            yield from (("", item) for item in self._list())
        else:
            self._take("{")
            while self._peek() != "}":
                key = self._value()
                self._take(":")
                if self._peek() == "[":
                    yield from ((str(key), item) for item in self._list())
                else:
                    yield str(key), self._value()
                if self._peek() != "}":
                    self._take(",")
            self._take("}")
        if self._peek():
            raise self._broken("something follows the end")

    def _list(self) -> Iterator[Any]:
        self._take("[")
        while self._peek() != "]":
            yield self._value()
            if self._peek() != "]":
                self._take(",")
        self._take("]")

    def _peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read(_PIECE):
                return ""

    def _take(self, expected: str) -> None:
        got = self._peek()
        if got != expected:
            raise self._broken(f'"{expected}" expected, got "{got}"' if got else "it is cut short")
        self._at += 1

    def _value(self) -> Any:
        self._peek()
        piece = _PIECE
        while True:
            error: Exception | None = None
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                if end < len(self._text) or not self._read(piece):
                    self._at = min(end, len(self._text))
                    return value
                continue  # a number at the end of the buffer may have more digits
            except (ValueError, RecursionError) as caught:
                error = caught
            if len(self._text) - self._at > _MAX_ITEM:
                raise self._broken(f"an item has more than {_MAX_ITEM >> 20} MB") from error
            if isinstance(error, RecursionError) or not self._read(piece):
                raise self._broken(f"it is cut short, or {str(error).partition(':')[0]}") from error
            piece *= 2  # so that a long item is not decoded from its start too often

    def _read(self, size: int) -> bool:
        more = self._file.read(size)
        self._text = self._text[self._at :] + more
        self._at = 0
        return bool(more)

    def _broken(self, why: str) -> BadFile:
        return BadFile(f"{self._path} is not whole JSON: {why}", hint="fetch the file anew")
