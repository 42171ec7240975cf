"""Reading whole shards through for what is wrong with them, in bounded memory: eight bytes a sample."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile, EmptyInput, ImageError, UsageError
from thuja.images import decode
from thuja.jobs import Progress, spread
from thuja.record import SPLITS
from thuja.shards.archive import Entry, Fault, scan
from thuja.shards.manifest import Manifest, hash_file, read_manifest
from thuja.shards.reader import Sample, assemble, open_shard, scan_shard
from thuja.shards.writer import ShardFacts, split_of_name

Hashes = npt.NDArray[np.uint64]

_TOLD = 20
"""Faults of one reason that a report names; the others are counted."""
_SIGNATURES = ((0, b"\xff\xd8\xff"), (0, b"\x89PNG\r\n\x1a\n"), (8, b"WEBP"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardsReport:
    """What a check found; `examples` names the first faults of each reason."""

    shards: int
    samples: int
    bytes: int
    splits: Mapping[str, int]
    faults: Mapping[str, int]
    examples: Sequence[Fault]
    manifests: int

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def find_shards(paths: Sequence[Path]) -> list[Path]:
    """The shards that are meant: files as they are given, and the `.tar` files of folders, in order.

    Raises UsageError for what does not exist, and EmptyInput for a folder without shards.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            shards = sorted(path.glob("*.tar"))
            inner = path / "shards"
            if not shards and inner.is_dir():  # a data folder that thuja curate made
                shards = sorted(inner.glob("*.tar"))
            if not shards:
                raise EmptyInput(f"no shard in {path}", hint="shards are .tar files, or lie in its folder shards/")
            found += shards
        elif path.exists():
            found.append(path)
        else:
            raise UsageError(f"{path} does not exist", hint="a folder of shards, or .tar files")
    return list(dict.fromkeys(found))


def check_shards(paths: Sequence[Path], *, is_decoded: bool = False, workers: int = 0) -> ShardsReport:
    """Read every shard through: tar structure, samples, records, keys, images, and the manifest beside it.

    With `is_decoded`, every image is decoded; else its first bytes are looked at. Where a whole
    folder is given, its manifest must name all that is there and no more.
    """
    shards = find_shards(paths)
    manifests = {folder: read_manifest(folder) for folder in dict.fromkeys(path.parent for path in shards)}
    whole = {shard.parent for path in paths if Path(path).is_dir() for shard in find_shards([path])}
    tally = _Tally()
    expected = sum(manifest.samples for folder, manifest in manifests.items() if manifest and folder in whole)
    progress = Progress(total=expected or None, label="checking", unit="samples")
    hashes: list[Hashes] = []
    job = partial(_check_shard, is_decoded=is_decoded)
    named = {
        folder / facts.name: facts for folder, manifest in manifests.items() if manifest for facts in manifest.shards
    }
    tasks = ((path, named.get(path)) for path in shards)
    for path, checked in zip(shards, spread(job, tasks, workers=workers), strict=True):
        tally.add(path, checked)
        hashes.append(checked.hashes)
        progress.advance(len(checked.hashes))
    progress.close()
    for fault in _repeated(shards, hashes):
        tally.note(fault)
    for folder, manifest in manifests.items():
        if manifest is not None:
            for fault in _not_as_named(folder, manifest, set(shards), is_whole=folder in whole):
                tally.note(fault)
    return tally.report(shards, sum(manifest is not None for manifest in manifests.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """One shard, read through."""

    hashes: Hashes  # of the keys, in their order
    bytes: int
    faults: Mapping[str, int]
    examples: Sequence[Fault]


class _Tally:
    """Counts faults, and keeps the first of each reason."""

    def __init__(self) -> None:
        self.faults: Counter[str] = Counter()
        self.examples: list[Fault] = []
        self.splits: Counter[str] = Counter()
        self.bytes = 0

    def add(self, path: Path, checked: _Checked) -> None:
        """Count in what one shard's check found."""
        for fault in checked.examples:
            self._keep(fault, self.faults[fault.reason])
            self.faults[fault.reason] += 1
        for reason, count in checked.faults.items():
            self.faults[reason] += count - sum(fault.reason == reason for fault in checked.examples)
        self.splits[split_of_name(path.name)] += len(checked.hashes)
        self.bytes += checked.bytes

    def note(self, fault: Fault) -> None:
        """Count one fault."""
        self._keep(fault, self.faults[fault.reason])
        self.faults[fault.reason] += 1

    def report(self, shards: Sequence[Path], manifests: int) -> ShardsReport:
        """All of it."""
        return ShardsReport(
            shards=len(shards),
            samples=self.splits.total(),
            bytes=self.bytes,
            splits=dict(sorted(self.splits.items())),
            faults=dict(self.faults.most_common()),
            examples=self.examples,
            manifests=manifests,
        )

    def _keep(self, fault: Fault, so_far: int) -> None:
        if so_far < _TOLD:
            self.examples.append(fault)


def _check_shard(task: tuple[Path, ShardFacts | None], *, is_decoded: bool) -> _Checked:
    path, named = task
    tally = _Tally()
    keys: list[int] = []
    first = last = ""
    size = 0
    try:
        with open_shard(path) as file:
            size = os.fstat(file.fileno()).st_size
            for found in scan(file, path):
                if isinstance(found, Fault):
                    tally.note(found)
                    continue
                keys.append(key_hash(found.key))
                first, last = first or found.key, found.key
                for fault in _sample_faults(path, found, assemble(file, path, found), is_decoded=is_decoded):
                    tally.note(fault)
        if named is not None:
            got: dict[str, int | str] = {"samples": len(keys), "bytes": size, "first_key": first, "last_key": last}
            for fault in _shard_faults(path, named, got):
                tally.note(fault)
    except (BadFile, OSError) as error:  # one file that the disk does not give stops no check of thousands
        tally.note(Fault(shard=path, key="", reason="unreadable", message=str(error).splitlines()[0]))
    hashes = np.array(keys, dtype=np.uint64)
    return _Checked(hashes=hashes, bytes=size, faults=dict(tally.faults), examples=tally.examples)


def _sample_faults(path: Path, entry: Entry, sample: Sample | Fault, *, is_decoded: bool) -> Iterator[Fault]:
    if isinstance(sample, Fault):
        yield sample
        return

    def fault(reason: str, message: str) -> Fault:
        return Fault(shard=path, key=entry.key, reason=reason, message=message)

    if sample.record.uuid != entry.key:
        yield fault("wrong_key", f'the record is that of "{sample.record.uuid}"')
    split = split_of_name(path.name)
    if split in SPLITS and sample.record.split not in ("", split):
        yield fault("wrong_split", f"the record is of the split {sample.record.split}")
    if is_decoded:
        try:
            decode(sample.image)
        except ImageError as error:
            yield fault(error.reason, error.message)
    elif not any(sample.image.startswith(mark, offset) for offset, mark in _SIGNATURES):
        yield fault("not_an_image", f"begins with {sample.image[:8]!r}, which is no JPEG, PNG or WebP")


def _shard_faults(path: Path, named: ShardFacts, got: Mapping[str, int | str]) -> Iterator[Fault]:
    differing = {name: value for name, value in got.items() if getattr(named, name) != value}
    if "bytes" in differing or hash_file(path) != named.sha256:
        message = "its bytes are not those that the manifest has the hash of"
        yield Fault(shard=path, key="", reason="wrong_hash", message=message)
    for name, value in differing.items():
        shown = f"{name.replace('_', ' ')} {value}, in the manifest {getattr(named, name)}"
        yield Fault(shard=path, key="", reason="wrong_count" if name == "samples" else f"wrong_{name}", message=shown)


def _not_as_named(folder: Path, manifest: Manifest, shards: set[Path], *, is_whole: bool) -> Iterator[Fault]:
    names = {facts.name for facts in manifest.shards}
    for shard in sorted(shard for shard in shards if shard.parent == folder and shard.name not in names):
        yield Fault(shard=shard, key="", reason="unlisted_shard", message="the manifest does not name it")
    for name in sorted(names) if is_whole else ():
        if folder / name not in shards:
            message = "the manifest names it, and it is not there"
            yield Fault(shard=folder / name, key="", reason="missing_shard", message=message)


def key_hash(key: str) -> int:
    """64 bits to tell keys apart by; equal ones are looked at again."""
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).digest())


def _repeated(shards: Sequence[Path], hashes: Sequence[Hashes]) -> Iterator[Fault]:
    """A fault for every sample whose key came before, in whatever shard."""
    together = np.sort(np.concatenate(hashes))
    doubtful = np.unique(together[1:][together[1:] == together[:-1]])
    if not len(doubtful):
        return
    wanted = set(doubtful.tolist())
    first: dict[str, Path] = {}
    for path, own in zip(shards, hashes, strict=True):
        if not np.isin(own, doubtful).any():
            continue
        for found in scan_shard(path):
            if isinstance(found, Fault) or key_hash(found.key) not in wanted:
                continue
            if found.key in first:
                message = f"the key comes before, in {first[found.key].name}"
                yield Fault(shard=path, key=found.key, reason="duplicate_key", message=message)
            else:
                first[found.key] = path
