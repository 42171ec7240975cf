"""Samples read from shards on disk by number, a window of shards at a time: thuja's, TreeOfLife's or LAION's."""

import json
import os
import random
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np

from thuja.errors import BadFile, EmptyInput, ImageError, UsageError
from thuja.images import Preparation
from thuja.record import SPLITS, Record
from thuja.shards import Entry, Fault, Sample, list_shards, read_manifest
from thuja.shards.archive import scan
from thuja.shards.reader import assemble, describe, open_shard
from thuja.shards.writer import split_of_name
from thuja.taxonomy import Taxon
from thuja.train.shard_index import count_in_threads, sample_starts
from thuja.train.sources import NO_DEVIATION, TRIES, Fetched, Floats, Pixels, Rows, require_readable, squeeze, stand_in

_RANGE: Final = re.compile(r"\{(\d+)\.\.(\d+)\}")

_COUNTED: Final = 64
"""Shards that are counted at a time, where it is known how many samples will do."""
PROBED: Final = 64
"""Samples from all over a source that tell whether most of it can be read."""

Picture = tuple[Pixels, tuple[int, int]]
Read = Callable[[FileIO, Path, Entry], Sample | Fault]


@dataclass(slots=True, kw_only=True)
class _Open:
    """A shard in use: its file, closed when this is let go of, and where its samples begin."""

    file: FileIO
    starts: Rows

    def __del__(self) -> None:
        self.file.close()


class ShardSource:
    """The samples of some shards, read when asked for.

    `window` is the number of shards that a `SampleOrder` draws from at a time; twice as many are
    kept open. `threads` decode the pictures of a fetch; a worker process needs one.
    """

    def __init__(
        self, paths: Sequence[Path], sizes: Sequence[int], kept: Preparation, *, window: int = 32, threads: int = 1
    ) -> None:
        self.paths, self.sizes, self.kept = paths, sizes, kept
        self.window, self.threads = window, threads
        self.taxa: Sequence[Taxon] | None = None
        self.deviation = NO_DEVIATION
        self._is_found_readable = False
        self._ends = np.cumsum(np.asarray(sizes, dtype=np.int64))
        self._start_empty()

    @classmethod
    def open(
        cls, place: Path | str, kept: Preparation, *, split: str = "train", window: int = 32, threads: int = 1
    ) -> "ShardSource":
        """The shards of a split of a curated folder, of any folder of tars, or of `shard-{000..159}.tar` or `*.tar`.

        The counts come from the manifest that lies beside the shards, else from their headers, once.
        Raises EmptyInput where there is no sample, BadFile where a shard of the manifest is missing.
        """
        paths = find_shards(place, split)
        if not paths:
            raise EmptyInput(
                f"no {split} shard in {place}", hint="a folder with .tar files, or a pattern of their names"
            )
        sizes = _sizes(paths)
        if not any(sizes):
            raise EmptyInput(f"none of the {len(paths)} shards in {place} has a sample that can be read")
        return cls(paths, sizes, kept, window=window, threads=threads)

    @property
    def fingerprint(self) -> str:
        """A hash of the shards' names, counts and lengths in bytes."""
        told = (f"{path.name} {size} {_bytes(path)}" for path, size in zip(self.paths, self.sizes, strict=True))
        return sha256("\n".join(told).encode()).hexdigest()

    def __len__(self) -> int:
        return int(self._ends[-1])

    def fetch(self, rows: Rows) -> Fetched:
        """These samples, in this order; raises BadFile when most samples of the source cannot be read."""
        count, size = len(rows), self.kept.size
        pixels: Pixels = np.empty((count, size, size, 3), dtype=np.uint8)
        frames: Floats = np.empty((count, 2), dtype=np.float32)
        records: list[Record] = [Record(uuid="", path="")] * count
        reasons = Counter[str]()
        wanted, waiting, replaced = rows.copy(), np.arange(count), 0
        for attempt in range(TRIES):
            samples = self._read(wanted[waiting], partial(assemble, needs_record=False))
            failed = []
            for place, sample, picture in zip(waiting.tolist(), samples, self._decoded(samples), strict=True):
                if isinstance(sample, Fault) or isinstance(picture, str):
                    reasons[sample.reason if isinstance(sample, Fault) else str(picture)] += 1
                    wanted[place] = stand_in(int(rows[place]), attempt, len(self))
                    failed.append(place)
                else:
                    records[place] = sample.record
                    pixels[place], frames[place] = picture
            if attempt == 0:
                replaced = len(failed)
                if replaced > count // 2:
                    self._require_readable()
            waiting = np.array(failed, dtype=np.int64)
            if not failed:
                return Fetched(records=records, pixels=pixels, frames=frames, replaced=replaced, reasons=reasons)
        raise BadFile(f"no sample of {self.paths[0].parent} can be read in the place of a broken one")

    def records(self, rows: Rows) -> Sequence[Record]:
        """The records of those of these samples that can be read, without their images."""
        found = self._read(rows, partial(describe, needs_record=False))
        return [sample.record for sample in found if isinstance(sample, Sample)]

    def samples(self, rows: Rows) -> Sequence[Sample]:
        """Those of these samples that can be read, with their images as bytes."""
        return [one for one in self._read(rows, partial(assemble, needs_record=False)) if isinstance(one, Sample)]

    def _require_readable(self) -> None:
        """Raise BadFile where most of all that there is cannot be read, by samples from every part of it.

        A fetch does not tell: one broken shard can be all of a window, and so of every fetch for a while.
        """
        if self._is_found_readable:
            return
        rows = np.linspace(0, len(self) - 1, min(PROBED, len(self))).astype(np.int64)
        found = self._decoded(self._read(rows, partial(assemble, needs_record=False)))
        reasons = Counter(one for one in found if isinstance(one, str))
        require_readable(reasons.total(), len(rows), str(self.paths[0].parent), reasons=reasons)
        self._is_found_readable = True

    def _read(self, rows: Rows, read: Read) -> list[Sample | Fault]:
        """What the rows hold, read in the order in which they lie."""
        found: list[Sample | Fault | None] = [None] * len(rows)
        shards = np.searchsorted(self._ends, rows, side="right")
        with self._lock:
            for shard in self._in_my_order(np.unique(shards)):
                opened = self._opened(shard)
                begin = int(self._ends[shard]) - self.sizes[shard]
                for place in np.flatnonzero(shards == shard)[np.argsort(rows[shards == shard])].tolist():
                    found[place] = self._sample(shard, int(rows[place]) - begin, opened, read=read)
        return [one for one in found if one is not None]

    def _sample(self, shard: int, number: int, opened: "_Open | Fault", *, read: Read) -> Sample | Fault:
        path = self.paths[shard]
        if isinstance(opened, Fault):
            return opened
        if number >= len(opened.starts):
            return Fault(
                shard=path, key="", reason="cut_short", message=f"has no sample {number}, as its manifest says"
            )
        try:
            entry = next(scan(opened.file, path, start=int(opened.starts[number])), None)
            if isinstance(entry, Entry):
                return read(opened.file, path, entry)
            return entry or Fault(shard=path, key="", reason="cut_short", message="has changed since it was indexed")
        except OSError as error:
            return Fault(shard=path, key="", reason="unreadable", message=str(error.strerror))

    def _in_my_order(self, shards: Rows) -> list[int]:
        """The shards in an order of this process's own, so that workers index different ones first."""
        order: list[int] = shards.tolist()
        random.Random(os.getpid()).shuffle(order)
        return order

    def _opened(self, shard: int) -> "_Open | Fault":
        """The shard, opened and indexed; the longest unused is closed where too many are open."""
        if shard in self._in_use:
            self._in_use.move_to_end(shard)
            return self._in_use[shard]
        opened: _Open | Fault
        try:
            opened = _Open(file=open_shard(self.paths[shard]), starts=sample_starts(self.paths[shard]))
        except BadFile as error:
            opened = Fault(shard=self.paths[shard], key="", reason="unreadable", message=error.message)
        self._in_use[shard] = opened
        if len(self._in_use) > 2 * self.window:
            self._in_use.popitem(last=False)
        return opened

    def _decoded(self, samples: Sequence[Sample | Fault]) -> list[Picture | str]:
        """Each sample's picture, or a word for why there is none."""
        decode = partial(_decode, kept=self.kept)
        if self.threads == 1:
            return [decode(sample) for sample in samples]
        with ThreadPoolExecutor(max_workers=self.threads) as pool:
            return list(pool.map(decode, samples))

    def _start_empty(self) -> None:
        self._lock = Lock()
        self._in_use: OrderedDict[int, _Open | Fault] = OrderedDict()

    def close(self) -> None:
        """Close the files that are open; a later fetch opens them again."""
        with self._lock:
            for opened in self._in_use.values():
                if isinstance(opened, _Open):
                    opened.file.close()
            self._in_use.clear()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_in_use")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_empty()


def find_shards(place: Path | str, split: str) -> list[Path]:
    """The shards that a folder holds of a split, or all of them where its names know no splits; or those of a pattern.

    Raises UsageError where a range in braces names a shard that is not there, BadFile where the manifest does.
    """
    path = Path(place)
    if path.is_dir():
        folder = path / "shards" if (path / "shards").is_dir() else path
        own = list_shards(folder, split)
        _require_all(folder, own, split)
        return own or [one for one in sorted(folder.glob("*.tar")) if split_of_name(one.name) not in SPLITS]
    if _RANGE.search(str(place)):
        paths = [Path(name) for name in _expanded(str(place))]
        missing = [one for one in paths if not one.exists()]
        if missing:
            raise UsageError(
                f"{len(missing):,} of {len(paths):,} shards of {place} are not there, the first {missing[0]}"
            )
        return paths
    return sorted(path.parent.glob(path.name))


def count_up_to(paths: Sequence[Path], enough: int) -> int:
    """The samples of some shards; where there are `enough` or more, those of as many shards as have them."""
    count = 0
    for first in range(0, len(paths), _COUNTED):
        count += sum(_sizes(paths[first : first + _COUNTED]))
        if count >= enough:
            break
    return count


def _require_all(folder: Path, found: Sequence[Path], split: str) -> None:
    manifest = read_manifest(folder)
    names = {facts.name for facts in manifest.shards if facts.split == split} if manifest else set[str]()
    missing = sorted(names - {path.name for path in found})
    if missing:
        raise BadFile(f"{len(missing):,} shards of the manifest in {folder} are not there, the first {missing[0]}")


def _expanded(pattern: str) -> Iterator[str]:
    """The names that ranges in braces stand for, in order; digits keep their width."""
    match = _RANGE.search(pattern)
    if match is None:
        yield pattern
        return
    first, last = match.groups()
    for number in range(int(first), int(last) + 1):
        yield from _expanded(f"{pattern[: match.start()]}{number:0{len(first)}d}{pattern[match.end() :]}")


def _sizes(paths: Sequence[Path]) -> list[int]:
    """The samples of each shard: as its folder's manifest tells, or else what other makers leave beside it."""
    told: dict[Path, int] = {}
    for folder in {path.parent for path in paths}:
        manifest = read_manifest(folder)
        told |= {folder / facts.name: facts.samples for facts in manifest.shards} if manifest else _foreign(folder)
    unknown = [path for path in paths if path not in told]
    told |= dict(zip(unknown, count_in_threads(unknown), strict=True)) if unknown else {}
    return [told[path] for path in paths]


def _foreign(folder: Path) -> dict[Path, int]:
    """Counts in webdataset's `sizes.json`, and in the `00000_stats.json` that img2dataset leaves beside each shard."""
    told = {folder / name: count for name, count in _numbers(folder / "sizes.json").items()}
    for file in folder.glob("*_stats.json"):
        successes = _numbers(file).get("successes")
        if successes is not None:
            told[folder / f"{file.name.removesuffix('_stats.json')}.tar"] = successes
    return told


def _numbers(file: Path) -> dict[str, int]:
    """The whole numbers of a JSON object; none where there is no such file or it is something else."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = content.items() if isinstance(content, dict) else ()
    return {name: value for name, value in known if type(value) is int and value >= 0}


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _decode(sample: Sample | Fault, *, kept: Preparation) -> Picture | str:
    if isinstance(sample, Fault):
        return sample.reason
    try:
        return squeeze(sample.image, kept)
    except ImageError as error:
        return error.reason
