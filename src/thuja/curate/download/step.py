"""The download as a step of a curation: the rows' URLs to bytes on this machine, each URL once.

The store is a folder of tars with a table each (journal.py), and outlives the step: a run that is killed, or begun
anew with a longer table, asks only for what is not there.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import daft
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from daft import col, lit
from daft.functions import coalesce, when

from thuja.curate.download.journal import OUTCOMES, recover, tables
from thuja.curate.download.plan import deal, make_plan, read_tables, rows_of, settled, to_download
from thuja.curate.download.settings import DownloadSettings
from thuja.curate.download.shares import download_shares
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import OutputExists, ThujaError
from thuja.jobs import atomic_path, kept_when_full, write_json

STEP: Final = "download"
ERRORS: Final = "errors.parquet"
"""In the store: uuid, source_url, reason, message and tries of every row that could not be had."""

_FORM: Final = "store.json"
_PIECE: Final = 4_000_000
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
    with kept_when_full(folder), _claimed(folder, settings):
        for _ in range(settings.redirects + 2):  # a round for every redirect to another worker's host
            recover(folder)
            plan = make_plan(frame, folder, folder / "plan", settings)
            if plan.urls == 0:
                break
            download_shares(plan, settings, folder)
        outcomes = _settle(folder)
        shutil.rmtree(folder / "plan", ignore_errors=True)
        joined = _joined(frame, outcomes)
        _write_errors(joined, folder / ERRORS)
    return mark_dropped(joined, col("found_reason"), STEP).exclude("found_reason", "found_message", "found_tries")


def _joined(frame: Frame, outcomes: Frame) -> Frame:
    """The rows with what was found of their URLs; `found_reason` is null but for those that failed."""
    found = outcomes.select(*(col(name).alias(f"found_{name}") for name in outcomes.column_names))
    frame = frame.with_column("is_asked", _is_asked())
    # A row that is not asked for has no URL to join by.
    key = when(col("is_asked"), col("source_url"))
    joined = frame.with_column("join_url", key).join(found, left_on="join_url", right_on="found_url", how="left")
    differs = _differs("sha256") | _differs("md5")
    failed = when(col("found_reason") != lit(""), col("found_reason"))
    reason = when(differs & col("crop").is_null(), lit("hash_mismatch")).otherwise(failed)
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


@contextmanager
def _claimed(folder: Path, settings: DownloadSettings) -> Iterator[None]:
    """Keep other processes out of the store, and refuse one whose images have another size."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ThujaError(f"another process downloads into {folder}", hint="wait for it, or end it") from error
        form = {"max_side": settings.max_side}
        try:
            stored = json.loads((folder / _FORM).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            stored = form
            write_json(folder / _FORM, form)
        if stored != form:
            raise OutputExists(
                f"{folder} holds images of max_side {stored.get('max_side')}, and {settings.max_side} is asked for",
                hint="name another folder for the downloads, or move that away",
            )
        yield
