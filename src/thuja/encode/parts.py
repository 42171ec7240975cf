"""The pieces that embeddings are made in, each a file, and the one file that they end in.

A part is Parquet as `Embeddings.save` writes it, with its errors in the metadata and a digest of what
it was made from, so that no part of another input gets in among the others.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.embeddings import Embeddings
from thuja.encode.pipeline import Failure
from thuja.encode.tables import common_schema, fitted
from thuja.errors import BadFile, OutputExists
from thuja.jobs import atomic_path
from thuja.record import printable

Form = Literal["parquet", "json"]

ERROR_COLUMNS: Final = ("id", "reason", "message")
_KEY: Final = b"thuja.part"
_GROUP: Final = 8192
"""Rows in one row group of the whole file: 32 MB of 1,024 dimensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is in a whole output: how many embeddings of how many dimensions by which model, and what failed."""

    model: str
    embedded: int
    failed: int
    dim: int
    first_error: Failure | None = None


def write_part(path: Path, embeddings: Embeddings, *, errors: Sequence[Failure], digest: str) -> None:
    """Write one part; `digest` is of the items that it was made from."""
    write_table(path, embeddings.to_table(), digest=digest, errors=errors)


def write_table(path: Path, table: pa.Table, *, digest: str, errors: Sequence[Failure] = ()) -> None:
    """Write any table as a part."""
    about = json.dumps({"digest": digest, "errors": errors})
    metadata = {**(table.schema.metadata or {}), _KEY: about}
    with path.open("wb") as file:  # Python's own file: its errors say what the system said
        pq.write_table(table.replace_schema_metadata(metadata), file)


def check_part(path: Path, digest: str) -> None:
    """Raise OutputExists for a part that was made from other items."""
    with opened(path) as file:
        _errors_in(file, path, digest)


def is_made_from(path: Path, digest: str) -> bool:
    """Whether a part was made from these items."""
    with opened(path) as file:
        return bool(_about(file)["digest"] == digest)


def assemble(
    parts: Sequence[Path], digests: Sequence[str], *, out: Path | TextIO, errors: Path | None, form: Form
) -> Summary:
    """Put parts together in their order, a part at a time in memory, each output whole or not at all.

    The errors come first: where `out` is, they are. Where nothing was embedded, `out` is not written;
    where nothing failed, `errors` is not. Raises OutputExists for a part made from other items.
    """
    embedded = failed = 0
    schema, first_error = pa.schema([]), None
    with ExitStack() as stack:
        writer: Any = None
        for path, digest in zip(parts, digests, strict=True):
            with opened(path) as file:
                failures = _errors_in(file, path, digest)
                schema = common_schema([schema, file.schema_arrow])
                embedded += file.metadata.num_rows
            if failures and errors is not None and writer is None:
                writer = stack.enter_context(error_file(errors))
            if writer is not None:
                writer.writerows([printable(cell) for cell in failure] for failure in failures)
            failed += len(failures)
            first_error = first_error or next(iter(failures), None)
    if embedded:
        if form == "json":
            _write_json(parts, out)
        else:
            assert isinstance(out, Path)
            _write_parquet(parts, schema, out)
    return Summary(
        model=_metadata(parts[0])[b"thuja.model"].decode(),
        embedded=embedded,
        failed=failed,
        dim=schema.field("emb").type.list_size,
        first_error=first_error,
    )


def is_error_file(path: Path) -> bool:
    """Whether thuja wrote this list of errors."""
    header = ",".join(ERROR_COLUMNS).encode() + b"\n"
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(header)) == header


@contextmanager
def error_file(path: Path) -> Iterator[Any]:
    """A CSV writer of a list of errors, which has its header."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(ERROR_COLUMNS)
        yield writer


def _write_parquet(parts: Sequence[Path], schema: pa.Schema, out: Path) -> None:
    metadata = _metadata(parts[0])
    with (
        atomic_path(out) as temporary,
        temporary.open("wb") as file,
        pq.ParquetWriter(file, schema.with_metadata(metadata)) as writer,
    ):
        waiting: list[pa.Table] = []
        for path in parts:
            with opened(path) as part:
                table = part.read()
            waiting.append(fitted(table, schema, table.num_rows))
            if path is parts[-1] or sum(table.num_rows for table in waiting) >= _GROUP:
                writer.write_table(pa.concat_tables(waiting).replace_schema_metadata(metadata))
                waiting = []


def _write_json(parts: Sequence[Path], out: Path | TextIO) -> None:
    """pybioclip's shape; an id that comes twice stands there twice."""
    if not isinstance(out, Path):
        _write_json_to(parts, out)
        return
    with atomic_path(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        _write_json_to(parts, file)


def _write_json_to(parts: Sequence[Path], file: TextIO) -> None:
    separator = ""
    for number, path in enumerate(parts):
        part = Embeddings.load(path)
        if number == 0:
            file.write(f'{{\n    "model": {json.dumps(part.model)},\n    "embeddings": {{')
        for name, vector in zip(part.ids, part.vectors, strict=True):
            file.write(f"{separator}\n        {json.dumps(name)}: {json.dumps(vector.tolist())}")
            separator = ","
    file.write("\n    }\n}\n")


def _metadata(path: Path) -> dict[bytes, bytes]:
    """What a part says of its embeddings, which is the same in all parts of a job."""
    with opened(path) as file:
        return {
            key: value for key, value in file.schema_arrow.metadata.items() if key.startswith(b"thuja.") and key != _KEY
        }


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """A part to read; raises BadFile for one that is broken."""
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise BadFile(f"{path} is broken: {error}", hint="delete it, and run the same command again") from error
    with file:
        yield file


def _about(file: pq.ParquetFile) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(file.schema_arrow.metadata[_KEY])
    return about


def _errors_in(file: pq.ParquetFile, path: Path, digest: str) -> list[Failure]:
    about = _about(file)
    if about["digest"] != digest:
        raise OutputExists(
            f"the input is not what it was when {path} was made", hint="--force begins anew, or name another output"
        )
    return [Failure(*failure) for failure in about["errors"]]
