"""WebDataset shards of Records: written reproducibly, read whole or by sample, split without loss or repeat."""

from thuja.shards.archive import Entry, Fault
from thuja.shards.reader import (
    FaultCount,
    Position,
    Sample,
    ShardReader,
    index_shard,
    list_shards,
    read_at,
    read_entry,
    read_shard,
    scan_shard,
)
from thuja.shards.writer import ShardWriter

__all__ = [
    "Entry",
    "Fault",
    "FaultCount",
    "Position",
    "Sample",
    "ShardReader",
    "ShardWriter",
    "index_shard",
    "list_shards",
    "read_at",
    "read_entry",
    "read_shard",
    "scan_shard",
]
