"""Leak audit: which images of a task a model was trained on, and what its scores are without them.

An image is *leaked* where a training image is the same picture (by its bytes, its pixels, PDQ, or the id or address of
its source), and *near* where one is of the same observation, burst or specimen, but another picture. What is looked
for is what `thuja curate` keeps out of training by its leak gate, the other way round: there training rows are marked,
here the images of the task.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from thuja.curate.leaks import (
    LeakFinder,
    LeakIndex,
    LeakIndexSettings,
    LeakSettings,
    build_leak_index,
    finder_of_images,
    read_leak_index,
)
from thuja.curate.leaks.finding import READ
from thuja.curate.leaks.index import SCHEMA
from thuja.curate.leaks.keys import COLUMNS, keys_of
from thuja.errors import BadFile, EmptyInput, ThujaError
from thuja.evaluate.task import Images
from thuja.evaluate.training import catalog_rows, is_kept, is_training, require_some, training_rows
from thuja.jobs import Progress, atomic_path

IMAGE_KEYS: Final = ("source_id", "eval_key", "source_url", "sha256", "md5", "pixel_hash", "pdq")
"""By these two rows are one picture."""
NEAR_KEYS: Final = ("gbif_id", "occurrence_id", "observation_id", "sequence_id", "specimen", "observer_day")
"""By these they are of one observation, burst or specimen; `observer_day` is one observer, day and genus."""
KEYS: Final = (*IMAGE_KEYS, *NEAR_KEYS)
_SPLIT_KEYS: Final = tuple(key for key in KEYS if key != "observer_day")
"""Of one's own splits the records say which images are of one observation: a day with one observer says less."""
_SAMPLED: Final = 2_000
"""Rows of a batch that are asked which keys they have at all."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaks:
    """What was found of N images: by which keys each was found in training ("" none, else `pdq;md5`).

    Of the keys `asked` for, `compared` are those that both sides have: where a catalog has no hashes, copies under
    another id go unseen.
    `unknown` (N,) marks images that nothing is known of, a file that is missing say: they are not leaked as far as
    anybody can tell. `training` counts the training images looked at.
    """

    names: tuple[str, ...]
    found: tuple[str, ...]
    asked: tuple[str, ...]
    compared: tuple[str, ...]
    unknown: Flags
    training: int

    @property
    def leaked(self) -> Flags:
        """Whether each image is a training image too: (N,)."""
        return self._by(IMAGE_KEYS)

    @property
    def near(self) -> Flags:
        """Whether each is another picture of a training image's observation, burst or specimen: (N,)."""
        return np.asarray(self._by(NEAR_KEYS) & ~self.leaked)

    @property
    def not_compared(self) -> tuple[str, ...]:
        """The keys that one of the two sides lacks."""
        return tuple(key for key in self.asked if key not in self.compared)

    def to_table(self) -> pa.Table:
        """`path`, `leaked_by` (null where it is not), `is_leaked`, `is_near`: a row an image."""
        return pa.table(
            {
                "path": pa.array(self.names, pa.string()),
                "leaked_by": pa.array([keys or None for keys in self.found], pa.string()),
                "is_leaked": pa.array(self.leaked),
                "is_near": pa.array(self.near),
            }
        )

    def sentences(self) -> list[str]:
        """What a reader must know before the scores."""
        count = len(self.names)
        told = [
            f"{int(self.leaked.sum()):,} of {count:,} images are training images too, and {int(self.near.sum()):,} "
            f"more share an observation, burst or specimen with one; {self.training:,} training images were looked at."
        ]
        if self.not_compared:
            told.append(f"Not compared, as one side lacks them: {', '.join(self.not_compared)}.")
        if self.unknown.any():
            told.append(f"Of {int(self.unknown.sum()):,} images nothing is known to compare.")
        return told

    def _by(self, kinds: Sequence[str]) -> Flags:
        return np.array([not set(kinds).isdisjoint(keys.split(";")) for keys in self.found], dtype=bool)


def find_leaks(
    images: Images,
    catalog: Path,
    index: Path,
    *,
    facts: pa.Table | None = None,
    settings: LeakSettings | None = None,
) -> Leaks:
    """Look the images of a task up in a training catalog.

    `index` is the file that their hashes are kept in: what `thuja curate leaks build` made of the task, or else it is
    made here, of the images and their `facts` (a row an image: source_url, md5, observation_id, ... as that command
    reads them). Raises UsageError, BadFile, and EmptyInput for a catalog of no training image.
    """
    if not index.is_file():
        _build(images, index, facts)
    made = read_leak_index(index)
    rows = _rows_of(images, made, index)
    known = LeakIndex(name=made.name, holds_out=False, images=_placed(made.images, rows))
    finder = finder_of_images(known, settings or LeakSettings(indexes=(index,), keys=KEYS))
    return _looked_up(finder, images.paths, training_rows(catalog, READ), catalog=catalog)


def find_split_leaks(catalog: Path, *, settings: LeakSettings | None = None) -> Leaks:
    """Look the held-out images of a catalog (splits val, test, unseen) up among its own training images, by uuid.

    Raises EmptyInput where either side is empty.
    """
    held = [frame.filter(is_kept() & ~is_training()) for frame in catalog_rows(catalog, ("uuid", "path", *READ))]
    rows = pl.concat(held) if held else pl.DataFrame(schema=dict.fromkeys(("uuid", "path", *READ), pl.String))
    if not len(rows):
        raise EmptyInput(f"{catalog} holds no image of another split than train")
    index = LeakIndex(name="held out", holds_out=False, images=_as_index(rows))
    finder = finder_of_images(index, settings or LeakSettings(indexes=(catalog,), keys=_SPLIT_KEYS))
    return _looked_up(finder, rows["uuid"].fill_null("").to_list(), training_rows(catalog, READ), catalog=catalog)


def _build(images: Images, index: Path, facts: pa.Table | None) -> None:
    """Hash the images into an index, a row an image in their order."""
    table = pl.DataFrame({"file": [str(file.absolute()) for file in images.files()]})
    if facts is not None:
        if facts.num_rows != len(images):
            raise ThujaError(f"expected facts of {len(images)} images, got {facts.num_rows} rows")
        more = pl.DataFrame(pl.from_arrow(facts))
        table = table.hstack(more.select(pl.exclude("file").cast(pl.String)).get_columns())
    index.parent.mkdir(parents=True, exist_ok=True)
    listing = index.with_name(f"{index.stem}.listing.parquet")
    with atomic_path(listing) as temporary:
        table.write_parquet(temporary)
    try:
        build_leak_index(listing, index, LeakIndexSettings(name="task"))
    finally:
        listing.unlink()


def _rows_of(images: Images, index: LeakIndex, path: Path) -> list[int | None]:
    """The row of each image in an index: of its file, or in order where the index was made of these images."""
    files = [str(file.absolute()) for file in images.files()]
    found = index.images["path"].to_list()
    if len(found) == len(files) and all(one in (None, file) for one, file in zip(found, files, strict=True)):
        return list(range(len(files)))
    row_of = {str(Path(one).absolute()): row for row, one in enumerate(found) if one is not None}
    rows = [row_of.get(file) for file in files]
    if files and not any(row is not None for row in rows):
        raise BadFile(
            f"the leak index {path} knows none of the images in {images.folder}",
            hint="it is of another task, or of another folder: delete it, and it is made anew",
        )
    return rows


def _placed(index: pl.DataFrame, rows: list[int | None]) -> pl.DataFrame:
    """The index's rows in the order of the images, nulls for those that it does not know."""
    return index[pl.Series(rows, dtype=pl.UInt32)] if None not in rows else _gathered(index, rows)


def _gathered(index: pl.DataFrame, rows: list[int | None]) -> pl.DataFrame:
    places = pl.DataFrame({"row": rows}, schema={"row": pl.UInt32})
    return places.join(index.with_row_index("row"), on="row", how="left", maintain_order="left").drop("row")


def _as_index(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a catalog as an index has them: with PDQ as it stands, in no other flip."""
    is_whole = pl.col("pdq").str.contains(r"^[0-9a-fA-F]{64}$")
    return rows.select(
        *COLUMNS,
        "path",
        pl.when(is_whole).then(pl.col("pdq")).str.decode("hex", strict=False).alias("pdq_flips"),
        pl.col("pdq_quality").cast(pl.Int64, strict=False),
        pl.lit(None, pl.String).alias("problem"),
        pl.lit(None, pl.List(pl.Float32)).alias("emb"),
    ).select(SCHEMA.names)


def _looked_up(finder: LeakFinder, names: Sequence[str], batches: Iterable[pl.DataFrame], *, catalog: Path) -> Leaks:
    found: list[set[str]] = [set() for _ in names]
    ours, theirs, count = _kinds(finder), set[str](), 0
    progress = Progress(total=None, label="looking for leaks", unit="images")
    for batch in batches:
        nothing = (pl.lit(None, pl.String).alias(name) for name in ("drop_reason", "split"))  # all of them are asked
        rows = batch.with_columns(pl.col("pdq_quality").cast(pl.Int64, strict=False), *nothing)
        count += len(rows)
        theirs |= _kinds_of(rows)
        told = finder.find(rows).drop_nulls().unique()
        for part in (part for leaks in told.to_list() for part in leaks.split(";")):
            number, _, key = part.partition(":")
            found[int(number)].add(key)
        progress.advance(len(rows))
    progress.close()
    require_some(count, catalog)
    known = np.zeros(len(names), dtype=bool)
    known[np.unique(np.concatenate([finder.keys["set"].to_numpy(), finder.hash_sets]))] = True
    return Leaks(
        names=tuple(names),
        found=tuple(";".join(key for key in KEYS if key in keys) for keys in found),
        asked=finder.settings.keys,
        compared=tuple(key for key in finder.settings.keys if key in ours & theirs),
        unknown=~known,
        training=count,
    )


def _kinds(finder: LeakFinder) -> set[str]:
    """The keys that the task's images have."""
    return {*finder.keys["kind"].unique().to_list(), *(["pdq"] if len(finder.hashes) else [])}


def _kinds_of(rows: pl.DataFrame) -> set[str]:
    """The keys that training rows have, by some of them."""
    some = rows.sample(min(_SAMPLED, len(rows)), seed=0)
    kinds = set(keys_of(some, KEYS)["kind"].unique().to_list())
    return kinds | ({"pdq"} if rows["pdq"].null_count() < len(rows) else set())
