"""How many bytes of answers stand in memory: a budget that each large body asks for, and gives back when it is done."""

import asyncio
from types import TracebackType
from typing import Self


class Room:
    """So many bytes for all, given out in the order of asking: a large body is not overtaken for ever."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._line = asyncio.Lock()
        self._given = asyncio.Event()

    async def take(self, size: int) -> None:
        """Wait until so many bytes are free, and have them."""
        async with self._line:
            while self._free < size:
                self._given.clear()
                await self._given.wait()
            self._free -= size

    def give(self, size: int) -> None:
        """Give so many bytes back."""
        self._free += size
        self._given.set()


class Lease:
    """What one body has of a room, from before it is read until the block ends; a context."""

    def __init__(self, room: Room) -> None:
        self._room, self._size = room, 0

    async def take(self, size: int) -> None:
        """Have so many bytes; asked for once, as one that has some and waits for more may wait for itself."""
        assert not self._size, "a lease is taken once"
        await self._room.take(size)
        self._size = size

    def keep(self, size: int) -> None:
        """Give back all but so many bytes."""
        rest = max(0, self._size - size)
        self._size -= rest
        self._room.give(rest)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.keep(0)
