"""BIOSCAN-1M and -5M: single insects under a microscope, from their tables of metadata and the images beside them.

BIOSCAN-1M (`BIOSCAN_Insect_Dataset_metadata.tsv`): sampleid, processid, uri (the BIN), name, phylum ... species,
subspecies, nucraw, image_file, chunk_number, six columns of splits, and copyright; `not_classified` where there is no
label. Images: `<package>/part<chunk_number>/<image_file>`.
BIOSCAN-5M (`BIOSCAN_5M_Insect_Dataset_metadata.csv`): processid, sampleid, taxon, phylum ... species, dna_bin,
dna_barcode, country, province_state, coord-lat, coord-lon, area_fraction, scale_factor, inferred_ranks, split,
index_bioscan_1M_insect, chunk. Images: `<package>/<split>/<chunk>/<processid>.jpg`.
Packages are original_full, cropped, original_256 and cropped_256. (bioscan-ml/BIOSCAN-1M, metadata/README.md;
bioscan-ml/BIOSCAN-5M, BIOSCAN_images/README.md.) Neither table has a kingdom: all are animals.

The data sets' own splits are traits (`split_...`), because they divide for other tasks; option `split` takes one.
An image that is not there is a row, dropped as `missing_file`. The barcode itself is left out, the BIN is a trait.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from thuja.curate.sources.chunked_tables import Layout, read_frames, sniff
from thuja.curate.sources.containers import Container, opened
from thuja.curate.sources.expressions import as_float, dropped, first_reason, traits_of
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
from thuja.errors import UsageError
from thuja.images.split_folders import SPLIT_OF

DATA_SOURCE = "bioscan"
PATH_OPTIONS: tuple[str, ...] = ("images",)
"""The options that are paths."""
PACKAGES = ("original_full", "cropped", "original_256", "cropped_256")
_OPTIONS = ("images", "package", "split")
_RANKS = ("phylum", "class", "order", "family", "genus")
_NAMES = ("species", "genus", "subfamily", "family", "order", "class", "phylum")
_NOTHING = ("not_classified", "na", "n/a", "nan", "none", "unknown")
_SPLITS_1M = tuple(
    f"{size}_{what}" for what in ("diptera_family", "insect_order") for size in ("large", "medium", "small")
)
_WANTED = (
    *("processid", "sampleid", "phylum", "class", "order", "family", "subfamily", "tribe", "genus", "species"),
    *("subspecies", "name", "taxon", "uri", "dna_bin", "image_file", "chunk_number", "chunk", "split", "country"),
    *("province_state", "coord-lat", "coord-lon", "area_fraction", "scale_factor", "inferred_ranks"),
    *("copyright_license", "copyright_holder", "photographer", *_SPLITS_1M),
)
_UNSEEN = ("val_unseen", "test_unseen", "key_unseen", "other_heldout")
_SPLIT = {**SPLIT_OF, "pretrain": "train", **dict.fromkeys(_UNSEEN, "unseen")}
_TRAITS: Mapping[str, str] = {
    "area_fraction": "area_fraction",
    "country": "country",
    "dna_bin": "bin",
    "inferred_ranks": "inferred_ranks",
    "photographer": "photographer",
    "province_state": "province_state",
    "scale_factor": "scale_factor",
    "subfamily": "subfamily",
    "subspecies": "subspecies",
    "tribe": "tribe",
    "split": "split",
    **{f"split_{column}": column for column in _SPLITS_1M},
}
_TRIED = 300
_BASES = ("{p}/", "images/{p}/", "bioscan/images/{p}/", "bioscan5m/images/{p}/", "BIOSCAN_images/{p}/", "images/", "")
_LAYOUTS = (
    "{split}/{chunk}/{file}",
    "part{part}/{file}",
    "{split}/{file}",
    "{chunk}/{file}",
    "{part}/{file}",
    "{file}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Images:
    """How the images lie below `root`: a path with places for split, chunk, part and file."""

    root: str
    layout: str

    def paths(self, rows: pl.DataFrame) -> pl.Series:
        """Where each row's image should lie; `//` of an empty chunk becomes `/`."""
        pieces = self.layout.replace("{", "}").split("}")
        texts = [pl.col(f"_{piece}") if i % 2 else pl.lit(piece) for i, piece in enumerate(pieces)]
        path = pl.concat_str(pl.lit(self.root.rstrip(os.sep) + os.sep), *texts).str.replace_all("//+", "/")
        return rows.select(path.alias("path"))["path"]


def read_bioscan(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """The images that a table of metadata lists; `spec.path` is the table or the folder that holds it.

    Options: `images`, the folder of the images where they lie elsewhere; `package`, which of the four packages to take
    where there are several; `split`, whose split to keep: `split` (BIOSCAN-5M) or one of BIOSCAN-1M's six columns.
    Raises UsageError where there is no table or none of its first images is to be found, BadFile for a damaged table.
    """
    spec.refuse_other_options(_OPTIONS)
    package, split = spec.option("package"), spec.option("split")
    if package and package not in PACKAGES:
        raise UsageError(f'BIOSCAN has no package "{package}"', hint=f"one of {', '.join(PACKAGES)}")
    table = _table(spec.path)
    with opened(table) as container:
        layout = _layout(container)
        layout.require("processid")
        if split:
            layout.require(split)
        root = Path(spec.option("images") or (spec.path if spec.path.is_dir() else spec.path.parent))
        images: _Images | None = None
        for frame in read_frames(container, layout, _WANTED, notes=notes):
            for piece in frame.iter_slices(CHUNK):
                rows = _cleaned(piece)
                images = images or _find_layout(rows.head(_TRIED), root, [package] if package else [*PACKAGES])
                yield _to_rows(rows, images, notes, split=split, data_source=spec.name or DATA_SOURCE)


def files_of(spec: SourceSpec) -> list[Path]:
    """The table of a folder."""
    try:
        return [_table(spec.path)]
    except UsageError:
        return []


def _table(path: Path) -> Path:
    """The table itself; of a folder, what lies in it or where the archives of BIOSCAN put it."""
    if not path.is_dir():
        return path
    for folder in ("", "metadata", "metadata/csv", "bioscan5m/metadata/csv", "bioscan", "bioscan/metadata"):
        for ending in ("csv", "tsv", "csv.gz", "tsv.gz"):
            found = sorted((path / folder).glob(f"*[mM]etadata*.{ending}"))
            if found:
                return found[0]
    raise UsageError(
        f"there is no table of BIOSCAN's metadata in {path}",
        hint="BIOSCAN_Insect_Dataset_metadata.tsv or BIOSCAN_5M_Insect_Dataset_metadata.csv",
    )


def _layout(container: Container) -> Layout:
    """The table, which may lie in a .zip among its other forms."""
    tables = [name for name in container.sizes if name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))]
    if not tables:
        raise UsageError(
            f"{container.path} is no table of BIOSCAN's metadata", hint="its .csv or .tsv; JSON-LD is not read"
        )
    return sniff(container, tables[0])


def _cleaned(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the words that stand for nothing, with the parts of the images' paths, and 1M's BIN under 5M's name."""
    columns = [pl.col(column).str.strip_chars().alias(column) for column in frame.columns]
    words = frame.select(columns).with_columns(
        pl.when(~pl.all().str.to_lowercase().is_in(_NOTHING) & (pl.all() != "")).then(pl.all())
    )
    file = pl.coalesce("image_file", pl.col("processid") + pl.lit(".jpg")).fill_null("")
    number = pl.col("chunk_number").str.strip_suffix(".0")
    return words.with_columns(
        pl.coalesce("dna_bin", "uri").alias("bin"),
        file.alias("_file"),
        pl.col("split").fill_null("").alias("_split"),
        pl.col("chunk").fill_null("").alias("_chunk"),
        number.fill_null("").alias("_part"),
    )


def _find_layout(rows: pl.DataFrame, root: Path, packages: list[str]) -> _Images:
    """The layout under which most of the first images are found; the first package that has any is taken."""
    if not root.is_dir():
        raise UsageError(f"there is no folder of images at {root}", hint="name it by the option images")
    absolute = os.path.abspath(root)  # noqa: PTH100 - lexical: a link in a user's folder is the user's
    for package in packages:
        best, found = None, 0
        for base in _BASES:
            for layout in _LAYOUTS:
                images = _Images(root=absolute, layout=base.format(p=package) + layout)
                count = sum(_exists(absolute, path) for path in images.paths(rows).to_list())
                if count > found:
                    best, found = images, count
        if best is not None:
            return best
    raise UsageError(
        f"none of the first {len(rows)} images of the table is below {root}",
        hint="name the folder of the images by the option images, the one that holds cropped_256 or its like",
    )


def _exists(root: str, path: str | None) -> bool:
    """Whether the file is there and within the root: a name in a table never leads out of it."""
    if path is None:
        return False
    try:
        absolute = os.path.abspath(path)  # noqa: PTH100
        return absolute.startswith(root.rstrip(os.sep) + os.sep) and os.path.isfile(absolute)  # noqa: PTH113
    except (OSError, ValueError):
        return False


def _to_rows(rows: pl.DataFrame, images: _Images, notes: Notes, *, split: str, data_source: str) -> pl.DataFrame:
    paths = images.paths(rows)
    there = pl.Series("is_there", [_exists(images.root, path) for path in paths.to_list()], pl.Boolean)
    rows = rows.with_columns(paths, there, (pl.col(split) if split else pl.lit(None, pl.String)).alias("said_split"))
    unknown = rows["said_split"].drop_nulls().filter(~rows["said_split"].drop_nulls().is_in([*_SPLIT]))
    for word, count in unknown.value_counts().rows():
        notes[f"unknown split {word}"] += count
    reasons = first_reason(
        [
            (pl.col("processid").is_null(), "no_id"),
            (pl.col("_file") == "", "no_path"),
            (~pl.col("is_there"), "missing_file"),
        ]
    )
    said = {trait: column for trait, column in _TRAITS.items() if rows[column].null_count() < len(rows)}
    epithet = pl.col("species").str.strip_prefix(pl.col("genus").fill_null("") + pl.lit(" "))
    return rows.select(
        pl.lit(data_source).alias("data_source"),
        pl.coalesce("processid", "_file").alias("source_id"),
        pl.col("path"),
        pl.col("processid").alias("occurrence_id"),
        pl.col("sampleid").alias("catalog_number"),
        pl.col("sampleid").alias("eval_keys"),
        pl.lit("Animalia").alias("kingdom"),
        *_RANKS,
        pl.when(epithet.str.contains(" ")).then(None).otherwise(epithet).alias("species"),
        pl.coalesce(*_NAMES, "taxon", "name").alias("verbatim_name"),
        as_float("coord-lat").alias("latitude"),
        as_float("coord-lon").alias("longitude"),
        pl.col("said_split").replace_strict(_SPLIT, default=None, return_dtype=pl.String).alias("split"),
        pl.col("copyright_license").alias("license_name"),
        pl.col("copyright_holder").alias("copyright_owner"),
        traits_of(said).alias("traits"),
        *dropped(reasons),
    )
