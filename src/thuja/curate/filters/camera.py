"""Camera-trap frames without an animal or with a person, by a detector's file or a detector handed in."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
from daft import col, lit
from daft.functions import when
from PIL import Image

from thuja.curate.filters import looking
from thuja.curate.filters.batches import filtered
from thuja.curate.filters.detections import Detection, frame_scores, read_detections
from thuja.curate.filters.image_types import CAMERA, is_of
from thuja.curate.filters.observations import KEYS, observed
from thuja.curate.handed_names import describe
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import UsageError

STEP = "camera"
Detect = Callable[[Image.Image], Sequence[Detection]]
"""A detector: from an RGB image to what is in it. Importable, or a frozen dataclass with `__call__`."""

_KEYS = ("path", "source_id", "uuid", "source_url", "place")
COLUMNS = tuple(dict.fromkeys((*_KEYS, *looking.COLUMNS, "img_type", "animal_score", "person_score")))
_DEPTH = 8
"""Of a path at most so many last parts are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """The recipe's [camera]. `min_animal` and `max_frames` are the papers' (MegaDetector V6 at 0.2; 15 images).

    `detections`: files of a detector's output. `kinds`: the img_types that the detector handed in looks at,
    and of which an occurrence of more than `max_frames` images is left out; 0 turns a line off. A frame
    that no file tells of stays, unless `keep_unseen` is false.
    """

    detections: tuple[Path, ...] = ()
    min_animal: float = 0.2
    min_person: float = 0.2
    max_frames: int = 15
    kinds: tuple[str, ...] = (CAMERA,)
    keep_unseen: bool = True

    def __post_init__(self) -> None:
        for name in ("min_animal", "min_person"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"camera.{name} must lie between 0 and 1, got {getattr(self, name)}")
        if self.max_frames < 0:
            raise UsageError(f"camera.max_frames must not be negative, got {self.max_frames}", hint="0 turns it off")


def camera_reasons(batch: pl.DataFrame, settings: CameraSettings) -> pl.Series:
    """person, empty_frame or no_detections, by `animal_score` and `person_score` (null: not looked at)."""
    reasons = {
        "person": (pl.col("person_score") >= settings.min_person) & (settings.min_person > 0),
        "empty_frame": pl.col("animal_score") < settings.min_animal,
        "no_detections": pl.col("animal_score").is_null() & is_of(settings.kinds) & (not settings.keep_unseen),
    }
    first = [pl.when(is_met).then(pl.lit(reason)) for reason, is_met in reasons.items()]
    return batch.select(pl.coalesce(first).alias("reason")).to_series()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTable:
    """A detector's frames by each key that a row may know them by; made once, asked for every batch."""

    whole: pl.DataFrame
    stems: pl.DataFrame
    short: pl.DataFrame
    depths: tuple[int, ...]
    """How many parts the frames' paths have, the most first."""

    @classmethod
    def of(cls, frames: pl.DataFrame) -> "FrameTable":
        """From what `read_detections` gives."""
        files = _plain_path(frames["file"]).alias("key")
        whole = frames.select("animal_score", "person_score").with_columns(files).unique("key", keep="last")
        stems = whole.with_columns(pl.col("key").str.replace(r"^.*/", "").str.replace(r"\.\w+$", ""))
        counts = whole["key"].str.count_matches("/", literal=True) + 1
        depths = sorted(set(counts.to_list()), reverse=True)
        short = pl.concat(whole.filter(counts > depth).with_columns(_ending(pl.col("key"), depth))
                          for depth in range(1, min(max(depths), _DEPTH) + 1))  # fmt: skip
        return cls(
            whole=whole,
            stems=stems.unique("key", keep="none"),
            short=short.unique("key", keep="none"),  # what two frames end in is neither's
            depths=tuple(depths),
        )


def matched(batch: pl.DataFrame, frames: FrameTable) -> pl.DataFrame:
    """`animal_score` and `person_score` of each row by its frame, null where there is none.

    A frame is a row's when its file name ends the row's path, or place, or is its source id or address;
    or is `<uuid>.<suffix>`; or when the row's whole path ends that of one frame alone.
    """
    rows = batch.select(_plain_path(batch[name]) for name in _KEYS).with_row_index("row")
    tried = [(frames.whole, _ending(pl.col(name), depth)) for depth in frames.depths for name in ("path", "place")]
    tried += [(frames.whole, pl.col(name)) for name in ("source_id", "source_url")]
    tried += [(frames.stems, pl.col("uuid"))]
    tried += [(frames.short, pl.col(name)) for name in ("path", "source_id")]
    nothing = {name: pl.lit(None, pl.Float64) for name in ("animal_score", "person_score")}
    found = rows.select("row", **nothing).clear()
    for table, key in tried:
        left = rows.select("row", key.alias("key")).drop_nulls().join(found, on="row", how="anti")
        if left.height and table.height:
            found = pl.concat([found, left.join(table, on="key").select(found.columns)])
    return rows.select("row").join(found, on="row", how="left", maintain_order="left").drop("row")


def _ending(path: pl.Expr, depth: int) -> pl.Expr:
    """The last `depth` parts of a path."""
    return path.str.split("/").list.tail(depth).list.join("/").alias("key")


def _plain_path(paths: pl.Series) -> pl.Series:
    return paths.str.replace_all("\\", "/", literal=True).str.replace(r"^(\./|/)+", "")


def _by_files(batch: pl.DataFrame, settings: CameraSettings, frames: FrameTable) -> pl.DataFrame:
    return _judged(batch, matched(batch, frames), settings)


def _by_looking(batch: pl.DataFrame, settings: CameraSettings, detect: Detect) -> pl.DataFrame:
    wanted = batch.select(is_of(settings.kinds)).to_series().to_list()
    images = looking.images_of(batch, wanted)
    scores = pl.DataFrame(
        [(None, None) if image is None else frame_scores(detect(image)) for image in images],
        schema={"animal_score": pl.Float64, "person_score": pl.Float64},
        orient="row",
    )
    return _judged(batch, scores, settings)


def _judged(batch: pl.DataFrame, scores: pl.DataFrame, settings: CameraSettings) -> pl.DataFrame:
    """The reasons by what the detector saw; a row that it saw nothing of keeps the scores of the steps before."""
    reasons = camera_reasons(scores.with_columns(batch["img_type"]), settings)
    is_open = batch["drop_reason"].is_null()
    written = [
        pl.when(is_open).then(pl.coalesce(scores[name], batch[name])).otherwise(batch[name]).alias(name)
        for name in scores.columns
    ]
    return pl.select(*written, reasons)


def camera_step(settings: CameraSettings, detect: Detect | None = None) -> Step:
    """Drop empty frames, frames with people, and occurrences of too many frames.

    `detect` is asked only where there is no file of detections. Raises UsageError, BadFile at once.
    """
    paths = settings.detections
    frames = FrameTable.of(read_detections(paths)) if paths else None
    told: dict[str, Any] = asdict(settings) | {
        "detections": [str(path) for path in paths],
        "files": [_digest(path) for path in paths],
        "detect": describe(detect),
    }

    def apply(frame: Frame) -> Frame:
        fills = ("animal_score", "person_score")
        frame = _omit_long(frame, settings)
        if frames is not None:
            function = partial(_by_files, settings=settings, frames=frames)
            return filtered(frame, function, COLUMNS, step=STEP, fills=fills)
        if detect is not None:
            look = partial(_by_looking, settings=settings, detect=detect)
            return looking.looked_at(frame, look, COLUMNS, step=STEP, fills=fills)
        return frame

    return Step(name=STEP, settings=told, apply=apply)


def _omit_long(frame: Frame, settings: CameraSettings) -> Frame:
    """Leave out occurrences of more images than `max_frames`."""
    if not settings.max_frames:
        return frame
    kinds = [kind for kind in settings.kinds if kind != "Museum Specimen"]
    counted = frame.where(col("drop_reason").is_null() & col("img_type").is_in(kinds))
    rows = observed(counted.select("uuid", *KEYS)).select("uuid", "group").collect()
    counts = rows.groupby("group").agg(col("uuid").count().alias("frames"))
    long = rows.join(counts.where(col("frames") > lit(settings.max_frames)), on="group").select("uuid", "frames")
    frame = frame.join(long, on="uuid", how="left")
    reason = when(col("frames").not_null(), lit("too_many_images")).otherwise(lit(None).cast("string"))
    return mark_dropped(frame, reason, STEP).exclude("frames")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
