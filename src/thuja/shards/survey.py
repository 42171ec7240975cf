"""What lies in a set of shards, as arrays of a few bytes a sample: where each begins, and by what to order it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.shards.archive import Fault, scan
from thuja.shards.reader import FaultCount, describe, open_shard
from thuja.shards.takedown import TakeDownList

ReadList = Callable[[Path], TakeDownList]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """The samples of one shard that can be used, and how many cannot."""

    starts: npt.NDArray[np.int64]  # (N,)
    hashes: npt.NDArray[np.uint64]  # (N, 2), of the uuids
    draws: npt.NDArray[np.uint64]  # (N,)
    read: int
    faults: Mapping[str, int]
    found: frozenset[str]
    taken_down: int


def survey_shard(path: Path, *, seed: int | None, listing: Path | None, read_list: ReadList) -> Surveyed:
    """Read the records of a shard, not its images; `listing` names what to leave out."""
    unwanted = read_list(listing) if listing is not None else None
    faults = FaultCount()
    starts: list[int] = []
    hashes: list[bytes] = []
    draws: list[bytes] = []
    found: set[str] = set()
    read = taken_down = 0
    with open_shard(path) as file:
        for entry in scan(file, path):
            if isinstance(entry, Fault):
                faults(entry)
                continue
            read += 1
            described = describe(file, path, entry)
            if isinstance(described, Fault):
                faults(described)
                continue
            names = unwanted.found_in(described.record, entry.key) if unwanted is not None else None
            if names:
                found |= names
                taken_down += 1
                continue
            uuid = described.record.uuid.encode("utf-8", "surrogateescape")
            starts.append(entry.start)
            hashes.append(blake2b(uuid, digest_size=16).digest())
            draws.append(blake2b(b"%d\n" % (seed or 0) + uuid, digest_size=8).digest())
    return Surveyed(
        starts=np.array(starts, dtype=np.int64),
        hashes=np.frombuffer(b"".join(hashes), dtype=">u8").astype(np.uint64).reshape(-1, 2),
        draws=np.frombuffer(b"".join(draws), dtype=">u8").astype(np.uint64),
        read=read,
        faults=dict(faults.reasons),
        found=frozenset(found),
        taken_down=taken_down,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The samples of all shards, in the order of the input, each uuid once."""

    shards: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    draws: npt.NDArray[np.uint64]
    read: int
    taken_down: int
    repeated: int
    unusable: int
    faults: Mapping[str, int]
    found: frozenset[str]

    @classmethod
    def of(cls, parts: Sequence[Surveyed]) -> "Survey":
        """All shards together; of samples with one uuid the first stays."""
        hashes = np.concatenate([part.hashes for part in parts])
        shards = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part.starts) for part in parts])
        by_hash = np.lexsort((hashes[:, 1], hashes[:, 0]))  # stable: the first of equals comes first
        is_first = np.ones(len(hashes), dtype=bool)
        is_first[by_hash[1:]] = (hashes[by_hash[1:]] != hashes[by_hash[:-1]]).any(axis=1)
        faults: Counter[str] = Counter()
        for part in parts:
            faults.update(part.faults)
        read, taken = sum(part.read for part in parts), sum(part.taken_down for part in parts)
        return cls(
            shards=shards[is_first],
            starts=np.concatenate([part.starts for part in parts])[is_first],
            hashes=hashes[is_first],
            draws=np.concatenate([part.draws for part in parts])[is_first],
            read=read,
            taken_down=taken,
            repeated=int((~is_first).sum()),
            unusable=read - taken - len(hashes),
            faults=faults,
            found=frozenset[str]().union(*(part.found for part in parts)),
        )

    def order(self, shards: npt.NDArray[np.int32], *, is_shuffled: bool) -> npt.NDArray[np.int64]:
        """The samples of these shards, as they came, or in the order that the seed drew."""
        ours = np.flatnonzero(np.isin(self.shards, shards))
        if is_shuffled:
            ours = ours[np.lexsort((self.hashes[ours, 1], self.hashes[ours, 0], self.draws[ours]))]
        return ours
