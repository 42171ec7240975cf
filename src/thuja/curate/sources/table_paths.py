"""Where the images of a table's lines are: files below a folder, or addresses on the web."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from thuja.curate.sources.expressions import dropped, first_reason, is_url, text_or_null
from thuja.curate.sources.file_names import exists, walk_frames
from thuja.curate.sources.table_columns import Columns
from thuja.images.finding import SUFFIXES

OUTSIDE = "outside"
"""The reason of lines that speak of files elsewhere below the table's own folder: they are no rows."""

_FOUND = {"found relative": pl.String, "found path": pl.String, "found reason": pl.String}


@dataclass(slots=True, kw_only=True)
class TablePaths:
    """The files of one table. Paths in it are relative to its own folder or to `root`, whichever fits."""

    table: Path
    root: Path
    base: str = ""
    _listed: list[np.ndarray[Any, np.dtype[np.uint64]]] = field(default_factory=list)

    def start(self, table: Path) -> None:
        """Go on with another table of the same images."""
        self.table, self.base = table, ""

    def find(self, frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
        """For each line `found relative` (to root), `found path`, `found url`, `found reason`: why there is no image.

        The reasons: `no_path`, `bad_url`, `missing_file`, `outside_source` and OUTSIDE. A cell of the file column that
        is an address counts as one.
        """
        said = frame.select(
            _cells(columns.file, pl.String).alias("file"),
            (pl.lit(None, pl.String) if columns.url is None else text_or_null(columns.url)).alias("url"),
        ).select(
            pl.when(~is_url("file")).then("file").alias("file"),
            pl.when(is_url("file")).then("file").otherwise("url").alias("found url"),
        )
        files = said["file"].to_list()
        if not self.base:
            self.base = os.path.abspath(self._choose_base(files))  # noqa: PTH100
        root = os.path.abspath(self.root)  # noqa: PTH100 - lexical: a link in a user's folder is the user's
        found = pl.DataFrame([self._find(name, root) for name in files], schema=_FOUND, orient="row")
        self._listed.append(found["found relative"].drop_nulls().hash(seed=0).unique().to_numpy())
        has_url = pl.col("found url").is_not_null()
        without_file = first_reason([(has_url & ~is_url("found url"), "bad_url"), (~has_url, "no_path")])
        return found.hstack(said).select(
            "found relative",
            "found path",
            "found url",
            pl.when(pl.col("file").is_null() | (pl.col("file") == ""))
            .then(without_file)
            .otherwise("found reason")
            .alias("found reason"),
        )

    def unlisted(self, data_source: str) -> Iterator[pl.DataFrame]:
        """The images that lie in the folder and that no line named, dropped as `not_in_table`.

        Names are compared by 64-bit hashes: eight bytes a line, and one chance in 10**5 among ten million that a
        file is passed over.
        """
        listed = pl.Series(np.unique(np.concatenate([*self._listed, np.array([], dtype=np.uint64)])))
        name = pl.col("source_id")
        is_image = pl.any_horizontal(name.str.to_lowercase().str.ends_with(suffix) for suffix in SUFFIXES)
        for files in walk_frames(self.root, data_source):
            missing = files.filter(is_image & ~name.hash(seed=0).is_in(listed.implode()))
            yield missing.with_columns(dropped(pl.lit("not_in_table")))

    def _find(self, file: str | None, root: str) -> tuple[str | None, str | None, str | None]:
        if not file:
            return None, None, None
        absolute = os.path.abspath(os.path.join(self.base, file))  # noqa: PTH100, PTH118
        relative = os.path.relpath(absolute, root).replace(os.sep, "/")
        if relative not in (".", "..") and not relative.startswith("../"):
            path = os.path.join(root, relative)  # noqa: PTH118
            return relative, path, None if exists(path) else "missing_file"
        if absolute.startswith(self.base.rstrip(os.sep) + os.sep):
            return None, None, OUTSIDE
        return file, file, "outside_source"

    def _choose_base(self, files: list[str | None]) -> Path:
        sample = [file for file in files[:200] if file]

        def count(base: Path) -> int:
            return sum(exists(os.path.join(base, file)) for file in sample)  # noqa: PTH118

        return max((self.table.parent, self.root), key=count)


def _cells(column: str | None, kind: type[pl.String]) -> pl.Expr:
    return pl.lit(None, kind) if column is None else pl.col(column).cast(kind)
