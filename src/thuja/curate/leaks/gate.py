"""The step that keeps evaluation sets out of training."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

import daft
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from daft import DataType, Series, col, lit
from daft.functions import when

from thuja.curate.handed_names import describe
from thuja.curate.leaks.embedding import Embed, vectors_of
from thuja.curate.leaks.finding import READ, shared_finder
from thuja.curate.leaks.settings import LeakSettings
from thuja.curate.parquet_frames import read_frame
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import BadFile, ImageError, UsageError
from thuja.images import decode, read_place
from thuja.images.crops import cropped

STEP: Final = "leaks"
REASON: Final = "leak"
_BATCH: Final = 200_000
"""Rows at a time: each batch sorts the bands of the evaluation sets once more, so few and large ones."""
_VECTORS: Final = 32_768
"""With vectors fewer rows: these are 100 MB at 768 numbers each."""
_IMAGES: Final = 64


@daft.cls(use_process=False)
class LeakGate:
    """Looks rows up in evaluation sets; each process reads the sets once, whatever its threads."""

    def __init__(self, settings: LeakSettings, digest: str) -> None:
        self._settings = settings
        self._digest = digest

    @daft.method.batch(return_dtype=DataType.string(), batch_size=_BATCH)
    def look(self, *columns: Series) -> list[str | None]:
        """`leak_of` of rows of READ."""
        return shared_finder(self._settings, self._digest).find(_batch(READ, columns)).to_list()

    @daft.method.batch(return_dtype=DataType.string(), batch_size=_BATCH)
    def look_at_any(self, *columns: Series) -> list[str | None]:
        """`leak_of` of rows of READ, of those that are dropped or spared too."""
        finder = shared_finder(self._settings, self._digest)
        return finder.find(_batch(READ, columns), is_any_asked=True).to_list()

    @daft.method.batch(return_dtype=DataType.string(), batch_size=_VECTORS)
    def look_with_vectors(self, *columns: Series) -> list[str | None]:
        """`leak_of` of rows of READ and `emb`."""
        finder = shared_finder(self._settings, self._digest)
        batch = _batch((*READ, "emb"), columns)
        return finder.find(batch, vectors_of(batch["emb"], finder.vectors.shape[1])).to_list()


def _batch(names: tuple[str, ...], columns: tuple[Series, ...]) -> pl.DataFrame:
    return pl.DataFrame({name: pl.from_arrow(one.to_arrow()) for name, one in zip(names, columns, strict=True)})


@daft.cls(use_process=False)
class ImageVectors:
    """Embeds images by a function that was handed in; null for rows that are dropped or cannot be read."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed

    @daft.method.batch(return_dtype=DataType.list(DataType.float32()), batch_size=_IMAGES)
    def look(self, places: Series, crops: Series, reasons: Series) -> pa.Array:
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
        vectors = np.asarray(self._embed(list(images.values())) if images else np.empty((0, 1)), np.float32)
        ends = np.cumsum([len(vectors[0]) if number in images else 0 for number in range(len(places))], dtype=np.int32)
        is_missing = np.array([number not in images for number in range(len(places))], np.bool_)
        starts = pa.array(np.concatenate([[0], ends]).astype(np.int32))
        return pa.ListArray.from_arrays(starts, pa.array(vectors.ravel()), mask=pa.array(is_missing))


def leaks_step(settings: LeakSettings, embed: Embed | None = None) -> Step:
    """Drop as `leak` every row that an evaluation set knows, with `leak_of` saying which set and by which keys.

    Raises UsageError or BadFile at once where an index cannot be read, or vectors are asked for and nobody makes them.
    """
    if "embedding" in settings.keys and settings.embeddings is None and embed is None:
        raise UsageError(
            "the leak key embedding needs vectors of the training images",
            hint="leaks.embeddings = a Parquet file with uuid and emb, or an encoder",
        )
    if settings.embeddings is not None:
        _require_vectors(settings.embeddings)
    told = leak_facts(settings)
    if "embedding" in settings.keys:
        told |= {"vectors": [*_file_facts(settings.embeddings)] if settings.embeddings else describe(embed)}
    digest = files_digest(settings)
    shared_finder(settings, digest)
    return Step(
        name=STEP,
        settings=told,
        apply=lambda frame: _gate(frame, settings, digest=digest, embed=embed),
        is_rowwise=settings.embeddings is None,
    )


def leak_facts(settings: LeakSettings) -> dict[str, Any]:
    """What the gate's answers depend on besides the rows: the settings, and what the files hold, not where they lie."""
    told = {name: value for name, value in asdict(settings).items() if name not in ("indexes", "species", "embeddings")}
    lists = sorted((path.stem, _digest(path)) for path in settings.species)  # a list is called as its file
    return told | {"indexes": sorted(_digest(path) for path in settings.indexes), "species": lists}


def files_digest(settings: LeakSettings) -> str:
    """One word for what all the files hold. Raises UsageError for one that cannot be read."""
    files = [(str(path), _digest(path)) for path in (*settings.indexes, *settings.species)]
    return sha256(repr(files).encode()).hexdigest()


def _file_facts(path: Path) -> Iterator[tuple[str, int, int]]:
    """Name, size and time of a file, or of each in a folder: hashing the vectors of 200 million images takes hours."""
    for file in sorted(path.rglob("*.parquet")) if path.is_dir() else [path]:
        status = file.stat()
        yield str(file.absolute()), status.st_size, status.st_mtime_ns


def _require_vectors(path: Path) -> None:
    """Raise UsageError where there is nothing, BadFile where what is there has no vectors."""
    files = [Path(name) for name, _, _ in _file_facts(path)] if path.exists() else []
    if not files:
        raise UsageError(f"there are no embeddings at {path}", hint="Parquet with uuid and emb")
    for file in files:
        try:
            names = pq.read_schema(file).names
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"{file} cannot be read: {str(error).partition(chr(10))[0]}") from error
        if not {"uuid", "emb"} <= {*names}:
            raise BadFile(f"{file} has no columns uuid and emb, but {', '.join(names)}", hint="as thuja embed writes")


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = sha256()
            while block := file.read(1 << 20):
                digest.update(block)
            return digest.hexdigest()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint="see [leaks] of the recipe") from error


def _gate(frame: Frame, settings: LeakSettings, *, digest: str, embed: Embed | None) -> Frame:
    gate = LeakGate(settings, digest)
    columns = [col(name) for name in READ]
    if "embedding" not in settings.keys:
        return _marked(frame.with_column("found", cast(Callable[..., daft.Expression], gate.look)(*columns)))
    if settings.embeddings is not None:
        frame = frame.join(_vectors(settings.embeddings), on="uuid", how="left")
    elif embed is not None:
        make = cast(Callable[..., daft.Expression], ImageVectors(embed).look)
        frame = frame.with_column("emb", make(col("place"), col("crop"), col("drop_reason")))
    look = cast(Callable[..., daft.Expression], gate.look_with_vectors)
    return _marked(frame.with_column("found", look(*columns, col("emb")))).exclude("emb")


def _marked(frame: Frame) -> Frame:
    frame = frame.with_column("leak_of", when(col("found").not_null(), col("found")).otherwise(col("leak_of")))
    reason = when(col("found").not_null(), lit(REASON)).otherwise(lit(None).cast("string"))
    return mark_dropped(frame, reason, STEP).exclude("found")


def _vectors(path: Path) -> Frame:
    """`uuid` and `emb`; raises BadFile for an id that is there twice, whose row would be doubled."""
    vectors = read_frame([Path(name) for name, _, _ in _file_facts(path)]).select("uuid", "emb")
    counts = vectors.select("uuid").with_column("one", lit(1)).groupby("uuid").agg(col("one").count().alias("lines"))
    twice = counts.where(col("lines") > lit(1)).sort("uuid").limit(1).to_pylist()
    if twice:
        raise BadFile(f"the embeddings {path} have an id twice: {twice[0]['uuid']}", hint="one vector an image")
    return vectors
