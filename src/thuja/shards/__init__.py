"""WebDataset shards of Records: written reproducibly, read whole or by sample, split without loss or repeat."""

from thuja.shards.archive import Entry, Fault
from thuja.shards.manifest import Manifest, read_manifest, write_manifest
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
from thuja.shards.sizes import even_sizes
from thuja.shards.writer import ShardFacts, ShardWriter, write_shard

__all__ = [
    "Entry",
    "Fault",
    "FaultCount",
    "Manifest",
    "Position",
    "Sample",
    "ShardFacts",
    "ShardReader",
    "ShardWriter",
    "even_sizes",
    "index_shard",
    "list_shards",
    "read_at",
    "read_entry",
    "read_manifest",
    "read_shard",
    "scan_shard",
    "write_manifest",
    "write_shard",
]
