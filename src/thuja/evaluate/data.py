"""What `thuja curate` made, as an evaluation reads it: which pictures of which species, and their bytes."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from thuja.errors import BadFile, EmptyInput, ThujaError
from thuja.shards import list_shards, read_shard
from thuja.taxonomy import RANKS, Rank, Taxon

UNSEEN = "unseen"
_COLUMNS = ("uuid", "split", "common", *(rank.label for rank in RANKS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The pictures of one split: N uuids and their taxa, and the folder that holds their bytes."""

    folder: Path
    split: str
    ids: tuple[str, ...]
    taxa: tuple[Taxon, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def images(self, only: Iterable[str] | None = None) -> Iterator[tuple[str, bytes]]:
        """Uuid and encoded bytes of each picture, in the order of the shards."""
        wanted = set(self.ids if only is None else only)
        for shard in list_shards(self.folder / "shards", self.split) if wanted else []:
            for sample in read_shard(shard):
                if sample.record.uuid in wanted:
                    yield sample.record.uuid, sample.image

    def select(self, rows: Iterable[int]) -> "Pictures":
        """The pictures at these positions."""
        kept = list(rows)
        return Pictures(
            folder=self.folder,
            split=self.split,
            ids=tuple(self.ids[row] for row in kept),
            taxa=tuple(self.taxa[row] for row in kept),
        )

    def at_most(self, count: int) -> "Pictures":
        """At most `count` pictures, taken in turn from every species, in the same order as before.

        The same pictures each time: the order within a species is that of the uuids, which are hashes.
        """
        turns = _turns(self)
        rows = np.lexsort((np.array(self.ids), turns))[:count]
        return self.select(sorted(rows.tolist()))

    def at_most_each(self, count: int) -> "Pictures":
        """At most `count` pictures of each species."""
        return self.select(np.flatnonzero(_turns(self) < count).tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class Curated:
    """A curated folder: its pictures by split, and what the curator said of itself."""

    splits: dict[str, Pictures]
    summary: dict[str, Any]

    def __getitem__(self, split: str) -> Pictures:
        return self.splits[split]

    @property
    def seen_taxa(self) -> list[Taxon]:
        """The taxon of every picture outside the unseen split."""
        return [taxon for split, pictures in self.splits.items() if split != UNSEEN for taxon in pictures.taxa]


def read_curated(folder: Path) -> Curated:
    """Read catalog.parquet and summary.json of a folder that `thuja curate` made.

    Raises EmptyInput when it holds no picture to test with, or fewer than two species; BadFile
    when the catalog is not one.
    """
    path = Path(folder) / "catalog.parquet"
    if not path.is_file():
        raise EmptyInput(f"{folder} holds no curated data", hint="make some: thuja curate PHOTOS --out DIR")
    try:
        table = pq.read_table(path, columns=[*_COLUMNS, "drop_reason"])
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} is not a catalog: {error}", hint="make it again with thuja curate --force") from error
    ids: dict[str, list[str]] = defaultdict(list)
    taxa: dict[str, list[Taxon]] = defaultdict(list)
    known: dict[tuple[str | None, ...], Taxon] = {}
    for row in table.to_pylist():
        if row["drop_reason"] is not None or row["split"] is None:
            continue
        names = tuple(row[name] for name in _COLUMNS[2:])
        taxon = known.setdefault(names, Taxon.from_columns(row))
        ids[row["split"]].append(row["uuid"])
        taxa[row["split"]].append(taxon)
    splits = {
        split: Pictures(folder=Path(folder), split=split, ids=tuple(ids[split]), taxa=tuple(taxa[split]))
        for split in ("train", "val", "test", UNSEEN)
    }
    _check(folder, splits)
    return Curated(splits=splits, summary=_read_summary(Path(folder) / "summary.json"))


def _check(folder: Path, splits: dict[str, Pictures]) -> None:
    if not len(splits["test"]) and not len(splits[UNSEEN]):
        raise EmptyInput(
            f"{folder} has no picture to test with: the splits test and unseen are empty",
            hint="curate more pictures a species, or with a larger share for testing",
        )
    species = {taxon.at(Rank.SPECIES) for pictures in splits.values() for taxon in pictures.taxa if taxon.rank}
    if len(species) < 2:
        raise EmptyInput(f"{folder} has one class only, and there is nothing to tell apart", hint="curate two or more")


def _read_summary(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadFile(f"{path} is not JSON: {error}") from error
    if not isinstance(summary, dict):
        raise ThujaError(f"{path} must hold a JSON object, got {type(summary).__name__}")
    return summary


def _turns(pictures: Pictures) -> npt.NDArray[np.int64]:
    """For each picture, how many of its species come before it in order of uuid: (N,)."""
    rows_of: dict[Taxon, list[int]] = defaultdict(list)
    for row in sorted(range(len(pictures)), key=pictures.ids.__getitem__):
        rows_of[pictures.taxa[row]].append(row)
    turns = np.zeros(len(pictures), dtype=np.int64)
    for rows in rows_of.values():
        turns[rows] = np.arange(len(rows))
    return turns


def species_of(taxa: Sequence[Taxon]) -> npt.NDArray[np.int64]:
    """A number for each image's species (its whole lineage), for resampling by species: (N,)."""
    numbers: dict[Taxon, int] = {}
    return np.array([numbers.setdefault(taxon, len(numbers)) for taxon in taxa], dtype=np.int64)
