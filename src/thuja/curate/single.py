"""One step of a curation by itself, on a Parquet file of anybody's."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from daft import col, lit

from thuja.curate.reading import settle_repeats
from thuja.curate.rows import STEP_SCHEMA, RowWriter, conform
from thuja.curate.steps import Ledger, Step, StepCounts, read_rows
from thuja.errors import BadFile, EmptyInput, UnknownName, UsageError
from thuja.jobs import atomic_path, require_writable

_ROWS = 50_000


def run_step(step: Step, source: Path, out: Path) -> StepCounts:
    """Do one step on a table and write the table that it leaves; returns what it kept and dropped.

    The table may have any of a catalog's columns; one that no catalog has is refused. Rows without a uuid get one of
    their source_id. Rows that are dropped already stay as they are. Raises BadFile for a file that is no such table.
    """
    if out.resolve() == source.resolve():
        raise UsageError(f"{out} would be written over what is read", hint="name another file for --out")
    require_writable(out)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.absolute().parent))
    try:
        ledger = Ledger(scratch)
        ledger.read({}, lambda folder: _write(source, folder))
        ledger.run(step, already=_dropped_by(ledger, step.name))
        with atomic_path(out) as temporary, pq.ParquetWriter(temporary, STEP_SCHEMA, compression="zstd") as writer:
            for batch in read_rows(scratch / f"1-{step.name}").to_arrow_iter():
                writer.write_batch(batch.cast(STEP_SCHEMA))
        return ledger.counts[-1]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write(source: Path, folder: Path) -> Mapping[str, int]:
    writer = RowWriter(folder)
    try:
        with pq.ParquetFile(source) as file:
            for batch in file.iter_batches(_ROWS):
                frame = pl.DataFrame(pl.from_arrow(batch))
                _require_ids(frame, source)
                writer.write(conform(frame, data_source=source.stem))
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise BadFile(f"{source} cannot be read as a catalog: {(str(error) or repr(error)).splitlines()[0]}") from error
    writer.flush()
    if not writer.rows:
        raise EmptyInput(f"{source} has no row")
    settle_repeats(folder)
    return {}


def _dropped_by(ledger: Ledger, name: str) -> Mapping[str, int]:
    """The rows that came in as dropped by a step of this name, by reason."""
    theirs = ledger.frame.where((col("dropped_by") == lit(name)).fill_null(False))
    groups = theirs.groupby("drop_reason").agg(col("uuid").count().alias("rows")).to_pylist()
    return {group["drop_reason"]: group["rows"] for group in groups if group["drop_reason"] is not None}


def _require_ids(frame: pl.DataFrame, source: Path) -> None:
    held = [name for name in ("uuid", "source_id") if name in frame.columns]
    if not held or frame.select(pl.all_horizontal(pl.col(name).is_null() for name in held).any()).item():
        raise BadFile(f"a row of {source} has neither a uuid nor a source_id", hint="a column uuid or source_id")


def step_named(steps: Mapping[str, Step], name: str) -> Step:
    """One of these steps; raises UnknownName."""
    if name not in steps:
        raise UnknownName.of("step", name, steps)
    return steps[name]
