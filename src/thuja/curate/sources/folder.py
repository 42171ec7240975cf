"""A folder of pictures: the innermost folder names what they show, `train` and `test` folders split them."""

from collections.abc import Iterator

import polars as pl

from thuja.curate.sources.file_names import walk_frames
from thuja.curate.sources.spec import Notes, SourceSpec
from thuja.curate.sources.table import read_labels
from thuja.errors import UsageError
from thuja.images.split_folders import label_and_split

PATH_OPTIONS: tuple[str, ...] = ("labels",)
"""The options that are paths."""


def read_folder(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """Every file under the folder is a row; with the option `labels`, a table says what they show.

    `<species>/a.jpg`, `train/<species>/a.jpg` and `<species>/train/a.jpg` are all read; the species
    is named by its scientific name, a common name or an iNat21 folder name. A picture in no such
    folder has no label.
    """
    spec.refuse_other_options(("labels",))
    if not spec.path.is_dir():
        raise UsageError(f"there is no folder at {spec.path}", hint="name the folder that holds the pictures")
    if spec.option("labels"):
        yield from read_labels(spec, notes)
        return
    for files in walk_frames(spec.path, spec.name or spec.path.resolve().name):
        yield with_labels(files)


def with_labels(files: pl.DataFrame) -> pl.DataFrame:
    """Files with the name and the split that the folders of their source_id say."""
    files = files.with_columns(pl.col("source_id").str.replace(r"[^/]*$", "").alias("folder"))
    folders = files["folder"].unique(maintain_order=True)
    said = [label_and_split(folder) for folder in folders]
    known = pl.DataFrame(
        {
            "folder": folders,
            "verbatim_name": [label or None for label, _ in said],
            "split": [split or None for _, split in said],
        },
        schema=dict.fromkeys(("folder", "verbatim_name", "split"), pl.String),
    )
    return files.join(known, on="folder", how="left", maintain_order="left").drop("folder")
