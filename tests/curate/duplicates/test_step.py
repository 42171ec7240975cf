"""The step over a table of real small images: who is dropped, for whom, and that the order of rows changes nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from hashlib import sha256
from pathlib import Path

import daft
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image
from tests.curate.duplicates.scenes import scene

from thuja.curate.duplicates import DuplicateSettings, dropped_by_clade, duplicates_step, hashes_of
from thuja.curate.duplicates.copies import copy_orders
from thuja.curate.rows import STEP_SCHEMA
from thuja.curate.steps import Frame
from thuja.errors import ThujaError, UsageError
from thuja.images import read_image

NEAR = DuplicateSettings(perceptual=True)
Rows = list[dict[str, object]]


def row(uuid: str, path: Path, **columns: object) -> dict[str, object]:
    """A row of the step's table for a file, as the check leaves it."""
    image = read_image(path)
    known = {
        "uuid": uuid, "path": path.name, "place": str(path), "width": image.width, "height": image.height,
        "sha256": sha256(path.read_bytes()).hexdigest(), "kingdom": "Animalia", "genus": "Corvus", "species": "corax",
        **asdict(hashes_of(image)),
    }  # fmt: skip
    return dict.fromkeys(STEP_SCHEMA.names) | known | columns


def save(path: Path, number: int, size: tuple[int, int] = (480, 360), quality: int = 90) -> Path:
    image = scene(number)
    (image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)).save(path, quality=quality)
    return path


def framed(rows: Rows) -> Frame:
    return daft.from_arrow(pa.Table.from_pylist(rows, schema=STEP_SCHEMA))


def done(rows: Rows, settings: DuplicateSettings = NEAR, parts: int = 1) -> pl.DataFrame:
    pieces = [framed(rows[part::parts]) for part in range(parts)]
    frame = reduce(Frame.concat, pieces)
    table = pl.DataFrame(duplicates_step(settings).apply(frame).select(*STEP_SCHEMA.names).to_arrow())
    return table.sort("uuid")


def fates(table: pl.DataFrame) -> dict[str, tuple[str | None, str | None]]:
    return {one["uuid"]: (one["drop_reason"], one["duplicate_of"]) for one in table.to_dicts()}


KEPT = (None, None)


@pytest.fixture
def copies(tmp_path: Path) -> Rows:
    """Of one scene: a file, the same bytes, the same pixels, a smaller one; and another scene."""
    first = save(tmp_path / "first.jpg", 1)
    again = tmp_path / "same.jpg"
    again.write_bytes(first.read_bytes())
    pixels = tmp_path / "zpixels.png"
    read_image(first).save(pixels)
    small = save(tmp_path / "small.jpg", 1, (240, 180), 75)
    other = save(tmp_path / "other.jpg", 2)
    names = {"a": first, "b": again, "c": pixels, "d": small, "e": other}
    return [row(name, path) for name, path in names.items()]


def test_each_copy_is_dropped_for_the_best_with_its_own_reason(copies: Rows) -> None:
    table = done(copies)
    assert fates(table) == {
        "a": KEPT, "b": ("duplicate", "a"), "c": ("duplicate_pixels", "a"), "d": ("near_duplicate", "a"), "e": KEPT,
    }  # fmt: skip
    assert set(table.filter(pl.col("drop_reason").is_not_null())["dropped_by"]) == {"duplicates"}
    assert table.columns == STEP_SCHEMA.names


def test_near_copies_stay_unless_they_are_asked_for(copies: Rows) -> None:
    assert fates(done(copies, DuplicateSettings()))["d"] == KEPT
    none = DuplicateSettings(exact=False, pixels=False)
    assert set(fates(done(copies, none)).values()) == {KEPT}


def test_the_order_of_the_rows_and_their_partitions_change_nothing(copies: Rows) -> None:
    assert done(copies[::-1], parts=3).equals(done(copies))


def test_a_dropped_row_is_no_copy_of_any_and_keeps_its_reason(copies: Rows) -> None:
    copies[0] |= {"drop_reason": "blurred", "dropped_by": "quality"}
    table = done(copies)
    assert fates(table)["a"] == ("blurred", None)
    assert fates(table)["b"] == KEPT
    assert fates(table)["d"] == ("near_duplicate", "b")
    assert table["dropped_by"][0] == "quality"


@pytest.mark.parametrize(
    ("better", "column"),
    [
        ({"split": "test"}, "split"),
        ({"family": "Corvidae"}, "label depth"),
        ({"license_name": "CC0"}, "licence"),
        ({"width": 9_000}, "resolution"),
    ],
)
def test_the_better_copy_stays(copies: Rows, better: dict[str, object], column: str) -> None:
    copies[1] |= better
    assert fates(done(copies))["a"] == ("duplicate", "b"), column


def test_who_was_dropped_for_a_copy_that_goes_points_to_the_one_that_stays(copies: Rows) -> None:
    """b goes for a by its bytes, a for c by its pixels, and c for d, which has the test split."""
    copies[2]["license_name"] = "CC0"
    copies[3]["split"] = "test"
    assert fates(done(copies)) == {
        "a": ("duplicate_pixels", "d"), "b": ("duplicate", "d"), "c": ("near_duplicate", "d"), "d": KEPT, "e": KEPT,
    }  # fmt: skip


def test_equal_copies_with_contradicting_names_all_go_and_a_shorter_name_contradicts_nothing(copies: Rows) -> None:
    copies[1]["species"] = None
    assert fates(done(copies))["b"] == ("duplicate", "a")
    copies[1]["species"] = "corone"
    found = fates(done(copies))
    assert found["a"] == found["b"] == ("conflicting_duplicate", None)
    assert found["c"] == KEPT
    assert found["d"] == ("near_duplicate", "c")


def test_near_copies_with_contradicting_names_both_stay(copies: Rows) -> None:
    copies[3]["species"] = "corone"
    assert fates(done(copies))["d"] == KEPT


def tied(uuid: str, side: int, **columns: object) -> dict[str, object]:
    """A row of one hash that all such rows have, the larger the better, and of no file."""
    size = {"path": uuid, "width": side, "height": side, "genus": "Corvus", "species": "corax"}
    return dict.fromkeys(STEP_SCHEMA.names) | {"uuid": uuid, "pdq": "ab" * 32, "pdq_quality": 99} | size | columns


def test_copies_behind_a_better_image_of_another_species_are_found() -> None:
    """Of one hash each was compared with the best only: where that is of another species, all three stayed."""
    rows = [tied("l", 900, species="corone"), tied("a", 500), tied("b", 400), tied("c", 300, species=None)]
    blind = DuplicateSettings(perceptual=True, confirm="none")
    expected = {"l": KEPT, "a": KEPT, "b": ("near_duplicate", "a"), "c": ("near_duplicate", "l")}
    assert fates(done(rows, blind)) == expected
    assert fates(done(rows[::-1], blind, parts=3)) == expected
    assert fates(done(rows[1:3], blind))["b"] == ("near_duplicate", "a")


def test_copies_behind_a_better_image_that_looks_otherwise_are_found(tmp_path: Path) -> None:
    """Of one hash each was compared with the best only: where the second look tells that apart, all three stayed."""
    save(tmp_path / "l.jpg", 1)
    save(tmp_path / "a.jpg", 2)
    rows = [
        tied("l", 900, place=str(tmp_path / "l.jpg")),
        tied("a", 500, place=str(tmp_path / "a.jpg")),
        tied("b", 400, place=str(tmp_path / "a.jpg")),
    ]
    assert fates(done(rows)) == {"l": KEPT, "a": KEPT, "b": ("near_duplicate", "a")}


def test_images_of_one_hash_that_all_differ_are_a_few_looks_each(tmp_path: Path) -> None:
    """A crowd is compared with the best of each round, not with one another."""
    other, scenes = save(tmp_path / "other.jpg", 99), 24
    rows = [tied(f"u{n:02}", 900 - n, place=str(save(tmp_path / f"{n}.jpg", n, (96, 72)))) for n in range(scenes)]
    rows.append(tied("z", 100, place=str(other)))
    assert set(fates(done(rows)).values()) == {KEPT}
    rows.append(tied("y", 850, place=str(other)))
    assert fates(done(rows))["z"] == KEPT  # 27th of a crowd: no round comes to its copy


def test_images_of_low_quality_or_without_a_hash_are_not_matched(copies: Rows) -> None:
    copies[3]["pdq_quality"] = 49
    assert fates(done(copies))["d"] == KEPT
    copies[3] |= {"pdq_quality": None, "pdq": None}
    assert fates(done(copies))["d"] == KEPT
    for one in copies:
        one |= {"pdq": None, "pixel_hash": None, "sha256": None}
    assert set(fates(done(copies)).values()) == {KEPT}


def test_another_specimen_on_one_ground_stays_for_its_pixels(tmp_path: Path) -> None:
    for name, number in (("a", 8), ("b", 9)):
        image = scene(11)
        image.paste(scene(number, (24, 24)), (250, 150))
        image.save(tmp_path / f"{name}.png")
    rows = [row(name, tmp_path / f"{name}.png") for name in "ab"]
    assert fates(done(rows)) == {"a": KEPT, "b": KEPT}
    assert fates(done(rows, DuplicateSettings(perceptual=True, confirm="none")))["b"] == ("near_duplicate", "a")


def test_a_file_that_is_gone_is_no_near_copy(copies: Rows) -> None:
    Path(str(copies[3]["place"])).unlink()
    copies[4]["place"] = None
    assert fates(done(copies))["d"] == KEPT


def test_a_crop_is_looked_at_by_itself(tmp_path: Path) -> None:
    """The crop of a sheet shows what a photo shows, and the sheet does not."""
    sheet = Image.new("RGB", (900, 700), "white")
    sheet.paste(scene(5), (100, 50))
    sheet.save(tmp_path / "sheet.png")
    photo = row("b", save(tmp_path / "photo.jpg", 5))
    crop = row("a", tmp_path / "sheet.png") | asdict(hashes_of(scene(5))) | {"width": 480, "height": 360}
    assert fates(done([crop | {"crop": "100,50,480,360"}, photo]))["a"] == ("near_duplicate", "b")
    assert fates(done([crop, photo]))["a"] == KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Brightness:
    """An embedding of two numbers: how far an image is brighter than a quarter, and darker."""

    def __call__(self, images: Sequence[Image.Image]) -> npt.NDArray[np.floating]:
        means = np.array([np.asarray(image, np.float64).mean() for image in images]) - 64
        return np.stack([np.clip(means, 0, None), np.clip(-means, 0, None)], axis=1)


def test_an_embedding_that_is_handed_in_decides(copies: Rows) -> None:
    settings = DuplicateSettings(perceptual=True, confirm="embedding")
    step = duplicates_step(settings, embed=Brightness())
    table = pl.DataFrame(step.apply(framed(copies)).to_arrow()).sort("uuid")
    assert fates(table)["d"] == ("near_duplicate", "a")
    assert step.settings["embed"] == f"{__name__}.Brightness()"
    dark = Image.eval(scene(1), lambda value: value // 4)
    dark.save(Path(str(copies[3]["place"])))
    table = pl.DataFrame(step.apply(framed(copies)).to_arrow()).sort("uuid")
    assert fates(table)["d"] == KEPT
    with pytest.raises(UsageError, match="no embedding is given"):
        duplicates_step(settings)


def test_drops_are_counted_by_source_and_clade(copies: Rows) -> None:
    for number, one in enumerate(copies):
        one |= {"data_source": "EOL" if number == 1 else "GBIF", "class": "Aves"}
    table = duplicates_step(NEAR).apply(framed(copies))
    assert dropped_by_clade(table).rows() == [
        ("EOL", "Animalia", "Aves", "duplicate", 1),
        ("GBIF", "Animalia", "Aves", "duplicate_pixels", 1),
        ("GBIF", "Animalia", "Aves", "near_duplicate", 1),
    ]


LICENCES = [
    ("Public Domain", None), ("CC0 1.0", None), (None, "https://creativecommons.org/licenses/by/4.0/"),
    ("CC BY-SA 4.0", None), ("cc-by-nc", None), ("Attribution-NonCommercial-ShareAlike", None),
    ("CC BY-ND 4.0", "https://creativecommons.org/licenses/by/4.0/"), ("CC BY-NC-ND 4.0", None),
    ("All rights reserved, attribution required", None), ("Attribution. Not for commercial use", None),
]  # fmt: skip
"""Name and link, the most open first."""


def test_open_licences_come_first() -> None:
    """`All rights reserved, attribution required` came before CC BY-NC, for the word attribution."""
    names, links = zip(*LICENCES, strict=True)
    rows = pl.DataFrame(
        {"uuid": "u", "path": "p", "license_name": names, "license_link": links},
        schema_overrides={"license_name": pl.String, "license_link": pl.String},
    )
    empty = {name: pl.lit(None, pl.String) for name in ("split", "kingdom", "phylum", "class", "order", "family")}
    rows = rows.with_columns(**empty, genus=pl.lit(None, pl.String), species=pl.lit(None, pl.String))
    orders = copy_orders(rows.with_columns(width=pl.lit(1, pl.Int64), height=pl.lit(1, pl.Int64))).to_list()
    assert orders == sorted(orders)
    assert len(set(orders)) == len(orders)


@pytest.mark.parametrize(
    "wrong", [{"distance": 99}, {"min_quality": 101}, {"min_cosine": 2.0}, {"confirm": "pixel"}], ids=str
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ThujaError) as caught:
        DuplicateSettings(**wrong)  # type: ignore[arg-type]
    assert caught.value.hint
