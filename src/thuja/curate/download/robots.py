"""What a host's robots.txt allows, as RFC 9309 has it."""

from typing import Final

from protego import Protego

AGENT: Final = "thuja"
LARGEST: Final = 500 * 1024
"""Bytes of a robots.txt that are read: what the RFC asks for at least."""
_SLOWEST: Final = 120.0
"""Seconds between requests that a Crawl-delay may ask for."""


class Robots:
    """The rules of one host."""

    def __init__(self, status: int, text: bytes = b"") -> None:
        """`status` 200 comes with its text; 4xx means no rules, anything else that nothing may be asked for."""
        self._allows_all = 400 <= status < 500
        self._rules = Protego.parse(text.decode("utf-8", "replace")) if status == 200 else None

    def allows(self, url: str) -> bool:
        """Whether this URL may be asked for."""
        return self._allows_all if self._rules is None else bool(self._rules.can_fetch(url, AGENT))

    @property
    def delay(self) -> float | None:
        """Seconds between two requests, if the host asks for that."""
        asked = None if self._rules is None else self._rules.crawl_delay(AGENT)
        return min(float(asked), _SLOWEST) if asked is not None and asked > 0 else None


NO_RULES: Final = Robots(404)
"""Of a host that has none."""
