"""How captions are made: what decides the words, and what decides only how fast and at what price."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from thuja.captions.captioner import Sampling
from thuja.errors import UnknownName, UsageError
from thuja.record import SPLITS

MOST_THREADS: Final = 4096
MAX_TRIES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSettings:
    """What decides the words of a caption.

    `strategy` is one of `captions.prompts`. A draft that a check rejects is asked for again, up to `tries` times, with
    the reason in the prompt and another seed. `splits` are those that are captioned, all where there are none; `limit`
    is the number of pictures, from the first on. With `rejects_duplicates` a caption that nearly repeats another one of
    its species is rejected, else it is only told.
    """

    strategy: str = "guided"
    model: str = ""
    tries: int = 3
    max_words: int = 20
    seed: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    splits: tuple[str, ...] = ()
    limit: int | None = None
    rejects_duplicates: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.tries <= MAX_TRIES:
            raise UsageError(f"a picture is tried again 0 to {MAX_TRIES} times, got {self.tries}")
        if self.max_words < 1:
            raise UsageError(f"a caption has at least one word, got {self.max_words}")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"a limit is at least one picture, got {self.limit}")
        for split in self.splits:
            if split not in SPLITS:
                raise UnknownName.of("split", split, SPLITS)

    def plan(self) -> dict[str, Any]:
        """All of it as JSON: a run goes on only with the same."""
        return asdict(self) | {"splits": list(self.splits)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What decides no word: pictures asked about at once, failures in a row that end a run, and where it works.

    `workers` is the number of processes on a Ray cluster, 0 for this process alone.
    """

    concurrency: int = 64
    failures: int = 0
    workers: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.concurrency <= MOST_THREADS:
            raise UsageError(f"1 to {MOST_THREADS:,} pictures are asked about at once, got {self.concurrency}")
        if self.failures < 0 or self.workers < 0:
            raise UsageError(f"no such pace: {self.failures} failures, {self.workers} workers")

    @property
    def patience(self) -> int:
        """Requests in a row without any answer after which a server counts as gone."""
        return self.failures or max(10, self.concurrency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """One process's part of the rate and the budget: one of `parts`, after `spent` of the whole is gone.

    `rest` is for how many seconds an earlier process, whose requests nobody counted, has asked nothing.
    """

    parts: int = 1
    spent: float = 0.0
    rest: float = math.inf
