"""Pictures of things on disk: folders with a table, or shards; their truth; and the questions of the test.

Each picture is drawn from (seed, number) alone and each file is renamed into place when it is whole, so workers may
come in any number, and a killed run goes on to the same bytes.
"""

import csv
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.biosphere.rows import ParquetRows
from thuja.biosphere.settings import Note, check_count, check_layout
from thuja.biosphere.things.draw import check_size, draw_thing
from thuja.biosphere.things.questions import Answer, Choice, answers_of, choices_of, class_card
from thuja.biosphere.things.thing import VERSION, Thing, ThingsConfig, is_test
from thuja.images import encode_jpeg
from thuja.jobs import Progress, atomic_path, put_file, spread, write_json
from thuja.record import Value
from thuja.shards import ShardFacts, even_sizes, write_manifest, write_shard
from thuja.shards.manifest import read_facts

NOTE: Final = Note(
    file="things.json",
    verb="biosphere things",
    what="things",
    compared=("version", "things", "size", "shards"),
)
QUALITY: Final = 90
_BLOCK: Final = 1_000_000
"""Pictures whose split is looked up at a time."""
_CHUNK: Final = 200
"""Pictures that a worker draws at a time, into folders."""
_FOLDER: Final = 1_000
"""Pictures in a folder."""
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("file", "uuid", "split", "caption", "true_caption")),
        ("is_true", pa.bool_()),
        *((name, pa.string()) for name in ("family", "object", "colour", "pattern", "size")),
        ("count", pa.int64()),
        *((f"second_{name}", pa.string()) for name in ("object", "colour", "pattern", "size")),
        ("second_count", pa.int64()),
        *((name, pa.string()) for name in ("relation", "scene", "light")),
    ]
)
"""The table of truth: one row a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingsWriteConfig:
    """How the pictures are put on disk; `workers` changes the speed, never the bytes (0: one a core)."""

    size: int = 128
    shards: bool = False
    shard_images: int = 2_000
    workers: int = 0

    def __post_init__(self) -> None:
        check_size(self.size)
        check_layout(shard_images=self.shard_images, workers=self.workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What a worker hands back of its pictures: their things and files, and what the shard is."""

    things: Sequence[Thing]
    files: Sequence[str]
    shard: ShardFacts | None = None


def write_things(
    config: ThingsConfig, out: Path, how: ThingsWriteConfig, *, force: bool = False, resume: bool = False
) -> int:
    """Write all pictures, their truth (`things.parquet`), the knobs (`things.json`) and the test's questions.

    Folders: `images/<nnn>/<uuid>.jpg` and `table.csv`. Shards: `shards/train-00000.tar`, ... and `test-00000.tar`,
    ..., with a manifest. The questions: `classes.json`, `questions.csv`, `choices.csv`. Returns the number of pictures.
    Raises OutputExists as jobs.output_folder does, and when the run to resume had other knobs; ThujaError when the
    disk is full or a worker is killed.
    """
    out = Path(out)
    check_count(config.images, is_sharded=how.shards)
    with NOTE.folder(out, _settings(config, how), force=force, resume=resume):
        _write_all(config, out, how)
    return config.images


def _settings(config: ThingsConfig, how: ThingsWriteConfig) -> dict[str, object]:
    test = int(_tests(config).sum())
    return {
        "version": VERSION,
        "things": asdict(config),
        "source": config.source,
        "images": {"train": config.images - test, "test": test},
        "size": how.size,
        "quality": QUALITY,
        "shards": how.shard_images if how.shards else 0,
    }


def _tests(config: ThingsConfig) -> npt.NDArray[np.bool_]:
    """Which pictures are kept for tests (N,), looked up in blocks: a byte each."""
    starts = range(0, config.images, _BLOCK)
    blocks = (np.arange(start, min(start + _BLOCK, config.images)) for start in starts)
    return np.concatenate([is_test(config, block) for block in blocks])


def _write_all(config: ThingsConfig, out: Path, how: ThingsWriteConfig) -> None:
    """Draw, and write the tables as the pictures come."""
    shards: list[ShardFacts] = []
    progress = Progress(total=config.images, label="things")
    with ExitStack() as stack:
        table = _Table(stack, out, has_csv=not how.shards)
        for done in stack.enter_context(closing(_drawn(config, out, how))):
            table.add(done)
            shards += [done.shard] if done.shard else []
            progress.advance(len(done.things))
    progress.close()
    write_json(out / "classes.json", class_card(table.counts))
    if shards:
        write_manifest(out / "shards", shards)


def _drawn(config: ThingsConfig, out: Path, how: ThingsWriteConfig) -> Generator[_Done, None, None]:
    if how.shards:
        job = partial(_draw_shard, config=config, out=out, size=how.size)
        return spread(job, _shard_plan(config, how.shard_images), workers=how.workers)
    chunks = (range(start, min(start + _CHUNK, config.images)) for start in range(0, config.images, _CHUNK))
    return spread(partial(_draw_chunk, config=config, out=out, size=how.size), chunks, workers=how.workers)


def _draw_chunk(numbers: range, *, config: ThingsConfig, out: Path, size: int) -> _Done:
    """Draw what is not there yet."""
    things = [Thing.of(config, number) for number in numbers]
    files = [f"images/{thing.number // _FOLDER:03d}/{thing.uuid}.jpg" for thing in things]
    for thing, file in zip(things, files, strict=True):
        put_file(out / file, partial(jpeg_of, thing, size))
    return _Done(things=things, files=files)


def _shard_plan(config: ThingsConfig, most: int) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Each shard's name and the numbers of its pictures, which lie in no order of kinds or scenes."""
    tests = _tests(config)
    plan = []
    for split, members in (("train", np.flatnonzero(~tests)), ("test", np.flatnonzero(tests))):
        ends = np.cumsum(even_sizes(len(members), most))
        parts = np.split(members, ends[:-1]) if len(members) else []
        plan += [(f"{split}-{number:05d}.tar", part) for number, part in enumerate(parts)]
    return plan


def _draw_shard(plan: tuple[str, npt.NDArray[np.int64]], *, config: ThingsConfig, out: Path, size: int) -> _Done:
    """Write one whole shard, unless it is there; shards have their names once they are whole."""
    name, numbers = plan
    things = [Thing.of(config, int(number)) for number in numbers]
    files = [f"shards/{name}#{thing.uuid}.jpg" for thing in things]
    path = out / "shards" / name
    if path.exists():
        return _Done(things=things, files=files, shard=read_facts(path))
    samples = ((thing.record(size, file), jpeg_of(thing, size)) for thing, file in zip(things, files, strict=True))
    return _Done(things=things, files=files, shard=write_shard(path, samples))


def jpeg_of(thing: Thing, size: int) -> bytes:
    """The picture as the bytes of a JPEG file."""
    return encode_jpeg(draw_thing(thing.facts, size), quality=QUALITY)


class _Table:
    """The tables of truth and of questions, which take their names when all pictures are there."""

    def __init__(self, stack: ExitStack, out: Path, *, has_csv: bool) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self._stack = stack
        temporary = stack.enter_context(atomic_path(out / "things.parquet"))
        self._parquet = stack.enter_context(ParquetRows(temporary, _SCHEMA))
        self._csv = self._opened(out / "table.csv", _SCHEMA.names) if has_csv else None
        self._answers = self._opened(out / "questions.csv", [field.name for field in fields(Answer)])
        self._choices = self._opened(out / "choices.csv", [field.name for field in fields(Choice)])

    def add(self, done: _Done) -> None:
        """Put down what a worker did."""
        rows = [_row(thing, file) for thing, file in zip(done.things, done.files, strict=True)]
        self._parquet.add(rows)
        if self._csv:
            self._csv.writerows(rows)
        for thing in done.things:
            for answer in answers_of(thing):
                self._answers.writerow(asdict(answer))
                self.counts.setdefault(answer.task, Counter())[answer.answer] += 1
            self._choices.writerows(asdict(choice) for choice in choices_of(thing))

    def _opened(self, path: Path, columns: Sequence[str]) -> "csv.DictWriter[str]":
        temporary = self._stack.enter_context(atomic_path(path))
        file = self._stack.enter_context(temporary.open("w", encoding="utf-8", newline=""))
        table: csv.DictWriter[str] = csv.DictWriter(file, list(columns), lineterminator="\n")
        table.writeheader()
        return table


def _row(thing: Thing, file: str) -> dict[str, Value]:
    return {"file": file, "uuid": thing.uuid, "split": thing.split, "caption": thing.caption, **thing.truth}
