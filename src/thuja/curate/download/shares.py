"""A plan's shares on their workers: this process, other processes of this machine, or a Ray cluster.

All the requests to one host are made by one worker, so that its pace holds for the whole cluster; a redirect to a host
of another worker is noted, and is that worker's in the next round. The folder is one that every worker reaches.
"""

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import daft

from thuja.curate.download.engine import Engine
from thuja.curate.download.journal import Journal
from thuja.curate.download.plan import Plan, SharePlan
from thuja.curate.download.settings import DownloadSettings
from thuja.errors import ThujaError
from thuja.jobs import Progress, kept_when_full, locked, spread, write_text

_THREADS: Final = 8
_PATIENCE: Final = 20.0
"""Seconds that the workers of a killed run are waited for: they end with it, once they notice."""
_HINT: Final = "run the same command again, which goes on; fewer download.workers need less memory"


def download_share(plan: Plan, share: int, settings: DownloadSettings, folder: Path) -> int:
    """Download one worker's share into tars of `folder`; returns how many URLs failed.

    Raises ThujaError when the disk is full: what is done is kept.
    """
    part = SharePlan(plan, share)
    progress = Progress(total=part.urls, label="downloading" if plan.shares == 1 else f"downloading, worker {share}")
    try:
        with kept_when_full(folder), Journal(folder, share, piece_bytes=settings.piece_bytes) as journal:
            engine = Engine(part, settings, journal, progress)
            asyncio.run(engine.run(min(os.cpu_count() or 1, _THREADS)))
            return engine.failed
    finally:
        progress.close()


def download_shares(plan: Plan, settings: DownloadSettings, folder: Path) -> int:
    """Download all shares at once, each by a worker of its own; returns how many URLs failed."""
    if plan.shares == 1:
        return download_share(plan, 0, settings, folder)
    if daft.runners.get_or_create_runner().name == "ray":
        return _on_ray(plan, settings, folder)
    spawning = multiprocessing.get_context("spawn")  # a fork would take Daft's threads with it, half alive
    with ProcessPoolExecutor(plan.shares, mp_context=spawning) as pool:
        futures = [pool.submit(download_share, plan, share, settings, folder) for share in range(plan.shares)]
        return sum(future.result() for future in futures)


def _on_ray(plan: Plan, settings: DownloadSettings, folder: Path) -> int:
    import ray  # only where the extra curate-ray is installed

    task = ray.remote(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")(download_share)
    failed: list[int] = ray.get([task.remote(plan, share, settings, folder) for share in range(plan.shares)])
    return sum(failed)
