"""Memory that requests have left free goes back to the system once nobody asks.

What a batch frees is kept for the next one (`thuja.model.machine.keep_memory`), and so is what maps and pictures of
tens of megapixels have freed: a gigabyte, for as long as the server runs. Only glibc is told to.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from thuja.model.machine import give_back_memory

_STATM: Final = Path("/proc/self/statm")
_GROWN: Final = 128 * 2**20
"""Bytes more than after the last time that are worth it."""


async def keep_small(is_idle: Callable[[], bool], *, pause: float) -> None:
    """Look every `pause` seconds; where nobody asked twice in a row and memory has grown, give back what is free."""
    least = now = _resident()
    was_idle = False
    while least is not None and now is not None:
        await asyncio.sleep(pause)
        now, idle = _resident(), is_idle()
        if now is not None and idle and was_idle and now > least + _GROWN:
            if not await asyncio.to_thread(give_back_memory):
                return
            least = _resident()
        was_idle = idle


def _resident() -> int | None:
    """Bytes of this process in memory; None where the system does not say."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
