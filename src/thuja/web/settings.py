"""What a server allows: sizes, times, who may ask, and from where."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from thuja.errors import UsageError
from thuja.images import Limits

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
"""The hosts that reach this machine and no other."""
JSON: Final = 2 * 2**20
"""Bytes of a body of JSON: reading 8 MiB of numbers held up everybody for a second. Examples come in a form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """How much one request may ask for.

    `bytes` bounds a form, `question_bytes` JSON by itself or in a form, `image_bytes` and `pixels` one picture,
    `images` how many come at once, `text` the characters of a question, `k` the answers; `labels` and `choices` bound
    own labels, and how many of them are kept.
    """

    bytes: int = 64 * 2**20
    image_bytes: int = 32 * 2**20
    pixels: int = 50_000_000
    images: int = 32
    text: int = 2_000
    question_bytes: int = 8 * 2**20
    labels: int = 500
    checklist: int = 20_000
    examples: int = 1_000
    choices: int = 16
    k: int = 10_000

    def __post_init__(self) -> None:
        if min(self.bytes, self.image_bytes, self.pixels, self.images, self.text, self.labels, self.k) < 1:
            raise UsageError(f"limits of a request are 1 or more, got {self}")

    def of_body(self, kind: str) -> int:
        """The most bytes of a body of a content type: what is no form is JSON, which takes ten times its size."""
        is_form = kind.startswith("multipart/form-data")
        return self.bytes if is_form else min(self.bytes, self.question_bytes, JSON)

    @property
    def of_image(self) -> Limits:
        """The same as the decoder takes it."""
        return Limits(max_bytes=self.image_bytes, max_pixels=self.pixels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast things have to go, in seconds, and how much may wait.

    `body` is how long a body may take to arrive, `header` how long a request's first lines may, `answer` how long it
    may take to be answered. `gather` is how long a model pass waits for company, of up to `batch` pictures. `queue`
    bounds the pictures that wait or are worked on, `bytes` the bodies in memory; beyond, requests are refused with 503.
    `drain` is how long a server that is stopping still takes connections, `stop` how long it then works on what it
    has taken. An index is looked at again every `refresh` seconds.
    """

    header: float = 10.0
    body: float = 30.0
    answer: float = 60.0
    stop: float = 50.0
    drain: float = 0.5
    refresh: float = 5.0
    gather: float = 0.004
    batch: int = 16
    queue: int = 256
    connections: int = 1_000
    bytes: int = 512 * 2**20
    decoders: int = 2

    def __post_init__(self) -> None:
        if min(self.batch, self.queue, self.decoders, self.connections) < 1:
            raise UsageError(f"batch, queue, connections and decoders are 1 or more, got {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Where a server listens and whom it answers.

    `keys` are SHA-256 digests of the API keys, none where everybody may ask. `cors` are origins whose pages may ask,
    `hosts` names that it may be called by beside its own address. `allows_links` lets pictures be named by link.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    keys: frozenset[bytes] = frozenset()
    cors: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    allows_links: bool = False
    review: Path | None = None
    limits: RequestLimits = field(default_factory=RequestLimits)
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        if not 0 <= self.port < 65536:
            raise UsageError(f"a port is a number from 0 to 65535, got {self.port}", hint="such as --port 8080")
        if self.limits.images > self.pace.queue:
            raise UsageError(f"a request of {self.limits.images} pictures never fits a queue of {self.pace.queue}")
        for origin in self.cors:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise UsageError(f"not an origin: {origin}", hint="such as https://example.org, without a path")

    @property
    def is_loopback(self) -> bool:
        """Whether it listens to this machine alone."""
        return self.host in LOOPBACK

    @property
    def is_private(self) -> bool:
        """Whether nobody elsewhere is meant to reach it: a name of its own is what a proxy calls it by."""
        return self.is_loopback and not self.hosts and not self.cors
