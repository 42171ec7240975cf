"""The leak gate: nothing of an evaluation set gets into training."""

from thuja.curate.leaks.copies import leak_copies_step
from thuja.curate.leaks.counting import benchmark_names, leak_table
from thuja.curate.leaks.embedding import Embed
from thuja.curate.leaks.finding import LeakFinder, finder_of_images, open_finder
from thuja.curate.leaks.gate import leaks_step
from thuja.curate.leaks.index import (
    LeakIndex,
    LeakIndexCounts,
    LeakIndexSettings,
    build_leak_index,
    read_leak_index,
)
from thuja.curate.leaks.settings import DEFAULT_KEYS, KEYS, LeakSettings

__all__ = [
    "DEFAULT_KEYS",
    "KEYS",
    "Embed",
    "LeakFinder",
    "LeakIndex",
    "LeakIndexCounts",
    "LeakIndexSettings",
    "LeakSettings",
    "benchmark_names",
    "build_leak_index",
    "finder_of_images",
    "leak_copies_step",
    "leak_table",
    "leaks_step",
    "open_finder",
    "read_leak_index",
]
