"""Reads an evaluation set as it is given out: a folder of images, a table of ids and addresses, or both."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from thuja.curate.leaks.keys import COLUMNS
from thuja.curate.sources.expressions import text_or_null
from thuja.curate.sources.file_names import exists, walk_frames
from thuja.curate.sources.folder import with_labels
from thuja.curate.sources.spec import Notes
from thuja.curate.sources.table_files import TABLE_SUFFIXES, read_table_header, read_typed
from thuja.errors import EmptyInput, UsageError
from thuja.images.finding import SUFFIXES

_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "file": ("file", "filepath", "path", "filename", "image", "imagepath", "imagefile"),
    "id": ("sourceid", "id"),
    "source_url": ("sourceurl", "url", "imageurl", "photourl", "identifier", "accessuri"),
    "scientific_name": ("scientificname", "taxon", "taxonname", "speciesname"),
    "verbatim_name": ("verbatimname", "label", "class", "category"),
    "species": ("species", "specificepithet"),
    "md5": ("md5", "hashsumoriginal", "md5sum"),
    "event_date": ("eventdate", "observedon", "date", "datetime"),
    "recorded_by": ("recordedby", "observer", "collector", "photographer"),
    "sequence_id": ("sequenceid", "seqid", "burstid"),
    "pdq": ("pdq",),
    "pdq_quality": ("pdqquality",),
}
"""Columns of strangers' tables, in lower case and without signs between the letters."""
_EOL: Final = r"(?:^|/)(\d+)_\d+_eol-full-size-copy"
"""How Rare Species names its files: EOL's content id, and its page's."""
_IMAGE: Final = r"(?i)\.(?:" + "|".join(suffix[1:] for suffix in SUFFIXES) + r")$"
FACTS: Final = (*COLUMNS, "path", "pdq", "pdq_quality")


def read_evaluation(source: Path, *, images: Path | None = None, ids_of: str = "") -> Iterator[pl.DataFrame]:
    """Frames with FACTS, all text: what a folder's or a table's images are known by; `path` only where a file is there.

    Files of a table lie below `images` or else beside the table; images there that the table does not list are read
    too. `ids_of` names the source (`gbif`, `eol`) whose ids the table's `id` are. Raises UsageError, BadFile.
    """
    if source.is_dir():
        yield from (_finished(frame, ids_of) for frame in _folder(source))
        return
    if not source.name.lower().endswith(TABLE_SUFFIXES):
        raise UsageError(
            f"there is no folder or table at {source}" if not source.exists() else f"{source} is no table",
            hint=f"a folder of images, or a table that ends in {', '.join(TABLE_SUFFIXES)}",
        )
    if images is not None and not images.is_dir():
        raise UsageError(f"there is no folder at {images}", hint="--images names the folder that holds the images")
    root = images or source.parent
    columns, urls = _columns(source)
    listed: set[str] = set()
    for table in read_typed(source, (), Notes()):
        frame = _table(table, columns, urls).with_columns(_existing(root, pl.col("file")))
        listed.update(frame["path"].drop_nulls().to_list())
        yield _finished(frame, ids_of)
    if images is not None:
        for frame in _folder(images):
            yield _finished(frame.filter(~pl.col("path").is_in(listed)), ids_of)


def _columns(table: Path) -> tuple[dict[str, str], list[str]]:
    """Which column says what, and the further columns of addresses and ids that no other set gives out."""
    header = read_table_header(table)
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(header)}
    known = {
        **_ALIASES,
        **{name: (name.replace("_", ""),) for name in FACTS if name not in {*_ALIASES, "path", "source_id"}},
    }
    columns = {what: plain[word] for what, words in known.items() for word in reversed(words) if word in plain}
    further = [
        name
        for word, name in plain.items()
        if (word.startswith("url") or word == "imageid") and name not in columns.values()
    ]
    if not {*columns} - {"data_source"} and not further:
        raise UsageError(
            f"no column of {table} says by what its images are known: {', '.join(header)}",
            hint="file, url, id, gbif_id, occurrence_id, observation_id, md5, scientific_name, ...",
        )
    return columns, further


def _table(table: pl.DataFrame, columns: Mapping[str, str], further: list[str]) -> pl.DataFrame:
    more = [f"further {name}" for name in further]
    named = {**columns, **dict(zip(more, further, strict=True))}
    frame = table.select(text_or_null(name).alias(what) for what, name in named.items())
    missing = [pl.lit(None, pl.String).alias(name) for name in ("file", "id", "eval_keys") if name not in columns]
    frame = frame.with_columns(missing)
    keys = pl.concat_str("eval_keys", *more, separator=";", ignore_nulls=True)
    return frame.with_columns(
        pl.when(keys != "").then(keys).alias("eval_keys"),
        pl.coalesce("id", "file").alias("source_id"),
        pl.col("id").is_not_null().alias("has_id"),
    )


def _folder(root: Path) -> Iterator[pl.DataFrame]:
    found = 0
    for files in walk_frames(root, ""):
        is_image = pl.col("path").str.contains(_IMAGE) & pl.col("drop_reason").is_null()
        frame = with_labels(files.filter(is_image)).drop("data_source")
        found += len(frame)
        yield frame.with_columns(pl.col("source_id").alias("file"), pl.lit(value=False).alias("has_id"))
    if not found:
        raise EmptyInput(f"no image in {root}", hint=f"a folder counts {', '.join(SUFFIXES[:6])} ...")


def _existing(root: Path, files: pl.Expr) -> pl.Expr:
    def found(names: pl.Series) -> pl.Series:
        paths = [None if name is None else str(root / name) for name in names.to_list()]
        return pl.Series([path if path and exists(path) else None for path in paths], dtype=pl.String)

    return files.map_batches(found, return_dtype=pl.String).alias("path")


def _finished(frame: pl.DataFrame, ids_of: str) -> pl.DataFrame:
    """With every fact. An id counts where it is said whose it is: else `1.jpg` of one set were `1.jpg` of another."""
    eol = pl.col("file").str.extract(_EOL)
    missing = [pl.lit(None, pl.String).alias(name) for name in FACTS if name not in frame.columns]
    frame = frame.with_columns(missing)
    said = pl.when("has_id").then(pl.lit(ids_of)) if ids_of else pl.lit(None, pl.String)
    frame = frame.with_columns(
        pl.coalesce(pl.when(eol.is_not_null()).then(pl.lit("eol")), "data_source", said).alias("data_source")
    )
    own = pl.when(pl.col("data_source").is_not_null()).then(pl.coalesce(eol, "source_id"))
    return frame.with_columns(own.alias("source_id")).select(pl.col(name).cast(pl.String) for name in FACTS)
