"""The queue to the model: one pass for many, a bound, and nothing done for who has left."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import pytest
from tests.web.conftest import jpeg

from thuja.errors import UsageError
from thuja.predict import Predictor
from thuja.web.app import create_app
from thuja.web.metrics import Metrics
from thuja.web.problems import Busy
from thuja.web.queue import ModelQueue, all_of
from thuja.web.served import Served
from thuja.web.settings import Pace, RequestLimits, ServeSettings


@dataclass(frozen=True, eq=False)
class Doubling:
    """A work that is checked by eye; it may be held until an event."""

    most: int = 4
    name: str = "double"
    passes: list[list[int]] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.held.wait(10)
        self.passes.append(list(items))
        return [2 * item for item in items]


@dataclass(frozen=True)
class Failing:
    most: int = 4
    name: str = "fail"

    def __call__(self, items: Sequence[int]) -> list[int]:
        raise UsageError(f"no {items[0]}")


def queue_of(**pace: object) -> ModelQueue:
    return ModelQueue(Pace(**pace), Metrics())


def test_what_waits_for_the_same_work_shares_a_pass() -> None:
    async def run() -> None:
        queue, work = queue_of(), Doubling()
        asks = [asyncio.create_task(queue.run(work, [number])) for number in range(6)]
        await asyncio.sleep(0)
        work.held.set()
        assert await asyncio.gather(*asks) == [[0], [2], [4], [6], [8], [10]]
        assert work.passes == [[0, 1, 2, 3], [4, 5]]
        await queue.close()

    asyncio.run(run())


def test_two_works_take_turns_in_the_order_of_their_first_items() -> None:
    async def run() -> None:
        queue, one, other = queue_of(), Doubling(), Doubling()
        one.held.set()
        other.held.set()
        asks = [asyncio.create_task(queue.run(work, [number])) for number, work in enumerate([one, other, one])]
        await asyncio.gather(*asks)
        assert (one.passes, other.passes) == ([[0, 2]], [[1]])
        await queue.close()

    asyncio.run(run())


def test_a_pass_waits_for_a_picture_that_is_on_its_way_and_no_longer_than_said() -> None:
    async def run() -> None:
        queue, work = queue_of(gather=5.0), Doubling(most=2)
        work.held.set()
        with queue.admitted(2):
            first = asyncio.create_task(queue.run(work, [1]))
            await asyncio.sleep(0.05)
            assert not first.done()
            await queue.run(work, [2])
            assert work.passes == [[1, 2]]
        with queue.admitted(1):  # nobody else is coming
            assert await asyncio.wait_for(queue.run(work, [3]), 2) == [6]
        await queue.close()

    asyncio.run(run())


def test_who_has_left_takes_his_items_out() -> None:
    async def run() -> None:
        queue, work = queue_of(), Doubling(most=1)
        first = asyncio.create_task(queue.run(work, [1]))
        await asyncio.sleep(0.05)
        gone, stays = (asyncio.create_task(queue.run(work, [number])) for number in (2, 3))
        await asyncio.sleep(0.05)
        gone.cancel()
        work.held.set()
        assert await first == [2]
        assert await stays == [6]
        assert work.passes == [[1], [3]]
        await queue.close()

    asyncio.run(run())


def test_an_error_of_a_pass_is_everyones_and_the_queue_goes_on() -> None:
    async def run() -> None:
        queue, work = queue_of(), Doubling()
        work.held.set()
        with pytest.raises(UsageError, match="no 7"):
            await queue.run(Failing(), [7])
        assert await queue.run(work, [4]) == [8]
        await queue.close()

    asyncio.run(run())


def test_who_waits_for_a_queue_that_ends_or_has_ended_is_told_so() -> None:
    """Two servers on the same parts shared a queue: after the first had ended, requests to the second hung."""

    async def run() -> None:
        queue, work = queue_of(), Doubling(most=1)
        asks = [asyncio.create_task(queue.run(work, [number])) for number in range(3)]
        await asyncio.sleep(0.02)
        work.held.set()
        await queue.close()
        told = await asyncio.wait_for(asyncio.gather(*asks, return_exceptions=True), 5)
        assert [type(one) for one in told] == [asyncio.CancelledError] * 3
        with pytest.raises(RuntimeError, match="after shutdown"):
            await asyncio.wait_for(queue.run(work, [1]), 5)

    asyncio.run(run())


def test_where_one_of_many_fails_the_others_are_given_up() -> None:
    """They went on after their room in the queue was let to somebody else."""
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("slow")
            raise

    async def failing() -> None:
        await asyncio.sleep(0.01)
        raise UsageError("no")

    async def run() -> None:
        with pytest.raises(UsageError, match="no"):
            await all_of([slow(), failing()])
        await asyncio.sleep(0)
        assert ended == ["slow"]

    asyncio.run(run())


def test_there_is_room_for_so_many_and_no_more() -> None:
    queue = queue_of(queue=3)
    with queue.admitted(2):
        with pytest.raises(Busy), queue.admitted(2):
            pass
        with queue.admitted(1):
            pass
    with queue.admitted(3):
        pass


def test_a_full_queue_is_503_with_retry_after(predictor: Predictor) -> None:
    settings = ServeSettings(pace=Pace(queue=2), limits=RequestLimits(images=2))
    served = Served(settings, predictor=predictor)

    async def run() -> None:
        transport = httpx.ASGITransport(create_app(served))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            with served.queue.admitted(1):
                full = await client.post("/api/identify", files=[("images", jpeg()), ("images", jpeg())])
                fits = await client.post("/api/identify", files=[("images", jpeg())])
        assert (full.status_code, full.headers["retry-after"]) == (503, "1")
        assert full.json()["detail"] == "too many pictures are waiting"
        assert fits.status_code == 200
        await served.close()

    asyncio.run(run())


def test_requests_at_once_are_one_pass_of_the_model(predictor: Predictor) -> None:
    served = Served(ServeSettings(pace=Pace(gather=2.0, batch=8)), predictor=predictor)

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(served))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            asks = [client.post("/api/identify", files={"images": jpeg(seed)}) for seed in range(8)]
            answers = await asyncio.gather(*asks)
            await served.close()
            return answers

    answers = asyncio.run(run())
    assert [answer.status_code for answer in answers] == [200] * 8
    text = served.metrics.text().decode()
    assert 'thuja_batch_items_count{work="look"} 1.0' in text


def test_an_answer_that_takes_too_long_is_503(predictor: Predictor) -> None:
    served = Served(ServeSettings(pace=Pace(answer=0.2)), predictor=predictor)
    work = Doubling()

    async def run() -> None:
        transport = httpx.ASGITransport(create_app(served))
        held = asyncio.create_task(served.queue.run(work, [1]))
        await asyncio.sleep(0.01)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            late = await client.post("/api/identify", files={"images": jpeg()})
        assert (late.status_code, late.json()["detail"]) == (503, "there was no answer within 0.2 s")
        work.held.set()
        await held
        await served.close()

    asyncio.run(run())


def test_a_client_that_leaves_takes_its_picture_out_of_the_queue(predictor: Predictor) -> None:
    served, work = Served(ServeSettings(), predictor=predictor), Doubling()
    request = httpx.Request("POST", "http://127.0.0.1/api/identify", files={"images": jpeg()})
    body, sent = request.read(), []

    def waiting() -> bool:
        return "thuja_queue_items 1.0" in served.metrics.text().decode()

    async def run() -> None:
        left, messages = asyncio.Event(), [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, object]:
            if messages:
                return messages.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        held = asyncio.create_task(served.queue.run(work, [1]))
        await asyncio.sleep(0.01)
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        scope = {"type": "http", "method": "POST", "path": "/api/identify", "headers": headers, "query_string": b""}
        asked = asyncio.create_task(create_app(served)(scope, receive, send))
        while not waiting():
            await asyncio.sleep(0.01)
        left.set()
        await asyncio.wait_for(asked, 5)
        work.held.set()
        await held
        await served.close()

    asyncio.run(run())
    assert sent == []
    assert work.passes == [[1]]
    assert 'thuja_batch_items_count{work="look"}' not in served.metrics.text().decode()
    assert 'status="499"' in served.metrics.text().decode()
