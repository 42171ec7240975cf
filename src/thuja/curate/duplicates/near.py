"""Near copies over a whole table: near hashes by Daft, a second look at each pair, stars."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

import daft
import numpy as np
import polars as pl
import pyarrow as pa
from daft import DataType, Series, Window, col, lit
from daft.functions import row_number, when
from PIL import Image

from thuja.curate.duplicates.bands import Flags, near_pairs, near_pairs_of_band, parts_of_band
from thuja.curate.duplicates.confirming import Embed, same_pixels, same_vectors, thumbnail
from thuja.curate.duplicates.copies import RANK_NAMES, contradicts, lineage_text
from thuja.curate.duplicates.hashing import PREPARED_SIDE, hash_bytes
from thuja.curate.duplicates.settings import DuplicateSettings
from thuja.curate.duplicates.stars import stars
from thuja.curate.steps import Frame
from thuja.errors import ImageError
from thuja.images import Limits, decode, read_place
from thuja.images.crops import cropped

_DIRECT: Final = 5_000_000
"""So many distinct hashes are joined in one piece: 160 MB, and two seconds."""
_PART: Final = 1_000_000
_PAIR: Final = DataType.struct({"one": DataType.string(), "other": DataType.string()})
_NEEDED: Final = ["uuid", "pdq", "copy_order", "place", "crop", *RANK_NAMES]
_BATCH: Final = 64
_WIDE: Final = 16
"""Of one hash so many taxa, those of the best copies, have a leader that every near row is compared with."""
_ROUNDS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """How a pair of near hashes is confirmed; `embed` is for `confirm = "embedding"`."""

    settings: DuplicateSettings
    limits: Limits
    embed: Embed | None = None


def near_copies(frame: Frame, look: SecondLook) -> pl.DataFrame:
    """`uuid` and the `duplicate_of` that it is a near copy of, for every kept row that is one; sorted by uuid.

    `frame` has a column `copy_order`. Pairs whose taxa contradict each other are no copies: a near hash is no proof,
    and the rarer species would lose its image. Copies of one hash and taxon are compared with the best of them, and
    with the best of each near hash; what that leaves is compared with the best of the rest, up to _ROUNDS times: a
    million images of one hash are a few million comparisons, whatever the second look says.
    """
    settings = look.settings
    is_hashed = col("pdq").not_null() & (col("pdq_quality") >= lit(settings.min_quality)).fill_null(False)
    kept = frame.where(col("drop_reason").is_null() & is_hashed)
    rows = kept.select(*_NEEDED).with_column("taxon", lineage_text()).collect()
    pairs = pl.DataFrame(schema={"one": pl.String, "other": pl.String})
    found = _stars(pairs)
    for _ in range(_ROUNDS):
        leaders = rows.groupby("pdq", "taxon").agg(col("copy_order").min().alias("leader"), col("uuid").count())
        leaders = leaders.with_column_renamed("uuid", "copies").collect()
        candidates = _candidates(rows, leaders, settings.distance)
        if not candidates.count_rows():
            break
        confirmed = _confirm(candidates, rows, look) if settings.confirm != "none" else candidates
        new = cast(pl.DataFrame, pl.from_arrow(confirmed.select("one", "other").to_arrow()))
        pairs = pl.concat([pairs, new.cast(pl.String)])
        found = _stars(pairs)
        rows = _leftovers(rows, leaders, found)
    return found


def _leftovers(rows: Frame, leaders: Frame, found: pl.DataFrame) -> Frame:
    """The rows that are no copies by now and were not yet compared with all that are near."""
    shared = leaders.where(col("copies") > lit(1)).select("pdq", "taxon", "leader").collect()
    rest = rows.join(shared, on=["pdq", "taxon"]).where(col("copy_order") != col("leader")).exclude("leader").collect()
    dropped = daft.from_arrow(found.select("uuid").to_arrow())
    return rest.join(dropped, on="uuid", how="anti").collect()


def _candidates(rows: Frame, leaders: Frame, distance: int) -> Frame:
    """Pairs of rows by their copy orders, `one` the better copy, each once.

    `leaders` are the best rows of a hash and a taxon. Each row meets the leader of its own, and the first _WIDE of its
    hash and of each near one. Every join is collected before the next: of joins of a table with itself under changed
    names, left to its optimizer in one plan, Daft 0.7.26 gave no rows at all.
    """
    hashes = leaders.groupby("pdq").agg(col("copies").sum().alias("copies")).collect()
    near = near_hashes(hashes.select("pdq"), distance)
    equal = hashes.where(col("copies") > lit(1)).select(col("pdq").alias("of"), col("pdq").alias("to"))
    there = near.select(col("one").alias("of"), col("other").alias("to"))
    back = near.select(col("other").alias("of"), col("one").alias("to"))
    both = there.concat(back).concat(equal).collect()
    number = row_number().over(Window().partition_by("pdq").order_by("leader"))
    wide = leaders.with_column("number", number).where(col("number") <= lit(_WIDE))
    of = wide.select(col("pdq").alias("of"), "leader").collect()
    best = rows.select(col("copy_order").alias("leader"), *(col(name).alias(f"best_{name}") for name in RANK_NAMES))
    to = rows.select(col("pdq").alias("to"), col("copy_order").alias("row"), *RANK_NAMES)
    pairs = both.join(of, on="of").collect().join(best, on="leader").collect().join(to, on="to").collect()
    pairs = pairs.where((col("leader") != col("row")) & ~contradicts("best_", ""))
    own = leaders.where(col("copies") > lit(1)).select("pdq", "taxon", "leader").collect()
    own = rows.select("pdq", "taxon", col("copy_order").alias("row")).join(own, on=["pdq", "taxon"]).collect()
    pairs = pairs.select("leader", "row").concat(own.where(col("leader") != col("row")).select("leader", "row"))
    is_better = col("leader") < col("row")
    one = when(is_better, col("leader")).otherwise(col("row"))
    other = when(is_better, col("row")).otherwise(col("leader"))
    return pairs.select(one.alias("one"), other.alias("other")).distinct().collect()


def near_hashes(hashes: Frame, distance: int, *, direct: int = _DIRECT, part: int = _PART) -> Frame:
    """Pairs `one`, `other` of a frame's distinct `pdq` within the distance.

    Up to `direct` hashes are joined here. More are cut, a band at a time, into parts of about `part` rows within which
    all pairs that are equal in the band lie, and each part is joined wherever Daft puts it.
    """
    count = hashes.count_rows()
    if count <= direct:
        texts = hashes.to_arrow().column("pdq").cast(pa.string()).combine_chunks()
        pairs = near_pairs(hash_bytes(texts.to_pylist()), distance=distance)
        return daft.from_arrow(pa.table({"one": texts.take(pairs[:, 0]), "other": texts.take(pairs[:, 1])}))
    parts = -(-count // part)
    found = [_near_by_band(hashes, band, parts=parts, distance=distance).collect() for band in range(distance + 1)]
    joined = found[0]
    for more in found[1:]:
        joined = joined.concat(more)
    return joined


def _near_by_band(hashes: Frame, band: int, *, parts: int, distance: int) -> Frame:
    place = cast(daft.Expression, _parts(col("pdq"), band, parts=parts, distance=distance))
    pairs = cast(daft.Expression, _pairs_of_part(col("pdq"), band, distance))
    found = hashes.with_column("part", place).groupby("part").map_groups(pairs.alias("pair"))
    return found.select(col("pair")["one"].alias("one"), col("pair")["other"].alias("other"))


@daft.func.batch(return_dtype=DataType.int64(), use_process=False)
def _parts(hashes: Series, band: int, *, parts: int, distance: int) -> Series:
    return Series.from_numpy(parts_of_band(hash_bytes(hashes.to_pylist()), band, parts, distance=distance))


@daft.func.batch(return_dtype=_PAIR, use_process=False)
def _pairs_of_part(hashes: Series, band: int, distance: int) -> Series:
    texts = hashes.to_arrow()
    pairs = near_pairs_of_band(hash_bytes(texts.to_pylist()), band, distance=distance)
    columns = [texts.take(pa.array(pairs[:, side])) for side in range(2)]
    return Series.from_arrow(pa.StructArray.from_arrays(columns, names=["one", "other"]))


def _confirm(candidates: Frame, rows: Frame, look: SecondLook) -> Frame:
    """The candidates that the second look agrees to: each image is read once, whatever number of pairs it is in."""
    asked = candidates.select(col("one").alias("copy_order")).concat(
        candidates.select(col("other").alias("copy_order"))
    )
    images = asked.distinct().collect().join(rows.select("copy_order", "place", "crop"), on="copy_order").collect()
    looker = Looker(look)
    view = cast(Callable[..., daft.Expression], looker.view)(col("place"), col("crop"))
    same = cast(Callable[..., daft.Expression], looker.same)(col("view"), col("other_view"))
    views = images.select("copy_order", view.alias("view")).collect()
    pairs = candidates.join(views, left_on="one", right_on="copy_order").collect()
    others = views.select(col("copy_order").alias("other"), col("view").alias("other_view"))
    return pairs.join(others, on="other").collect().where(same).select("one", "other")


@daft.cls(use_process=False)
class Looker:
    """Reads what is compared of each image, and compares it."""

    def __init__(self, look: SecondLook) -> None:
        self._look = look

    @daft.method.batch(return_dtype=DataType.binary(), batch_size=_BATCH)
    def view(self, places: Series, crops: Series) -> list[bytes | None]:
        """The thumbnail's or the vector's bytes; null for an image that cannot be read, which is no copy of any."""
        images = [_read(*row, self._look.limits) for row in zip(places.to_pylist(), crops.to_pylist(), strict=True)]
        embed = self._look.embed
        if embed is None:
            return [None if image is None else thumbnail(image).tobytes() for image in images]
        known = [image for image in images if image is not None]
        vectors = iter(np.asarray(embed(known), np.float32)) if known else iter(())
        return [None if image is None else next(vectors).tobytes() for image in images]

    @daft.method.batch(return_dtype=DataType.bool())
    def same(self, ones: Series, others: Series) -> list[bool]:
        """Whether each pair shows one image."""
        views = list(zip(ones.to_pylist(), others.to_pylist(), strict=True))
        known = [number for number, pair in enumerate(views) if None not in pair]
        agreed = np.zeros(len(views), bool)
        if known:
            left, right = (b"".join(views[number][side] for number in known) for side in range(2))
            agreed[known] = self._agree(left, right, len(known))
        return [bool(one) for one in agreed]

    def _agree(self, left: bytes, right: bytes, count: int) -> Flags:
        if self._look.embed is None:
            shape = (count, PREPARED_SIDE, PREPARED_SIDE)
            return same_pixels(*(np.frombuffer(side, np.uint8).reshape(shape) for side in (left, right)))
        one, other = (np.frombuffer(side, np.float32).reshape(count, -1) for side in (left, right))
        return same_vectors(one, other, self._look.settings.min_cosine)


def _read(place: str | None, crop: str | None, limits: Limits) -> Image.Image | None:
    if place is None:
        return None
    try:
        return cropped(decode(read_place(place, limits=limits), limits=limits), crop)
    except ImageError:
        return None


def _stars(pairs: pl.DataFrame) -> pl.DataFrame:
    """From pairs of copy orders to who is a copy of whom."""
    orders = pl.concat([pairs["one"], pairs["other"]]).unique().sort()  # the best first
    numbers = np.stack([orders.search_sorted(pairs[name]).to_numpy() for name in ("one", "other")], axis=1)
    centres = stars(numbers.astype(np.int64), len(orders))
    uuids = orders.str.extract(r"\n([^\n]*)\z", 1)
    found = pl.DataFrame({"uuid": uuids, "duplicate_of": uuids[centres]})
    return found.filter(pl.col("uuid") != pl.col("duplicate_of")).sort("uuid")
