"""Whole curations of small folders: what goes in, what comes out, what adds up."""

import io
import json
import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from PIL import Image

from thuja.curate import CurateSummary, SourceCall, recipe_of
from thuja.errors import BadFile, EmptyInput, OutputExists, UsageError
from thuja.record import CATALOG_SCHEMA, Record
from thuja.shards import read_shard

Curator = Callable[..., CurateSummary]
Painter = Callable[..., Path]


def catalog(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "catalog.parquet")


def reasons(out: Path) -> Counter[str]:
    return Counter(catalog(out)["drop_reason"].drop_nulls())


def shard_members(out: Path) -> dict[str, list[str]]:
    members = {}
    for path in sorted((out / "shards").glob("*.tar")):
        with tarfile.open(path) as tar:
            members[path.name] = tar.getnames()
    return members


def test_a_folder_per_species_becomes_catalog_shards_and_counts(photos: Path, run: Curator, tmp_path: Path) -> None:
    summary = run(photos)
    table = pq.read_table(tmp_path / "out" / "catalog.parquet")
    assert table.schema.names == CATALOG_SCHEMA.names
    assert (summary.read, summary.kept, summary.species, summary.families) == (39, 39, 6, 3)
    assert {name: counts.images for name, counts in summary.splits.items()} == {
        "train": 33, "val": 0, "test": 6, "unseen": 0,
    }  # fmt: skip
    rows = catalog(tmp_path / "out")
    assert set(rows["family"]) == {"Corvidae", "Paridae", "Sittidae"}
    assert set(rows["resolution_status"]) == {"exact"}
    assert rows["uuid"].n_unique() == 39
    for name, members in shard_members(tmp_path / "out").items():
        ids = rows.filter(pl.col("shard_filename") == name)["uuid"].to_list()
        assert sorted(members) == sorted(f"{id_}.{end}" for id_ in ids for end in ("jpg", "json"))


def test_a_shards_record_is_the_catalogs_row(photos: Path, run: Curator, tmp_path: Path) -> None:
    run(photos)
    with tarfile.open(tmp_path / "out" / "shards" / "test-00000.tar") as tar:
        name = next(name for name in tar.getnames() if name.endswith(".json"))
        member = tar.extractfile(name)
        assert member is not None
        record = Record.from_json(member.read())
    row = catalog(tmp_path / "out").row(by_predicate=pl.col("uuid") == record.uuid, named=True)
    assert (record.taxon.binomial, record.split, record.sha256) == (row["scientific_name"], "test", row["sha256"])
    assert record.path == ""  # where a file lies on the curator's machine is nobody else's business
    assert Path(row["path"]).read_bytes()[:2] == b"\xff\xd8"


def test_every_file_is_a_row_with_its_reason(photos: Path, run: Curator, paint: Painter, tmp_path: Path) -> None:
    first = photos / "Corvus corax" / "0.jpg"
    (photos / "Corvus corax" / "cut.jpg").write_bytes(first.read_bytes()[:600])
    (photos / "Corvus corax" / "empty.jpg").write_bytes(b"")
    (photos / "Pica pica" / "notes.txt").write_text("no picture")
    shutil.copy(first, photos / "Corvus corax" / "9 copy.jpg")
    both = paint(photos / "Parus major" / "x.jpg", 900)
    shutil.copy(both, photos / "Parus minor" / "x.jpg")
    paint(photos / "loose.jpg", 901)
    (photos / ".hidden").write_text("left alone")
    summary = run(photos)
    expected = {
        "truncated": 1, "empty_image": 1, "unsupported": 1, "duplicate": 1, "conflicting_duplicate": 2, "no_label": 1,
    }  # fmt: skip
    assert summary.dropped == dict(sorted(expected.items()))
    assert reasons(tmp_path / "out") == expected
    assert (summary.read, summary.kept) == (46, 39)
    assert [step.read for step in summary.steps[1:]] == [step.kept for step in summary.steps[:-1]]
    kept = catalog(tmp_path / "out").filter(pl.col("drop_reason").is_null())
    assert "Corvus corax/0.jpg" in kept["source_id"]  # the first by path stays
    assert kept["shard_filename"].null_count() == 0
    dropped = catalog(tmp_path / "out").filter(pl.col("drop_reason").is_not_null())
    assert set(dropped["dropped_by"]) == {"check", "names", "duplicates"}


def test_unresolved_names_are_kept_apart_and_told(photos: Path, run: Curator, paint: Painter, tmp_path: Path) -> None:
    for number, label in enumerate(["detritus blob", "artifacts", "Corvus sp.", 'odd, "name"\nof two lines']):
        for picture in range(3):
            paint(photos / label / f"{picture}.jpg", 1000 + 10 * number + picture)
    summary = run(photos)
    assert summary.taxa == 10
    assert summary.names["unresolved"].names == 3
    assert "Corvus sp." in summary.names["higher_rank"].examples
    assert "detritus blob" in str(summary)
    names = pl.read_csv(tmp_path / "out" / "names.csv")
    assert names.filter(pl.col("verbatim_name") == "Corvus sp.")["family"].item() == "Corvidae"
    assert names["images"].sum() == summary.kept


def test_given_splits_are_honoured(photos: Path, run: Curator, tmp_path: Path) -> None:
    split = tmp_path / "split"
    for picture in sorted(photos.rglob("*.jpg")):
        target = split / ("test" if picture.stem in "01" else "train") / picture.parent.name / picture.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, target)
    summary = run(split)
    assert summary.splits["test"].images == 12
    assert summary.splits["train"].images == 27
    assert summary.splits["val"].images == 0


def test_species_held_out_of_training_leave_kin_behind(photos: Path, run: Curator, tmp_path: Path) -> None:
    summary = run(photos, unseen_species=2)
    rows = catalog(tmp_path / "out")
    unseen = rows.filter(pl.col("split") == "unseen")
    train = rows.filter(pl.col("split") == "train")
    assert summary.splits["unseen"].taxa == unseen["scientific_name"].n_unique() == 2
    assert set(unseen["family"]) == {"Corvidae", "Paridae"}  # spread over the families
    assert not set(unseen["scientific_name"]) & set(rows.filter(pl.col("split") != "unseen")["scientific_name"])
    assert set(unseen["family"]) <= set(train["family"])
    assert summary.warnings == []


def test_when_the_families_can_spare_no_more_it_is_said(photos: Path, run: Curator) -> None:
    summary = run(photos, unseen_species=5)
    assert summary.splits["unseen"].taxa == 3  # two of the crows, one of the tits, no nuthatch
    assert "only 3 of 5 species" in summary.warnings[0]
    assert summary.warnings[0] in str(summary)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_catalog_and_shards(photos: Path, run: Curator, tmp_path: Path) -> None:
    for out in ("one", "two"):
        run(photos, out=out, unseen_species=0.3, val=0.2, seed=3)
    assert (tmp_path / "one/catalog.parquet").read_bytes() == (tmp_path / "two/catalog.parquet").read_bytes()
    for shard in (tmp_path / "one" / "shards").iterdir():
        assert shard.read_bytes() == (tmp_path / "two" / "shards" / shard.name).read_bytes()
    run(photos, out="three", unseen_species=0.3, val=0.2, seed=4)
    assert not catalog(tmp_path / "three")["split"].equals(catalog(tmp_path / "one")["split"])


def test_shards_are_filled_to_their_size_and_mix_the_species(photos: Path, run: Curator, tmp_path: Path) -> None:
    run(photos, test=0, val=0, changes=["shards.size=10"])
    members = shard_members(tmp_path / "out")
    assert [len(names) for names in members.values()] == [20, 20, 20, 18]
    rows = catalog(tmp_path / "out")
    assert all(group["scientific_name"].n_unique() > 2 for _, group in rows.group_by("shard_filename"))


def test_rare_species_are_dropped_on_request(photos: Path, run: Curator, tmp_path: Path) -> None:
    summary = run(photos, min_images=6)
    assert summary.dropped == {"too_few_images": 9}
    assert summary.species == 4


def test_a_changed_setting_redoes_what_follows_from_it(photos: Path, run: Curator, tmp_path: Path) -> None:
    run(photos)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "steps").glob("*.json")}
    summary = run(photos, resume=True, test=0.5)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "steps").glob("*.json")}
    assert [name for name in sorted(after) if after[name] != before[name]] == ["7-splits.json", "8-pack.json"]
    assert summary.splits["test"].images > 15


@pytest.mark.slow
@pytest.mark.parametrize("step", ["0-read", "2-names", "7-splits", "8-pack"])
def test_a_curation_that_died_resumes_to_the_same_catalog(
    photos: Path, run: Curator, tmp_path: Path, step: str
) -> None:
    """Killed in that step: its marker and all that follows are missing, and half of its output lies about."""
    run(photos, unseen_species=2)
    out = tmp_path / "out"
    expected = (out / "catalog.parquet").read_bytes()
    shards = {path.name: path.read_bytes() for path in (out / "shards").iterdir()}
    for path in sorted((out / "steps").iterdir()):
        if path.name >= step:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (out / "steps" / f"{step}.part").mkdir()
    (out / "steps" / f"{step}.part" / "half.parquet").write_bytes(b"PAR1")
    (out / "shards" / "train-00000.tar").write_bytes(b"half")
    (out / "catalog.parquet").unlink()
    (out / "thuja.job.json").write_text(json.dumps({"verb": "curate", "state": "running"}))
    run(photos, unseen_species=2, resume=True)
    assert (out / "catalog.parquet").read_bytes() == expected
    assert {path.name: path.read_bytes() for path in (out / "shards").iterdir()} == shards
    assert json.loads((out / "thuja.job.json").read_text())["state"] == "complete"


def test_going_on_with_other_settings_says_which(photos: Path, run: Curator, caplog: pytest.LogCaptureFixture) -> None:
    """A flag left out of --resume drew the splits anew without a word."""
    run(photos, unseen_species=2)
    caplog.clear()
    run(photos, unseen_species=2, resume=True)
    assert "settings that differ" not in caplog.text
    run(photos, resume=True)
    assert "splits.unseen_species 2.0 -> 0" in caplog.text


def test_what_changed_after_the_check_is_not_packed(photos: Path, run: Curator, paint: Painter, tmp_path: Path) -> None:
    run(photos)
    out = tmp_path / "out"
    for name in ("8-pack", "8-pack.json"):
        path = out / "steps" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    paint(photos / "Pica pica" / "0.jpg", 5000)
    (photos / "Pica pica" / "1.jpg").unlink()
    summary = run(photos, resume=True)
    assert summary.dropped == {"changed_file": 1, "unreadable": 1}
    assert sum(len(names) for names in shard_members(out).values()) == 2 * 37


@pytest.mark.slow
def test_a_pack_that_goes_on_with_other_settings_begins_anew(photos: Path, run: Curator, tmp_path: Path) -> None:
    """Shards packed before a kill stayed when `max_side` was changed, beside new ones of another size."""
    run(photos, test=0, val=0, changes=["shards.size=10", "shards.max_side=20"])
    out = tmp_path / "out"
    done = shutil.copytree(out, tmp_path / "killed")
    shutil.rmtree(done / "steps" / "8-pack")
    (done / "steps" / "8-pack.json").unlink()
    run(photos, out="killed", resume=True, test=0, val=0, changes=["shards.size=13", "shards.max_side=12"])
    assert [len(names) // 2 for names in shard_members(done).values()] == [13, 13, 13]
    for shard in (done / "shards").glob("*.tar"):
        for sample in read_shard(shard):
            with Image.open(io.BytesIO(sample.image)) as image:
                assert max(image.size) == 12


class TestBadInput:
    """One sentence, and nothing left that looks whole."""

    def test_an_empty_folder(self, run: Curator, tmp_path: Path) -> None:
        (tmp_path / "photos").mkdir()
        with pytest.raises(EmptyInput, match="no image is spoken of"):
            run(tmp_path / "photos")
        assert not (tmp_path / "out").exists()

    def test_no_readable_picture(self, run: Curator, tmp_path: Path) -> None:
        folder = tmp_path / "photos" / "Pica pica"
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(b"")
        (folder / "b.jpg").write_bytes(b"hello")
        with pytest.raises(EmptyInput, match=r"none of the 2 files can be used: 1 empty_image, 1 unsupported"):
            run(tmp_path / "photos")
        assert not (tmp_path / "out").exists()

    def test_one_class_only(self, photos: Path, run: Curator) -> None:
        with pytest.raises(EmptyInput, match="show one taxon, Animalia Aves Paridae Parus major"):
            run(photos, labels=_labels(photos, only="Parus major"))

    def test_a_source_that_is_not_there(self, run: Curator, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no folder or table"):
            run(tmp_path / "nothing")

    def test_an_output_inside_the_source(self, photos: Path, run: Curator) -> None:
        with pytest.raises(UsageError, match="lies in the source"):
            run(photos, out="photos/out")

    def test_an_output_that_exists(self, photos: Path, run: Curator, tmp_path: Path) -> None:
        run(photos)
        with pytest.raises(OutputExists, match="not empty"):
            run(photos)
        run(photos, force=True)
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "letter.txt").write_text("dear")
        with pytest.raises(OutputExists):
            run(photos, out="mine", force=True)

    def test_an_output_that_cannot_be_written(self, photos: Path, run: Curator, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(UsageError, match="cannot write"):
            run(photos, out="file/out")

    def test_fractions_that_leave_nothing(self, photos: Path) -> None:
        for settings in ({"val": 0.5, "test": 0.5}, {"test": -0.1}, {"unseen_species": 2.5}, {"min_images": 0}):
            with pytest.raises(UsageError):
                recipe_of(SourceCall(source=photos), flags=settings)

    def test_a_table_without_the_columns_needed(self, photos: Path, run: Curator, tmp_path: Path) -> None:
        table = tmp_path / "labels.csv"
        table.write_text("picture_of,colour\na,b\n")
        with pytest.raises(UsageError, match=r"says where the images are: picture_of, colour"):
            run(photos, labels=table)
        table.write_text("file,colour\na,b\n")
        with pytest.raises(UsageError, match="says what the images show: file, colour"):
            run(photos, labels=table)
        table.write_bytes(b"file,scientific_name\n\x00\x01\x00,\xe9\n")
        with pytest.raises(BadFile, match="is no text in UTF-8"):
            run(photos, labels=table)
        with pytest.raises(UsageError, match="no label table"):
            run(photos, labels=tmp_path / "missing.csv")


def _labels(photos: Path, only: str) -> Path:
    path = photos.parent / "labels.csv"
    files = [f"photos/{only}/{picture}.jpg" for picture in range(4)]
    pl.DataFrame({"file": files, "scientific_name": [only] * 4}).write_csv(path)
    return path


def test_a_link_to_itself_is_a_row_and_a_folder_that_cannot_be_read_is_another(
    photos: Path, run: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first stopped the run with the system's error; the second was left out and not counted."""
    (photos / "Pica pica" / "loop.jpg").symlink_to("loop.jpg")
    scandir = os.scandir

    def refuse(folder: str) -> object:
        if str(folder).endswith("Sitta europaea"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    summary = run(photos)
    assert (summary.read, summary.kept) == (32, 30)
    assert reasons(tmp_path / "out") == {"unreadable": 2}


def test_where_a_photo_lay_is_in_the_catalog_and_not_in_the_shards(photos: Path, run: Curator, tmp_path: Path) -> None:
    """Shards are handed on, and held the path with a person's home folder."""
    run(photos)
    assert catalog(tmp_path / "out")["path"].str.starts_with(str(photos)).all()
    for shard in (tmp_path / "out" / "shards").glob("*.tar"):
        assert str(tmp_path).encode() not in shard.read_bytes()
        assert all(sample.record.path.startswith(f"{shard}#") for sample in read_shard(shard))


def test_when_nothing_can_be_used_an_output_that_is_a_link_stays_one(run: Curator, tmp_path: Path) -> None:
    """The folder was deleted whole, and a link cannot be: the system's error hid the reason."""
    (tmp_path / "photos" / "Pica pica").mkdir(parents=True)
    (tmp_path / "photos" / "Pica pica" / "a.jpg").write_bytes(b"no picture")
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    with pytest.raises(EmptyInput, match="1 unsupported"):
        run(tmp_path / "photos")
    assert list((tmp_path / "out").iterdir()) == []
