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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One URL, and what its rows say of it. `target` is where an earlier worker was redirected to, after `hops`."""

    url: str
    is_original: bool = False
    sha256: str = ""
    md5: str = ""
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
    for stated, found in ((wanted.sha256, digest), (wanted.md5, short)):
        if stated and stated.lower() != found:
            raise ImageError(f"the source gives the hash {stated:.64}, the bytes have {found}", reason="hash_mismatch")
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


def is_text(body: bytes) -> bool:
    """Whether a body is a page or a message that poses as an image.

    >>> is_text(b"<!DOCTYPE html>"), is_text(b'  {"error": 1}'), is_text(b"Rate limit exceeded"), is_text(b"BM6\\0")
    (True, True, True, False)
    """
    head = body[:_LOOK].removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(body) and (head.startswith(_TEXTS) or _TEXT_BYTES.issuperset(head))
