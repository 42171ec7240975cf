"""What a download is told to do: how gently, how patiently, and what it takes."""

from dataclasses import dataclass
from math import isfinite
from typing import Final

from thuja import __version__
from thuja.errors import UsageError
from thuja.images import Limits

MARGIN: Final = 0.95
"""The share of a host's rate that is used at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadSettings:
    """The `[download]` of a recipe.

    `rate` is in requests a second and host, redirects and robots.txt included; `rates` are exceptions, as
    `"images.example.org=2.5"`. `host_concurrency` and `concurrency` bound how many requests are open at once, for one
    host and for one worker. Times are in seconds; `deadline` is for one URL with its redirects; a host that asks for a
    pause above `longest_pause` is let be. `max_side` is that of the stored copy; 0 stores the file as it came.
    `contact` (an e-mail address or a page) stands in the user agent. With `robots` a robots.txt is obeyed, also its
    Crawl-delay, unless `rates` names the host. `proxies` follows HTTPS_PROXY and its like; names are looked up by the
    proxy then, and only an address that stands in the URL itself is checked. `retry_failed` is a round: raise it by
    one, and what failed is asked for once more. `workers` is the number of processes, over which the hosts are shared
    out. A tar of the store is closed when it has `piece_bytes`.
    """

    rate: float = 10.0
    rates: tuple[str, ...] = ()
    host_concurrency: int = 8
    concurrency: int = 256
    tries: int = 4
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    deadline: float = 300.0
    first_wait: float = 1.0
    longest_pause: float = 3600.0
    redirects: int = 5
    max_bytes: int = 64 * 2**20
    max_pixels: int = 100_000_000
    max_side: int = 720
    contact: str = ""
    robots: bool = True
    allow_private: bool = False
    proxies: bool = False
    retry_failed: int = 0
    workers: int = 1
    piece_bytes: int = 10**9

    def __post_init__(self) -> None:
        for name in ("rate", "connect_timeout", "read_timeout", "deadline", "first_wait", "longest_pause"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise UsageError(f"download.{name} must be above 0, got {value}")
        for name in ("host_concurrency", "concurrency", "tries", "max_bytes", "max_pixels", "workers", "piece_bytes"):
            if getattr(self, name) < 1:
                raise UsageError(f"download.{name} must be at least 1, got {getattr(self, name)}")
        for name in ("redirects", "max_side", "retry_failed"):
            if getattr(self, name) < 0:
                raise UsageError(f"download.{name} must be 0 or more, got {getattr(self, name)}")
        if any(not 32 < ord(letter) < 127 for letter in self.contact) or set(self.contact) & set("()"):
            raise UsageError(
                f"download.contact stands in a header, got {self.contact!r}", hint="an e-mail address or a page's URL"
            )
        self.host_rates()

    def host_rates(self) -> dict[str, float]:
        """The exceptions of `rates`, by host; raises UsageError."""
        found = {}
        for entry in self.rates:
            host, _, number = entry.rpartition("=")
            try:
                found[host.strip().lower()] = rate = float(number)
            except ValueError:
                rate = 0.0
            if not (host.strip() and isfinite(rate) and rate > 0):
                raise UsageError(f'download.rates must hold host=rate, got "{entry}"', hint='"images.example.org=2.5"')
        return found

    def rate_of(self, host: str) -> float:
        """Requests a second that this host may get."""
        return self.host_rates().get(host, self.rate) if self.rates else self.rate

    @property
    def limits(self) -> Limits:
        """What one image may ask for."""
        return Limits(max_bytes=self.max_bytes, max_pixels=self.max_pixels)

    @property
    def user_agent(self) -> str:
        """Such as `thuja/0.1 (+https://example.org/bot)`."""
        return f"thuja/{__version__}" + (f" (+{self.contact})" if self.contact else "")
