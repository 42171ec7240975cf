"""The images that an earlier curation downloaded, handed to a later one: no URL is asked for twice."""

import os
import shutil
from pathlib import Path
from typing import Final

import polars as pl

from thuja.curate.download.journal import recover, tables
from thuja.jobs import atomic_path

_FORM: Final = "store.json"


def take_over(old: Path, new: Path) -> int:
    """Link the finished tars of one store into another, and write their tables anew; returns how many came.

    A tar is linked where both lie on one disk, and copied elsewhere; either store may then be deleted. What is there
    already stays.
    """
    if not tables(old):
        return 0
    new.mkdir(parents=True, exist_ok=True)
    recover(new)
    taken = 0
    if not (new / _FORM).exists():
        shutil.copyfile(old / _FORM, new / _FORM)
    for table in tables(old):
        tar, target = table.with_suffix(".tar"), new.resolve() / f"{table.stem}.tar"
        if (new / table.name).exists():
            continue
        _link(tar, target)
        place = pl.col("place").str.extract(r"#(\d+\+\d+)$")
        moved = pl.when(place.is_null()).then(pl.col("place")).otherwise(pl.concat_str(pl.lit(f"{target}#"), place))
        with atomic_path(new / table.name) as temporary:
            pl.read_parquet(table, glob=False).with_columns(moved.alias("place")).write_parquet(temporary)
        taken += 1
    return taken


def _link(tar: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(tar, target)
    except OSError:  # another disk, or one that knows no links
        with atomic_path(target) as temporary:
            shutil.copyfile(tar, temporary)
