"""Shards into other shards: even sizes, another order, smaller images, without what has to be taken down.

The same input and settings give the same bytes, however many workers there are and however often the
job is killed: every shard written is a function of the plan, and takes its name once it is whole.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from io import FileIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile, EmptyInput, ImageError, UsageError
from thuja.images import shard_bytes
from thuja.jobs import Progress, kept_when_full, output_folder, spread, write_json
from thuja.record import Record, uuid_of_source
from thuja.shards.archive import Fault, scan
from thuja.shards.checking import find_shards
from thuja.shards.manifest import read_facts, write_manifest
from thuja.shards.reader import FaultCount, assemble, open_shard
from thuja.shards.sizes import even_sizes
from thuja.shards.survey import Survey, Surveyed, survey_shard
from thuja.shards.takedown import TakeDownList
from thuja.shards.writer import ShardFacts, is_key, shard_name, split_of_name, write_shard

VERB = "shards repack"
PLAN = "repack.json"
"""Stands in the output: which input and settings it is made from, so that no other job goes on with it."""
_OPEN_FILES = 64
_DEFAULT_PREFIX = "shard"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepackConfig:
    """How shards are written anew.

    At most `size` samples a shard; two shards of a split differ by one at most. With a `seed` the
    samples are shuffled within each split, by their keys, so that their order in the input does not
    matter. `take_down` is a file with one uuid, URL or source id a line, or a table of them (`takedown`).
    """

    size: int = 10_000
    seed: int | None = None
    max_side: int | None = None
    text_keys: bool = False
    take_down: Path | None = None

    def __post_init__(self) -> None:
        for name in ("size", "max_side"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"{name.replace('_', ' ')} must be at least 1, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepackReport:
    """What became of the samples: read = written + taken down + repeated + unusable.

    `not_found` are the entries of the take-down list that no sample is known by, as they are written there.
    """

    read: int
    written: int
    taken_down: int
    repeated: int
    unusable: int
    shards: int
    splits: Mapping[str, int]
    faults: Mapping[str, int]
    not_found: Sequence[str] = ()

    def __post_init__(self) -> None:
        parts = self.written + self.taken_down + self.repeated + self.unusable
        assert parts == self.read, f"{parts} samples came of {self.read}"


def repack(
    paths: Sequence[Path],
    out: Path,
    config: RepackConfig,
    *,
    force: bool = False,
    resume: bool = False,
    workers: int = 0,
) -> RepackReport:
    """Write the samples of shards (thuja's, TreeOfLife's or LAION's) into even shards of the folder `out`.

    Samples keep their split, which is what their shard's name begins with. What cannot be read is
    left out and counted; of several samples with one key the first stays. Raises UsageError when the
    call cannot work, and EmptyInput when no sample is left.
    """
    shards = find_shards(paths)
    if Path(out).resolve() in {shard.resolve().parent for shard in shards}:
        raise UsageError(f"the output {out} holds the input", hint="write to another folder")
    if config.take_down is not None:
        take_down_list(config.take_down)  # a list that cannot be read is told before anything is written
    with output_folder(out, verb=VERB, force=force, resume=resume) as folder:
        _settle_plan(folder, shards, config)
        survey = _survey(shards, config, workers)
        tasks = list(_tasks(shards, survey, config, folder=folder))
        if not tasks:
            raise EmptyInput(f"no sample is left of {survey.read:,}", hint="thuja shards check says what is wrong")
        with kept_when_full(folder):
            written = _write_all(tasks, config, workers)
            write_manifest(folder, [one.facts for one in written if one.facts is not None])
    return _report(survey, config, tasks=tasks, written=written)


def take_down_list(path: Path) -> TakeDownList:
    """A take-down list, read once a process; raises UsageError for a file that names nothing, BadFile."""
    listed = _read_list(path, path.stat().st_mtime_ns if path.exists() else 0)
    if not listed.entries:
        raise UsageError(f"the take-down list {path} names nothing", hint="one uuid, URL or source id a line")
    return listed


@lru_cache(maxsize=1)
def _read_list(path: Path, changed: int) -> TakeDownList:
    return TakeDownList.read(path)


def _settle_plan(folder: Path, shards: Sequence[Path], config: RepackConfig) -> None:
    """Write down what is made here; raises UsageError where another job began."""
    settings = {
        **asdict(config),
        "take_down": sorted(take_down_list(config.take_down).entries) if config.take_down else None,
    }
    files = [[str(shard.absolute()), shard.stat().st_size, shard.stat().st_mtime_ns] for shard in shards]
    plan = {"settings": settings, "shards": files}
    path = folder / PLAN
    if path.exists():
        try:
            there = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            there = {}
        differing = [name for name in plan if not isinstance(there, dict) or there.get(name) != plan[name]]
        if differing:
            hint = "--force begins anew, or name another output"
            raise UsageError(f"{folder} was begun with other {' and '.join(differing)}", hint=hint)
    else:
        write_json(path, plan)


def _survey(shards: Sequence[Path], config: RepackConfig, workers: int) -> Survey:
    progress = Progress(total=len(shards), label="reading", unit="shards")
    job = partial(survey_shard, seed=config.seed, listing=config.take_down, read_list=take_down_list)
    found: list[Surveyed] = []
    for one in spread(job, shards, workers=workers):
        found.append(one)
        progress.advance(1)
    progress.close()
    return Survey.of(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One shard to write: its samples by the shards that they are in and where they begin there."""

    path: Path
    sources: Sequence[Path]
    places: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    facts: ShardFacts | None
    faults: Mapping[str, int]


def _tasks(shards: Sequence[Path], survey: Survey, config: RepackConfig, *, folder: Path) -> Iterator[_Task]:
    prefixes = [_prefix_of(shard) for shard in shards]
    for prefix in sorted(set(prefixes)):
        ours = np.array([number for number, name in enumerate(prefixes) if name == prefix], dtype=np.int32)
        order = survey.order(ours, is_shuffled=config.seed is not None)
        begin = 0
        for number, size in enumerate(even_sizes(len(order), config.size)):
            chosen = order[begin : begin + size]
            used, places = np.unique(survey.shards[chosen], return_inverse=True)
            yield _Task(
                path=folder / shard_name(prefix, number),
                sources=[shards[one] for one in used],
                places=places.astype(np.int32),
                starts=survey.starts[chosen],
            )
            begin += size


def _write_all(tasks: Sequence[_Task], config: RepackConfig, workers: int) -> list[_Written]:
    progress = Progress(total=sum(len(task.starts) for task in tasks), label="repacking", unit="samples")
    job = partial(_write, max_side=config.max_side, text_keys=config.text_keys)
    written: list[_Written] = []
    for task, one in zip(tasks, spread(job, tasks, workers=workers), strict=True):
        written.append(one)
        progress.advance(len(task.starts))
    progress.close()
    return written


def _report(
    survey: Survey, config: RepackConfig, *, tasks: Sequence[_Task], written: Sequence[_Written]
) -> RepackReport:
    faults, splits = Counter(survey.faults), Counter[str]()
    for one in written:
        faults.update(one.faults)
        if one.facts is not None:
            splits[one.facts.split] += one.facts.samples
    return RepackReport(
        read=survey.read,
        written=splits.total(),
        taken_down=survey.taken_down,
        repeated=survey.repeated,
        unusable=survey.unusable + sum(len(task.starts) for task in tasks) - splits.total(),
        shards=sum(one.facts is not None for one in written),
        splits=dict(sorted(splits.items())),
        faults=dict(faults.most_common()),
        not_found=_not_found(survey, config),
    )


def _not_found(survey: Survey, config: RepackConfig) -> list[str]:
    """The entries of the take-down list, as they are written there, that no sample is known by."""
    if config.take_down is None:
        return []
    entries = take_down_list(config.take_down).entries
    return [written for plain, written in entries.items() if plain not in survey.found]


def _prefix_of(shard: Path) -> str:
    prefix = split_of_name(shard.name)
    return prefix if is_key(prefix) else _DEFAULT_PREFIX


def _write(task: _Task, *, max_side: int | None, text_keys: bool) -> _Written:
    """Write a shard, or find it written by the run that this one goes on with."""
    faults: Counter[str] = Counter()
    if task.path.exists():
        return _Written(facts=read_facts(task.path), faults=faults)
    with ExitStack() as files:
        samples = _samples(task, _Opened(files), max_side=max_side, faults=faults)
        try:
            facts = write_shard(task.path, samples, text_keys=text_keys)
        except EmptyInput:
            return _Written(facts=None, faults=faults)
    return _Written(facts=facts, faults=faults)


class _Opened:
    """The shards that a task reads from, a few of them open at a time."""

    def __init__(self, files: ExitStack) -> None:
        self._files = files
        self._open: dict[Path, FileIO] = {}
        files.callback(self._close)

    def __getitem__(self, path: Path) -> FileIO:
        if path not in self._open:
            if len(self._open) >= _OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            self._open[path] = open_shard(path)
        return self._open[path]

    def _close(self) -> None:
        for file in self._open.values():
            file.close()


def _samples(
    task: _Task, files: _Opened, *, max_side: int | None, faults: Counter[str]
) -> Iterator[tuple[Record, bytes]]:
    told = FaultCount()
    for place, start in zip(task.places.tolist(), task.starts.tolist(), strict=True):
        path = task.sources[place]
        file = files[path]
        entry = next(scan(file, path, start=start), None)
        if entry is None or isinstance(entry, Fault):
            raise BadFile(f"{path} changed while it was read", hint="begin anew with --force")
        sample = assemble(file, path, entry)
        if isinstance(sample, Fault):
            raise BadFile(f"{path} changed while it was read: {sample.message}", hint="begin anew with --force")
        try:
            image = shard_bytes(sample.image, max_side=max_side)
        except ImageError as error:
            told(Fault(shard=path, key=entry.key, reason=error.reason, message=error.message))
            faults[error.reason] += 1
            continue
        yield _own(sample.record), image


def _own(record: Record) -> Record:
    """The record as a shard of thuja's holds it: named by a uuid, and silent about where its file lay."""
    if is_key(record.uuid):
        return replace(record, path="")
    # LAION's keys may hold slashes and dots, which a member's name cannot.
    uuid = uuid_of_source("shard", record.uuid)
    return replace(record, path="", uuid=uuid, source_id=record.source_id or record.uuid)
