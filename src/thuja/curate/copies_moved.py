"""Copies of what an older catalog measured on that a newer one trains on."""

from collections.abc import Iterator
from itertools import pairwise

import polars as pl

_MEASURED = ("test", "val", "unseen")
_HASHES = ("sha256", "pixel_hash")


def copies_into_training(old: pl.LazyFrame, new: pl.LazyFrame, *, ranges: int = 1) -> int:
    """How many images of `new` are trained on, and in `old` were only there as copies of one that was measured on.

    A copy has its bytes or pixels, or was dropped for it (`duplicate_of`). An image that was itself kept in `old` is
    not counted: it kept its split, or its move is one of its own. Hashes and ids are even, so `ranges` of them are
    gone through one after another, and memory stays within that of one.
    """
    is_kept = pl.col("drop_reason").is_null()
    measured = old.filter(is_kept, pl.col("split").is_in(_MEASURED))
    trained = new.filter(is_kept, pl.col("split") == "train")
    dropped = _linked(old.filter(~is_kept, pl.col("duplicate_of").is_not_null()))
    found = [pl.Series("uuid", [], pl.String)]
    for ends in hex_ranges(ranges):
        for name in _HASHES:
            mine = _within(measured, name, ends).select(name).unique()
            found.append(_uuids(_within(trained, name, ends).join(mine, on=name, how="semi")))
        originals = _within(measured, "uuid", ends).select(duplicate_of="uuid")
        copies = _uuids(_within(dropped, "duplicate_of", ends).join(originals, on="duplicate_of", how="semi"))
        found.append(_uuids(trained.filter(pl.col("uuid").is_in(copies.implode()))) if len(copies) else copies)
    uuids = pl.concat(found).unique()
    was_kept = _uuids(old.filter(is_kept, pl.col("uuid").is_in(uuids.implode()))) if len(uuids) else uuids
    return len(uuids) - len(was_kept)


def _linked(dropped: pl.LazyFrame) -> pl.LazyFrame:
    """`uuid` and `duplicate_of`, the copy that was kept: a frame of a burst may lead to it by one that was not."""
    links = dropped.select("uuid", "duplicate_of")
    onward = links.select(duplicate_of="uuid", onward="duplicate_of")
    joined = links.join(onward, on="duplicate_of", how="left")
    return joined.select("uuid", pl.coalesce("onward", "duplicate_of").alias("duplicate_of"))


def hex_ranges(count: int) -> Iterator[tuple[str, str]]:
    """Ranges of ids or hashes, from the first up to but not including the second; the last has no end."""
    yield from pairwise(["", *(f"{number * 16**8 // count:08x}" for number in range(1, count)), "\U0010ffff"])


def _within(rows: pl.LazyFrame, name: str, ends: tuple[str, str]) -> pl.LazyFrame:
    return rows.filter(pl.col(name) >= ends[0], pl.col(name) < ends[1])


def _uuids(rows: pl.LazyFrame) -> pl.Series:
    return rows.select("uuid").collect(engine="streaming")["uuid"]
