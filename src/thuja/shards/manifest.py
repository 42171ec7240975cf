"""The manifest of a folder of shards: what each one holds, and the hash of its bytes.

A manifest says nothing of the day or the machine: the same shards have the same manifest.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.errors import BadFile, EmptyInput
from thuja.jobs import atomic_path, write_json
from thuja.shards.archive import Entry
from thuja.shards.reader import scan_shard
from thuja.shards.writer import ShardFacts, split_of_name

MANIFEST = "manifest.json"
MANIFEST_TABLE = "manifest.parquet"
FORMAT = 1
_MANY = 10_000
"""More shards than this are a table: JSON of so many lines is read by nobody."""
_SCHEMA = pa.schema([(f.name, pa.int64() if f.type is int else pa.string()) for f in fields(ShardFacts)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The shards of a folder, sorted by name."""

    shards: tuple[ShardFacts, ...]

    def __post_init__(self) -> None:
        names = [facts.name for facts in self.shards]
        if names != sorted(set(names)):
            raise BadFile("a manifest names each shard once, in order")

    @property
    def samples(self) -> int:
        """Samples in all shards."""
        return sum(facts.samples for facts in self.shards)

    @property
    def bytes(self) -> int:
        """Bytes of all shards."""
        return sum(facts.bytes for facts in self.shards)

    @property
    def splits(self) -> Mapping[str, int]:
        """Samples by split."""
        counts: Counter[str] = Counter()
        for facts in self.shards:
            counts[facts.split] += facts.samples
        return dict(sorted(counts.items()))


def write_manifest(folder: Path, facts: Iterable[ShardFacts] | None = None) -> Path:
    """Write the manifest of a folder, whole or not at all; returns its path.

    `facts` are what `write_shard` and ShardWriter told; without them, every shard of the folder is
    read for its own. Up to 10,000 shards are `manifest.json`, more are `manifest.parquet`. Raises
    EmptyInput for a folder without shards.
    """
    folder = Path(folder)
    told = (read_facts(path) for path in sorted(folder.glob("*.tar"))) if facts is None else facts
    manifest = Manifest(shards=tuple(sorted(told, key=lambda one: one.name)))
    if not manifest.shards:
        raise EmptyInput(f"no shard in {folder}", hint="shards are .tar files")
    path, other = folder / MANIFEST, folder / MANIFEST_TABLE
    if len(manifest.shards) > _MANY:
        path, other = other, path
        table = pa.Table.from_pylist([asdict(facts) for facts in manifest.shards], schema=_SCHEMA)
        with atomic_path(path) as temporary:
            pq.write_table(table, temporary)
    else:
        head: dict[str, Any] = {"format": FORMAT, "shards": len(manifest.shards), "samples": manifest.samples}
        head |= {"bytes": manifest.bytes, "splits": manifest.splits}
        write_json(path, head | {"files": [asdict(facts) for facts in manifest.shards]})
    other.unlink(missing_ok=True)
    return path


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder of shards, or None where there is none; raises BadFile."""
    path, table = Path(folder) / MANIFEST, Path(folder) / MANIFEST_TABLE
    try:
        if path.is_file():
            rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["files"]
        elif table.is_file():
            path = table
            rows = pq.read_table(table, schema=_SCHEMA).to_pylist()
        else:
            return None
        manifest = Manifest(shards=tuple(ShardFacts(**row) for row in rows))
        if not all(isinstance(facts.samples, int) and isinstance(facts.name, str) for facts in manifest.shards):
            raise BadFile("counts must be whole numbers, and names text")
        return manifest
    except (OSError, ValueError, KeyError, TypeError, RecursionError, BadFile, pa.ArrowInvalid) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadFile(f"{path} is not a manifest of shards: {message}", hint="write it anew, or remove it") from error


def read_facts(path: Path) -> ShardFacts:
    """What a manifest would say of this shard as it is; faults are `check_shards`'s to tell."""
    keys = [found.key for found in scan_shard(path) if isinstance(found, Entry)]
    return ShardFacts(
        name=path.name,
        split=split_of_name(path.name),
        samples=len(keys),
        bytes=path.stat().st_size,
        sha256=hash_file(path),
        first_key=keys[0] if keys else "",
        last_key=keys[-1] if keys else "",
    )


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    digest = sha256()
    with path.open("rb") as file:
        while part := file.read(2**20):
            digest.update(part)
    return digest.hexdigest()
