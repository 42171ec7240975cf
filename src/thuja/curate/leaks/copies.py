"""The step after the gate: the exact copy of an image that an evaluation set knows is a leak too, whatever its ids."""

from collections.abc import Callable
from typing import Final, cast

import daft
from daft import DataType, Series, col, lit
from daft.functions import coalesce, when

from thuja.curate.leaks.finding import READ
from thuja.curate.leaks.gate import REASON, LeakGate, files_digest, leak_facts
from thuja.curate.leaks.settings import LeakSettings
from thuja.curate.steps import Frame, Step, mark_dropped

STEP: Final = "leak_copies"
KEY: Final = "copy"
"""What `leak_of` has for a key: `newt:copy`."""
_HASHES: Final = ("sha256", "pixel_hash")


def leak_copies_step(settings: LeakSettings) -> Step:
    """Drop as `leak` every kept row with the bytes or the pixels of a row that an evaluation set knows.

    Goes after `leaks`. The row that is known may itself have been dropped for something else, or be spared. Raises
    UsageError where an index cannot be read.
    """
    digest = files_digest(settings)
    return Step(
        name=STEP,
        settings=leak_facts(settings),
        apply=lambda frame, known: _drop_copies(frame, known, settings),
        is_rowwise=True,
        gather=lambda frame: _known(frame, LeakGate(settings, digest)),
    )


def _known(frame: Frame, gate: LeakGate) -> Frame:
    """The hashes of what is known, a row a hash: `kind`, `value`, `leak`."""
    hashed = frame.where(col("sha256").not_null() | col("pixel_hash").not_null())
    is_leak = (col("drop_reason") == lit(REASON)).fill_null(False) & col("leak_of").not_null()
    leaks = hashed.where(is_leak).select(*_HASHES, col("leak_of").alias("found"))
    is_passed_by = ~is_leak & (col("drop_reason").not_null() | _is_held_out())
    look = cast(Callable[..., daft.Expression], gate.look_at_any)
    others = hashed.where(is_passed_by).select(*dict.fromkeys((*READ, *_HASHES)))
    others = others.with_column("found", look(*(col(name) for name in READ))).where(col("found").not_null())
    known = leaks.concat(others.select(*_HASHES, "found"))
    by_bytes = _by(known, "sha256")
    same = hashed.select(*_HASHES).join(by_bytes.select(col("value").alias("sha256"), "leak"), on="sha256")
    by_pixels = _by(known.concat(same.select(*_HASHES, col("leak").alias("found"))), "pixel_hash")
    return by_bytes.concat(by_pixels)


def _by(known: Frame, name: str) -> Frame:
    pairs = known.where(col(name).not_null()).select(col(name).alias("value"), "found").distinct()
    groups = pairs.groupby("value").agg(col("found").list_agg().alias("all"))
    return groups.select(lit(name).alias("kind"), "value", _copy_of(col("all")).alias("leak"))


@daft.func.batch(return_dtype=DataType.string(), use_process=False)
def _copy_of(found: Series) -> list[str]:
    """`leak_of` of the copies of rows with these: every set once, in the order of their names."""
    rows = []
    for leaks in found.to_pylist():
        names = {part.rpartition(":")[0] for leak in leaks for part in leak.split(";")}
        rows.append(";".join(f"{name}:{KEY}" for name in sorted(names)))
    return rows


def _drop_copies(frame: Frame, known: Frame, settings: LeakSettings) -> Frame:
    for name in _HASHES:
        mine = known.where(col("kind") == lit(name)).select(col("value").alias(name), col("leak").alias(f"by_{name}"))
        frame = frame.join(mine, on=name, how="left")
    copy = coalesce(col("by_pixel_hash"), col("by_sha256"))  # whatever has the bytes has been looked up by its pixels
    is_asked = col("drop_reason").is_null() & ~(_is_held_out() if settings.spare_held_out else lit(False))
    frame = frame.with_column("copy", when(is_asked, copy).otherwise(lit(None).cast("string")))
    frame = frame.with_column("leak_of", coalesce(col("copy"), col("leak_of")))
    reason = when(col("copy").not_null(), lit(REASON)).otherwise(lit(None).cast("string"))
    return mark_dropped(frame, reason, STEP).exclude("copy", *(f"by_{name}" for name in _HASHES))


def _is_held_out() -> daft.Expression:
    return col("split").is_in(["test", "unseen"]).fill_null(False)
