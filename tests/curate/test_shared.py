"""Real photos: birds by a manifest, primates, and the hostile files of `robust`."""

from pathlib import Path

import polars as pl
import pytest

from thuja.curate import Handed, SourceCall, curate, recipe_of
from thuja.names import resolve_names

pytestmark = pytest.mark.shared
HANDED = Handed(resolve=resolve_names)


def test_the_bird_photos_keep_their_split_and_hold_out_species(shared: Path, tmp_path: Path) -> None:
    photos = shared / "photos"
    call = SourceCall(source=photos / "birds_cub100", labels=photos / "manifest.csv")
    summary = curate(recipe_of(call, flags={"unseen_species": 20}), tmp_path / "out", handed=HANDED)
    assert (summary.read, summary.kept, summary.species, summary.families) == (2499, 2499, 100, 30)
    assert (summary.names["exact"].names, summary.names["higher_rank"].names) == (95, 5)
    rows = pl.read_parquet(tmp_path / "out" / "catalog.parquet")
    given = rows["source_id"].str.split("/").list.first()
    seen = rows["split"] != "unseen"
    assert rows.filter(seen)["split"].to_list() == given.filter(seen).to_list()
    unseen = rows.filter(~seen)
    assert unseen["scientific_name"].n_unique() == 20
    assert unseen["family"].n_unique() >= 9
    train = rows.filter(pl.col("split") == "train")
    assert not set(unseen["scientific_name"]) & set(train["scientific_name"])
    assert set(unseen["family"]) <= set(train["family"])


def test_the_primates_all_get_a_family(shared: Path, tmp_path: Path) -> None:
    call = SourceCall(source=shared / "photos" / "primates10", labels=shared / "photos" / "manifest.csv")
    summary = curate(recipe_of(call), tmp_path / "out", handed=HANDED)
    assert (summary.kept, summary.species, summary.families) == (278, 10, 6)
    assert summary.names["higher_rank"].examples == ["Trachypithecus johnii"]


def test_every_hostile_file_is_a_row(shared: Path, tmp_path: Path) -> None:
    source = shared / "photos" / "robust"
    summary = curate(recipe_of(SourceCall(source=source)), tmp_path / "out", handed=HANDED)
    files = sorted(str(path.relative_to(source)) for path in source.rglob("*") if path.is_file())
    rows = pl.read_parquet(tmp_path / "out" / "catalog.parquet")
    assert sorted(rows["source_id"]) == files
    assert (summary.read, summary.kept) == (33, 26)
    assert summary.dropped == {"too_many_pixels": 1, "truncated": 2, "undecodable": 3, "unsupported": 1}
    turned = rows.filter(pl.col("source_id").str.contains("Portrait_1|orientation_6.jpg"))
    assert turned.select("width", "height").rows() == [(1200, 1800), (128, 128)]
