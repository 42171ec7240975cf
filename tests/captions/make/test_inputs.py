"""What can be captioned: curated data, shards, tables, folders, and what is broken among them."""

import logging
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from tests.captions.make.scripted import Scripted, handed, jpeg, record_of, write_shards

from thuja.captions import CaptionerStopped
from thuja.captions.columns import taxon_of
from thuja.captions.make import MakeSettings, Output, Pace, make
from thuja.captions.make.inputs import find_inputs
from thuja.captions.make.listing import taxon_of_folder
from thuja.errors import EmptyInput, OutputExists, UsageError
from thuja.shards import index_shard, read_shard
from thuja.taxonomy import Taxon

PACE = Pace(concurrency=4)


def captions_of(out: Path) -> dict[str, dict[str, object]]:
    return {row["uuid"]: row for row in pq.read_table(out / "captions.parquet").to_pylist()}


def test_a_table_names_images_their_lineage_and_their_split(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg(number))
    pl.DataFrame(
        {
            "path": ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "", "0.jpg"],
            "scientific_name": ["Corvus corax", "Pica pica", "Quercus robur", None, "Pica pica", "Corvus corax"],
            "split": ["train", "test", "train", "train", "train", "train"],
        }
    ).write_csv(tmp_path / "images.csv")
    out = tmp_path / "out"
    summary = make(tmp_path / "images.csv", Output(folder=out), handed=handed(Scripted()), pace=PACE)
    assert summary.pictures == 4, "a cell that is empty names no image, and 0.jpg stands there twice"
    assert sorted(path.name for path in (out / "shards").glob("*.tar")) == ["test-00000.tar", "train-00000.tar"]
    (test,) = read_shard(out / "shards" / "test-00000.tar")
    assert (test.record.taxon.binomial, test.record.split) == ("Pica pica", "test")
    assert test.record.caption.startswith("A Pica pica with a ")
    named = {row["scientific_name"]: row["status"] for row in captions_of(out).values()}
    assert named[None] == "accepted", "without a name it is asked about all the same"


def test_a_folder_is_captioned_by_the_names_of_its_folders(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for folder in ("Corvus corax", "00003_Animalia_Chordata_Aves_Passeriformes_Corvidae_Pica_pica", "holiday"):
        (photos / folder).mkdir(parents=True)
    (photos / "Corvus corax" / "1.jpg").write_bytes(jpeg(1))
    next(photos.glob("0*")).joinpath("2.jpg").write_bytes(jpeg(2))
    out = tmp_path / "out"
    make(photos, Output(folder=out, is_table_only=True), handed=handed(Scripted()), pace=PACE)
    assert {row["scientific_name"]: row["family"] for row in captions_of(out).values()} == {
        "Corvus corax": None, "Pica pica": "Corvidae",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "binomial"),
    [("Corvus_corax", "Corvus corax"), ("12.Pica pica", "Pica pica"), ("holiday", ""), ("Corvus", "")],
)
def test_a_folders_name_is_a_binomial_or_nothing(name: str, binomial: str) -> None:
    assert taxon_of_folder(name).binomial == binomial


def test_a_lineage_beats_the_scientific_name() -> None:
    assert taxon_of({"genus": "Quercus", "scientific_name": "Pica pica"}) == Taxon(genus="Quercus")
    assert taxon_of({"scientific_name": "Quercus", "common": "oaks"}).common == "oaks"
    assert taxon_of({"kingdom": "Animalia", "scientific_name": "Pica pica"}).binomial == "Pica pica"
    assert taxon_of({"family": "Corvidae", "scientific_name": "Corvidae"}) == Taxon(family="Corvidae")


def test_broken_images_become_reasoned_rejects_that_cost_nothing(tmp_path: Path) -> None:
    photos = tmp_path / "photos" / "Corvus corax"
    photos.mkdir(parents=True)
    for name, data in {"a": jpeg(1), "b": jpeg(2)[:200], "c": b"", "d": b"no image at all"}.items():
        (photos / f"{name}.jpg").write_bytes(data)
    captioner, out = Scripted(), tmp_path / "out"
    summary = make(tmp_path / "photos", Output(folder=out), handed=handed(captioner), pace=PACE)
    assert (summary.accepted, summary.rejected, captioner.asked.total()) == (1, 3, 1)
    assert set(summary.reasons) == {"truncated", "empty_image", "unsupported"}
    assert str(summary).splitlines()[2].startswith("such as: ")
    catalog = pl.read_parquet(out / "catalog.parquet")
    dropped = dict(catalog.filter(pl.col("drop_reason").is_not_null()).select("drop_reason", "dropped_by").iter_rows())
    assert dropped == dict.fromkeys(summary.reasons, "captions")
    assert len(index_shard(out / "shards" / "train-00000.tar")) == 1


@pytest.mark.shared
def test_hostile_images_end_no_run(shared: Path, tmp_path: Path) -> None:
    """Every file of the collection is accepted or rejected with a reason, and nothing else happens."""
    folder = shared / "photos" / "robust"
    count = sum(1 for unit in find_inputs(folder).units() for _ in unit.pictures())
    settings = MakeSettings(tries=0)
    out = Output(folder=tmp_path / "out", is_table_only=True)
    summary = make(folder, out, handed=handed(Scripted()), settings=settings, pace=PACE)
    assert summary.pictures == count > 0
    assert {"truncated", "too_many_pixels", "unsupported"} <= set(summary.reasons)


def test_a_shard_that_is_damaged_gives_what_is_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shards = write_shards(tmp_path / "in", {"train": [4]})
    path = shards / "train-00000.tar"
    path.write_bytes(path.read_bytes()[:6000])
    (shards / "manifest.json").unlink(missing_ok=True)
    with caplog.at_level(logging.ERROR):
        summary = make(shards, Output(folder=tmp_path / "out"), handed=handed(Scripted()), pace=PACE)
    assert 1 <= summary.accepted < 4
    assert summary.pictures == summary.accepted + summary.rejected


def test_text_members_are_written_where_the_source_has_them(tmp_path: Path) -> None:
    from thuja.shards import ShardWriter

    with ShardWriter(tmp_path / "in", "train", text_keys=True) as writer:
        writer.write(record_of(0), jpeg(0))
    make(tmp_path / "in", Output(folder=tmp_path / "out"), handed=handed(Scripted()), pace=PACE)
    (entry,) = index_shard(tmp_path / "out" / "shards" / "train-00000.tar")
    assert {"sci.txt", "caption.txt"} <= set(entry.members)
    (sample,) = read_shard(tmp_path / "out" / "shards" / "train-00000.tar")
    assert sample.texts["caption"] == sample.record.caption != ""


def test_what_cannot_be_captioned_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.csv").write_text("name,place\na,b\n")
    (tmp_path / "notes.txt").write_text("no table")
    with pytest.raises(EmptyInput, match="no image and no shard"):
        find_inputs(tmp_path / "empty")
    with pytest.raises(UsageError, match="there is nothing at"):
        find_inputs(tmp_path / "missing")
    with pytest.raises(UsageError, match="neither a folder, a shard nor a table"):
        find_inputs(tmp_path / "notes.txt")
    with pytest.raises(UsageError, match="has none of the columns path, file"):
        list(find_inputs(tmp_path / "bad.csv").units())
    shards = write_shards(tmp_path / "in", {"train": [1]})
    with pytest.raises(EmptyInput, match="no shard of the split val"):
        find_inputs(shards, splits=("val",))


def test_a_run_does_not_go_on_with_a_folder_that_has_changed(tmp_path: Path) -> None:
    """One more image moves others to the next unit, where they would be captioned twice or not at all."""
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.jpg").write_bytes(jpeg(number))
    out = tmp_path / "out"
    with pytest.raises(CaptionerStopped):
        make(tmp_path / "in", Output(folder=out), handed=handed(Scripted(stops_after=1)), pace=PACE)
    (tmp_path / "in" / "1a.jpg").write_bytes(jpeg(9))
    with pytest.raises(OutputExists, match="inputs"):
        make(tmp_path / "in", Output(folder=out, resume=True), handed=handed(Scripted()), pace=PACE)
    (tmp_path / "in" / "1a.jpg").unlink()
    summary = make(tmp_path / "in", Output(folder=out, resume=True), handed=handed(Scripted()), pace=PACE)
    assert summary.pictures == 3
