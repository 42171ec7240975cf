"""The list of images to be taken down: one uuid, URL or source id a line, or a table with a column of them.

People write such lists by hand, so uuids are known in capitals, in braces and without dashes, and addresses with or
without their scheme.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from thuja.errors import BadFile, UsageError
from thuja.record import Record

COLUMNS = ("uuid", "source_url", "source_id", "gbif_id", "occurrence_id")
"""Where an entry of the list may be found, and what the column of a table of them may be called."""

UUID = (
    r"^(?:urn:uuid:)?\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$",
    r"${1}-${2}-${3}-${4}-${5}",
)
"""The spellings of a uuid in lower case, and its one way of writing: polars' signs, which `plain_key` follows."""
SCHEME = r"^https?://"
_HINT = "one uuid, URL or source id a line"
_UUID = re.compile(UUID[0])
_PYTHON = re.sub(r"\$\{(\d)\}", r"\\\1", UUID[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDownList:
    """What is to be taken down: each entry by its plain form, as it was written."""

    entries: Mapping[str, str]
    digest: str
    """SHA-256 of the file: another list is another setting."""

    @classmethod
    def read(cls, path: Path) -> "TakeDownList":
        """Read a list. Blank lines and those that begin with `#` say nothing. Raises UsageError, BadFile."""
        try:
            data = path.read_bytes()
            text = data.decode("utf-8-sig")
        except OSError as error:
            raise UsageError(f"cannot read the take-down list {path}: {error.strerror}", hint=_HINT) from error
        except UnicodeDecodeError as error:
            raise BadFile(f"the take-down list {path} is not UTF-8", hint=_HINT) from error
        lines = [line.strip() for line in text.splitlines()]
        written = _entries([line for line in lines if line and not line.startswith("#")])
        return cls(entries={plain_key(one): one for one in written if one}, digest=sha256(data).hexdigest())

    def found_in(self, record: Record, key: str = "") -> set[str]:
        """The plain entries that mean this record, which a shard knows by `key`."""
        facts = (record.facts.get(name) for name in ("source_url", "gbif_id", "occurrence_id"))
        named = (record.uuid, key, record.source_id, *facts)
        return {plain for value in named if value and (plain := plain_key(str(value))) in self.entries}


def plain_key(text: str) -> str:
    """An entry, or what may be one, as both are compared: in lower case, uuids with dashes, URLs without scheme.

    >>> plain_key("{4F7B0A1E6C1F5B7E9A521C0A7D0B7E11}"), plain_key(" HTTPS://example.org/1.jpg ")
    ('4f7b0a1e-6c1f-5b7e-9a52-1c0a7d0b7e11', 'example.org/1.jpg')
    """
    low = re.sub(SCHEME, "", text.strip().lower())
    return _UUID.sub(_PYTHON, low)


def _entries(lines: list[str]) -> Iterator[str]:
    """The entries of a table's column, where the first line names one; else an entry a line."""
    if not lines:
        return
    delimiter = next((sign for sign in "\t;," if sign in lines[0]), ",")
    head = [cell.strip().lower() for cell in next(csv.reader(lines[:1], delimiter=delimiter))]
    column = next((head.index(name) for name in COLUMNS if name in head), None)
    if column is not None:
        for cells in csv.reader(lines[1:], delimiter=delimiter):
            yield cells[column].strip() if column < len(cells) else ""
        return
    for line in lines:
        first = re.split(r"[\t,;\s]", line, maxsplit=1)[0].strip('"')
        # A URL or an id may hold a comma, a uuid cannot: what stands behind it is a remark.
        yield first if _UUID.match(plain_key(first)) else line.split("\t")[0].strip().strip('"')
