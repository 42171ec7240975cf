"""Shards written alone and to given sizes; what any shard holds is told in test_shards."""

from hashlib import sha256
from pathlib import Path

import pytest
from tests.shards.making import jpeg, record, samples, uuid, write

from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.shards import ShardFacts, ShardWriter, even_sizes, index_shard, write_shard


@pytest.mark.parametrize("text_keys", [False, True])
def test_a_shard_written_alone_has_the_bytes_of_the_writers(tmp_path: Path, text_keys: bool) -> None:
    with ShardWriter(tmp_path / "together", "val", max_count=3, text_keys=text_keys) as writer:
        for one, image in samples(range(7)):
            writer.write(one, image)
    for number, begin in enumerate((0, 3, 6)):
        path = tmp_path / "alone" / f"val-{number:05d}.tar"
        facts = write_shard(path, samples(range(begin, min(begin + 3, 7))), text_keys=text_keys)
        assert path.read_bytes() == writer.paths[number].read_bytes()
        assert facts == writer.facts[number]


def test_facts_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "train-00002.tar"
    facts = write_shard(path, samples(range(3)))
    assert facts == ShardFacts(
        name="train-00002.tar",
        split="train",
        samples=3,
        bytes=path.stat().st_size,
        sha256=sha256(path.read_bytes()).hexdigest(),
        first_key=uuid(0),
        last_key=uuid(2),
    )


def test_a_shard_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def failing():
        yield from samples(range(3))
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        write_shard(tmp_path / "train-00000.tar", failing())
    with pytest.raises(ThujaError, match="twice"):
        write_shard(tmp_path / "train-00000.tar", samples([1, 1]))
    with pytest.raises(EmptyInput):
        write_shard(tmp_path / "train-00000.tar", [])
    assert list(tmp_path.iterdir()) == []


def test_a_failing_write_keeps_the_shard_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "train-00000.tar"
    write_shard(path, samples([1]))
    before = path.read_bytes()
    with pytest.raises(ThujaError):
        write_shard(path, [(record(1), b"no jpeg")])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_shards_of_given_sizes_differ_by_one_sample_at_most(tmp_path: Path) -> None:
    with ShardWriter(tmp_path, sizes=even_sizes(11, 4)) as writer:
        names = [writer.write(one, image) for one, image in samples(range(11))]
    assert [len(index_shard(path)) for path in writer.paths] == [4, 4, 3]
    assert names == ["train-00000.tar"] * 4 + ["train-00001.tar"] * 4 + ["train-00002.tar"] * 3
    assert [facts.samples for facts in writer.facts] == [4, 4, 3]


def test_a_sample_beyond_the_given_sizes_is_refused(tmp_path: Path) -> None:
    with ShardWriter(tmp_path, sizes=[1]) as writer:
        writer.write(record(0), jpeg(0))
        with pytest.raises(UsageError, match="more samples than its 1 shards"):
            writer.write(record(1), jpeg(1))


def test_an_impossible_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one"):
        ShardWriter(tmp_path, sizes=[3, 0])


def test_a_refused_first_sample_leaves_no_shard(tmp_path: Path) -> None:
    with ShardWriter(tmp_path) as writer, pytest.raises(ThujaError, match="JPEG"):
        writer.write(record(1), b"GIF89a")
    assert list(tmp_path.iterdir()) == []
    assert len(write(tmp_path / "again", [1])) == 1
