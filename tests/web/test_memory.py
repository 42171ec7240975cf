"""What is free by now goes back to the system, once nobody asks and where it is worth it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from thuja.web import memory
from thuja.web.metrics import Metrics

MIB = 2**20


def times_given_back(monkeypatch: pytest.MonkeyPatch, sizes: list[int], idle: list[bool]) -> int:
    """How often memory is given back while it has these sizes, in MiB; what is given back is not in the next size."""
    given = []
    seen: Iterator[int | None] = iter([*(size * MIB for size in sizes), None])
    asked = iter(idle)

    def give_back() -> bool:
        given.append(True)
        return True

    monkeypatch.setattr(memory, "_resident", lambda: next(seen, None))
    monkeypatch.setattr(memory, "give_back_memory", give_back)
    asyncio.run(asyncio.wait_for(memory.keep_small(lambda: next(asked, False), pause=0), 10))
    return len(given)


@pytest.mark.parametrize(
    ("sizes", "idle", "times"),
    [
        ([700, 1700, 1700, 700, 710], [True, True, True], 1),
        ([700, 1700, 1700, 1700], [True, False, True], 0),  # somebody asks at every second look
        ([700, 750, 820], [True, True], 0),  # not worth it
        ([700, 1700, 1700, 1690, 1690, 1690], [True] * 5, 1),  # what is in use cannot be given back, and is not tried
        ([700, 1700, 1700, 700, 1700, 1700, 700], [True] * 6, 2),
    ],
)
def test_it_is_given_back_where_it_has_grown_and_nobody_asked_twice_in_a_row(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int], idle: list[bool], times: int
) -> None:
    assert times_given_back(monkeypatch, sizes, idle) == times


def test_nobody_asks_where_no_request_is_open() -> None:
    metrics = Metrics()
    assert metrics.is_idle()
    metrics.open.set(2)
    assert not metrics.is_idle()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_a_gigabyte_that_was_kept_is_given_back() -> None:
    """The server kept 1.7 to 2 GB for good, once somebody had sent it pictures of 170 megapixels."""
    script = """
import asyncio, numpy as np
from thuja.model.machine import keep_memory
from thuja.web import memory
async def main():
    assert keep_memory()
    task = asyncio.create_task(memory.keep_small(lambda: True, pause=0.05))
    await asyncio.sleep(0)
    before = memory._resident()
    blocks = [np.ones(2**20, dtype=np.uint8) for _ in range(1000)]
    del blocks[:-1]
    kept = memory._resident()
    await asyncio.sleep(1)
    print((kept - before) // 2**20, (memory._resident() - before) // 2**20, task.done())
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    kept, after, is_done = done.stdout.split()
    assert int(kept) > 900
    assert int(after) < 200
    assert is_done == "False"
