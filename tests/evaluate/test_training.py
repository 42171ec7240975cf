"""Training catalogs of several forms: the same rows come out, held-out and dropped ones do not."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from thuja.errors import BadFile, UsageError
from thuja.evaluate.training import training_rows

ROWS = pl.DataFrame(
    {
        "Genus": ["Corvus", "Pica", "Parus", "Sitta"],
        "genus": ["Corvus", "Pica", None, "Sitta"],
        "gbif_id": [1, 2, 3, 4],
        "split": ["train", "unseen", None, "train"],
        "drop_reason": [None, None, None, "leak"],
    }
)
COLUMNS = ("genus", "gbif_id", "md5")


def read(path: Path, columns: tuple[str, ...] = COLUMNS) -> list[tuple[str | None, ...]]:
    return [row for frame in training_rows(path, columns) for row in frame.iter_rows()]


def test_every_form_of_a_catalog_gives_its_training_rows_as_text(tmp_path: Path) -> None:
    curated, parts = tmp_path / "curated", tmp_path / "set [1]" / "deep"
    for folder in (curated, parts):
        folder.mkdir(parents=True)
    ROWS.write_parquet(curated / "catalog.parquet")
    ROWS[:2].write_parquet(curated / "other.parquet")
    ROWS[:2].write_parquet(parts / "a.parquet")
    ROWS[2:].write_parquet(parts / "b.parquet")
    ROWS.write_csv(tmp_path / "rows.csv")
    ROWS.write_csv(tmp_path / "rows.tsv", separator="\t")
    with gzip.open(tmp_path / "rows.csv.gz", "wb") as file:
        file.write((tmp_path / "rows.csv").read_bytes())
    expected = [("Corvus", "1", None), (None, "3", None)]
    for path in (
        curated,
        curated / "catalog.parquet",
        tmp_path / "set [1]",
        tmp_path / "rows.csv",
        tmp_path / "rows.tsv",
        tmp_path / "rows.csv.gz",
    ):
        assert read(path) == expected, path


def test_names_of_columns_may_be_in_any_case_and_a_table_without_any_still_has_its_rows(tmp_path: Path) -> None:
    ROWS.select("Genus").write_parquet(tmp_path / "names.parquet")
    assert read(tmp_path / "names.parquet") == [(name, None, None) for name in ROWS["Genus"]]
    pl.DataFrame({"colour": ["red", "blue"]}).write_parquet(tmp_path / "colours.parquet")
    pl.DataFrame({"colour": ["red", "blue"]}).write_csv(tmp_path / "colours.csv")
    for name in ("colours.parquet", "colours.csv"):
        assert read(tmp_path / name) == [(None, None, None)] * 2


def test_what_is_no_catalog_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no catalog at"):
        read(tmp_path / "nowhere")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadFile, match="cannot be read"):
        read(tmp_path / "torn.parquet")
