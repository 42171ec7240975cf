import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from tests.shards.making import RAVEN, contents, foreign, jpeg, record, uuid, write

from thuja.errors import BadFile, EmptyInput, OutputExists, UsageError
from thuja.phrasing import PHRASES, phrase
from thuja.record import uuid_of_source
from thuja.shards import Sample, list_shards, read_manifest, read_shard, write_shard
from thuja.shards.checking import check_shards
from thuja.shards.repacking import RepackConfig, RepackReport, repack


def run(source: Path | list[Path], out: Path, **settings: object) -> RepackReport:
    paths = source if isinstance(source, list) else [source]
    return repack(paths, out, RepackConfig(**settings), workers=1)  # type: ignore[arg-type]


def read(folder: Path, split: str = "train") -> list[Sample]:
    return [sample for path in list_shards(folder, split) for sample in read_shard(path)]


def uuids(found: list[Sample]) -> list[str]:
    return [sample.record.uuid for sample in found]


class TestOwnShards:
    def test_samples_come_over_unchanged_into_even_shards(self, tmp_path: Path) -> None:
        source = tmp_path / "in"
        write(source, range(11), max_count=4)
        write(source, range(20, 25), split="val", max_count=4)
        report = run(source, tmp_path / "out", size=3)
        manifest = read_manifest(tmp_path / "out")
        assert manifest is not None
        assert [one.samples for one in manifest.shards] == [3, 3, 3, 2, 3, 2]
        assert report.splits == {"train": 11, "val": 5}
        assert (report.read, report.written, report.shards) == (16, 16, 6)
        before, after = read(source), read(tmp_path / "out")
        assert uuids(after) == [uuid(n) for n in range(11)]
        assert [one.image for one in after] == [one.image for one in before]
        assert after[3].record.taxon == RAVEN
        assert check_shards([tmp_path / "out"], is_decoded=True, workers=1).is_good

    def test_the_same_order_and_size_give_the_same_bytes(self, tmp_path: Path) -> None:
        """What a curation wrote without paths comes out byte for byte."""
        source = tmp_path / "in"
        source.mkdir()
        write_shard(source / "train-00000.tar", [(record(n, path="", split="train"), jpeg(n)) for n in range(5)])
        run(source, tmp_path / "out", size=10)
        assert (tmp_path / "out" / "train-00000.tar").read_bytes() == (source / "train-00000.tar").read_bytes()

    def test_where_files_lay_on_a_machine_is_not_written(self, tmp_path: Path) -> None:
        write(tmp_path / "in", range(3))
        run(tmp_path / "in", tmp_path / "out")
        data = (tmp_path / "out" / "train-00000.tar").read_bytes()
        assert b"/home/someone" not in data
        assert str(tmp_path).encode() not in data

    def test_a_shuffle_follows_the_seed_and_not_the_order_of_the_input(self, tmp_path: Path) -> None:
        write(tmp_path / "a", range(20), max_count=6)
        write(tmp_path / "b", reversed(range(20)), max_count=7)
        for name, source, seed in [("x", "a", 1), ("y", "b", 1), ("z", "a", 2)]:
            run(tmp_path / source, tmp_path / name, size=6, seed=seed)
        assert contents(tmp_path / "x") == contents(tmp_path / "y")
        first, other = (uuids(read(tmp_path / name)) for name in "xz")
        assert sorted(first) == sorted(other) == sorted(uuid(n) for n in range(20))
        assert first != other

    def test_the_number_of_workers_changes_no_byte(self, tmp_path: Path) -> None:
        write(tmp_path / "in", range(12), max_count=4)
        for workers in (1, 2):
            config = RepackConfig(size=5, seed=0, text_keys=True, max_side=20)
            repack([tmp_path / "in"], tmp_path / str(workers), config, workers=workers)
        assert contents(tmp_path / "1") == contents(tmp_path / "2")

    def test_the_first_of_samples_with_one_key_stays(self, tmp_path: Path) -> None:
        write(tmp_path / "a", range(5))
        write(tmp_path / "b", range(3, 9))
        report = run([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
        assert (report.read, report.written, report.repeated) == (11, 9, 2)
        assert uuids(read(tmp_path / "out")) == [uuid(n) for n in range(9)]

    def test_larger_images_are_made_smaller_and_others_kept(self, tmp_path: Path) -> None:
        write(tmp_path / "in", range(2))  # 40 x 30
        run(tmp_path / "in", tmp_path / "small", max_side=20)
        run(tmp_path / "in", tmp_path / "same", max_side=40)
        with Image.open(io.BytesIO(read(tmp_path / "small")[0].image)) as image:
            assert image.size == (20, 15)
        assert read(tmp_path / "same")[1].image == jpeg(1)

    def test_text_keys_are_written_when_asked_for(self, tmp_path: Path) -> None:
        write(tmp_path / "in", range(2))
        run(tmp_path / "in", tmp_path / "out", text_keys=True)
        assert read(tmp_path / "out")[1].texts == {kind: phrase(RAVEN, kind) for kind in PHRASES}


class TestTakeDown:
    @pytest.mark.parametrize(
        "form", ["{0}\n{1}\n", "# withdrawn\nuuid,why\n{0},asked\n{1},asked\n", "\ufeff{0}\r\n{1}\r\n"]
    )
    def test_what_is_to_be_taken_down_leaves(self, tmp_path: Path, form: str) -> None:
        write(tmp_path / "in", range(9), max_count=3)
        (tmp_path / "list").write_text(form.format(uuid(4), "no-such-uuid"), encoding="utf-8")
        report = run(tmp_path / "in", tmp_path / "out", size=3, take_down=tmp_path / "list")
        assert (report.written, report.taken_down, report.not_found) == (8, 1, ["no-such-uuid"])
        assert uuid(4) not in uuids(read(tmp_path / "out"))
        assert uuid(4).encode() not in b"".join(contents(tmp_path / "out").values())

    @pytest.mark.parametrize(
        "form",
        [
            "{upper}", "{dashless}", "{uuid}\twithdrawn", "{uuid};withdrawn", "{uuid} withdrawn",
            "uuid;reason\n{uuid};x",
            "reason\tuuid\nasked, twice\t{uuid}", '"{uuid}","asked, twice"', "HTTPS://example.org/a,b;4.jpg", "image-4",
        ],
    )  # fmt: skip
    def test_an_entry_is_found_however_it_is_written(self, tmp_path: Path, form: str) -> None:
        """Any other spelling than the shard's own left the image in, and the header `uuid;reason` passed for an id."""
        samples = [
            (record(n, source_id=f"image-{n}", facts={"source_url": f"http://example.org/a,b;{n}.jpg"}), jpeg(n))
            for n in range(6)
        ]
        (tmp_path / "in").mkdir()
        write_shard(tmp_path / "in" / "train-00000.tar", samples)
        one = uuid(4)
        text = form.format(uuid=one, upper=one.upper(), dashless=one.replace("-", ""))
        (tmp_path / "list").write_text(text, encoding="utf-8")
        report = run(tmp_path / "in", tmp_path / "out", take_down=tmp_path / "list")
        assert (report.taken_down, list(report.not_found)) == (1, [])
        assert uuids(read(tmp_path / "out")) == [uuid(n) for n in range(6) if n != 4]

    def test_a_list_changed_since_is_read_anew(self, tmp_path: Path) -> None:
        write(tmp_path / "in", range(3))
        for number in (0, 1):
            (tmp_path / "list").write_text(uuid(number))
            os.utime(tmp_path / "list", ns=(number, number))
            run(tmp_path / "in", tmp_path / str(number), take_down=tmp_path / "list")
            assert uuids(read(tmp_path / str(number))) == [uuid(n) for n in range(3) if n != number]

    @pytest.mark.parametrize("content", [b"", b"uuid\n", b"\xff\xfe\x00"])
    def test_a_list_that_is_none_stops_before_anything_is_written(self, tmp_path: Path, content: bytes) -> None:
        write(tmp_path / "in", range(3))
        (tmp_path / "list").write_bytes(content)
        with pytest.raises((UsageError, BadFile), match="take-down list"):
            run(tmp_path / "in", tmp_path / "out", take_down=tmp_path / "list")
        assert not (tmp_path / "out").exists()


class TestForeignShards:
    def test_treeoflifes_texts_become_a_record(self, tmp_path: Path) -> None:
        texts = [(f"{uuid(1)}.{kind}.txt", phrase(RAVEN, kind).encode()) for kind in PHRASES]
        foreign(tmp_path / "in" / "shard-000000.tar", [(f"{uuid(1)}.jpg", jpeg(1)), *texts])
        run(tmp_path / "in", tmp_path / "out")
        [sample] = read(tmp_path / "out", "shard")
        assert (sample.record.uuid, sample.record.taxon, sample.image) == (uuid(1), RAVEN, jpeg(1))
        assert sample.record.taxon.common == "common raven"

    def test_laions_samples_keep_caption_and_key(self, tmp_path: Path) -> None:
        buffer = io.BytesIO()
        Image.new("RGBA", (9, 7), (0, 0, 0, 0)).save(buffer, "PNG")
        facts = json.dumps({"caption": "a bee", "url": "http://x", "key": "000000010", "width": 40}).encode()
        members = [
            ("000000010.jpg", jpeg(1)), ("000000010.txt", b"a bee"), ("000000010.json", facts),
            ("00001/x.png", buffer.getvalue()), ("00001/x.txt", b"nothing"),
        ]  # fmt: skip
        foreign(tmp_path / "in" / "00000.tar", members)
        run(tmp_path / "in", tmp_path / "out")
        bee, nothing = read(tmp_path / "out", "shard")
        assert (bee.record.uuid, bee.record.caption, bee.image) == ("000000010", "a bee", jpeg(1))
        assert (nothing.record.uuid, nothing.record.source_id) == (uuid_of_source("shard", "00001/x"), "00001/x")
        with Image.open(io.BytesIO(nothing.image)) as image:
            assert (image.format, image.size, image.getpixel((3, 3))) == ("JPEG", (9, 7), (255, 255, 255))

    def test_no_metadata_comes_over(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x8825] = {1: "N", 2: (60.0, 10.0, 0.0)}
        buffer = io.BytesIO()
        Image.new("RGB", (20, 10)).save(buffer, "JPEG", exif=exif, comment=b"at home")
        foreign(tmp_path / "in" / "00000.tar", [("u.jpg", buffer.getvalue()), ("u.txt", b"x")])
        run(tmp_path / "in", tmp_path / "out")
        data = (tmp_path / "out" / "shard-00000.tar").read_bytes()
        assert b"Exif" in buffer.getvalue()
        assert b"Exif" not in data
        assert b"at home" not in data

    def test_what_cannot_be_used_is_left_out_and_counted(self, tmp_path: Path) -> None:
        members = [
            ("a.jpg", jpeg(1)), ("a.txt", b"x"), ("b.jpg", b"<html>"), ("b.txt", b"x"), ("c.jpg", jpeg(3)),
            ("d.jpg", jpeg(4)), ("d.json", b"{"), ("e.txt", b"x"), ("f.jpg", jpeg(5, 200, 200)[:3000]), ("f.txt", b"x"),
        ]  # fmt: skip
        foreign(tmp_path / "in" / "00000.tar", members)
        report = run(tmp_path / "in", tmp_path / "out")
        assert (report.read, report.written, report.unusable) == (6, 1, 5)
        assert report.faults == {"unsupported": 1, "truncated": 1, "no_record": 1, "bad_record": 1, "no_image": 1}
        assert uuids(read(tmp_path / "out", "shard")) == ["a"]

    @pytest.mark.shared
    def test_odd_images_of_the_web_come_over_as_plain_jpegs(self, tmp_path: Path, shared: Path) -> None:
        files = sorted((shared / "photos" / "robust").rglob("*.*"))
        members = [
            member
            for number, file in enumerate(files)
            for member in [(f"{number:03}.jpg", file.read_bytes()), (f"{number:03}.txt", file.name.encode())]
        ]
        foreign(tmp_path / "in" / "00000.tar", members)
        report = run(tmp_path / "in", tmp_path / "out", max_side=200, size=7)
        assert report.read == len(files)
        assert report.written >= len(files) - 8
        assert check_shards([tmp_path / "out"], is_decoded=True, workers=1).is_good
        captions = {sample.record.caption for sample in read(tmp_path / "out", "shard")}
        assert {"hopper_orientation_6.webp", "transparent.png", "frozenpond.mpo"} <= captions
        assert "truncated_jpeg.jpg" not in captions


class TestRefusals:
    def test_the_output_may_not_be_the_input(self, tmp_path: Path) -> None:
        write(tmp_path / "in", range(3))
        with pytest.raises(UsageError, match="holds the input"):
            repack([tmp_path / "in"], tmp_path / "in", RepackConfig(), force=True, workers=1)
        assert len(read(tmp_path / "in")) == 3

    def test_nothing_left_is_said(self, tmp_path: Path) -> None:
        foreign(tmp_path / "in" / "00000.tar", [("a.json", b"{}")])
        with pytest.raises(EmptyInput, match="no sample is left of 1"):
            run(tmp_path / "in", tmp_path / "out")

    def test_a_full_folder_is_refused_and_another_job_not_gone_on_with(self, tmp_path: Path) -> None:
        write(tmp_path / "in", range(3))
        run(tmp_path / "in", tmp_path / "out", size=2)
        with pytest.raises(OutputExists):
            run(tmp_path / "in", tmp_path / "out", size=2)
        with pytest.raises(UsageError, match="begun with other settings"):
            repack([tmp_path / "in"], tmp_path / "out", RepackConfig(size=1), resume=True, workers=1)

    @pytest.mark.parametrize("settings", [{"size": 0}, {"max_side": 0}])
    def test_impossible_settings_are_refused(self, settings: dict[str, int]) -> None:
        with pytest.raises(UsageError, match="at least 1"):
            RepackConfig(**settings)


@pytest.mark.slow
def test_a_repack_killed_and_resumed_ends_in_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    big = [(record(n, split="train"), jpeg(n % 7, 500, 400)) for n in range(240)]
    write_shard(folder / "train-00000.tar", big)
    words = ["shards", "repack", folder, "--size", 6, "--shuffle", "--max-side", 300, "--workers", 1]
    command = [sys.executable, "-m", "thuja", *map(str, words)]
    subprocess.run([*command, "--out", str(tmp_path / "whole")], check=True, capture_output=True)
    out = tmp_path / "out"
    kills = 0
    for wanted in (3, 15, 30):
        job = subprocess.Popen(
            [*command, "--out", str(out), *(["--resume"] if out.exists() else [])], stderr=subprocess.DEVNULL
        )
        while job.poll() is None and len(list(out.glob("*.tar"))) < wanted:
            time.sleep(0.002)
        if job.poll() is None:
            job.send_signal(signal.SIGKILL)
            kills += 1
        job.wait()
    assert kills >= 2
    subprocess.run([*command, "--out", str(out), "--resume"], check=True, capture_output=True)
    assert contents(out) == contents(tmp_path / "whole")
    assert len(contents(out)) == 41
    assert list(out.glob("*.tmp")) == []


def test_a_full_disk_is_one_sentence_and_the_repack_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_shard(folder / "train-00000.tar", [(record(n, split="train"), jpeg(n, 300, 200)) for n in range(40)])
    words = ["shards", "repack", folder, "--size", 20, "--workers", 1]
    command = [sys.executable, "-m", "thuja", *map(str, words)]
    subprocess.run([*command, "--out", str(tmp_path / "whole")], check=True, capture_output=True)
    small = shlex.join([*command, "--out", str(tmp_path / "out")])
    done = subprocess.run(["bash", "-c", f"ulimit -f 40; exec {small}"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "thuja: cannot write: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "out").glob("*.t*")) == []
    subprocess.run([*command, "--out", str(tmp_path / "out"), "--resume"], check=True, capture_output=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
