"""Samples by number from memory and from shards: the same ones, and stand-ins for what is broken."""

import io
import json
import pickle
import tarfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thuja.errors import BadFile, EmptyInput, ThujaError, UsageError
from thuja.images import Preparation
from thuja.record import Record, uuid_of_source
from thuja.shards import ShardWriter, write_manifest
from thuja.taxonomy import Taxon
from thuja.train import shard_index
from thuja.train.corpus import Corpus
from thuja.train.order import SampleOrder
from thuja.train.shard_source import ShardSource, find_shards
from thuja.train.sources import FeatureSource, MemorySource

KEPT = Preparation(size=18)
EVERY = np.arange(12)


def jpeg(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 255, (3, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((40 + number, 30)).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def record(number: int) -> Record:
    taxon = Taxon(genus="Corvus", species=f"species{number}")
    return Record(
        uuid=uuid_of_source("test", str(number)), path=f"{number}.jpg", taxon=taxon, caption=f"caption {number}"
    )


def write(folder: Path, images: Iterable[bytes], *, max_count: int = 5) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with ShardWriter(folder, "train", max_count=max_count) as writer:
        for number, image in enumerate(images):
            writer.write(record(number), image)
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A curated folder of twelve samples in shards of five, five and two."""
    write(tmp_path / "data" / "shards", (jpeg(number) for number in range(12)))
    return tmp_path / "data"


def numbers(records: Iterable[Record]) -> list[int]:
    return [int(one.path.removesuffix(".jpg")) for one in records]


def test_shards_give_the_samples_and_pixels_that_memory_gives(data: Path) -> None:
    rows = np.array([7, 0, 11, 7, 4, 5])
    shards, memory = ShardSource.open(data, KEPT), MemorySource(Corpus.open(data, "train"), KEPT)
    assert list(shards.sizes) == [5, 5, 2]
    assert (len(shards), len(memory)) == (12, 12)
    ours, plain = shards.fetch(rows), memory.fetch(rows)
    assert numbers(ours.records) == numbers(plain.records) == rows.tolist()
    assert ours.records[0].taxon == record(7).taxon
    assert ours.pixels.tobytes() == plain.pixels.tobytes()
    assert ours.frames is not None
    assert ours.frames.tolist() == [[40 + row, 30] for row in rows.tolist()]
    assert ours.frames.tolist() == plain.frames.tolist()  # type: ignore[union-attr]
    assert (ours.replaced, plain.replaced) == (0, 0)
    assert numbers(shards.records(rows)) == rows.tolist()


def test_few_open_shards_threads_and_another_process_change_nothing(data: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 12, 40)
    source = ShardSource.open(data, KEPT)
    whole = source.fetch(rows)
    small = ShardSource(source.paths, source.sizes, KEPT, window=1, threads=3)
    for other in (small, pickle.loads(pickle.dumps(source))):
        fetched = other.fetch(rows)
        assert fetched.pixels.tobytes() == whole.pixels.tobytes()
        assert numbers(fetched.records) == rows.tolist()
        assert other.fingerprint == source.fingerprint


def test_headers_are_read_once_and_a_manifest_spares_them(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = ShardSource.open(data, KEPT)
    with monkeypatch.context() as patch:
        patch.setattr(shard_index, "index_shard", lambda path: pytest.fail("read again"))
        assert list(ShardSource.open(data, KEPT).sizes) == [5, 5, 2]
        write_manifest(data / "shards")
        patch.setenv("THUJA_CACHE", "/proc/nowhere")
        told = ShardSource.open(data, KEPT)
    assert list(told.sizes) == [5, 5, 2]
    assert told.fingerprint == counted.fingerprint
    monkeypatch.setenv("THUJA_CACHE", "/proc/nowhere")  # where nothing can be kept
    assert numbers(told.fetch(EVERY).records) == EVERY.tolist()


def test_a_broken_picture_is_replaced_by_the_same_sample_in_every_run_and_counted(tmp_path: Path) -> None:
    images = [jpeg(number) for number in range(12)]
    images[3], images[8] = b"\xff\xd8\xffbroken", images[8][:200]
    write(tmp_path / "data" / "shards", images)
    runs = [ShardSource.open(tmp_path / "data", KEPT).fetch(EVERY) for _ in range(2)]
    runs.append(MemorySource(Corpus.open(tmp_path / "data", "train"), KEPT).fetch(EVERY))
    found = [numbers(run.records) for run in runs]
    assert found[0] == found[1] == found[2]
    assert [row for row in range(12) if found[0][row] != row] == [3, 8]
    assert not {3, 8} & set(found[0])
    assert [run.replaced for run in runs] == [2, 2, 2]
    assert dict(runs[0].reasons)["undecodable"] >= 1
    assert runs[0].pixels.tobytes() == runs[2].pixels.tobytes()


def test_a_shard_cut_short_or_gone_is_replaced_from_the_others(data: Path) -> None:
    write_manifest(data / "shards")
    source = ShardSource.open(data, KEPT)
    first, last = source.paths[0], source.paths[2]
    first.write_bytes(first.read_bytes()[:2048])
    last.unlink()
    fetched = source.fetch(EVERY)
    replaced = [row for row, number in enumerate(numbers(fetched.records)) if number != row]
    assert {10, 11} <= set(replaced) <= {0, 1, 2, 3, 4, 10, 11}
    assert fetched.replaced == len(replaced)
    assert set(fetched.reasons) == {"cut_short", "unreadable"}
    assert len(source.records(EVERY)) == 12 - len(replaced)


def test_data_that_is_mostly_broken_stops_with_one_sentence(tmp_path: Path) -> None:
    images = [jpeg(number) if number % 4 == 0 else b"\xff\xd8\xffbroken" for number in range(24)]
    write(tmp_path / "data" / "shards", images)
    with pytest.raises(BadFile, match=r"18 of 24 samples of .*shards cannot be read: 18 undecodable"):
        ShardSource.open(tmp_path / "data", KEPT).fetch(np.arange(24))
    with pytest.raises(BadFile, match="18 of 24 samples of the training images cannot be read"):
        MemorySource(Corpus.open(tmp_path / "data", "train"), KEPT).fetch(np.arange(2))
    write(tmp_path / "none" / "shards", [b"\xff\xd8\xffbroken"] * 3)
    with pytest.raises(BadFile, match="can be read in the place of a broken one"):
        ShardSource.open(tmp_path / "none", KEPT).fetch(np.arange(3))


def test_a_window_that_is_one_broken_shard_is_read_from_the_others(tmp_path: Path) -> None:
    """All of a fetch was broken, so the run ended at that step, and every resumption of it."""
    folder = write(tmp_path / "data" / "shards", (jpeg(number) for number in range(99)), max_count=3)
    write_manifest(folder)
    source = ShardSource.open(tmp_path / "data", KEPT)
    assert len(source.paths) == 33
    source.paths[7].write_bytes(b"garbage" * 100)
    order = SampleOrder(sizes=source.sizes, seed=0, window=32)
    last = next(
        rows for rows in (order.rows(end - 3, end) for end in range(99, 99 * 400, 99)) if set(rows) == {21, 22, 23}
    )
    fetched = source.fetch(np.tile(last, 4))
    assert fetched.replaced == 12
    assert not {21, 22, 23} & set(numbers(fetched.records))


def test_foreign_shards_are_found_by_folder_by_braces_and_by_pattern(tmp_path: Path) -> None:
    """LAION's: an image, its caption, and facts that no record has a column for."""
    for shard in range(3):
        with tarfile.open(tmp_path / f"{shard:05d}.tar", "w") as tar:
            facts = json.dumps({"url": "http://example.org", "status": "success", "exif": "{}", "original_width": 9})
            for suffix, content in (("jpg", jpeg(shard)), ("txt", b"a boat"), ("json", facts.encode())):
                info = tarfile.TarInfo(f"{shard:05d}0001.{suffix}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    for place in (tmp_path, tmp_path / "{00000..00002}.tar", tmp_path / "*.tar"):
        source = ShardSource.open(place, KEPT)
        assert list(source.sizes) == [1, 1, 1]
        assert [one.caption for one in source.fetch(np.arange(3)).records] == ["a boat"] * 3
    assert [path.name for path in find_shards(f"{tmp_path}/{{00001..00002}}.tar", "train")] == [
        "00001.tar",
        "00002.tar",
    ]


def test_counts_that_others_leave_beside_their_shards_save_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """webdataset's sizes.json and img2dataset's stats; a count that is too high is made up for by stand-ins."""
    for shard in range(3):
        with tarfile.open(tmp_path / f"{shard:05d}.tar", "w") as tar:
            for suffix, content in (("jpg", jpeg(shard)), ("txt", b"a boat")):
                info = tarfile.TarInfo(f"{shard:05d}0001.{suffix}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    (tmp_path / "sizes.json").write_text(json.dumps({"00000.tar": 1, "00001.tar": 2}))
    (tmp_path / "00002_stats.json").write_text(json.dumps({"count": 9, "successes": 1, "status_dict": {}}))
    monkeypatch.setattr("thuja.train.shard_source.count_in_threads", lambda paths: pytest.fail(f"{paths} scanned"))
    source = ShardSource.open(tmp_path, KEPT)
    assert list(source.sizes) == [1, 2, 1]
    fetched = source.fetch(np.arange(4))
    assert (fetched.replaced, dict(fetched.reasons)) == (1, {"cut_short": 1})


def test_places_without_shards_are_refused_with_one_sentence(data: Path) -> None:
    with pytest.raises(EmptyInput, match="no val shard in"):
        ShardSource.open(data, KEPT, split="val")
    with pytest.raises(EmptyInput, match="no train shard in"):
        ShardSource.open(data / "nowhere", KEPT)
    with pytest.raises(UsageError, match=r"2 of 5 shards of .* are not there, the first .*train-00003.tar"):
        ShardSource.open(f"{data}/shards/train-{{00000..00004}}.tar", KEPT)
    write_manifest(data / "shards")
    (data / "shards" / "train-00001.tar").unlink()
    with pytest.raises(BadFile, match=r"1 shards of the manifest in .* are not there, the first train-00001.tar"):
        ShardSource.open(data, KEPT)
    for path in (data / "shards").iterdir():
        path.unlink()
    (data / "shards" / "train-00000.tar").write_bytes(b"nothing of a tar" * 64)
    with pytest.raises(EmptyInput, match="none of the 1 shards"):
        ShardSource.open(data, KEPT)


def test_features_come_with_their_records_and_deviation() -> None:
    features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    corpus = Corpus(records=[record(number) for number in range(12)], read=lambda row: b"")
    source = FeatureSource(corpus, features)
    fetched = source.fetch(np.array([3, 1]))
    assert fetched.pixels.tolist() == features[[3, 1]].tolist()
    assert numbers(fetched.records) == [3, 1]
    assert fetched.frames is None
    np.testing.assert_allclose(source.deviation, features.std(axis=0, ddof=1), rtol=1e-5)
    with pytest.raises(ThujaError, match="12 rows of features are not one for each of 1 images"):
        FeatureSource([record(0)], features)


def test_other_names_or_captions_are_other_data() -> None:
    """A run resumed on re-curated names was once taken for the same, as ids alone were hashed."""
    first = record(0)
    changes = [
        {"taxon": replace(first.taxon, order="Falconiformes")},
        {"taxon": replace(first.taxon, common="another name")},
        {"caption": "another caption"},
        {"uuid": "another"},
    ]
    corpora = [[first, record(1)], [record(1), first], *([replace(first, **change), record(1)] for change in changes)]
    told = [Corpus(records=records, read=lambda row: b"").fingerprint for records in corpora]
    assert len(set(told)) == len(told)
    assert Corpus(records=corpora[0], read=lambda row: b"other").fingerprint == told[0]
