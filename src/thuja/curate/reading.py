"""The first step: the rows of every source, each source written once, every id given out once."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

from thuja.curate.rows import STEP_SCHEMA, RowWriter, conform
from thuja.curate.sources import files_of, path_options, reader
from thuja.curate.sources.spec import Notes, SourceSpec
from thuja.jobs import Progress, atomic_path, write_json
from thuja.record import uuid_of_source

STEP = "read"
_NOTES = "notes.json"
_SETTLED = ".settled"

Ids = npt.NDArray[np.uint64]


def source_settings(spec: SourceSpec) -> dict[str, Any]:
    """What the rows of a source depend on: a file that was edited is read anew, a folder is not walked twice."""
    settings: dict[str, Any] = {"kind": spec.kind, "name": spec.name, "limit": spec.limit, "options": spec.options}
    named = [spec.path, *(Path(spec.option(name)) for name in path_options(spec.kind) if spec.option(name))]
    for path in [*(path for path in named if path.is_file()), *files_of(spec)]:
        status = path.stat()
        settings[f"{path} is"] = [status.st_size, status.st_mtime_ns]
    return settings | {"path": str(spec.path.absolute())}


def source_folder(number: int, spec: SourceSpec) -> str:
    """What the folder of a recipe's source of this number is called, among the rows and in the scratch folder."""
    return f"source-{number:03}-{spec.kind}"


def write_sources(specs: Sequence[SourceSpec], folder: Path, *, scratch: Path) -> Mapping[str, int]:
    """Write the rows of all sources into `folder`, a folder a source; returns the sources' notes, added up.

    What a killed run has finished is kept. A row whose id was given out before is dropped as `repeated_id` where it
    is the same image again, and else gets an id of its own. What a reader puts down for good, such as images that lay
    inside a table, goes below `scratch`.
    """
    notes: Notes = Counter()
    for number, spec in enumerate(specs):
        name = source_folder(number, spec)
        if not (folder / name).is_dir():
            _write_source(replace(spec, scratch=scratch / name), folder / name)
        notes.update(json.loads((folder / name / _NOTES).read_text(encoding="utf-8")))
    if scratch.is_dir() and not any(scratch.iterdir()):
        scratch.rmdir()
    settle_repeats(folder)
    return dict(notes)


def _write_source(spec: SourceSpec, done: Path) -> None:
    assert spec.scratch is not None
    part = done.with_name(f"{done.name}.part")
    for path in (part, spec.scratch):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
    notes: Notes = Counter()
    writer = RowWriter(part)
    progress = Progress(total=spec.limit, label=f"reading {spec.name or spec.kind}", unit="rows")
    for frame in _limited(reader(spec.kind)(spec, notes), spec.limit):
        writer.write(conform(frame, data_source=spec.name or spec.kind))
        progress.advance(len(frame))
    progress.close()
    writer.flush()
    write_json(part / _NOTES, dict(notes))
    part.rename(done)
    if not any(spec.scratch.iterdir()):
        spec.scratch.rmdir()


def _limited(frames: Iterator[pl.DataFrame], limit: int | None) -> Iterator[pl.DataFrame]:
    """The frames up to the row with which `limit` rows are kept."""
    left = limit
    for frame in frames:
        if left is None:
            yield frame
            continue
        has_reasons = "drop_reason" in frame.columns
        kept = frame["drop_reason"].is_null() if has_reasons else pl.repeat(True, len(frame), eager=True)
        before = kept.cast(pl.Int64).cum_sum().shift(1, fill_value=0)
        taken = frame.filter(before < left)
        left -= int(kept.head(len(taken)).sum())
        yield taken
        if left <= 0:
            return


def settle_repeats(folder: Path) -> None:
    """Give every row of the files below a folder an id that no other has.

    Only a hash of each id is held in memory, some 24 bytes a row; rows that share it are then looked at whole. The
    files take their places when all are written: a run killed in here begins with the ids that the sources gave.
    """
    settled = folder / _SETTLED
    if not settled.exists():
        for left in folder.rglob(f"*{_SETTLED}"):
            left.unlink()
        _write_settled(folder)
        settled.touch()
    for path in sorted(folder.rglob(f"*.parquet{_SETTLED}")):
        path.replace(path.with_suffix(""))


def _write_settled(folder: Path) -> None:
    files = sorted(folder.rglob("*.parquet"))
    hashes = [_hashes(file) for file in files]
    every = np.sort(np.concatenate([*hashes, np.empty(0, np.uint64)]))
    repeated = np.unique(every[1:][every[1:] == every[:-1]])
    seen: dict[str, list[str]] = {}
    for file, ours in zip(files, hashes, strict=True):
        if len(repeated) and np.isin(ours, repeated).any():
            _settle_file(file, repeated, seen)


def _hashes(file: Path) -> Ids:
    """64 bits of each row's id, which need be no UUID where a table brings ids of its own."""
    return pl.read_parquet(file, glob=False, columns=["uuid"])["uuid"].hash().to_numpy()


def _settle_file(file: Path, repeated: Ids, seen: dict[str, list[str]]) -> None:
    frame = pl.read_parquet(file, glob=False)
    asked = np.isin(_hashes(file), repeated)
    places = [place or "" for place in frame.select(pl.coalesce("source_url", "path", "place")).to_series()]
    ids, reasons, steps = (frame[name].to_list() for name in ("uuid", "drop_reason", "dropped_by"))
    for row in np.flatnonzero(asked).tolist():
        before = seen.setdefault(ids[row], [])
        again = ""
        if places[row] in before:
            again = f"#{file.parent.name}/{file.name}:{row}"
            if reasons[row] is None:
                reasons[row], steps[row] = "repeated_id", STEP
        before.append(places[row])
        if len(before) > 1:
            ids[row] = uuid_of_source(ids[row], places[row] + again)
    columns = {"uuid": ids, "drop_reason": reasons, "dropped_by": steps}
    frame = frame.with_columns(pl.Series(name, values, pl.String) for name, values in columns.items())
    with atomic_path(file.with_name(f"{file.name}{_SETTLED}")) as temporary:
        pq.write_table(
            frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(STEP_SCHEMA), temporary, compression="zstd"
        )
