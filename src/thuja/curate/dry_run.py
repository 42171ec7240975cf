"""What a curation would take: its rows so far, the downloads that are left, their time and their room on disk."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import polars as pl

from thuja.curate.download.plan import plan_hosts
from thuja.curate.download.settings import DownloadSettings
from thuja.curate.steps import Frame, StepCounts

STORED_BYTES: Final = 100_000
"""Of an image at most 720 pixels wide and high, at quality 90: a round figure to reckon with, not a measured one."""
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """The steps before the first download, and what the rest costs."""

    steps: Sequence[StepCounts]
    urls: int
    hosts: int
    local: int
    seconds: float
    slowest: Sequence[tuple[str, int, float]]

    @property
    def disk_bytes(self) -> int:
        """Room for the downloaded images and for the shards, reckoned by STORED_BYTES."""
        return STORED_BYTES * (2 * self.urls + self.local)

    def to_json(self) -> str:
        """All of it as JSON."""
        return json.dumps(asdict(self) | {"disk_bytes": self.disk_bytes}, indent=2)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def reckon(frame: Frame, steps: Sequence[StepCounts], settings: DownloadSettings, *, store: Path) -> DryRun:
    """Count what is left to download of the rows that are kept, and is not in the store."""
    hosts = plan_hosts(frame, settings, store=store)
    web = hosts.filter(pl.col("host") != "")
    urls = int(web["urls"].sum())
    slowest = web.head(_SHOWN).select("host", "urls", "seconds").rows()
    longest = max(web["seconds"].to_list(), default=0.0)
    local = frame.where(frame["drop_reason"].is_null() & frame["place"].not_null()).count_rows()
    return DryRun(steps=steps, urls=urls, hosts=len(web), local=local, seconds=longest, slowest=slowest)


def _lines(run: DryRun) -> list[str]:
    lines = []
    for step in run.steps:
        lines.append(f"{step.name}: {step.read:,} read = {step.kept:,} kept + {step.read - step.kept:,} dropped")
        lines += [f"  dropped  {count:>12,}  {reason}" for reason, count in step.dropped.items()]
    lines.append(f"images on this machine: {run.local:,}")
    lines.append(f"to download: {run.urls:,} distinct URLs from {run.hosts:,} hosts")
    for host, urls, seconds in run.slowest:
        lines.append(f"  {urls:>12,}  {host}: {duration(seconds)} at its rate")
    if run.urls:
        lines.append(f"time: at least {duration(run.seconds)}, which the slowest host takes")
    lines.append(f"disk: about {run.disk_bytes / 1e9:,.1f} GB, at {STORED_BYTES // 1000} kB an image")
    return lines


def duration(seconds: float) -> str:
    """Seconds as people say it: `3 min`, `5.2 h`, `12 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"
