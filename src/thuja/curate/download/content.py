"""From the body of an answer to what is stored of it, or the reason why it is no image that can be used."""

from dataclasses import dataclass
from hashlib import md5, sha256
from typing import Final

from thuja.errors import ImageError
from thuja.images import Limits, decode, is_plain_jpeg, shard_bytes, upright_size
from thuja.images.plain import has_end

_JPEG: Final = b"\xff\xd8\xff"
_TEXTS: Final = (b"<", b"{", b"[")
_TEXT_BYTES: Final = frozenset(range(32, 127)) | frozenset(b"\t\n\r\f") | frozenset(range(128, 256))
_LOOK: Final = 512


MISMATCH: Final = "hash_mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One URL, and what its rows say of it. `target` is where an earlier worker was redirected to, after `hops`.

    `stated` has the SHA-256 and MD5 that each row gives, "" for none: the bytes are to be those of one row, at least.
    """

    url: str
    is_original: bool = False
    stated: tuple[tuple[str, str], ...] = ()
    target: str = ""
    hops: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """An image: hashes, bytes and upright size as the source has it, and the bytes to store."""

    sha256: str
    md5: str
    file_size: int
    width: int
    height: int
    stored: bytes


def examine(body: bytes, wanted: Wanted, *, max_side: int, limits: Limits) -> Got:
    """Hash, check and shrink a body; raises ImageError.

    Its reason is one of images.REASONS, `hash_mismatch`, or `not_an_image` for a text where an image should be.
    """
    digest, short = sha256(body).hexdigest(), md5(body, usedforsecurity=False).hexdigest()
    if wanted.stated and not any(is_stated(row, (digest, short)) for row in wanted.stated):
        told = ", ".join(filter(None, wanted.stated[0]))
        raise ImageError(f"the source gives the hash {told:.98}, the bytes have {digest}, {short}", reason=MISMATCH)
    if is_text(body):
        raise ImageError(f"a text and no image: begins with {body[:40]!r}", reason="not_an_image")
    width, height = upright_size(body, limits=limits)
    if body.startswith(_JPEG) and not has_end(body):
        raise ImageError("the JPEG has no end", reason="truncated")
    if wanted.is_original or max_side == 0 or is_plain_jpeg(body, max_side):
        decode(body, limits=limits)
        stored = body
    else:
        stored = shard_bytes(body, max_side=max_side, limits=limits)
    return Got(sha256=digest, md5=short, file_size=len(body), width=width, height=height, stored=stored)


def is_stated(row: tuple[str, str], found: tuple[str, str]) -> bool:
    """Whether bytes of these hashes are what a row states, as far as it does; hexadecimal in any case.

    >>> is_stated(("", "AB"), ("12", "ab")), is_stated(("13", "ab"), ("12", "ab")), is_stated(("", ""), ("12", "ab"))
    (True, False, True)
    """
    return all(stated.lower() in ("", had) for stated, had in zip(row, found, strict=True))


def is_text(body: bytes) -> bool:
    """Whether a body is a page or a message that poses as an image.

    >>> is_text(b"<!DOCTYPE html>"), is_text(b'  {"error": 1}'), is_text(b"Rate limit exceeded"), is_text(b"BM6\\0")
    (True, True, True, False)
    """
    head = body[:_LOOK].removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(body) and (head.startswith(_TEXTS) or _TEXT_BYTES.issuperset(head))
