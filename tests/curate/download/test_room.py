"""Room for bodies: never more than there is, and nobody waits for ever."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from thuja.curate.download.room import Lease, Room


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100)), max_size=40))
def test_no_more_is_held_than_there_is_and_all_have_their_turn_in_order(sizes: list[tuple[int, int]]) -> None:
    async def held() -> tuple[int, list[int]]:
        room, now, most = Room(100), 0, 0
        turns: list[int] = []

        async def one(number: int, size: int, kept: int) -> None:
            nonlocal now, most
            with Lease(room) as lease:
                await lease.take(size)
                turns.append(number)
                now += size
                most = max(most, now)
                await asyncio.sleep(0)
                lease.keep(kept)
                now -= size - min(size, kept)
                await asyncio.sleep(0)
                now -= min(size, kept)

        await asyncio.gather(*(one(number, *pair) for number, pair in enumerate(sizes)))
        return most, turns

    most, turns = asyncio.run(held())
    assert most <= 100
    assert turns == list(range(len(sizes)))


def test_one_that_gives_up_waiting_holds_nobody_else_up() -> None:
    async def given_up() -> bool:
        room = Room(10)
        with Lease(room) as first:
            await first.take(10)
            waiting = asyncio.create_task(room.take(10))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.sleep(0)
        with Lease(room) as second:
            async with asyncio.timeout(1):
                await second.take(10)
        return waiting.cancelled()

    assert asyncio.run(given_up())
