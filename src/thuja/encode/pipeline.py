"""Images read and decoded in threads, in order and in bounded memory; a bad one becomes a Failure."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch

from thuja.errors import ImageError
from thuja.model import Model

Content = bytes | Path
"""An image file's bytes, or where they are."""

T = TypeVar("T")


class Failure(NamedTuple):
    """An image that could not be used: its id, a short stable word, and a sentence."""

    id: str
    reason: str
    message: str


def ordered(
    items: Iterable[tuple[str, Content]], work: Callable[[Content], T], *, threads: int, ahead: int
) -> Generator[tuple[str, T | Failure]]:
    """Do `work` on every item in threads and yield the results in the items' order.

    No more than `ahead` items are taken before their turn. An ImageError is yielded as a Failure.
    """
    waiting: deque[tuple[str, Future[T]]] = deque()
    source = iter(items)
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="decode") as pool:
        try:
            for name, content in islice(source, ahead):
                waiting.append((name, pool.submit(work, content)))
            while waiting:
                name, future = waiting.popleft()
                result = _settle(name, future)
                for next_name, content in islice(source, 1):
                    waiting.append((next_name, pool.submit(work, content)))
                yield name, result
        finally:  # whoever stops listening does not wait for work that nobody wants
            pool.shutdown(wait=False, cancel_futures=True)


def _settle(name: str, future: "Future[T]") -> T | Failure:
    try:
        return future.result()
    except ImageError as error:
        return Failure(name, error.reason, error.message)


@contextmanager
def encoding(model: Model) -> Iterator[torch.device]:
    """The model in evaluation mode without gradients; yields the device it is on."""
    was_training = model.training
    model.eval()
    limit_torch_threads()
    try:
        with torch.inference_mode():
            yield model.logit_scale.device
    finally:
        model.train(was_training)


def limit_torch_threads() -> None:
    """Let torch use no more threads than this container has processors."""
    allowed = available_cpus()
    if torch.get_num_threads() > allowed:
        torch.set_num_threads(allowed)


def available_cpus() -> int:
    """Processors that this process may use: its affinity, and its container's share (cgroup v2)."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return affinity
    share = affinity if quota == "max" else max(1, int(quota) // int(period))
    return min(affinity, share)
