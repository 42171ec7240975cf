"""GBIF occurrences with images: a download as Darwin Core archive, or Parquet with a table of media beside it.

Occurrences and media come in any order, so both are put down in parts by gbifID and joined part by part; memory does
not grow with the archive. An image's `source_id` is the occurrence's gbifID and a hash of its URL: the number of an
image within its occurrence would pass to another image when one before it is withdrawn, and `thuja curate update`
would then take down the wrong one.

Media that are no images are counted and are no rows, as in TreeOfLife-200M's own code. Rows are dropped as
`no_occurrence`, `no_url`, `not_a_url` or `repeated_medium` (the same URL again in one occurrence). MATERIAL_CITATION,
absent records and the like are kept for the screen. The notes count `occurrences`, `media`, `media_not_images`,
`media_without_id`, `occurrences_without_id`, `occurrences_without_image`, `repeated_occurrences`, and for a file of
text `FILE:ragged_lines` and the like (see chunked_tables).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path

import polars as pl

from thuja.curate.sources.containers import Container, opened
from thuja.curate.sources.gbif_archive import find_tables, read_media, read_occurrences, read_verbatim
from thuja.curate.sources.gbif_citations import citations_of
from thuja.curate.sources.gbif_parquet import parquet_of
from thuja.curate.sources.gbif_terms import KEY, MEDIA, NAMES, OCCURRENCE, Reading, is_image, media, to_rows
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
from thuja.curate.sources.spilling import Spill, count_parts, join_parts, scratch_of
from thuja.errors import UnknownName

DATA_SOURCE = "gbif"
_OPTIONS = ("name", "multimedia")
PATH_OPTIONS: tuple[str, ...] = ("multimedia",)
"""The options that are paths."""


def read_gbif(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """The images of a GBIF download.

    Options: `name`, the name to resolve: `accepted` (the default: that of GBIF's accepted taxon), `matched` (GBIF's
    scientificName, which may be a synonym) or `verbatim` (the publisher's; see gbif_terms.NAMES); `multimedia`, a table
    of media for occurrences in Parquet that have none beside them. Raises UsageError for a download without media,
    BadFile for a damaged one, ThujaError where the disk is full.
    """
    spec.refuse_other_options(_OPTIONS)
    name = spec.option("name", "accepted")
    if name not in NAMES:
        raise UnknownName.of("name of a GBIF source", name, NAMES)
    with ExitStack() as stack:
        container = stack.enter_context(opened(spec.path))
        citations = citations_of(container)
        scratch = scratch_of(spec)
        citations.write(scratch)
        if citations.unreadable:
            notes["unreadable_dataset_files"] += citations.unreadable
        reading = Reading(data_source=spec.name or DATA_SOURCE, download_doi=citations.doi or None, name=name)
        parquet = parquet_of(container, spec.option("multimedia"), stack)
        if parquet is None:
            joined = _of_archive(container, scratch, notes)
        else:
            joined = _joined(parquet.media(notes), parquet.occurrences(), notes, scratch=scratch, size=parquet.size)
        for rows in joined:
            for piece in rows.iter_slices(CHUNK):
                yield to_rows(piece, reading)


def files_of(spec: SourceSpec) -> list[Path]:
    """The tables of an unpacked download and of a folder of media, without the datasets' own descriptions."""
    folders = [path for path in (spec.path, Path(spec.option("multimedia") or spec.path)) if path.is_dir()]
    found = []
    for folder in folders:
        with opened(folder) as container:
            found += [folder / name for name in container.sizes if not f"/{name}".count("/dataset/")]
    return found


def _of_archive(container: Container, scratch: Path, notes: Notes) -> Iterator[pl.DataFrame]:
    tables = find_tables(container, notes)
    size = container.sizes[tables.occurrence.file] + container.sizes[tables.multimedia.file]
    occurrences = read_occurrences(container, tables, notes)
    if tables.verbatim is not None:
        occurrences = _with_verbatim(
            occurrences,
            read_verbatim(container, tables, notes),
            scratch=scratch,
            size=size + container.sizes[tables.verbatim.file],
        )
    yield from _joined(read_media(container, tables, notes), occurrences, notes, scratch=scratch, size=size)


def _with_verbatim(
    occurrences: Iterable[pl.DataFrame], verbatim: Iterable[pl.DataFrame], *, scratch: Path, size: int
) -> Iterator[pl.DataFrame]:
    """Occurrences with the columns that only the publisher's own table has."""
    parts = count_parts(size)
    published = Spill(folder=scratch / "verbatim", key=KEY, count=parts).put(verbatim)
    interpreted = Spill(folder=scratch / "interpreted", key=KEY, count=parts).put(occurrences)
    for part in join_parts(interpreted, published):
        if not part.rows.is_empty():
            right = [column for column in part.rows.columns if column.endswith("_right")]
            filled = [
                pl.coalesce(column.removesuffix("_right"), column).alias(column.removesuffix("_right"))
                for column in right
            ]
            yield part.rows.with_columns(filled).drop(*right, "is_known")


def _joined(
    media_frames: Iterable[pl.DataFrame],
    occurrences: Iterable[pl.DataFrame],
    notes: Notes,
    *,
    scratch: Path,
    size: int,
) -> Iterator[pl.DataFrame]:
    """Every image with its occurrence's columns, `is_known`, `source_id` and `is_repeated`."""
    parts = count_parts(size)
    images = Spill(folder=scratch / "media", key=KEY, count=parts).put(_images(media_frames, notes))
    records = Spill(folder=scratch / "occurrences", key=KEY, count=parts).put(occurrences)
    notes["media_without_id"] += images.keyless_
    notes["occurrences_without_id"] += records.keyless_
    notes["occurrences"] += records.rows_
    for part in join_parts(images, records):
        notes["occurrences_without_image"] += part.unused
        notes["repeated_occurrences"] += part.repeated
        if not part.rows.is_empty():
            yield _identified(part.rows)


def _images(frames: Iterable[pl.DataFrame], notes: Notes) -> Iterator[pl.DataFrame]:
    for frame in frames:
        images = frame.filter(is_image())
        notes["media"] += len(frame)
        notes["media_not_images"] += len(frame) - len(images)
        yield images.rename({column: media(column) for column in MEDIA})


def _identified(rows: pl.DataFrame) -> pl.DataFrame:
    tails = pl.Series("tail", _hashes(rows[media("identifier")].fill_null("").to_list()), pl.String)
    identified = rows.with_columns(
        (pl.col(KEY) + pl.lit("-") + tails).alias("source_id"),
        pl.col("is_known").fill_null(value=False),
        # A part of media alone has no column of the occurrences.
        *(pl.lit(None, pl.String).alias(column) for column in OCCURRENCE if column not in rows.columns),
    )
    return identified.with_columns((~pl.col("source_id").is_first_distinct()).alias("is_repeated"))


def _hashes(texts: Sequence[str]) -> list[str]:
    """12 hexadecimal digits of each text: enough to tell the few images of one occurrence apart."""
    return [blake2b(text.encode(), digest_size=6).hexdigest() for text in texts]
