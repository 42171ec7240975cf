import io
import json
import tarfile
from collections import Counter
from dataclasses import asdict
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.errors import UsageError
from thuja.record import Record, uuid_of_source
from thuja.shards import Position, ShardReader, ShardWriter

JPEG = b"\xff\xd8\xff\xd9"


def uuids(numbers):
    return [uuid_of_source("test", str(number)) for number in numbers]


def keys(samples):
    return [sample.record.uuid for sample in samples]


def write(folder, numbers):
    folder.mkdir(exist_ok=True)
    with ShardWriter(folder) as writer:
        for uuid in uuids(numbers):
            writer.write(Record(uuid=uuid, path=uuid), JPEG)
    return writer.paths[0]


def foreign(path, members):
    with tarfile.open(path, "w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Shards of 0 to 5 samples, twelve of them, and what each holds."""
    folder = tmp_path_factory.mktemp("library")
    sizes = [3, 1, 5, 2, 4, 1, 0, 5, 3, 2, 1, 4]
    shards, first = [], 0
    for number, size in enumerate(sizes):
        held = range(first, first + size)
        first += size
        path = folder / f"x-{number:05d}.tar"
        if not held:
            foreign(path, [])
        else:
            write(folder / "one", held).rename(path)
        shards.append((path, uuids(held)))
    return shards


SPLITS = {"shards": st.integers(0, 12), "world": st.integers(1, 5), "workers": st.integers(1, 4)}


@settings(max_examples=120, deadline=None)
@given(**SPLITS)
def test_all_readers_together_read_every_sample_once(library, shards, world, workers):
    paths = [path for path, _ in library[:shards]]
    expected = [key for _, held in library[:shards] for key in held]
    parts = [
        keys(ShardReader(paths, rank=rank, world=world, worker=worker, workers=workers))
        for rank in range(world)
        for worker in range(workers)
    ]
    assert sorted(key for part in parts for key in part) == sorted(expected)


def test_one_shard_is_shared_out_evenly(tmp_path):
    path = write(tmp_path, range(10))
    parts = [keys(ShardReader([path], rank=rank, world=4)) for rank in range(4)]
    assert sorted(map(len, parts)) == [2, 2, 3, 3]


def test_whole_shards_are_read_by_one_reader_each(library):
    paths = [path for path, _ in library]
    part = keys(ShardReader(paths, rank=1, world=3, worker=0, workers=2))
    assert part == [key for index in (2, 8) for key in library[index][1]]


@settings(max_examples=120, deadline=None)
@given(**SPLITS, stop=st.integers(0, 40), rank=st.integers(0, 4), worker=st.integers(0, 3))
def test_interrupted_and_resumed_is_the_same_as_left_alone(library, shards, world, workers, stop, rank, worker):
    paths = [path for path, _ in library[:shards]]
    options = {"rank": rank % world, "world": world, "worker": worker % workers, "workers": workers}
    whole = keys(ShardReader(paths, **options))
    reader = ShardReader(paths, **options)
    before = keys(islice(reader, stop))
    position = Position(**json.loads(json.dumps(asdict(reader.position))))
    after = keys(ShardReader(paths, **options, position=position))
    assert before == whole[:stop]
    assert after == whole[stop:]


def test_position_after_the_end_gives_nothing(library):
    paths = [path for path, _ in library]
    reader = ShardReader(paths)
    assert len(keys(reader)) == 31
    assert reader.position == Position(shard=12)
    assert keys(ShardReader(paths, position=reader.position)) == []


def test_faults_are_counted_once_over_all_readers(tmp_path):
    members = [(f"{number}.{suffix}", JPEG) for number in range(7) for suffix in ("jpg", "caption")]
    members += [("8.jpg", JPEG), ("8.txt", b"fine")]
    path = foreign(tmp_path / "r.tar", members)
    path.write_bytes(path.read_bytes().rstrip(b"\0"))
    readers = [ShardReader([path], rank=rank, world=3) for rank in range(3)]
    assert sum(len(keys(reader)) for reader in readers) == 1
    total = sum((Counter(reader.faults) for reader in readers), Counter())
    assert total["no_record"] == 7
    assert total["cut_short"] == 1


def test_reader_that_cannot_be_is_refused(library):
    path = library[0][0]
    for options in ({"rank": 2, "world": 2}, {"worker": -1}, {"workers": 0}):
        with pytest.raises(UsageError, match="no such reader"):
            ShardReader([path], **options)
    with pytest.raises(UsageError, match="cannot go on"):
        ShardReader([path], position=Position(shard=3))
