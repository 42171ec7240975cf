"""What two catalogs differ in, and the splits that an update keeps."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import daft
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.curate import CurateSummary, update
from thuja.curate.changes import CatalogChanges, Move
from thuja.curate.copies_moved import copies_into_training
from thuja.curate.kept_splits import held_out_lineages, keep_splits, kept_splits, kept_splits_step
from thuja.curate.rows import STEP_SCHEMA
from thuja.curate.update import compare_catalogs, write_changes_csv
from thuja.errors import BadFile, EmptyInput
from thuja.record import CATALOG_SCHEMA
from thuja.taxonomy import RANKS

Row = dict[str, Any]
SCHEMA = dict(pl.DataFrame(pl.from_arrow(CATALOG_SCHEMA.empty_table())).schema)


def image(number: int, **facts: Any) -> Row:
    row: Row = {
        "uuid": f"{number * 2_654_435_761 % 16**8:08x}-0000-5000-8000-{number:012x}",
        "data_source": "GBIF", "source_id": f"{number}", "kingdom": "Animalia", "family": "Corvidae",
        "genus": "Corvus", "species": "corax", "license_name": "CC0 1.0", "sha256": f"{number:064x}",
        "split": "train", "shard_filename": "train-00000.tar", "drop_reason": None, "dropped_by": None,
    }  # fmt: skip
    return row | facts


def dropped(step: str, reason: str) -> Row:
    return {"drop_reason": reason, "dropped_by": step, "split": None, "shard_filename": None}


def write(path: Path, rows: list[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=SCHEMA).write_parquet(path)
    return path


OLD = [
    image(0), image(1), image(2), image(3), image(4), image(5), image(6, split="test"),
    image(7, **dropped("quality", "blurred")), image(8, **dropped("quality", "blurred")), image(9),
]  # fmt: skip
NEW = [
    image(0), image(20, split="test"), image(21, **dropped("screen", "licence")),
    image(2, genus="Pica", species="pica"), image(3, family="Paridae", genus="Parus", species="major"),
    image(4, license_name="All rights reserved", **dropped("screen", "licence")),
    image(5, license_name="CC BY 4.0", sha256="f" * 64), image(6, split="train"), image(7),
    image(8, **dropped("people", "person")), image(9, **dropped("duplicates", "near_duplicate")),
]  # fmt: skip


@pytest.fixture
def changes(tmp_path: Path) -> CatalogChanges:
    old, new = write(tmp_path / "old" / "catalog.parquet", OLD), write(tmp_path / "new" / "catalog.parquet", NEW)
    return compare_catalogs(old.parent, new, tmp_path / "out")


def test_every_kind_of_change_is_counted(changes: CatalogChanges) -> None:
    assert changes.counts == {
        "added": 2, "withdrawn": 1, "reidentified": 2, "relicensed": 2, "bytes_changed": 1, "dropped": 2,
        "regained": 1, "split_moved": 1,
    }  # fmt: skip
    assert (changes.read_old, changes.kept_old, changes.read_new, changes.kept_new) == (10, 8, 11, 7)
    assert changes.same == 2  # 0, and 8, which was dropped before too
    assert changes.by_rank == {"family": 1, "genus": 1}


def test_changes_are_told_from_what_to_what(changes: CatalogChanges) -> None:
    assert changes.moves["relicensed"] == [
        Move(before="CC0 1.0", after="All rights reserved", images=1),
        Move(before="CC0 1.0", after="CC BY 4.0", images=1),
    ]
    assert changes.moves["dropped"] == [
        Move(before="train", after="licence", images=1),
        Move(before="train", after="near_duplicate", images=1),
    ]
    assert changes.moves["split_moved"] == [Move(before="test", after="train", images=1)]
    assert changes.moves["added"] == [Move(before=None, after=a, images=1) for a in ("licence", "test")]
    text = str(changes)
    assert "Animalia Corvidae Corvus corax -> Animalia Corvidae Pica pica" in text
    assert "highest rank that changed: family 1, genus 1" in text
    assert "warning: 1 images that were measured on are in the training split" in text


def test_images_that_must_leave_are_listed_with_their_old_shard(changes: CatalogChanges) -> None:
    listed = pl.read_csv(changes.take_down)
    assert listed.columns == ["uuid", "shard_filename", "reason"]
    assert {row[0]: row[1:] for row in listed.iter_rows()} == {
        OLD[1]["uuid"]: ("train-00000.tar", "withdrawn"),
        OLD[4]["uuid"]: ("train-00000.tar", "licence"),
    }
    assert changes.must_leave == 2


def test_the_table_of_changes_has_a_row_a_change(changes: CatalogChanges, tmp_path: Path) -> None:
    rows = pl.read_parquet(changes.file)
    assert rows.columns == list(update.SCHEMA)
    assert len(rows) == sum(changes.counts.values())
    parus = rows.filter(pl.col("uuid") == OLD[3]["uuid"]).to_dicts()
    assert [(row["change"], row["rank"], row["after"]) for row in parus] == [
        ("reidentified", "family", "Animalia Paridae Parus major")
    ]
    assert pl.read_csv(write_changes_csv(tmp_path / "out"))["uuid"].to_list() == rows["uuid"].to_list()
    assert json.loads(json.dumps(asdict(changes)))["moves"]["withdrawn"] == [
        {"before": "train", "after": None, "images": 1}
    ]


def test_a_catalog_is_the_same_as_itself(tmp_path: Path) -> None:
    old = write(tmp_path / "catalog.parquet", OLD)
    changes = compare_catalogs(old, old, tmp_path / "out")
    assert (changes.same, dict(changes.counts), changes.must_leave) == (10, {}, 0)
    assert len(pl.read_parquet(changes.file)) == 0


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["", "gone", "new", "test", "licence"])), max_size=40))
def test_range_by_range_gives_what_one_join_gives(tmp_path_factory: pytest.TempPathFactory, draws: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("ranges")
    fates = dict(draws)
    old = [image(number) for number, fate in fates.items() if fate != "new"]
    changed = {"test": {"split": "test"}, "licence": dropped("screen", "licence")}
    new = [image(number, **changed.get(fate, {})) for number, fate in fates.items() if fate != "gone"]
    paths = write(folder / "old.parquet", old), write(folder / "new.parquet", new)
    whole = compare_catalogs(*paths, folder / "whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(update, "_IDS_AT_ONCE", 8)
        patch.setattr(update, "_ROWS_AT_ONCE", 2)
        ranged = compare_catalogs(*paths, folder / "ranged")
    assert pl.read_parquet(whole.file).equals(pl.read_parquet(ranged.file))
    told = asdict(whole), asdict(ranged)
    for one in told:
        del one["file"], one["take_down"]
    assert told[0] == told[1]
    fate_of = [fate for fate in fates.values() if fate]
    kinds = {"gone": "withdrawn", "new": "added", "test": "split_moved", "licence": "dropped"}
    assert whole.counts == {kinds[fate]: fate_of.count(fate) for fate in set(fate_of)}


class TestBadInput:
    def test_no_catalog(self, tmp_path: Path) -> None:
        old = write(tmp_path / "catalog.parquet", OLD)
        with pytest.raises(EmptyInput, match="there is no catalog at"):
            compare_catalogs(old, tmp_path / "missing", tmp_path / "out")
        assert not (tmp_path / "out" / "changes.parquet").exists()

    def test_a_file_that_is_no_catalog(self, tmp_path: Path) -> None:
        old = write(tmp_path / "catalog.parquet", OLD)
        (tmp_path / "text.parquet").write_text("uuid,split\n")
        with pytest.raises(BadFile, match="cannot be read as Parquet"):
            compare_catalogs(old, tmp_path / "text.parquet", tmp_path / "out")
        pl.DataFrame({"name": ["a"]}).write_parquet(tmp_path / "other.parquet")
        with pytest.raises(BadFile, match="it has no column uuid, drop_reason, split"):
            compare_catalogs(old, tmp_path / "other.parquet", tmp_path / "out")

    def test_an_id_that_is_there_twice(self, tmp_path: Path) -> None:
        old = write(tmp_path / "catalog.parquet", OLD)
        twice = write(tmp_path / "twice.parquet", [*OLD, OLD[0]])
        with pytest.raises(BadFile, match=f"twice.parquet has an id twice: {OLD[0]['uuid']}"):
            compare_catalogs(old, twice, tmp_path / "out")

    def test_an_older_catalog_without_a_column(self, tmp_path: Path) -> None:
        old = write(tmp_path / "catalog.parquet", OLD)
        pl.read_parquet(old).drop("license_name", "license_link").write_parquet(tmp_path / "older.parquet")
        changes = compare_catalogs(tmp_path / "older.parquet", old, tmp_path / "out")
        assert changes.moves["relicensed"] == [Move(before=None, after="CC0 1.0", images=10)]


def kept(rows: list[Row], old: Path, *, group: str = "") -> dict[str, str | None]:
    """The splits by source_id after `keep_splits`."""
    full = [dict.fromkeys(STEP_SCHEMA.names) | row | {"lineage": lineage(row)} for row in rows]
    schema = dict(pl.DataFrame(pl.from_arrow(STEP_SCHEMA.empty_table())).schema)
    frame = daft.from_arrow(pl.DataFrame(full, schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()))
    done = keep_splits(frame, old, group=group).select(*STEP_SCHEMA.names).to_pylist()
    assert len(done) == len(rows)
    return {row["source_id"]: row["split"] for row in done}


def lineage(row: Row) -> str:
    return " ".join(row[rank.label] for rank in RANKS if row.get(rank.label))


def test_an_image_keeps_its_split_and_a_new_one_is_left_open(tmp_path: Path) -> None:
    old = write(tmp_path / "catalog.parquet", [image(0), image(1, split="test"), image(2, split="val")])
    rows = [image(number, split=None) for number in range(4)]
    assert kept(rows, old) == {"0": "train", "1": "test", "2": "val", "3": None}


def test_the_stricter_of_the_sources_split_and_the_old_one_counts(tmp_path: Path) -> None:
    old = write(tmp_path / "catalog.parquet", [image(0, split="train"), image(1, split="test")])
    assert kept([image(0, split="test"), image(1, split="train")], old) == {"0": "test", "1": "test"}


def test_what_was_dropped_in_the_old_catalog_claims_nothing(tmp_path: Path) -> None:
    old = write(tmp_path / "catalog.parquet", [image(0, drop_reason="leak", dropped_by="leaks", split="test")])
    assert kept([image(0, split=None)], old) == {"0": None}


def test_the_better_copy_of_a_test_image_is_a_test_image(tmp_path: Path) -> None:
    """Drawn anew, it could have gone to the training split, and the same picture would be trained and tested on."""
    old = write(tmp_path / "catalog.parquet", [image(0, split="test"), image(1, split="train")])
    copies = dropped("duplicates", "near_duplicate")
    rows = [
        image(0, **copies, duplicate_of=image(5)["uuid"]),
        image(1, **copies, duplicate_of=image(5)["uuid"]),
        image(5, split=None),
    ]
    assert kept(rows, old) == {"0": None, "1": None, "5": "test"}


def test_the_copy_that_outlives_a_test_image_is_a_test_image(tmp_path: Path) -> None:
    """With the test image withdrawn, the copy that had been dropped for it was drawn anew, and came to train."""
    copies = dropped("duplicates", "near_duplicate")
    old = write(
        tmp_path / "catalog.parquet",
        [
            image(0, split="test"),
            image(1, **copies, duplicate_of=image(0)["uuid"]),
            image(2, **dropped("bursts", "near_duplicate"), duplicate_of=image(1)["uuid"]),
            image(3, **dropped("quality", "blurred")),
        ],
    )
    rows = [image(number, split=None) for number in (1, 2, 3)]
    assert kept(rows, old) == {"1": "test", "2": "test", "3": None}


@pytest.mark.parametrize("name", ["sha256", "pixel_hash"])
def test_the_same_bytes_or_pixels_under_another_id_keep_the_split(tmp_path: Path, name: str) -> None:
    """A source that numbers its images anew has the same test images, and they were drawn anew."""
    same: dict[str, Any] = {name: "a" * 64}
    old = write(tmp_path / "catalog.parquet", [image(0, split="val", **same), image(1, split="test", **same), image(2)])
    rows = [image(5, split=None, **same), image(6, split=None), image(7, split=None, sha256=None)]
    assert kept(rows, old) == {"5": "test", "6": None, "7": None}
    pl.read_parquet(old).drop("pixel_hash", "duplicate_of").write_parquet(old)
    assert kept(rows, old)["5"] == ("test" if name == "sha256" else None)


@pytest.mark.parametrize("ranges", [1, 5])
def test_copies_of_what_was_measured_on_that_are_trained_on_are_counted(tmp_path: Path, ranges: int) -> None:
    """Only an image that moved itself was counted, and not the copy that came in its stead."""
    copies = dropped("duplicates", "near_duplicate")
    old = write(
        tmp_path / "old.parquet",
        [
            image(0, split="test"), image(1, split="val", pixel_hash="b" * 64), image(2), image(9, split="test"),
            image(3, **copies, duplicate_of=image(0)["uuid"]), image(4, **copies, duplicate_of=image(2)["uuid"]),
            image(5, **dropped("bursts", "near_duplicate"), duplicate_of=image(3)["uuid"]),
            image(6, sha256=image(0)["sha256"]),
        ],
    )  # fmt: skip
    new = write(
        tmp_path / "new.parquet",
        [
            image(3), image(5), image(20, sha256=image(0)["sha256"]), image(21, pixel_hash="b" * 64),  # these four
            image(4), image(6, sha256=image(0)["sha256"]), image(22, split="test", sha256=image(0)["sha256"]),
            image(23, **dropped("screen", "licence") | {"sha256": image(0)["sha256"]}), image(9), image(24),
        ],
    )  # fmt: skip
    assert copies_into_training(pl.scan_parquet(old), pl.scan_parquet(new), ranges=ranges) == 4
    changes = compare_catalogs(old, new, tmp_path / "out")
    assert changes.into_training == 5  # and 9, which moved itself
    assert "warning: 5 images that were measured on are in the training split" in str(changes)


def test_a_group_stays_together(tmp_path: Path) -> None:
    old = write(tmp_path / "catalog.parquet", [image(0, split="test"), image(1, split="train")])
    rows = [
        image(0, split=None, observation_id="a"), image(5, split=None, observation_id="a"),
        image(1, split=None, observation_id="b"), image(6, split=None, observation_id="b"),
        image(7, split=None, observation_id=None), image(8, split=None, observation_id="c"),
    ]  # fmt: skip
    assert kept(rows, old, group="observation_id") == {
        "0": "test", "5": "test", "1": "train", "6": "train", "7": None, "8": None,
    }  # fmt: skip
    assert kept(rows, old)["5"] is None


def test_a_held_out_species_stays_held_out_with_its_new_images(tmp_path: Path) -> None:
    pica = {"genus": "Pica", "species": "pica"}
    old = write(
        tmp_path / "catalog.parquet", [image(0, split="unseen", **pica), image(1), image(2, split="unseen", **pica)]
    )
    assert held_out_lineages(old) == ["Animalia Corvidae Pica pica"]
    rows = [
        image(0, split=None, **pica), image(5, split=None, **pica),  # an old and a new one
        image(1, split=None, **pica),  # trained on, and of the held-out species as is known now
        image(2, split=None),  # held out, and of a trained species as is known now
    ]  # fmt: skip
    assert kept(rows, old) == {"0": "unseen", "5": "unseen", "1": "unseen", "2": "test"}


@pytest.mark.slow
@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(["train", "val", "test"]), st.integers(0, 5)), min_size=1, max_size=30))
def test_no_image_moves_from_test_to_train(tmp_path_factory: pytest.TempPathFactory, before: list[Any]) -> None:
    old = write(
        tmp_path_factory.mktemp("kept") / "catalog.parquet",
        [image(number, split=split, observation_id=f"{group}") for number, (split, group) in enumerate(before)],
    )
    rows = [image(number, split=None, observation_id=f"{number % 6}") for number in range(len(before) + 10)]
    after = kept(rows, old, group="observation_id")
    for number, (split, _) in enumerate(before):
        assert after[f"{number}"] == split


def test_after_the_step_only_new_images_are_drawn(
    photos: Path, run: Callable[..., CurateSummary], paint: Callable[..., Path], tmp_path: Path
) -> None:
    run(photos, out="old", test=0.3)
    for picture in range(20, 40):
        paint(photos / "Pica pica" / f"{picture}.jpg", 700 + picture)
    run(photos, out="new", test=0.3, seed=9, previous=tmp_path / "old")
    splits = dict(kept_splits(tmp_path / "new").collect().iter_rows())
    old = dict(kept_splits(tmp_path / "old").collect().iter_rows())
    assert len(old) == 39
    assert {uuid: splits[uuid] for uuid in old} == old
    new = [split for uuid, split in splits.items() if uuid not in old]
    assert len(new) == 20
    assert set(new) == {"train", "val", "test"}


def test_the_step_is_another_when_the_old_catalog_or_the_group_is(tmp_path: Path) -> None:
    old = write(tmp_path / "catalog.parquet", [image(0)])
    one, grouped = kept_splits_step(tmp_path), kept_splits_step(tmp_path, group="location_id")
    assert one.settings != grouped.settings
    write(old, [image(0), image(1)])
    assert kept_splits_step(tmp_path).settings != one.settings
    with pytest.raises(EmptyInput, match="there is no catalog"):
        kept_splits_step(tmp_path / "missing")
