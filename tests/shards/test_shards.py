import hashlib
import io
import json
import random
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.phrasing import PHRASES, phrase
from thuja.record import Record, uuid_of_source
from thuja.shards import (
    FaultCount,
    ShardReader,
    ShardWriter,
    index_shard,
    list_shards,
    read_at,
    read_shard,
)
from thuja.shards import reader as reader_module
from thuja.taxonomy import Taxon

GOLDEN = "7474f87fff53965d23220e53e0b63a6107e812f2c94fdc896a8ef1386410293e"
RAVEN = Taxon.from_names(
    ["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"], common="common raven"
)
BARE = Taxon(kingdom="Animalia", class_="Insecta", genus="Apis")


def jpeg(number, size=700):
    return b"\xff\xd8\xff" + random.Random(number).randbytes(size) + b"\xff\xd9"


def record(number, taxon=RAVEN, **options):
    return Record(uuid=uuid_of_source("test", str(number)), path=f"folder/{number}.jpg", taxon=taxon, **options)


def write(folder, numbers, *, prefix="train", max_count=10_000, text_keys=False):
    folder.mkdir(exist_ok=True)
    with ShardWriter(folder, prefix, max_count=max_count, text_keys=text_keys) as writer:
        for number in numbers:
            writer.write(record(number), jpeg(number))
    return writer.paths


def foreign(path, members, **options):
    """A tar as another program writes it; `members` are (name, bytes)."""
    with tarfile.open(path, "w", **options) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_600_000_000.5  # a float, as webdataset's: a pax header each
            tar.addfile(info, io.BytesIO(data))
    return path


def keys(samples):
    return [sample.record.uuid for sample in samples]


def uuids(numbers):
    return [record(number).uuid for number in numbers]


class TestWriter:
    def test_what_is_written_is_read_back(self, tmp_path):
        full = record(
            1,
            caption="A raven — «Kolkrabe» — on snow.",
            split="train",
            sha256="ab",
            width=30,
            height=20,
            facts={"latitude": 60.5, "license_name": "cc0"},
            traits={"tail": "long", "spots": 3},
        )
        with ShardWriter(tmp_path, "val") as writer:
            assert writer.write(full, jpeg(1)) == "val-00000.tar"
            assert writer.write(record(2, BARE), jpeg(2)) == "val-00000.tar"
        first, second = read_shard(tmp_path / "val-00000.tar")
        assert (first.record, first.image, first.texts) == (full, jpeg(1), {})
        assert first.record.taxon.common == "common raven"
        assert (second.record, second.image) == (record(2, BARE), jpeg(2))

    def test_shards_hold_max_count_samples_and_the_last_the_rest(self, tmp_path):
        paths = write(tmp_path, range(7), max_count=3)
        assert [path.name for path in paths] == ["train-00000.tar", "train-00001.tar", "train-00002.tar"]
        assert [len(index_shard(path)) for path in paths] == [3, 3, 1]
        assert [key for path in paths for key in keys(read_shard(path))] == uuids(range(7))

    def test_full_last_shard_is_followed_by_no_empty_one(self, tmp_path):
        assert len(write(tmp_path, range(6), max_count=3)) == 2
        assert write(tmp_path / "none", []) == []

    def test_same_records_give_the_same_bytes(self, tmp_path):
        first, second = (write(tmp_path / name, range(5), text_keys=True)[0] for name in "ab")
        assert first.read_bytes() == second.read_bytes()

    def test_bytes_are_those_of_the_golden_hash(self, tmp_path):
        """A change here changes every shard that anybody made: say so in the changelog."""
        data = write(tmp_path, range(2), text_keys=True)[0].read_bytes()
        assert hashlib.sha256(data).hexdigest() == GOLDEN

    def test_text_keys_are_treeoflifes_ten(self, tmp_path):
        [path] = write(tmp_path, [1], text_keys=True)
        with tarfile.open(path) as tar:
            names = [name.partition(".")[2] for name in tar.getnames()]
            raw = tar.extractfile(f"{record(1).uuid}.taxonTag_com.txt").read().decode()
        assert names == ["jpg", "json", *(f"{kind}.txt" for kind in PHRASES)]
        assert raw == phrase(RAVEN, "taxonTag_com")
        [sample] = read_shard(path)
        assert sample.texts == {kind: phrase(RAVEN, kind) for kind in PHRASES}

    def test_shard_begun_is_left_out_when_the_block_fails(self, tmp_path):
        def fail_at_fourth():
            with ShardWriter(tmp_path, max_count=3) as writer:
                for number in range(5):
                    writer.write(record(number), jpeg(number))
                    assert not (tmp_path / "train-00001.tar").exists()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail_at_fourth()
        assert [path.name for path in tmp_path.iterdir()] == ["train-00000.tar"]

    @pytest.mark.parametrize("uuid", ["", "../../etc/passwd", "a/b", "a.b", "a\0b", "x" * 200])
    def test_uuid_that_would_not_read_back_is_refused(self, tmp_path, uuid):
        with ShardWriter(tmp_path) as writer, pytest.raises(ThujaError, match="uuid"):
            writer.write(Record(uuid=uuid, path=""), jpeg(0))
        assert list(tmp_path.iterdir()) == []

    def test_record_that_comes_twice_is_refused(self, tmp_path):
        """webdataset would take two neighbours of one name for one sample."""
        with ShardWriter(tmp_path) as writer:
            writer.write(record(1), jpeg(1))
            with pytest.raises(ThujaError, match="twice"):
                writer.write(record(1), jpeg(1))

    def test_image_that_is_no_jpeg_is_refused(self, tmp_path):
        with ShardWriter(tmp_path) as writer, pytest.raises(ThujaError, match="JPEG"):
            writer.write(record(1), b"\x89PNG\r\n\x1a\n")

    @pytest.mark.parametrize("options", [{"max_count": 0}, {"prefix": "../up"}, {"prefix": ""}])
    def test_impossible_shards_are_refused(self, tmp_path, options):
        with pytest.raises(UsageError):
            ShardWriter(tmp_path, **options)


class TestForeignShards:
    def test_webdataset_reads_ours(self, tmp_path):
        tariterators = pytest.importorskip("webdataset.tariterators")
        [path] = write(tmp_path, range(3), text_keys=True)
        with path.open("rb") as file:
            members = ({**member, "__url__": ""} for member in tariterators.tar_file_iterator(file))
            samples = list(tariterators.group_by_keys(members))
        assert [sample["__key__"] for sample in samples] == uuids(range(3))
        assert [sample["jpg"] for sample in samples] == [jpeg(number) for number in range(3)]
        assert samples[0]["taxontag.txt"].decode() == phrase(RAVEN, "taxonTag")
        assert Record.from_json(samples[0]["json"]) == record(0)

    def test_ours_reads_webdatasets(self, tmp_path):
        webdataset = pytest.importorskip("webdataset")
        path = tmp_path / "shard-00000.tar"
        with webdataset.TarWriter(str(path), encoder=False) as writer:
            for number in range(3):
                texts = {f"{kind}.txt": phrase(RAVEN, kind).encode() for kind in PHRASES}
                writer.write({"__key__": record(number).uuid, "jpg": jpeg(number), **texts})
        samples = list(read_shard(path))
        assert keys(samples) == uuids(range(3))
        assert samples[2].image == jpeg(2)
        assert samples[2].texts == {kind: phrase(RAVEN, kind) for kind in PHRASES}

    @pytest.mark.parametrize("case", [str, str.lower])
    @pytest.mark.parametrize("taxon", [RAVEN, BARE, Taxon(family="Corvidae"), Taxon(kingdom="Fungi", common="fungi")])
    def test_treeoflifes_members_tell_the_taxon(self, tmp_path, taxon, case):
        members = [("u.jpg", jpeg(0)), *((case(f"u.{kind}.txt"), phrase(taxon, kind).encode()) for kind in PHRASES)]
        [sample] = read_shard(foreign(tmp_path / "t.tar", members))
        assert (sample.record.taxon, sample.record.taxon.common) == (taxon, taxon.common)
        assert (sample.record.uuid, sample.record.path) == ("u", f"{tmp_path / 't.tar'}#u")

    def test_few_of_treeoflifes_members_tell_what_they_can(self, tmp_path):
        def taxon_of(*kinds, taxon=RAVEN):
            members = [("u.jpg", jpeg(0)), *((f"u.{kind}.txt", phrase(taxon, kind).encode()) for kind in kinds)]
            [sample] = read_shard(foreign(tmp_path / "t.tar", members))
            return sample.record.taxon

        assert taxon_of("taxonTag_com") == RAVEN
        assert taxon_of("taxon", "com") == RAVEN
        assert taxon_of("taxon", "com").common == "common raven"
        assert taxon_of("sci") == Taxon(genus="Corvus", species="corax")
        assert taxon_of("taxonomic_name", taxon=BARE) == Taxon()  # which of seven ranks have its three names?

    def test_laions_members_tell_the_caption(self, tmp_path):
        facts = {"caption": "a bee", "url": "http://x", "key": "000010", "width": 40, "height": 30, "exif": "{}"}
        members = [
            ("00001/000010.jpg", jpeg(0)),
            ("00001/000010.txt", b"a bee\n"),
            ("00001/000010.json", json.dumps(facts).encode()),
            ("00001/000011.png", b"\x89PNG"),
            ("00001/000011.txt", "eine Wespe, größer".encode()),
        ]
        bee, wasp = read_shard(foreign(tmp_path / "l.tar", members))
        assert (bee.record.uuid, bee.record.caption, bee.record.width) == ("00001/000010", "a bee", 40)
        assert bee.texts == {"caption": "a bee"}
        assert (wasp.record.caption, wasp.image) == ("eine Wespe, größer", b"\x89PNG")

    @pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
    def test_long_and_unicode_names_are_read_in_every_tar_format(self, tmp_path, kind):
        names = ["d" * 90 + "/" + "é" * 20]
        if kind != tarfile.USTAR_FORMAT:
            names += ["x" * 300, "ü" * 200]
        members = [(f"{name}.{suffix}", jpeg(0)) for name in names for suffix in ("jpg", "caption.txt")]
        members = [(name, b"text" if name.endswith("txt") else data) for name, data in members]
        path = foreign(
            tmp_path / "n.tar", [(name.replace("caption.txt", "txt"), data) for name, data in members], format=kind
        )
        assert keys(read_shard(path)) == names

    def test_folders_links_and_strangers_are_passed_over(self, tmp_path):
        path = tmp_path / "s.tar"
        with tarfile.open(path, "w") as tar:
            for name, kind in [("a", tarfile.DIRTYPE), ("u.jpg", tarfile.SYMTYPE), ("v.jpg", tarfile.LNKTYPE)]:
                info = tarfile.TarInfo(name)
                info.type, info.linkname, info.size = kind, "/etc/passwd", 0
                tar.addfile(info)
            for name, data in [("README", b"hello"), ("._u.jpg", b"fork"), ("u.jpg", jpeg(1)), ("u.txt", b"x")]:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        [sample] = read_shard(path)
        assert (sample.record.uuid, sample.image) == ("u", jpeg(1))

    def test_names_of_a_hostile_tar_touch_no_file(self, tmp_path):
        names = ["../../escape", "/etc/escape", "C:\\escape", "a\nb"]
        path = foreign(
            tmp_path / "h.tar", [(f"{name}.{end}", b"\xff\xd8\xffx") for name in names for end in ("jpg", "txt")]
        )
        counts = FaultCount()
        assert keys(read_shard(path, on_fault=counts)) == []  # the texts are no UTF-8
        assert counts.reasons == {"bad_record": 4}
        assert list(tmp_path.rglob("*")) == [path]

    def test_two_tars_joined_by_cat_are_read_to_the_end(self, tmp_path):
        first, second = write(tmp_path, range(4), max_count=2)
        joined = tmp_path / "joined.tar"
        joined.write_bytes(first.read_bytes() + second.read_bytes())
        assert keys(read_shard(joined)) == uuids(range(4))


class TestFaults:
    def read(self, path, **options):
        faults = []
        return list(read_shard(path, on_fault=faults.append, **options)), faults

    def damaged(self, tmp_path, change, numbers=range(5)):
        """A shard whose bytes `change(data, entries)` alters."""
        [path] = write(tmp_path, numbers)
        data = bytearray(path.read_bytes())
        data = change(data, index_shard(path)) or data
        path.write_bytes(data)
        return path

    def test_broken_header_costs_its_sample_and_no_other(self, tmp_path):
        """tarfile and webdataset take it for the end and lose the rest of the shard without a word."""

        def change(data, entries):
            start = entries[2].members["jpg"][0]
            data[start - 512 : start - 500] = b"\xff" * 12

        path = self.damaged(tmp_path, change)
        samples, faults = self.read(path)
        assert keys(samples) == uuids([0, 1, 3, 4])
        assert [fault.reason for fault in faults] == ["broken_header", "no_image"]
        assert faults[1].key == uuids([2])[0]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (b"{nonsense", "bad_record"),
            (b"[]", "bad_record"),
            (b'{"split": "nowhere"}', "bad_record"),
            (b'{"traits": [1]}', "bad_record"),
            (b"[" * 100_000, "bad_record"),
            (b"\xff\xfe", "bad_record"),
        ],
        ids=["syntax", "list", "split", "traits", "deep", "bytes"],
    )
    def test_record_that_is_none_is_a_fault(self, tmp_path, text, reason):
        members = [("a.jpg", jpeg(0)), ("a.json", text), ("b.jpg", jpeg(1)), ("b.json", b'{"caption": "x"}')]
        samples, faults = self.read(foreign(tmp_path / "r.tar", members))
        assert (keys(samples), [(fault.key, fault.reason) for fault in faults]) == (["b"], [("a", reason)])

    def test_sample_without_image_or_record_is_a_fault(self, tmp_path):
        members = [("a.json", b"{}"), ("b.jpg", jpeg(0)), ("c.jpg", b""), ("c.json", b"{}")]
        samples, faults = self.read(foreign(tmp_path / "r.tar", members))
        assert samples == []
        assert [(fault.key, fault.reason) for fault in faults] == [
            ("a", "no_image"),
            ("b", "no_record"),
            ("c", "no_image"),
        ]

    def test_huge_text_is_refused_before_it_is_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr(reader_module, "_MAX_TEXT", 100)
        members = [("a.jpg", jpeg(0)), ("a.json", b" " * 101), ("b.jpg", jpeg(0)), ("b.json", b"{}".rjust(100))]
        samples, faults = self.read(foreign(tmp_path / "r.tar", members))
        assert (keys(samples), [fault.reason for fault in faults]) == (["b"], ["too_large"])

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(share=st.floats(0, 1, exclude_max=True))
    def test_shard_cut_anywhere_gives_its_whole_samples_and_a_fault(self, tmp_path, share):
        [path] = write(tmp_path, range(4))
        entries = index_shard(path)
        ends = [max(offset + size for offset, size in entry.members.values()) for entry in entries]
        # Behind the last sample there is the end mark alone, and some of it says enough.
        cut = int(share * (ends[-1] + 1))
        path.write_bytes(path.read_bytes()[:cut])
        samples, faults = self.read(path)
        assert keys(samples) == uuids(number for number, end in enumerate(ends) if end <= cut)
        assert "cut_short" in {fault.reason for fault in faults}

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_flipped_bytes_lose_nothing_silently(self, tmp_path, data):
        """Each sample that does not come back leaves a fault."""
        path = tmp_path / "train-00000.tar"
        if not path.exists():
            write(tmp_path, range(4))
            (tmp_path / "whole").write_bytes(path.read_bytes())
        content = bytearray((tmp_path / "whole").read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, 4 * 2560 - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        samples, faults = self.read(path)
        assert len(samples) + len(faults) >= 4

    @pytest.mark.parametrize("content", [b"", b"<html>not found</html>" * 100, b"\x1f\x8b" + bytes(range(256)) * 20])
    def test_file_that_is_no_tar_is_a_fault(self, tmp_path, content):
        path = tmp_path / "train-00000.tar"
        path.write_bytes(content)
        samples, faults = self.read(path)
        assert samples == []
        assert {fault.reason for fault in faults} <= {"broken_header", "cut_short"}
        assert faults

    def test_header_of_negative_size_does_not_hang(self, tmp_path):
        def change(data, entries):
            start = entries[1].members["jpg"][0] - 512
            data[start + 124 : start + 136] = b"\xff" * 12
            data[start + 148 : start + 156] = b" " * 8
            data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + 512])

        samples, faults = self.read(self.damaged(tmp_path, change))
        assert keys(samples) == uuids([0, 2, 3, 4])
        assert "broken_header" in {fault.reason for fault in faults}

    def test_missing_shard_is_a_bad_file(self, tmp_path):
        with pytest.raises(BadFile, match="cannot read"):
            list(read_shard(tmp_path / "none.tar"))
        with pytest.raises(BadFile, match="cannot read"):
            index_shard(tmp_path)

    def test_caller_may_stop_at_a_fault(self, tmp_path):
        def stop(fault):
            raise BadFile(str(fault))

        path = foreign(tmp_path / "r.tar", [("a.json", b"{}")])
        with pytest.raises(BadFile, match=r"r\.tar#a: a sample without an image"):
            list(read_shard(path, on_fault=stop))

    def test_each_reason_is_logged_once_a_shard_and_every_fault_counted(self, tmp_path, caplog):
        members = [(f"{name}.json", b"{}") for name in "abc"] + [("d.jpg", jpeg(0))]
        counts = FaultCount()
        assert list(read_shard(foreign(tmp_path / "r.tar", members), on_fault=counts)) == []
        assert counts.reasons == Counter(no_image=3, no_record=1)
        assert len(caplog.records) == 2


class TestRandomAccess:
    def test_read_at_is_what_reading_through_gives(self, tmp_path):
        [path] = write(tmp_path, range(6), text_keys=True)
        entries = index_shard(path)
        assert [entry.key for entry in entries] == uuids(range(6))
        assert [read_at(path, entry) for entry in reversed(entries)] == list(read_shard(path))[::-1]

    def test_offsets_are_where_the_bytes_are(self, tmp_path):
        [path] = write(tmp_path, [3])
        offset, size = index_shard(path)[0].members["jpg"]
        assert path.read_bytes()[offset : offset + size] == jpeg(3)

    def test_corrupt_sample_is_a_bad_file(self, tmp_path):
        path = foreign(tmp_path / "r.tar", [("a.jpg", jpeg(0)), ("a.json", b"{")])
        [entry] = index_shard(path)
        with pytest.raises(BadFile, match="not JSON"):
            read_at(path, entry)

    @pytest.mark.parametrize("start", range(7))
    def test_start_leaves_out_that_many_samples(self, tmp_path, start):
        [path] = write(tmp_path, range(6))
        assert keys(read_shard(path, start=start)) == uuids(range(start, 6))


class TestListing:
    def test_shards_of_a_split_in_order(self, tmp_path):
        for name in [
            "train-00010.tar",
            "train-00009.tar",
            "train-00000.tar.1.tmp",
            "val-00000.tar",
            "train_small-00000.tar",
        ]:
            (tmp_path / name).touch()
        (tmp_path / "train-100000.tar").touch()
        names = [path.name for path in list_shards(tmp_path, "train")]
        assert names == ["train-00009.tar", "train-00010.tar", "train-100000.tar"]
        assert list_shards(tmp_path, "test") == []


def test_paths_may_be_relative(tmp_path, monkeypatch):
    write(tmp_path, range(2))
    monkeypatch.chdir(tmp_path)
    assert keys(ShardReader(list_shards(Path(), "train"))) == uuids(range(2))
