"""LILA's table of all images of its camera-trap data sets: one line an image and label, with addresses and lineage."""

from collections.abc import Iterator

import polars as pl

from thuja.curate.sources.expressions import as_int, dropped, first_reason, is_url, traits_of
from thuja.curate.sources.spec import Notes, SourceSpec
from thuja.curate.sources.text_tables import TextTable
from thuja.curate.sources.trap_labels import SEVERAL, reason_of
from thuja.errors import UnknownName, UsageError
from thuja.taxonomy import RANKS, Rank

_CLOUDS = ("gcp", "aws", "azure")
_RANKS = [rank.label for rank in RANKS]
_NEEDED = ("dataset_name", "image_id", "sequence_id", "location_id", "frame_num", "original_label", "scientific_name",
           "common_name", "datetime", "annotation_level", *_RANKS)  # fmt: skip


_MOST_LABELS = 1_000
"""Of one image, across pieces; lines without an id would else be held to the end."""


def read_lila(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """A row a line of `lila_image_urls_and_labels.csv`, unzipped (or gzip).

    An image with several labels has several lines, which lie together: they are dropped as `several_taxa`. The lines'
    order is kept, so at the border between two pieces the last image of one is looked at with the next.
    """
    spec.refuse_other_options(("cloud",))
    cloud = spec.option("cloud", "gcp")
    if cloud not in _CLOUDS:
        raise UnknownName.of("cloud", cloud, _CLOUDS)
    if not spec.path.is_file():
        raise UsageError(f"there is no file at {spec.path}")
    table = TextTable.of(spec.path)
    url = f"url_{cloud}" if f"url_{cloud}" in table.header else "url"  # one cloud alone in older tables
    table.require(*_NEEDED, url)
    held = pl.DataFrame()
    for frame in table.frames(notes, (*_NEEDED, url)):
        lines = pl.concat([held, frame]) if len(held) else frame
        is_last = lines["image_id"].fill_null("") == (lines["image_id"][-1] or "")
        held = lines.filter(is_last) if is_last.sum() <= _MOST_LABELS else lines.clear()
        whole = lines.filter(~is_last) if len(held) else lines
        if len(whole):
            yield _rows(whole, url, spec.name)
    if len(held):
        yield _rows(held, url, spec.name)


def _rows(lines: pl.DataFrame, url: str, name: str) -> pl.DataFrame:
    labels = lines["original_label"].drop_nulls().unique(maintain_order=True).to_list()
    label_reason = pl.col("original_label").replace_strict(
        {label: reason_of(label) for label in labels}, default=None, return_dtype=pl.String
    )
    count = pl.len().over("image_id")
    reason = first_reason(
        [
            (pl.col("original_label").is_null(), "no_label"),
            (pl.col("image_id").is_null(), "no_id"),
            (count > 1, SEVERAL),
            (~is_url(url), "bad_url"),
        ]
    )
    image = pl.col("image_id").fill_null("")
    species = pl.col(Rank.SPECIES.label)
    epithet = pl.when(species.str.contains(" ")).then(species.str.splitn(" ", 2).struct.field("field_1"))
    return lines.with_columns(as_int("frame_num").alias("frame_num")).select(
        (pl.lit(name) if name else pl.col("dataset_name").fill_null("LILA")).alias("data_source"),
        pl.when(count > 1)
        .then(pl.format("{}#{}", image, pl.col("original_label").fill_null("")))
        .otherwise(image)
        .alias("source_id"),
        pl.col(url).alias("source_url"),
        *(_capital(rank).alias(rank) for rank in _RANKS if rank != Rank.SPECIES.label),
        epithet.otherwise(species).alias(Rank.SPECIES.label),
        pl.col("common_name").alias("common"),
        pl.coalesce(_capital("scientific_name"), "common_name", "original_label").alias("verbatim_name"),
        _known("location_id"),
        _known("sequence_id"),
        pl.coalesce(_known("sequence_id"), "image_id").alias("observation_id"),
        pl.col("datetime").str.replace(r"^(\d\d)-(\d\d)-(\d{4}) ", "$3-$1-$2 ").alias("event_date"),
        pl.lit("Camera-trap").alias("img_type"),
        pl.lit("MACHINE_OBSERVATION").alias("basis_of_record"),
        traits_of({name: name for name in ("original_label", "annotation_level", "frame_num")}).alias("traits"),
        *dropped(pl.coalesce(label_reason, reason)),
    )


def _known(column: str) -> pl.Expr:
    """The table writes `<data set> : unknown` where nothing is known."""
    return pl.when(~pl.col(column).str.ends_with(" : unknown")).then(column).alias(column)


def _capital(column: str) -> pl.Expr:
    """The table's names are all in lower case."""
    return pl.col(column).str.slice(0, 1).str.to_uppercase() + pl.col(column).str.slice(1)
