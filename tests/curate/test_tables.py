"""Label tables: their columns, their paths, and hostile cells."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from thuja.curate import CurateSummary
from thuja.curate.sources import SourceSpec, reader
from thuja.images.split_folders import label_and_split
from thuja.record import uuid_of_source

Curator = Callable[..., CurateSummary]
Painter = Callable[..., Path]


@pytest.fixture
def flat(tmp_path: Path, paint: Painter) -> Path:
    """Twelve pictures in one folder, that only a table can name."""
    for number in range(12):
        paint(tmp_path / "flat" / f"{number}.jpg", number)
    return tmp_path / "flat"


def write(path: Path, columns: dict[str, list[object]]) -> Path:
    table = pl.DataFrame(columns)
    table.write_parquet(path) if path.suffix == ".parquet" else table.write_csv(path)
    return path


NAMES: list[object] = ["Corvus corax", "Parus major", "Pica pica"] * 4


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_names_and_splits_and_knows_more(flat: Path, run: Curator, tmp_path: Path, suffix: str) -> None:
    columns: dict[str, list[object]] = {
        "FilePath": [f"flat/{number}.jpg" for number in range(12)],
        "scientificName": NAMES,
        "vernacularName": ["Raven", "Tit", "Pie"] * 4,
        "licence": ["CC0"] * 12,
        "split": ["train", "Training", "heldout", "val"] * 3,
        "latitude": [1.5] * 12,
        "sex": ["female"] * 12,
        "beak length": [0.25] * 12,
    }
    summary = run(flat, labels=write(tmp_path / f"labels{suffix}", columns))
    assert {name: counts.images for name, counts in summary.splits.items()} == {
        "train": 6, "val": 3, "test": 3, "unseen": 0,
    }  # fmt: skip
    row = pl.read_parquet(tmp_path / "out" / "catalog.parquet").row(0, named=True)
    assert (row["scientific_name"], row["common"], row["license_name"]) == ("Corvus corax", "Raven", "CC0")
    assert (row["latitude"], row["sex"], json.loads(row["traits"])) == (1.5, "female", {"beak length": 0.25})
    assert row["uuid"] == uuid_of_source("flat", "0.jpg")


def test_names_come_from_rank_columns_common_names_or_labels(flat: Path, run: Curator, tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "path": [f"{number}.jpg" for number in range(12)],
        "family": ["Corvidae", None, None] * 4,
        "genus": ["Corvus", None, None] * 4,
        "species": ["corax", "Parus major", None] * 4,
        "label": [None, "tit", "some label"] * 4,
    }
    run(flat, labels=write(tmp_path / "labels.csv", columns))
    rows = pl.read_parquet(tmp_path / "out" / "catalog.parquet")
    counts = Counter(zip(rows["scientific_name"], rows["resolution_status"], strict=True))
    assert counts == {("Corvus corax", "exact"): 4, ("Parus major", "exact"): 4, ("some label", "unresolved"): 4}


def test_a_table_may_lie_anywhere_and_speak_of_more(flat: Path, run: Curator, paint: Painter, tmp_path: Path) -> None:
    paint(tmp_path / "other" / "a.jpg", 100)
    beside: dict[str, list[object]] = {
        "file": [f"flat/{number}.jpg" for number in range(12)] + ["other/a.jpg"],
        "scientific_name": [*NAMES, "Pica pica"],
    }
    summary = run(flat, labels=write(tmp_path / "labels.csv", beside), out="beside")
    assert (summary.read, summary.notes) == (12, {"outside": 1})
    (tmp_path / "tables").mkdir()
    within: dict[str, list[object]] = {
        "file": [f"{number}.jpg" for number in range(12)],
        "scientific_name": NAMES,
    }
    apart = run(flat, labels=write(tmp_path / "tables" / "labels.csv", within), out="apart")
    assert (apart.read, apart.kept, apart.notes) == (12, 12, {})
    ids = [pl.read_parquet(tmp_path / out / "catalog.parquet")["uuid"].to_list() for out in ("beside", "apart")]
    assert ids[0] == ids[1]


def test_a_table_is_a_source_itself(flat: Path, run: Curator, tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {"image": [f"{number}.jpg" for number in range(12)], "taxon": NAMES}
    summary = run(write(flat / "table.csv", columns))
    assert (summary.read, summary.kept) == (12, 12)


def test_hostile_rows_end_as_rows(flat: Path, run: Curator, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes((flat / "0.jpg").read_bytes())
    columns: dict[str, list[object]] = {
        "file": [
            *(f"{number}.jpg" for number in range(9)),
            "../../../../etc/passwd",
            "/etc/passwd",
            "../secret.jpg",
            "gone.jpg",
            "nul\0l.jpg",
            "",
            "8.jpg",
            'quo"te,\nnew line.jpg',
            ".",
        ],
        "scientific_name": [*NAMES[:9], *["Pica pica"] * 9],
    }
    (tmp_path / "tables").mkdir()
    summary = run(flat, labels=write(tmp_path / "tables" / "labels.parquet", columns))
    assert summary.dropped == {
        "missing_file": 3, "no_path": 1, "not_in_table": 3, "outside_source": 4, "repeated_id": 1,
    }  # fmt: skip
    assert (summary.read, summary.kept) == (21, 9)
    rows = pl.read_parquet(tmp_path / "out" / "catalog.parquet")
    assert rows["uuid"].n_unique() == 21
    assert "/etc/passwd" in rows.filter(pl.col("drop_reason") == "outside_source")["path"]
    assert rows.filter(pl.col("drop_reason") == "outside_source")["sha256"].null_count() == 4


def test_a_hash_that_the_table_gives_is_checked(flat: Path, run: Curator, tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "file": [f"{number}.jpg" for number in range(12)],
        "scientific_name": NAMES,
        "sha256": [None] * 11 + ["0" * 64],
    }
    assert run(flat, labels=write(tmp_path / "flat" / "labels.csv", columns)).dropped == {"hash_mismatch": 1}


def test_an_unknown_split_is_told_and_split_like_none(flat: Path, run: Curator, tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "file": [f"{number}.jpg" for number in range(12)],
        "scientific_name": NAMES,
        "split": ["fold7"] * 12,
    }
    summary = run(flat, labels=write(tmp_path / "flat" / "labels.csv", columns))
    assert summary.notes == {"unknown split fold7": 12}
    assert (summary.splits["train"].images, summary.splits["test"].images) == (9, 3)


def test_a_biosphere_folder_keeps_its_ids_and_traits(flat: Path, run: Curator, backbone: Path, tmp_path: Path) -> None:
    ids = [uuid_of_source("biosphere", str(number)) for number in range(12)]
    columns: dict[str, list[object]] = {
        "uuid": list(ids),
        "file": [f"{number}.jpg" for number in range(12)],
        "scientific_name": NAMES,
        "caption": ["a black bird"] * 12,
        "limbs": [2] * 12,
    }
    write(flat / "table.csv", columns)
    (flat / "backbone.parquet").write_bytes(backbone.read_bytes())
    run(flat)
    rows = pl.read_parquet(tmp_path / "out" / "catalog.parquet")
    assert sorted(rows["uuid"]) == sorted(ids)
    assert set(rows["caption"]) == {"a black bird"}
    assert set(rows["traits"]) == {'{"limbs": 2}'}


@pytest.mark.parametrize(
    ("path", "label", "split"),
    [
        ("Corvus corax/a.jpg", "Corvus corax", ""),
        ("train/Corvus corax/a.jpg", "Corvus corax", "train"),
        ("Corvus corax/Validation/a.jpg", "Corvus corax", "val"),
        ("birds/heldout/Pica_pica/a.jpg", "Pica_pica", "test"),
        ("a.jpg", "", ""),
        ("train/a.jpg", "", "train"),
    ],
)
def test_the_innermost_folder_is_the_label(path: str, label: str, split: str) -> None:
    assert label_and_split(path) == (label, split)


def rows_of(folder: Path) -> list[dict[str, object]]:
    frames = reader("folder")(SourceSpec(kind="folder", path=folder), Counter())
    return [row for frame in frames for row in frame.to_dicts()]


def test_linked_folders_are_entered_once_and_loops_end(flat: Path, tmp_path: Path) -> None:
    (flat / "again").symlink_to(flat)
    (flat / "elsewhere").symlink_to(tmp_path)
    paths = [row["source_id"] for row in rows_of(flat)]
    assert len(paths) == len(set(paths)) == 12


def test_a_file_name_that_is_not_text_is_a_dropped_row(flat: Path) -> None:
    with open(bytes(flat) + b"/\xff\xfe.jpg", "wb") as file:  # noqa: PTH123 - a name that no str holds
        file.write(b"x")
    rows = rows_of(flat)
    assert [row["source_id"] for row in rows if row.get("drop_reason") == "unreadable_name"] == ["\\xff\\xfe.jpg"]
    assert len(rows) == 13


def test_the_output_may_lie_beside_the_table(flat: Path, run: Curator) -> None:
    """`thuja curate photos.csv --out data` was refused: the table's folder held the output."""
    table = write(flat / "photos.csv", {"file": [f"{number}.jpg" for number in range(12)], "taxon": NAMES})
    assert run(table, out="flat/data").kept == 12


def test_a_picture_of_any_suffix_that_the_table_leaves_out_is_a_row(flat: Path, run: Curator) -> None:
    """`.jfif` and `.apng` were no pictures to curation, though they are to prediction."""
    for suffix in (".jfif", ".apng"):
        (flat / f"more{suffix}").write_bytes((flat / "0.jpg").read_bytes())
    table = write(flat / "photos.csv", {"file": [f"{number}.jpg" for number in range(12)], "taxon": NAMES})
    assert run(table).dropped == {"not_in_table": 2}
