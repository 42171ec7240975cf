"""The download as a step of a curation: the rows' URLs to bytes on this machine, each URL once.

The store is a folder of tars with a table each (journal.py), and outlives the step: a run that is killed, or begun
anew with a longer table, asks only for what is not there.
"""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import daft
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from daft import col, lit
from daft.functions import coalesce, when

from thuja.curate.download.claims import claimed
from thuja.curate.download.content import MISMATCH
from thuja.curate.download.journal import OUTCOMES, recover, tables
from thuja.curate.download.plan import deal, make_plan, read_tables, rows_of, settled, to_download
from thuja.curate.download.reuse import FORM, stored_side
from thuja.curate.download.settings import DownloadSettings
from thuja.curate.download.shares import download_shares
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import OutputExists
from thuja.jobs import atomic_path, kept_when_full, write_json

_LOG: Final = logging.getLogger(__name__)

STEP: Final = "download"
ERRORS: Final = "errors.parquet"
"""In the store: uuid, source_url, reason, message and tries of every row that could not be had."""

_PIECE: Final = 4_000_000
_NAMELESS: Final = 1_000
"""So many URLs may be asked for by somebody whom nobody can write to; of more, a warning is given."""
_GAINED: Final = ("place", "sha256", "md5", "file_size", "width", "height")
_RESULT: Final = ("max_side", "max_bytes", "max_pixels", "tries", "redirects", "robots", "allow_private")
_ERRORS: Final = pa.schema(
    [
        ("uuid", pa.string()),
        ("source_url", pa.string()),
        ("reason", pa.string()),
        ("message", pa.string()),
        ("tries", pa.int64()),
    ]
)


def download_step(settings: DownloadSettings, folder: Path) -> Step:
    """Fill in place, hashes and size of the rows that have an URL and no place, or drop them with the reason.

    `folder` is the store. How fast it goes is no part of the result, and may be changed between two runs of one job.
    """
    names = (*_RESULT, "retry_failed")
    chosen: Mapping[str, Any] = {name: getattr(settings, name) for name in names}
    return Step(name=STEP, settings=chosen, apply=lambda frame: download(frame, settings, folder))


def download(frame: Frame, settings: DownloadSettings, folder: Path) -> Frame:
    """Download what the rows need and is not in the store, and join it to them; raises ThujaError."""
    if not folder.exists() and not to_download(frame).limit(1).count_rows():
        return frame
    with kept_when_full(folder), claimed(folder) as run:
        _refuse_another_size(folder, settings)
        _ask_all(frame, settings, folder, run=run)
        outcomes = _settle(folder)
        shutil.rmtree(folder / "plan", ignore_errors=True)
        joined = _joined(frame, outcomes)
        _write_errors(joined, folder / ERRORS)
    return mark_dropped(joined, col("found_reason"), STEP).exclude("found_reason", "found_message", "found_tries")


def _ask_all(frame: Frame, settings: DownloadSettings, folder: Path, *, run: str) -> None:
    """Round by round, until every URL has come to an end; the last one is a single worker's.

    A round follows each redirect to another worker's host. What is left then waits for rules on such a host
    (Desk.is_put_off), and is asked for by one worker that has all hosts.
    """
    for rounds_left in reversed(range(settings.redirects + 3)):
        recover(folder)
        plan = make_plan(frame, folder, folder / "plan", settings=settings)
        if plan.urls == 0:
            break
        is_first = rounds_left == settings.redirects + 2
        if is_first and not settings.contact and plan.urls > _NAMELESS:
            _LOG.warning("%s URLs are asked for without a contact; give one: download.contact", f"{plan.urls:,}")
        handed = download_shares(plan, settings=settings, folder=folder, run=run)
        workers = settings.workers if handed and rounds_left > 1 else 1
        settings = replace(settings, workers=workers)


def _joined(frame: Frame, outcomes: Frame) -> Frame:
    """The rows with what was found of their URLs; `found_reason` is null but for those that failed."""
    found = outcomes.select(*(col(name).alias(f"found_{name}") for name in outcomes.column_names))
    frame = frame.with_column("is_asked", _is_asked())
    # A row that is not asked for has no URL to join by.
    key = when(col("is_asked"), col("source_url"))
    joined = frame.with_column("join_url", key).join(found, left_on="join_url", right_on="found_url", how="left")
    differs = (_differs("sha256") | _differs("md5")) & col("crop").is_null()  # a crop's hash is not the file's
    failed = when(col("found_reason") != lit(""), col("found_reason"))
    reason = when(differs, lit(MISMATCH)).otherwise(failed)
    message = when(differs, lit("the bytes have another hash than the source gives")).otherwise(col("found_message"))
    joined = joined.with_columns({"found_reason": reason, "found_message": message})
    is_had = col("is_asked") & col("found_place").not_null() & (col("found_place") != lit("")) & reason.is_null()
    gained = {name: when(is_had, col(f"found_{name}")).otherwise(col(name)) for name in _GAINED}
    joined = joined.with_columns(gained)
    kept = (*frame.column_names, "found_reason", "found_message", "found_tries")
    return joined.select(*kept).exclude("is_asked")


def _is_asked() -> daft.Expression:
    wanted = col("drop_reason").is_null() & col("place").is_null()
    return wanted & col("source_url").not_null() & (col("source_url") != lit(""))


def _differs(name: str) -> daft.Expression:
    """Whether an image was had whose hash is not what the row states."""
    stated, found = coalesce(col(name), lit("")), coalesce(col(f"found_{name}"), lit(""))
    return (stated != lit("")) & (found != lit("")) & (stated.lower() != found)


def _settle(folder: Path) -> Frame:
    """One outcome an URL, out of all that the store holds."""
    final = folder / "outcomes"
    shutil.rmtree(final, ignore_errors=True)
    final.mkdir()
    done = tables(folder)
    pieces = 1 + sum(rows_of(path) for path in done) // _PIECE
    dealt = deal(read_tables(done), pieces, folder / "plan" / "outcomes") if done else {}
    for number, paths in dealt.items():
        rows = settled(pl.scan_parquet(paths, glob=False, hive_partitioning=False))
        rows.drop("target", "hops", "round", "is_original").collect().write_parquet(final / f"{number:05}.parquet")
    if not dealt:
        pl.DataFrame(schema=OUTCOMES).drop("target", "hops", "round", "is_original").write_parquet(final / "0.parquet")
    return read_tables(sorted(final.glob("*.parquet")))


def _write_errors(joined: Frame, path: Path) -> None:
    failed = joined.where(col("found_reason").not_null()).select(
        col("uuid"),
        col("source_url"),
        col("found_reason").alias("reason"),
        col("found_message").alias("message"),
        col("found_tries").alias("tries"),
    )
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, _ERRORS) as writer:
        for batch in failed.sort("uuid").to_arrow_iter():
            writer.write_table(pa.Table.from_batches([batch]).cast(_ERRORS))


def _refuse_another_size(folder: Path, settings: DownloadSettings) -> None:
    """Raise OutputExists for a store whose images have another size; one that has none gets this."""
    stored = stored_side(folder)
    if stored is None:
        write_json(folder / FORM, {"max_side": settings.max_side})
    elif stored != settings.max_side:
        raise OutputExists(
            f"{folder} holds images of max_side {stored}, and {settings.max_side} is asked for",
            hint=f"max_side = {stored} under [download] goes on with them; delete {folder} to download anew",
        )
