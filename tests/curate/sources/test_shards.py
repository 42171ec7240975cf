"""Shards as a source: written by thuja's own writer, and tars of text members as TreeOfLife's."""

import io
import json
import tarfile
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thuja.errors import BadFile, UsageError
from thuja.images.places import read_place
from thuja.phrasing import PHRASES, phrase
from thuja.record import Record
from thuja.shards import ShardWriter
from thuja.taxonomy import RANKS, Taxon

Reading = Callable[..., tuple[list[dict[str, Any]], Counter[str]]]
RAVEN = Taxon(
    kingdom="Animalia", phylum="Chordata", class_="Aves", order="Passeriformes", family="Corvidae", genus="Corvus",
    species="corax", common="Common Raven",
)  # fmt: skip
IDS = [str(uuid.UUID(int=number, version=5)) for number in range(9)]


def image(number: int) -> bytes:
    return b"\xff\xd8\xff" + f"image {number}".encode() * (number + 1)


def own(folder: Path, *, count: int = 3) -> Path:
    folder.mkdir()
    with ShardWriter(folder, "val", max_count=2) as writer:
        for number in range(count):
            facts = {"sex": "female", "latitude": 1.5, "pdq": "0" * 64, "duplicate_of": "x", "license_name": "CC0"}
            record = Record(
                uuid=IDS[number], path="", taxon=RAVEN, data_source="gbif", source_id=str(number), sha256="ab", width=9,
                split="train", facts=facts, traits={"legs": 2},
            )  # fmt: skip
            writer.write(record, image(number))
    return folder


def tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return path


def test_records_come_back_and_images_stay_in_the_tars(read: Reading, tmp_path: Path) -> None:
    rows, notes = read("shards", own(tmp_path / "shards"))
    assert [row["uuid"] for row in rows] == IDS[:3]
    assert [read_place(row["place"]) for row in rows] == [image(number) for number in range(3)]
    first = rows[0]
    assert [first[rank.label] for rank in RANKS] == list(RAVEN.names)
    assert (first["data_source"], first["source_id"], first["split"]) == ("gbif", "0", "train")
    assert (first["verbatim_name"], first["common"], first["sex"]) == ("Corvus corax", "Common Raven", "female")
    assert (first["license_name"], json.loads(first["traits"])) == ("CC0", {"legs": 2})
    assert first["file_size"] == len(image(0))
    for name in ("sha256", "width", "pdq", "duplicate_of"):
        assert first.get(name) is None  # of the file before it was packed
    assert first["path"] == f"{tmp_path}/shards/val-00000.tar#{IDS[0]}"
    assert not notes


def test_treeoflifes_text_members_name_the_image(read: Reading, tmp_path: Path) -> None:
    members = {f"{IDS[0]}.{kind}.txt": phrase(RAVEN, kind).encode() for kind in PHRASES}
    path = tar(tmp_path / "shard-00001.tar", {f"{IDS[0]}.jpg": image(5)} | members)
    [row] = read("shards", path)[0]
    assert [row[rank.label] for rank in RANKS] == list(RAVEN.names)
    assert (row["uuid"], row["data_source"], row["source_id"], row["split"]) == (
        IDS[0], "shard-00001", f"shard-00001.tar#{IDS[0]}", None,
    )  # fmt: skip
    assert read_place(row["place"]) == image(5)


def test_keys_that_are_no_ids_are_told_apart_by_their_tar(read: Reading, tmp_path: Path) -> None:
    for name in ("00000.tar", "00001.tar"):
        tar(tmp_path / name, {"000000000.jpg": image(1), "000000000.txt": b"a raven"})
    rows, _ = read("shards", tmp_path, name="laion")
    assert [(row["uuid"], row["source_id"], row["data_source"], row["caption"]) for row in rows] == [
        (None, "00000.tar#000000000", "laion", "a raven"), (None, "00001.tar#000000000", "laion", "a raven"),
    ]  # fmt: skip


def test_samples_that_cannot_be_used_are_rows_and_damage_is_noted(read: Reading, tmp_path: Path) -> None:
    path = tar(
        tmp_path / "a.tar",
        {"a.jpg": image(1), "b.json": b"{}", "c.jpg": b"", "c.json": b"{}", "d.jpg": image(2), "d.json": b"{",
         "e.jpg": image(3), "e.json": json.dumps({"latitude": "north"}).encode()},
    )  # fmt: skip
    rows, notes = read("shards", path)
    assert [(row["source_id"], row["drop_reason"]) for row in rows] == [
        ("a.tar#a", "no_record"), ("a.tar#b", "no_image"), ("a.tar#c", "no_image"), ("a.tar#d", "bad_record"),
        ("a.tar#e", "bad_record"),
    ]  # fmt: skip
    assert not notes
    folder = own(tmp_path / "shards", count=2)
    whole = (folder / "val-00000.tar").read_bytes()
    (folder / "val-00000.tar").write_bytes(whole[:2100])
    rows, notes = read("shards", folder)
    assert (len(rows), notes) == (1, {"cut_short": 1})


def test_no_shards_are_told(read: Reading, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no shards"):
        read("shards", tmp_path)
    (tmp_path / "a.tar").symlink_to("a.tar")
    with pytest.raises((BadFile, UsageError)):
        read("shards", tmp_path)


@pytest.mark.parametrize(
    "record",
    ['{"individual_count": 1e300}', '{"is_captive": "false"}', '{"latitude": 1e999}', '{"individual_count": 1e999}'],
)
def test_a_value_that_no_column_holds_is_a_bad_record(read: Reading, tmp_path: Path, record: str) -> None:
    """A count of 1e300 stopped the whole run, as no column of whole numbers can hold it."""
    path = tar(tmp_path / "a.tar", {"a.jpg": image(1), "a.json": record.encode(), "b.jpg": image(2), "b.json": b"{}"})
    rows, _ = read("shards", path)
    assert [row["drop_reason"] for row in rows] == ["bad_record", None]
