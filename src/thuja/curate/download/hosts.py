"""How a host is named, and how gently it is treated: its rate, its pauses, and when it is given up for a while.

A host is the name in the URL: lower case, in ASCII (IDNA), with the port where that is not the scheme's own. Two names
of one machine are two hosts; `www.example.org` and `images.example.org` too.
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from math import ceil
from typing import Final
from urllib.parse import urlsplit

from yarl import URL

from thuja.curate.download.settings import MARGIN, DownloadSettings

AUTHORITY: Final = r"^(?i:(https?))://(?:[^/?#@\\]*@)*([^/?#@\\]*)"
"""Of an URL: its scheme, and host with port."""

_AUTHORITY: Final = re.compile(AUTHORITY)
_PORTS: Final[Mapping[str, str]] = {"http": "80", "https": "443"}
_DEAD: Final = 3
"""So many failures to connect in a row, and the host is left alone until the others are done."""
_FLOOR: Final = 1 / 16
"""The least share of its rate that a host is slowed to."""
_UNSEEN: Final = 5.0
"""Seconds after which a request that is not answered is taken to have arrived."""
_CREDIT: Final = 0.2
"""How much of the distance between two requests one may be late and the next come early for it."""
STRAINED: Final = 0.75
"""What a time-out or a broken connection slows a host by."""
_RECOVERY: Final = 0.05
"""The share of its rate that a good answer gives back to a slowed host."""


def host_name(scheme: str, authority: str) -> str:
    """The host of a scheme and the host with port as an URL has them; "" where that is none.

    >>> host_name("https", "Images.Example.ORG.:443"), host_name("http", "bücher.example:8080"), host_name("http", "")
    ('images.example.org', 'xn--bcher-kva.example:8080', '')
    """
    try:
        parts = urlsplit(f"{scheme.lower()}://{authority}")
        name, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    if not name.isascii():
        try:
            name = URL.build(scheme="http", host=name).raw_host or ""
        except (ValueError, UnicodeError):
            return ""
    if not name or any(letter <= " " for letter in name):
        return ""
    name = f"[{name}]" if ":" in name else name
    return name if port is None or str(port) == _PORTS.get(scheme.lower()) else f"{name}:{port}"


def host_of(url: str) -> str:
    """`host_name` of a whole URL; "" where it is not of the web."""
    match = _AUTHORITY.match(url)
    return host_name(match[1], match[2]) if match else ""


def is_address(host: str) -> bool:
    """Whether a host is an address and no name."""
    try:
        ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class Ticket:
    """One request: when it was sent, and when its answer began."""

    sent: float
    answered: float = float("inf")


@dataclass(slots=True)
class Pace:
    """When one host may be asked next. Times are of whichever clock its caller reads, in seconds.

    Requests keep a distance of 1 / (MARGIN x rate): a token bucket that holds one token, so that there is no burst.
    Requests that a busy machine delays may still arrive together. Each arrives between when it is sent and when it is
    answered, so a request also waits until the one `rate` before it was answered a second ago: then no second holds
    more than `rate` where they arrive, but for an answer that takes longer than _UNSEEN, which is not waited for. A
    host that is overtaxed is asked half as often (429, 503) or three quarters as often (time-outs and broken
    connections, which may be one URL's own), once for all requests that were under way; each good answer gives a little
    back.
    """

    limit: float
    rate: float
    next_at: float
    recent: deque[Ticket]
    window: float
    slowed_at: float = float("-inf")
    paused_until: float = float("-inf")
    unreached: int = 0

    @classmethod
    def of(cls, host: str, settings: DownloadSettings, now: float) -> "Pace":
        """The pace of a host that was not asked yet; the first request waits as if there had been one."""
        full = settings.rate_of(host)
        rate, count = full * MARGIN, ceil(full)
        return cls(limit=rate, rate=rate, next_at=now + 1 / rate, recent=deque(maxlen=count), window=count / full)

    def wait(self, now: float) -> float:
        """Seconds until a request may go out; 0 for at once."""
        return max(0.0, self.next_at - now, self.paused_until - now, self._last_left() + self.window - now)

    def _last_left(self) -> float:
        """By when the request that leaves the window next had surely arrived."""
        if len(self.recent) < (self.recent.maxlen or 0):
            return float("-inf")
        return min(self.recent[0].answered, self.recent[0].sent + _UNSEEN)

    def take(self, now: float) -> Ticket:
        """Note that a request goes out; its ticket is to be told when it is answered."""
        self.next_at = max(self.next_at, now - _CREDIT / self.rate) + 1 / self.rate
        ticket = Ticket(now)
        self.recent.append(ticket)
        return ticket

    def slow(self, sent: float, now: float, *, factor: float = 0.5) -> None:
        """A request that was sent at `sent` overtaxed the host."""
        if sent > self.slowed_at:
            self.rate = max(self.rate * factor, self.limit * _FLOOR)
            self.slowed_at = now
            self.next_at = max(self.next_at, now + 1 / self.rate)

    def pause(self, seconds: float, now: float) -> None:
        """The host asked to be left alone for so long."""
        self.paused_until = max(self.paused_until, now + seconds)

    def relax(self) -> None:
        """A request went well."""
        self.unreached = 0
        self.rate = min(self.limit, self.rate + self.limit * _RECOVERY)

    def bound(self, rate: float) -> None:
        """Ask no faster than this many requests a second, whatever the settings say (a robots.txt does)."""
        last = self.next_at - 1 / self.rate
        self.limit = min(self.limit, rate)
        self.rate = min(self.rate, self.limit)
        self.next_at = last + 1 / self.rate

    def miss(self) -> None:
        """A connection could not be made at all."""
        self.unreached += 1

    @property
    def is_dead(self) -> bool:
        """Whether it is time to leave the host alone."""
        return self.unreached >= _DEAD
