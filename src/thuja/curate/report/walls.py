"""The images of a report's walls: a few drawn fairly from millions, as thumbnails without any metadata.

A report is handed on. So no image is shown that was dropped as showing a person, for its licence or by a take-down,
whose licence reads "all rights reserved", or whose score for people is over PERSON_SCORE; where a step looked for
people, none that it did not look at. Where no step did, images are shown unchecked, and the page says so.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from PIL import Image

from thuja.curate.licences import canonical_licences
from thuja.curate.report.tables import words
from thuja.curate.story import hamming
from thuja.errors import ImageError
from thuja.images import Limits, decode, encode_jpeg, read_place
from thuja.images.crops import cropped
from thuja.report import WallPicture

PER_REASON = 8
PAIRS = 6
KEPT = 16
THUMBNAIL = 160
LIMITS = Limits(max_bytes=64 * 2**20, max_pixels=50_000_000)
"""A report opens no file that takes longer than a glance."""

PERSON_SCORE = 0.5
"""An image whose score for people is above this is not shown, whatever it was dropped for."""
_HIDDEN = re.compile(r"person|people|face|human|licen[cs]e|take_?down|taken_down|withheld")

_NEEDED = [
    "uuid", "data_source", "place", "path", "crop", "scientific_name", "verbatim_name", "person_score", "sharpness",
    "contrast", "width", "height", "specimen_class", "animal_score", "pdq", "pixel_hash", "duplicate_of", "leak_of",
    "drop_reason", "dropped_by", "split", "license_name", "license_link",
]  # fmt: skip
_TOLD = {
    "quality": ("sharpness", "contrast"),
    "camera": ("animal_score",),
    "specimens": ("specimen_class",),
}
"""What a step measured, to stand under the pictures that it dropped."""
_SPARE = 8

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Rows drawn for the walls: by step and reason, of the kept ones, and each copy with the row kept in its stead."""

    dropped: Mapping[tuple[str, str], Sequence[Row]]
    kept: Sequence[Row]
    pairs: Sequence[tuple[Row, Row]]


def is_hidden(reason: str) -> bool:
    """Whether images dropped for this reason are not shown."""
    return _HIDDEN.search(reason) is not None


def draw_examples(
    rows: pl.LazyFrame, reasons: Sequence[tuple[str, str, int]], kept: int, *, is_looked_at: bool
) -> Examples:
    """Draw from the rows of the last step; `reasons` are (step, reason, images), `kept` the number of kept images.

    Those whose ids have the least hashes are drawn: a fair draw, the same every time, whatever the order of the rows.
    `is_looked_at` tells whether a step looked for people.
    """
    rows = rows.select(_NEEDED).with_columns(place=pl.coalesce("place", "path"), draw=pl.col("uuid").hash(seed=0))
    is_there = pl.col("place").is_not_null() & ~pl.col("place").str.contains("://", literal=True)
    is_free = (pl.col("person_score") <= PERSON_SCORE).fill_null(value=not is_looked_at)
    seen = is_there & is_free & ~_is_reserved()
    groups = [(pl.col("drop_reason").is_null(), kept, KEPT)]
    groups += [
        (_dropped(step, reason), images, PER_REASON) for step, reason, images in reasons if not is_hidden(reason)
    ]
    wanted = pl.any_horizontal(condition & _is_early(images, most) for condition, images, most in groups)
    found = rows.filter(wanted).filter(seen).collect(engine="streaming").sort("draw", "uuid")
    by_reason = {(step, reason): found.filter(_dropped(step, reason)).to_dicts() for step, reason, _ in reasons}
    drawn = found.filter(pl.col("drop_reason").is_null()).to_dicts()
    return Examples(dropped=by_reason, kept=drawn, pairs=_pairs(rows.filter(seen), found))


def _dropped(step: str, reason: str) -> pl.Expr:
    return (pl.col("dropped_by") == step) & (pl.col("drop_reason") == reason)


def _is_early(images: int, most: int) -> pl.Expr:
    """Whether the draw is among the first of so many, with some to spare for files that are gone."""
    share = _SPARE * most / max(images, 1)
    return pl.lit(value=True) if share >= 1 else pl.col("draw") < pl.lit(int(share * 2**64), pl.UInt64)


def _is_reserved() -> pl.Expr:
    """Whether the licence, or the address that it is told by, forbids any use."""
    names = (
        pl.col(name).map_batches(canonical_licences, return_dtype=pl.String, is_elementwise=True)
        for name in ("license_name", "license_link")
    )
    return pl.any_horizontal((name == "all-rights-reserved").fill_null(value=False) for name in names)


def _pairs(rows: pl.LazyFrame, found: pl.DataFrame) -> list[tuple[Row, Row]]:
    copies = found.filter(pl.col("duplicate_of").is_not_null())
    if not len(copies):
        return []
    kept = rows.filter(pl.col("uuid").is_in(copies["duplicate_of"].unique().to_list())).collect(engine="streaming")
    by_id = {row["uuid"]: row for row in kept.to_dicts()}
    return [(by_id[row["duplicate_of"]], row) for row in copies.to_dicts() if row["duplicate_of"] in by_id]


def kept_wall(examples: Examples) -> list[WallPicture]:
    """Kept images."""
    return _wall(examples.kept, KEPT, lambda row: [_name(row), str(row["data_source"] or "")])


def reason_wall(examples: Examples, step: str, reason: str) -> list[WallPicture]:
    """Images that a step dropped for a reason, with what it measured."""

    def told(row: Row) -> list[str]:
        names = _TOLD.get(step, ())
        facts = [f"{words(name)} {_short(row[name])}" for name in names if row[name] is not None]
        facts += [words(part).replace(":", ": ") for part in str(row["leak_of"] or "").split(";") if part]
        size = [f"{row['width']} × {row['height']}"] if row["width"] and not facts else []
        return [_name(row), *facts, *size]

    return _wall(examples.dropped.get((step, reason), ()), PER_REASON, told)


def pair_wall(examples: Examples) -> list[WallPicture]:
    """Kept copies (left) beside dropped ones, each pair one picture."""
    wall: list[WallPicture] = []
    for kept, copy in examples.pairs:
        sides = [thumbnail(row) for row in (kept, copy)]
        if sides[0] is None or sides[1] is None or len(wall) == PAIRS:
            continue
        sheet = Image.new("RGB", (2 * THUMBNAIL + 4, THUMBNAIL), "white")
        for place, side in enumerate(sides):
            assert side is not None
            square = square_of(side)
            sheet.paste(square, (place * (THUMBNAIL + 4), 0))
        wall.append(WallPicture(image=encode_jpeg(sheet, quality=82), caption=_pair_caption(kept, copy)))
    return wall


def _pair_caption(kept: Row, copy: Row) -> list[str]:
    distance = hamming(kept["pdq"], copy["pdq"]) if kept["pdq"] and copy["pdq"] else None
    same = kept["pixel_hash"] is not None and kept["pixel_hash"] == copy["pixel_hash"]
    apart = "the same pixels" if same else f"{distance} of 256 bits apart" if distance is not None else ""
    sizes = " and ".join(f"{row['width']} × {row['height']}" for row in (kept, copy))
    names = [_name(kept)] if _name(copy) == _name(kept) else [_name(kept), f"beside {_name(copy)}"]
    return [*names, sizes, *([apart] if apart else [])]


def _wall(rows: Sequence[Row], most: int, told: Callable[[Row], list[str]]) -> list[WallPicture]:
    wall: list[WallPicture] = []
    for row in rows:
        image = thumbnail(row) if len(wall) < most else None
        if image is not None:
            wall.append(WallPicture(image=encode_jpeg(image, quality=82), caption=told(row)))
    return wall


def thumbnail(row: Row) -> Image.Image | None:
    """A small copy of an image, of its pixels alone; None where the file is gone or cannot be decoded."""
    crop = str(row["crop"] or "")
    try:
        image = decode(read_place(str(row["place"]), limits=LIMITS), limits=LIMITS, draft=None if crop else THUMBNAIL)
        return square_of(cropped(image, crop))
    except ImageError:
        return None


def square_of(image: Image.Image) -> Image.Image:
    """The middle of an image, THUMBNAIL pixels square."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.resize((THUMBNAIL, THUMBNAIL), box=(left, top, left + side, top + side))


def _name(row: Row) -> str:
    return str(row["scientific_name"] or row["verbatim_name"] or "no name")


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
