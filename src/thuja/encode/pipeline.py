"""Images read and decoded in threads, in order and in bounded memory; a bad one becomes a Failure."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import torch
from PIL import Image

from thuja.errors import ImageError
from thuja.images import Limits
from thuja.model import Model
from thuja.model.machine import limit_torch_threads

Content = bytes | Path
"""An image file's bytes, or where they are."""

C = TypeVar("C")
T = TypeVar("T")


class Shown(Protocol):
    """An image that is no whole file: a part of one, or one that is in memory."""

    def show(self, limits: Limits) -> Image.Image:
        """RGB and upright; raises ImageError. Called once, in any thread."""


class Failure(NamedTuple):
    """An image that could not be used: its id, a short stable word, and a sentence."""

    id: str
    reason: str
    message: str


def ordered(
    items: Iterable[tuple[str, C]], work: Callable[[C], T], *, threads: int, ahead: int
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
