"""The images that an earlier curation downloaded, handed to a later one: what is had is not asked for twice."""

import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from thuja.curate.download.journal import recover, tables
from thuja.jobs import atomic_path, write_json

FORM: Final = "store.json"
"""In a store: the size of its images."""

_LOG: Final = logging.getLogger(__name__)


def stored_side(store: Path) -> int | None:
    """The `max_side` of a store's images; None where it does not say."""
    try:
        stored = json.loads((store / FORM).read_text(encoding="utf-8"))["max_side"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stored if isinstance(stored, int) else None


def take_over(
    old: Path, new: Path, *, max_side: int | None = None, link: Callable[[Path, Path], None] = os.link
) -> int:
    """Link the finished tars of one store into another, with tables of their images; returns how many came.

    What failed is not taken over: it is asked for again. Images of another size than `max_side` (None: any) are not
    either. A tar is linked where both lie on one disk, and copied elsewhere; either store may then be deleted. What
    is there already stays.
    """
    stored = stored_side(old)
    if not tables(old) or stored is None:
        return 0
    if max_side not in (None, stored):
        _LOG.warning("%s holds images of max_side %d, not %d: all are downloaded anew", old, stored, max_side)
        return 0
    new.mkdir(parents=True, exist_ok=True)
    recover(new)
    if not (new / FORM).exists():
        write_json(new / FORM, {"max_side": stored})
    return sum(_take_tar(table, new.resolve(), link) for table in tables(old))


def _take_tar(table: Path, new: Path, link: Callable[[Path, Path], None]) -> bool:
    """Take one tar over; False where it is there, or no image is in it."""
    tar, target = table.with_suffix(".tar"), new / f"{table.stem}.tar"
    if (new / table.name).exists() and target.exists():
        return False
    images = pl.read_parquet(table, glob=False).filter((pl.col("reason") == "") & (pl.col("target") == ""))
    if images.is_empty():
        return False
    place = pl.concat_str(pl.lit(f"{target}#"), pl.col("place").str.extract(r"#(\d+\+\d+)$"))
    # The table first: a tar without one would be read again by its entries, failures too.
    with atomic_path(new / table.name) as temporary:
        images.with_columns(place.alias("place")).write_parquet(temporary)
    _link(tar, target, link)
    return True


def _link(tar: Path, target: Path, link: Callable[[Path, Path], None]) -> None:
    target.unlink(missing_ok=True)
    try:
        link(tar, target)
    except OSError:  # another disk, or one that knows no links
        with atomic_path(target) as temporary:
            shutil.copyfile(tar, temporary)
