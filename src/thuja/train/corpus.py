"""The training images of one split, by number: their records in memory, their bytes on request."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput
from thuja.record import Record
from thuja.shards import index_shard, list_shards, read_at
from thuja.taxonomy import Taxon

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The records of one split and where their bytes lie; `read(i)` gives the bytes of record i."""

    records: Sequence[Record]
    read: Callable[[int], bytes]
    taxa: Sequence[Taxon] = field(init=False)
    taxon_ids: Rows = field(init=False)

    def __post_init__(self) -> None:
        taxa = sorted({record.taxon for record in self.records})
        number = {taxon: index for index, taxon in enumerate(taxa)}
        ids = np.array([number[record.taxon] for record in self.records], dtype=np.int64)
        object.__setattr__(self, "taxa", taxa)
        object.__setattr__(self, "taxon_ids", ids)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def fingerprint(self) -> str:
        """A hash of the records in their order, with their names and captions: a run resumes only on the same."""
        told = sha256()
        for record in self.records:
            words = (record.uuid, *record.taxon.names, record.taxon.common, record.caption)
            told.update(("\x1f".join(words) + "\n").encode())
        return told.hexdigest()

    def named(self) -> Iterator[tuple[str, bytes]]:
        """The bytes of every record under its row's number, as encoding takes them."""
        return ((str(row), self.read(row)) for row in range(len(self)))

    def at(self, rows: Sequence[int]) -> "Corpus":
        """The records of these rows, in this order."""
        return Corpus(records=[self.records[row] for row in rows], read=lambda row: self.read(rows[row]))

    def of(self, taxa: Iterable[Taxon]) -> "Corpus":
        """The records of these taxa."""
        wanted = set(taxa)
        rows = [row for row, record in enumerate(self.records) if record.taxon in wanted]
        return self if len(rows) == len(self) else self.at(rows)

    def spread(self, most: int) -> "Corpus":
        """At most so many of the records, evenly spread."""
        return self if len(self) <= most else self.at(spread_evenly(len(self), most).tolist())

    @classmethod
    def find(cls, data: Path, split: str) -> "Corpus | None":
        """The split of a folder that `thuja curate` made, or None when it has no image."""
        members = [(path, entry) for path in list_shards(data / "shards", split) for entry in index_shard(path)]
        if not members:
            return None
        records = [read_at(path, entry).record for path, entry in members]
        return cls(records=records, read=lambda row: read_at(*members[row]).image)

    @classmethod
    def open(cls, data: Path, split: str) -> "Corpus":
        """As `find`, but raises EmptyInput when the split has no image."""
        corpus = cls.find(data, split)
        if corpus is None:
            raise EmptyInput(f"{data} has no images in its {split} split", hint="see the counts in its summary.json")
        return corpus


def spread_evenly(count: int, most: int) -> Rows:
    """At most `most` of `count` rows, evenly spread."""
    return np.linspace(0, count - 1, min(count, most)).astype(np.int64)
