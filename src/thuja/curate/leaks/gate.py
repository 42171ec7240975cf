"""The step that keeps evaluation sets out of training, and the table of what it found."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

import daft
import numpy as np
import polars as pl
from daft import DataType, Series, col, lit
from daft.functions import when

from thuja.curate.leaks.embedding import Embed, Vectors, unit
from thuja.curate.leaks.finding import READ, shared_finder
from thuja.curate.leaks.settings import KEYS, LeakSettings
from thuja.curate.parquet_frames import read_frame
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import ImageError, UsageError
from thuja.images import decode, read_place
from thuja.images.crops import cropped

STEP: Final = "leaks"
REASON: Final = "leak"
_BATCH: Final = 200_000
"""Rows at a time: each batch sorts the bands of the evaluation sets once more, so few and large ones."""
_IMAGES: Final = 64


@daft.cls(use_process=False)
class LeakGate:
    """Looks rows up in evaluation sets; each process reads the sets once, whatever its threads."""

    def __init__(self, settings: LeakSettings, digest: str, *, has_vectors: bool) -> None:
        self._settings = settings
        self._digest = digest
        self._has_vectors = has_vectors

    @daft.method.batch(return_dtype=DataType.string(), batch_size=_BATCH)
    def look(self, *columns: Series) -> list[str | None]:
        """`leak_of` of rows of READ and, with vectors, `emb`."""
        finder = shared_finder(self._settings, self._digest)
        names = [*READ, "emb"] if self._has_vectors else [*READ]
        batch = pl.DataFrame({name: pl.from_arrow(one.to_arrow()) for name, one in zip(names, columns, strict=True)})
        vectors = _rows_of(batch["emb"], finder.vectors.shape[1]) if self._has_vectors else None
        return finder.find(batch, vectors).to_list()


@daft.cls(use_process=False)
class ImageVectors:
    """Embeds images by a function that was handed in; null for rows that are dropped or cannot be read."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed

    @daft.method.batch(return_dtype=DataType.list(DataType.float32()), batch_size=_IMAGES)
    def look(self, places: Series, crops: Series, reasons: Series) -> list[list[float] | None]:
        """A vector a row."""
        images: dict[int, Any] = {}
        rows = zip(places.to_pylist(), crops.to_pylist(), reasons.to_pylist(), strict=True)
        for number, (place, crop, reason) in enumerate(rows):
            if place is None or reason is not None:
                continue
            try:
                images[number] = cropped(decode(read_place(place)), crop)
            except ImageError:  # the check has said so of this row, or another image is there by now: no vector
                continue
        vectors = np.asarray(self._embed(list(images.values()))) if images else np.empty((0, 1))
        answers: list[list[float] | None] = [None] * len(places)
        for number, vector in zip(images, vectors, strict=True):
            answers[number] = vector.tolist()
        return answers


def leaks_step(settings: LeakSettings, embed: Embed | None = None) -> Step:
    """Drop as `leak` every row that an evaluation set knows, with `leak_of` saying which set and by which keys.

    Raises UsageError or BadFile at once where an index cannot be read, or vectors are asked for and nobody makes them.
    """
    if "embedding" in settings.keys and settings.embeddings is None and embed is None:
        raise UsageError(
            "the leak key embedding needs vectors of the training images",
            hint="leaks.embeddings = a Parquet file with uuid and emb, or an encoder",
        )
    if settings.embeddings is not None and not settings.embeddings.exists():
        raise UsageError(f"there are no embeddings at {settings.embeddings}", hint="Parquet with uuid and emb")
    digests = {str(path): _digest(path) for path in (*settings.indexes, *settings.species)}
    digest = sha256(repr(sorted(digests.items())).encode()).hexdigest()
    shared_finder(settings, digest)
    told = {name: value for name, value in asdict(settings).items() if name not in ("indexes", "species")}
    told |= {"files": sorted(digests.values()), "embeddings": str(settings.embeddings)}
    return Step(
        name=STEP,
        settings=told,
        apply=lambda frame: _gate(frame, settings, digest, embed),
        is_rowwise=settings.embeddings is None,
    )


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = sha256()
            while block := file.read(1 << 20):
                digest.update(block)
            return digest.hexdigest()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint="see [leaks] of the recipe") from error


def _gate(frame: Frame, settings: LeakSettings, digest: str, embed: Embed | None) -> Frame:
    has_vectors = "embedding" in settings.keys
    columns = [*READ, "emb"] if has_vectors else [*READ]
    if has_vectors and settings.embeddings is not None:
        vectors = read_frame([settings.embeddings]).select("uuid", "emb")
        frame = frame.join(vectors, on="uuid", how="left")
    elif embed is not None and has_vectors:
        make = cast(Callable[..., daft.Expression], ImageVectors(embed).look)
        frame = frame.with_column("emb", make(col("place"), col("crop"), col("drop_reason")))
    look = cast(Callable[..., daft.Expression], LeakGate(settings, digest, has_vectors=has_vectors).look)
    frame = frame.with_column("found", look(*(col(name) for name in columns)))
    frame = frame.with_column("leak_of", when(col("found").not_null(), col("found")).otherwise(col("leak_of")))
    reason = when(col("found").not_null(), lit(REASON)).otherwise(lit(None).cast("string"))
    return mark_dropped(frame, reason, STEP).exclude("found", *(["emb"] if has_vectors else []))


def _rows_of(vectors: pl.Series, width: int) -> Vectors:
    """(N, D) at length 1, zeros for rows without a vector."""
    rows = unit(vectors.drop_nulls().to_list()) if vectors.count() else np.zeros((0, width), np.float32)
    whole = np.zeros((len(vectors), rows.shape[1]), np.float32)
    whole[vectors.is_not_null().to_numpy()] = rows
    return whole


def leak_table(frame: Frame, benchmarks: Sequence[str] = ()) -> pl.DataFrame:
    """What was found of each benchmark, by which key: `benchmark`, `key`, `first`, `found`, `only`.

    `found` counts the rows that the key finds, `first` those that no key before it (in the order of KEYS) finds,
    `only` those that no other key finds. The line of the key `any` counts all rows of the benchmark. `benchmarks`
    names those that get such a line though nothing was found.
    """
    leaks = frame.where(col("leak_of").not_null()).groupby("leak_of").agg(col("uuid").count().alias("rows"))
    groups = pl.DataFrame(pl.from_arrow(leaks.to_arrow())).with_row_index("group")
    places = {key: number for number, key in enumerate(KEYS)}
    parts = groups.select("group", "rows", part=pl.col("leak_of").cast(pl.String).str.split(";")).explode("part")
    parts = parts.with_columns(
        benchmark=pl.col("part").str.extract(r"^(.*):[^:]*$"), key=pl.col("part").str.extract(r":([^:]*)$")
    ).drop_nulls("benchmark")
    place = pl.col("key").replace_strict(places, default=len(KEYS), return_dtype=pl.UInt32)
    parts = parts.with_columns(place.alias("place"))
    mine = ["group", "benchmark"]
    parts = parts.with_columns(
        is_first=pl.col("place") == pl.col("place").min().over(mine), is_only=pl.col("place").len().over(mine) == 1
    )
    rows = pl.col("rows").cast(pl.Int64)
    by_key = parts.group_by("benchmark", "key", "place").agg(
        first=rows.filter("is_first").sum(), found=rows.sum(), only=rows.filter("is_only").sum()
    )
    whole = parts.unique(mine).group_by("benchmark").agg(found=rows.sum())
    none = pl.DataFrame(
        {"benchmark": [*benchmarks], "found": [0] * len(benchmarks)}, schema={"benchmark": pl.String, "found": pl.Int64}
    )
    whole = pl.concat([whole, none.join(whole, on="benchmark", how="anti")])
    totals = whole.select(
        "benchmark",
        key=pl.lit("any"),
        place=pl.lit(len(KEYS) + 1, pl.UInt32),
        first="found",
        found="found",
        only="found",
    )
    return pl.concat([by_key, totals]).sort("benchmark", "place").drop("place")
