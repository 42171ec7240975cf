"""An evaluation set as the leak gate reads it: a Parquet file with a row an image, hashed as training images are."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.curate.check import Asked, look_at
from thuja.curate.concurrent import ordered_map
from thuja.curate.duplicates.hashing import PREPARED_SIDE, dihedral_hashes
from thuja.curate.leaks.embedding import Embed, unit
from thuja.curate.leaks.evaluation import FACTS, read_evaluation
from thuja.curate.leaks.keys import COLUMNS, keys_of
from thuja.curate.leaks.settings import DEFAULT_KEYS
from thuja.curate.resolving import Resolve
from thuja.errors import BadFile, EmptyInput, ImageError, UsageError
from thuja.images import DEFAULT_LIMITS, Limits, read_image
from thuja.jobs import Progress, atomic_path
from thuja.taxonomy import Taxon

_ABOUT: Final = b"thuja.leaks"
_FORM: Final = 1
_BATCH: Final = 256
SCHEMA: Final = pa.schema(
    [
        *((name, pa.string()) for name in COLUMNS),
        ("path", pa.string()),
        ("pdq_flips", pa.binary()),
        ("pdq_quality", pa.int64()),
        ("problem", pa.string()),
        ("emb", pa.list_(pa.float32())),
    ]
)
"""The facts that keys are made of. `pdq_flips` holds PDQ of the eight flips and quarter turns, 32 bytes each, the image
as it stands first (or alone, where a table gave it); `problem` is why a file could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakIndexSettings:
    """`name` is what `leak_of` calls the set. With `hold_out_species` its species are kept out of training as well.

    `images` is the folder of a table's files, `ids_of` the source (`gbif`, `eol`) that a table's ids are of.
    """

    name: str
    images: Path | None = None
    ids_of: str = ""
    hold_out_species: bool = False
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        if not self.name.strip() or set(self.name) & set(";:\n"):
            raise UsageError(f"a benchmark's name is a word without ; and :, got {self.name!r}", hint="--name newt")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakIndexCounts:
    """How many images an index has, how many it can tell again by some key, and how many were hashed, embedded or
    could not be read."""

    images: int
    known: int
    hashed: int
    embedded: int
    unreadable: int


def build_leak_index(
    source: Path,
    out: Path,
    settings: LeakIndexSettings,
    *,
    resolve: Resolve | None = None,
    embed: Embed | None = None,
) -> LeakIndexCounts:
    """Write the index of an evaluation set: a folder of images, or a table of ids (with `images`: both).

    Names are resolved by `resolve`, the one that the training set has, because species, genus and order are compared.
    A file that cannot be read stays in by what else is known of it, with its problem. Raises UsageError, BadFile.
    """
    progress = Progress(total=None, label=f"preparing {settings.name}", unit="images")
    totals = dict.fromkeys(("images", "known", "hashed", "embedded", "unreadable"), 0)
    about = {"form": _FORM, "name": settings.name, "holds_out": settings.hold_out_species, "side": PREPARED_SIDE}
    schema = SCHEMA.with_metadata({_ABOUT: json.dumps(about, sort_keys=True).encode()})
    with atomic_path(out) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for frame in read_evaluation(source, images=settings.images, ids_of=settings.ids_of):
            for rows in _prepared(_named(frame, resolve), settings, embed):
                totals["images"] += len(rows)
                totals["known"] += int(_count_known(rows))
                totals["hashed"] += rows["pdq_flips"].count()
                totals["embedded"] += rows["emb"].count()
                totals["unreadable"] += rows["problem"].count()
                writer.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(SCHEMA).cast(schema))
                progress.advance(len(rows))
        progress.close()
        if not totals["images"]:
            raise EmptyInput(f"{source} lists no image")
        if not totals["known"] and not settings.hold_out_species:
            raise EmptyInput(
                f"nothing in {source} tells an image again: no id, no address, no file that could be read",
                hint="--images FOLDER says where the files of a table are",
            )
    return LeakIndexCounts(**totals)


def _count_known(rows: pl.DataFrame) -> int:
    """How many of these images some id, address or hash tells again."""
    keyed = set(keys_of(rows, [kind for kind in DEFAULT_KEYS if kind != "species"])["row"].to_list())
    return len(keyed | set(rows.with_row_index("row").filter(pl.col("pdq_flips").is_not_null())["row"].to_list()))


def _named(frame: pl.DataFrame, resolve: Resolve | None) -> pl.DataFrame:
    """With order, genus and species as the resolver has them; without one, as the table gave them."""
    said = pl.coalesce("scientific_name", pl.col("genus") + pl.lit(" ") + pl.col("species"), "verbatim_name")
    frame = frame.with_columns(said.alias("said"))
    if resolve is None:
        return frame.drop("said")
    names = frame["said"].drop_nulls().unique(maintain_order=True)
    answers = resolve(names.to_list(), [Taxon()] * len(names))
    taxa = [(answer.label.order, answer.label.genus, answer.label.species) for answer in answers]
    columns = {
        f"own {rank}": [taxon[number] or None for taxon in taxa]
        for number, rank in enumerate(("order", "genus", "species"))
    }
    known = pl.DataFrame({"said": names, **columns}, schema=dict.fromkeys(("said", *columns), pl.String))
    frame = frame.join(known, on="said", how="left", maintain_order="left")
    ranks = [pl.coalesce(f"own {rank}", rank).alias(rank) for rank in ("order", "genus", "species")]
    return frame.with_columns(ranks).select(FACTS)


def _prepared(frame: pl.DataFrame, settings: LeakIndexSettings, embed: Embed | None) -> Iterator[pl.DataFrame]:
    """The rows of SCHEMA, a batch at a time."""
    for rows in frame.iter_slices(_BATCH):
        asked = list(zip(rows["path"].to_list(), rows["pdq"].to_list(), strict=True))
        found = list(ordered_map(partial(_look, limits=settings.limits, keeps_image=embed is not None), asked))
        images = [one.pop("image", None) for one in found]
        vectors: list[Any] = [None] * len(found)
        if embed is not None and any(image is not None for image in images):
            made = iter(unit(embed([image for image in images if image is not None])))
            vectors = [next(made) if image is not None else None for image in images]
        seen = pl.DataFrame(found, schema=_SEEN).with_columns(pl.Series("emb", vectors, pl.List(pl.Float32)))
        told = rows["pdq_quality"].cast(pl.Int64, strict=False)
        joined = rows.drop("pdq", "pdq_quality").hstack([told.alias("told_quality")])
        joined = joined.rename({name: f"told_{name}" for name in _HASHES}).hstack(seen)
        both = [pl.coalesce(name, f"told_{name}").alias(name) for name in (*_HASHES, "pdq_quality")]
        yield joined.rename({"told_quality": "told_pdq_quality"}).with_columns(both).select(SCHEMA.names)


_HASHES: Final = ("sha256", "md5", "pixel_hash")
_SEEN: Final = {
    **dict.fromkeys(_HASHES, pl.String),
    "pdq_flips": pl.Binary,
    "pdq_quality": pl.Int64,
    "problem": pl.String,
}


def _look(asked: tuple[str | None, str | None], *, limits: Limits, keeps_image: bool) -> dict[str, Any]:
    """The hashes of one file by the code that looks at training images; of no file, the PDQ that the table gave."""
    path, told = asked
    nothing: dict[str, Any] = dict.fromkeys(_SEEN)
    if path is None:
        return nothing | ({"pdq_flips": _told_pdq(told)} if told else {})
    found = look_at(Asked(place=path, path=path), limits)
    if found["reason"] is not None:
        return nothing | {name: found[name] for name in _HASHES} | {"problem": found["reason"]}
    try:
        image = read_image(Path(path), limits=limits)
    except ImageError as error:  # it changed under us
        return nothing | {"problem": error.reason}
    flips, quality = dihedral_hashes(image)
    kept = {"image": image} if keeps_image else {}
    return {name: found[name] for name in _HASHES} | {
        "pdq_flips": flips.tobytes(), "pdq_quality": quality, "problem": None, **kept,
    }  # fmt: skip


def _told_pdq(told: str) -> bytes | None:
    try:
        bits = bytes.fromhex(told)
    except ValueError:
        return None
    return bits if len(bits) == 32 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakIndex:
    """One evaluation set: its name, whether its species are held out, and its images (columns of SCHEMA)."""

    name: str
    holds_out: bool
    images: pl.DataFrame


def index_name(path: Path) -> str:
    """What an index is called; the file's own name where it cannot be read."""
    try:
        about = json.loads((pq.read_schema(path).metadata or {}).get(_ABOUT, b"null"))
    except (pa.ArrowException, OSError, ValueError):
        about = None
    return str(about["name"]) if isinstance(about, dict) and "name" in about else path.stem


def read_leak_index(path: Path) -> LeakIndex:
    """Read what `build_leak_index` wrote; raises UsageError where there is nothing, BadFile for anything else."""
    if not path.is_file():
        raise UsageError(
            f"there is no leak index at {path}", hint="thuja curate leaks build SOURCE --name NAME --out FILE"
        )
    hint = "thuja curate leaks build SOURCE --name NAME --out FILE makes one"
    try:
        with pq.ParquetFile(path) as file:
            about = json.loads((file.schema_arrow.metadata or {}).get(_ABOUT, b"null"))
            if not isinstance(about, dict) or file.schema_arrow.names != SCHEMA.names:
                raise BadFile(f"{path} is no leak index", hint=hint)
            if (about["form"], about["side"]) != (_FORM, PREPARED_SIDE):
                raise BadFile(f"the leak index {path} was made by another version of thuja", hint="build it again")
            images = pl.DataFrame(pl.from_arrow(file.read(use_threads=False)))
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise BadFile(f"{path} cannot be read: {str(error).partition(chr(10))[0]}", hint=hint) from error
    return LeakIndex(name=about["name"], holds_out=about["holds_out"], images=images)
