"""A plan's shares on their workers: this process, other processes of this machine, or a Ray cluster.

All the requests to one host are made by one worker, so that its pace holds for the whole cluster; a redirect to a host
of another worker is noted, and is that worker's in the next round; a host whose robots.txt lies with another worker
waits for the last round, which one worker makes alone. The folder is one that every worker reaches.
"""

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import Final

import daft

from thuja.curate.download.claims import working
from thuja.curate.download.engine import Engine
from thuja.curate.download.journal import Journal
from thuja.curate.download.plan import Plan, SharePlan
from thuja.curate.download.settings import DownloadSettings
from thuja.errors import ThujaError
from thuja.jobs import Progress, kept_when_full, spread

_THREADS: Final = 8
_HINT: Final = "run the same command again, which goes on; fewer download.workers need less memory"


def download_share(plan: Plan, share: int, *, settings: DownloadSettings, folder: Path, run: str) -> int:
    """Download one worker's share into tars of `folder`; returns how many URLs were handed to another worker.

    Raises ThujaError when the disk is full, or `run` is no longer the run of this store: what is done is kept.
    """
    part = SharePlan(plan, share)
    progress = Progress(total=part.urls, label="downloading" if plan.shares == 1 else f"downloading, worker {share}")
    try:
        with (
            kept_when_full(folder),
            working(folder, share, run),
            Journal(folder, share, piece_bytes=settings.piece_bytes) as journal,
        ):
            engine = Engine(part, settings, journal, progress=progress)
            asyncio.run(engine.run(min(os.cpu_count() or 1, _THREADS)))
            return engine.handed
    finally:
        progress.close()


def download_shares(plan: Plan, *, settings: DownloadSettings, folder: Path, run: str) -> int:
    """Download all shares at once, each by a worker of its own; returns how many URLs were handed on.

    Raises ThujaError, also when the system kills a worker; when this process is killed, the workers end with it.
    """
    job = partial(download_share, plan, settings=settings, folder=folder, run=run)
    if plan.shares == 1:
        return job(0)
    if daft.runners.get_or_create_runner().name == "ray":
        return _on_ray(job, plan.shares)
    return sum(spread(job, range(plan.shares), workers=plan.shares, hint=_HINT))


def _on_ray(job: "partial[int]", shares: int) -> int:
    import ray  # only where the extra curate-ray is installed

    task = ray.remote(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")(_called)
    gone = (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError, ray.exceptions.NodeDiedError)
    try:
        handed: list[int] = ray.get([task.remote(job, share) for share in range(shares)])
    except gone as error:
        raise ThujaError("a worker process was killed, perhaps for want of memory", hint=_HINT) from error
    return sum(handed)


def _called(job: "partial[int]", share: int) -> int:
    return job(share)
