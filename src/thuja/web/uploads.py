"""Multipart bodies, read into memory under limits: no byte of an upload is written to a disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from thuja.web.problems import Refusal, TooLarge, WrongType
from thuja.web.settings import RequestLimits

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FIELDS: Final = 16
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file of a form: what its sender calls it, without folders and control characters, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form: its texts by name, and its files in their order."""

    fields: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Upload, ...] = ()


async def read_form(request: Request, limits: RequestLimits, *, files: str) -> Form:
    """The form in a request's body; `files` is the name of the field that holds files.

    Raises WrongType for another kind of body, TooLarge for too many or too large files, Refusal for what is broken.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise WrongType("the body is not multipart/form-data", hint="curl -F sends such a one")
    collected = _Collector(limits, files)
    try:
        parser = MultipartParser(boundary, collected.callbacks())
        async for chunk in request.stream():
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise Refusal("the multipart body is broken") from error
    except ClientDisconnect as error:
        raise Refusal("the body ended early") from error
    if not collected.is_whole:
        raise Refusal("the multipart body is cut short")
    return Form(fields=collected.fields, files=tuple(collected.uploads))


class _Collector:
    """Takes a form's parts in as they come."""

    def __init__(self, limits: RequestLimits, files: str) -> None:
        self._limits, self._files = limits, files
        self.fields: dict[str, str] = {}
        self.uploads: list[Upload] = []
        self.is_whole = False
        self._fields_begun = 0  # a million fields of one name are one entry of a dictionary
        self._header = self._value = b""
        self._disposition = b""
        self._name = self._file_name = ""
        self._is_file = False
        self._data = bytearray()

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers,
            "on_part_data": self._on_data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._header = self._value = self._disposition = b""
        self._data = bytearray()

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = self._name == self._files
        self._file_name = plain_name(options.get(b"filename", b"").decode("utf-8", "replace"))
        if self._is_file and len(self.uploads) >= self._limits.images:
            raise TooLarge(f"more than {self._limits.images} pictures at once", hint="send them in several requests")
        self._fields_begun += not self._is_file
        if self._fields_begun > _FIELDS:
            raise TooLarge(f"more than {_FIELDS} fields in one form")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        most = self._limits.image_bytes if self._is_file else self._limits.question_bytes
        if len(self._data) + end - start > most:
            what = f"the picture {self._file_name}" if self._is_file else "a field"
            raise TooLarge(f"{what} is over the limit of {most:,} bytes")
        self._data += data[start:end]

    def _end(self) -> None:
        if self._is_file:
            self.uploads.append(Upload(name=self._file_name, data=bytes(self._data)))
            return
        try:
            self.fields[self._name] = self._data.decode()
        except UnicodeDecodeError as error:
            raise Refusal("a field of the form is not UTF-8") from error

    def _finish(self) -> None:
        self.is_whole = True


def plain_name(name: str) -> str:
    """A file's name as it may be shown: its last part, printable, of bounded length.

    >>> plain_name("C:\\\\photos\\\\a\\r\\nb.jpg"), plain_name("../../etc/passwd"), plain_name("")
    ('ab.jpg', 'passwd', 'picture')
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in last if letter.isprintable())[:_LONGEST_NAME].strip()
    return kept or "picture"
