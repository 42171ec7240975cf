"""Where the samples of a tar lie, found from its headers alone, and what of the tar is broken.

Python's tarfile takes a damaged header for the end of the archive and says nothing, and webdataset
reads through it: half a shard can be missing unseen. This scan reports the damage and goes on behind
it. Names are only ever compared, never used as paths.
"""

import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

BLOCK = 512
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")
_MAX_NAME = 2**16  # an extended header that holds a name has no reason to be longer
_NAME = re.compile(r"(?P<key>(?:.*/)?[^./][^.]*)\.(?P<suffix>[^/]*)", re.DOTALL)

_WITHOUT_BYTES = frozenset(
    {tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE}
)
"""Whatever size the header of a link, device or folder says, no bytes follow it."""

Span = tuple[int, int]
"""Where a member's bytes lie: offset and size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sample's members by suffix, as webdataset groups them: the same key, one after the other.

    `start` is where the first header of the sample begins: `scan` reads on from there.
    """

    key: str
    members: Mapping[str, Span]
    start: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something in a shard that cannot be used; `key` is empty where no sample can be named.

    The reasons: `broken_header`, `cut_short`, `no_image`, `no_record`, `bad_record`, `too_large`;
    a check of whole shards (`thuja.shards.checking`) finds more.
    """

    shard: Path
    key: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.shard}{'#' if self.key else ''}{self.key}: {self.message}"


def scan(file: FileIO, path: Path, *, start: int = 0) -> Iterator[Entry | Fault]:
    """The samples of a tar from that byte on, in order, faults in between where they lie; reads headers only."""
    key, members, begun = "", dict[str, Span](), start
    for found in _members(file, path, start):
        if isinstance(found, Fault):
            yield found
            continue
        name, span, header = found
        match = _NAME.fullmatch(name)
        if match is None:
            continue  # a read-me, a resource fork: no member of a sample
        suffix = match["suffix"].lower()
        if members and (match["key"] != key or suffix in members):
            yield Entry(key=key, members=members, start=begun)
            members = {}
        if not members:
            key, begun = match["key"], header
        members[suffix] = span
    if members:
        yield Entry(key=key, members=members, start=begun)


def read_span(file: FileIO, span: Span) -> bytes:
    """The bytes of one member, or fewer where the file has become shorter."""
    offset, size = span
    file.seek(offset)
    parts = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _members(file: FileIO, path: Path, start: int) -> Iterator[tuple[str, Span, int] | Fault]:
    """Name, place and first header of the regular files; a longer name stands in a member of its own before."""
    long_name, begun = "", -1
    for found in _headers(file, path, start):
        if isinstance(found, Fault):
            yield found
            long_name, begun = "", -1
            continue
        info, span = found
        if info.type in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
            begun = span[0] - BLOCK if begun < 0 else begun
            long_name = _long_name(info.type, read_span(file, (span[0], min(span[1], _MAX_NAME)))) or long_name
        elif info.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
            yield long_name or info.name, span, span[0] - BLOCK if begun < 0 else begun
            long_name, begun = "", -1
        elif info.type != tarfile.GNUTYPE_LONGLINK:  # the long name was that of a folder or a link
            long_name, begun = "", -1


def _headers(file: FileIO, path: Path, start: int) -> Iterator[tuple[tarfile.TarInfo, Span] | Fault]:
    """Every header with the span of what follows it; goes on at the next whole header behind a broken one."""
    length = file.seek(0, 2)
    offset = start
    is_lost = is_ended = False
    while offset + BLOCK <= length:
        block = read_span(file, (offset, BLOCK))
        offset += BLOCK
        if not any(block):  # the end mark; two tars joined by `cat` have one in their middle
            is_ended = True
            continue
        info = _parse_header(block)
        if info is None:
            if not is_lost:
                packed = offset == BLOCK and block.startswith(_COMPRESSED)
                message = "compressed: unpack it first" if packed else f"broken header at byte {offset - BLOCK:,}"
                yield Fault(shard=path, key="", reason="broken_header", message=message)
            is_lost = True
            continue
        is_lost = is_ended = False
        span = (offset, info.size)
        offset += -(-info.size // BLOCK) * BLOCK
        if sum(span) > length:
            message = f"cut short in {info.name}: {length - span[0]:,} bytes of {info.size:,}"
            yield Fault(shard=path, key="", reason="cut_short", message=message)
            return
        yield info, span
    if not is_ended:
        yield Fault(shard=path, key="", reason="cut_short", message="ends without the end mark of a tar")


def _parse_header(block: bytes) -> tarfile.TarInfo | None:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return None
    if info.type in _WITHOUT_BYTES:
        info.size = 0
    return info if info.size >= 0 else None  # base-256 numbers may be negative


def _long_name(kind: bytes, data: bytes) -> str:
    """The name in a GNU long-name member, or in pax records of the form `LENGTH path=NAME\n`."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return data.rstrip(b"\0").decode("utf-8", "surrogateescape")
    while data:
        digits, _, rest = data.partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        if length <= len(digits) + 1:
            return ""
        keyword, _, value = rest[: length - len(digits) - 1].rstrip(b"\n").partition(b"=")
        if keyword == b"path":
            return value.decode("utf-8", "surrogateescape")
        data = data[length:]
    return ""
