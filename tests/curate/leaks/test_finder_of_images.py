"""Asking which images of an evaluation set a training row is, and not only of which set."""

from pathlib import Path

import polars as pl
from PIL import Image
from tests.curate.leaks.planted import training_row

from thuja.curate.leaks import (
    LeakIndexSettings,
    LeakSettings,
    build_leak_index,
    finder_of_images,
    open_finder,
    read_leak_index,
)
from thuja.curate.leaks.finding import READ


def rows_of(*rows: dict[str, object]) -> pl.DataFrame:
    schema = {name: pl.Int64 if name == "pdq_quality" else pl.String for name in READ}
    return pl.DataFrame([{name: row.get(name) for name in READ} for row in rows], schema=schema)


def test_every_image_that_a_row_is_gets_its_number_and_the_set_as_a_whole_agrees(photos: Path, tmp_path: Path) -> None:
    (photos / "6.jpg").write_bytes((photos / "2.jpg").read_bytes())
    path = tmp_path / "newt.parquet"
    build_leak_index(photos, path, LeakIndexSettings(name="newt"))
    index = read_leak_index(path)
    files = [Path(one).name for one in index.images["path"]]
    mirrored, settings = tmp_path / "mirrored.jpg", LeakSettings(indexes=(path,))
    Image.open(photos / "4.jpg").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(mirrored, quality=80)
    rows = rows_of(training_row(0, photos / "2.jpg"), training_row(1, mirrored), training_row(2))

    found = finder_of_images(index, settings).find(rows).to_list()
    told = [None if one is None else {tuple(part.split(":")) for part in one.split(";")} for one in found]
    kinds = ("sha256", "md5", "pixel_hash", "pdq")
    assert told[0] == {(str(files.index(name)), kind) for name in ("2.jpg", "6.jpg") for kind in kinds}
    assert told[1:] == [{(str(files.index("4.jpg")), "pdq")}, None]
    whole = open_finder(settings).find(rows).to_list()
    assert whole == ["newt:sha256;newt:md5;newt:pixel_hash;newt:pdq", "newt:pdq", None]


def test_keys_that_are_not_asked_for_find_nothing(photos: Path, tmp_path: Path) -> None:
    path = tmp_path / "newt.parquet"
    build_leak_index(photos, path, LeakIndexSettings(name="newt"))
    finder = finder_of_images(read_leak_index(path), LeakSettings(indexes=(path,), keys=("gbif_id",)))
    assert len(finder.hashes) == 0
    assert finder.find(rows_of(training_row(0, photos / "2.jpg"))).to_list() == [None]
