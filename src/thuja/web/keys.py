"""API keys: kept as hashes, compared in constant time."""

import hmac
import secrets
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

from thuja.errors import EmptyInput, UsageError

_SHORTEST: Final = 16


class Keys:
    """The keys that a server takes, and the sessions of browsers that have shown one.

    A session's token is an HMAC under a secret that is drawn when the server starts: it says that a key was shown,
    not which one, and ends with the server.
    """

    def __init__(self, digests: Iterable[bytes] = ()) -> None:
        self._digests = tuple(digests)
        self._secret = secrets.token_bytes(32)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def holds(self, key: str) -> bool:
        """Whether this is one of the keys; every one is compared, whichever it is."""
        digest = digest_of(key)
        found = [hmac.compare_digest(digest, one) for one in self._digests]
        return any(found)

    def session(self) -> str:
        """What a browser that has shown a key is given."""
        return hmac.new(self._secret, b"session", sha256).hexdigest()

    def is_session(self, token: str) -> bool:
        """Whether a browser was given this."""
        return hmac.compare_digest(token.encode(), self.session().encode())


def digest_of(key: str) -> bytes:
    """What is kept of a key."""
    return sha256(key.encode()).digest()


def read_keys(path: Path) -> frozenset[bytes]:
    """The digests of the keys in a file, a key a line; lines that begin with # are remarks.

    Raises UsageError for a file that cannot be read or a key that can be guessed, EmptyInput for one without keys.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"cannot read the keys in {path}: {reason}", hint="a text file, a key a line") from error
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for number, key in enumerate(keys, 1):
        if len(key) < _SHORTEST or not key.isascii() or not key.isprintable() or " " in key:
            raise UsageError(
                f"key {number} in {path} is no key of {_SHORTEST} or more ASCII letters and digits",
                hint='such as: python -c "import secrets; print(secrets.token_urlsafe(32))"',
            )
    if not keys:
        raise EmptyInput(f"there is no key in {path}", hint="a key a line")
    return frozenset(map(digest_of, keys))
