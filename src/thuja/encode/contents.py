"""What items hold, in their order: URLs are fetched in threads, some items ahead of their turn."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from queue import SimpleQueue

from thuja.encode.pipeline import Content, Failure
from thuja.encode.sources import Item, Url
from thuja.encode.tables import Flaw
from thuja.errors import ImageError

Fetch = Callable[[str], bytes]


def contents(
    items: Iterable[tuple[int, Item]], fetch: Fetch, *, threads: int = 16, ahead: int = 48
) -> Generator[tuple[int, Item, Content | Failure]]:
    """Every numbered item with its bytes or path, or why it has none; at most `ahead` wait behind a slow URL."""
    fetching = _Fetching(fetch, threads)
    waiting: deque[tuple[int, Item, Future[bytes] | Content | Failure]] = deque()
    try:
        for place, item in items:
            waiting.append((place, item, _begun(item, fetching)))
            while waiting and (len(waiting) > ahead or not isinstance(waiting[0][2], Future)):
                yield _settled(*waiting.popleft())
        while waiting:
            yield _settled(*waiting.popleft())
    finally:
        for _, _, content in waiting:
            if isinstance(content, Future):
                content.cancel()
        fetching.close()


def failure_of(item: Item, flaw: Flaw) -> Failure:
    """The row of errors that an item's flaw becomes."""
    return Failure(item.id, flaw.reason, flaw.message)


def _begun(item: Item, fetching: "_Fetching") -> Future[bytes] | Content | Failure:
    if isinstance(item.content, Url):
        return fetching.submit(item.content.address)
    if isinstance(item.content, Flaw):
        return failure_of(item, item.content)
    assert not isinstance(item.content, str), "a text is not an image"
    return item.content


def _settled(place: int, item: Item, content: Future[bytes] | Content | Failure) -> tuple[int, Item, Content | Failure]:
    if not isinstance(content, Future):
        return place, item, content
    try:
        return place, item, content.result()
    except ImageError as error:
        return place, item, Failure(item.id, error.reason, error.message)


class _Fetching:
    """Threads that fetch. Unlike an executor's, nobody waits for them when the program is interrupted."""

    def __init__(self, fetch: Fetch, threads: int) -> None:
        self._fetch, self._most = fetch, threads
        self._queue: SimpleQueue[tuple[Future[bytes], str] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, url: str) -> Future[bytes]:
        future: Future[bytes] = Future()
        self._queue.put((future, url))
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._work, name="fetch", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def close(self) -> None:
        for _ in self._threads:
            self._queue.put(None)

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            future, url = work
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._fetch(url))
            except BaseException as error:  # noqa: BLE001 (whoever waits for the result raises it)
                future.set_exception(error)
