"""Tables of examples as people have them: a row a group with a numbered list, or a row a sentence; CSV or Parquet."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import polars as pl

from thuja.captions.examples.example import EXAMPLE_SCHEMA, Example, Status, examples_frame
from thuja.captions.examples.numbered import sentences_of
from thuja.errors import BadFile, EmptyInput, UnknownName, UsageError
from thuja.jobs import atomic_path
from thuja.taxonomy import RANKS, Taxon

TABLES: Final = (".csv", ".tsv", ".parquet", ".pq")
_TEXTS: Final = ("example", "examples", "description", "sentence", "sentences", "caption")
"""Headings of the column with the sentences, the first that is there."""

_LABELS: Final = tuple(rank.label for rank in RANKS)


def read_examples(path: Path) -> list[Example]:
    """All examples of a table, in its order, whatever their status; a group without a sentence has none.

    Raises UsageError, EmptyInput or BadFile.
    """
    path = Path(path)
    frame = _read(path)
    plain = {name: name.strip().lower() for name in frame.columns}
    if len(set(plain.values())) < len(plain):
        raise BadFile(f"{path} has two columns of one name", hint="rename or drop one of them")
    frame = frame.rename(plain)
    column = next((name for name in _TEXTS if name in frame.columns), None)
    if column is None or not set(_LABELS) & set(frame.columns):
        raise UsageError(
            f"{path} has the columns {', '.join(frame.columns)}",
            hint=f"a table of examples has a column such as class, and one of {', '.join(_TEXTS)}",
        )
    examples = [example for row in frame.to_dicts() for example in _of_row(row, column, path)]
    if not examples:
        raise EmptyInput(f"{path} holds no example", hint="sentences of four words or more")
    return examples


def write_examples(examples: Iterable[Example], path: Path) -> None:
    """A row a sentence; raises UsageError for a file of another kind."""
    frame = examples_frame(list(examples))
    kind = require_table(path)
    with atomic_path(Path(path)) as temporary:
        if kind in (".parquet", ".pq"):
            frame.write_parquet(temporary)
        else:
            frame.write_csv(temporary, separator="\t" if kind == ".tsv" else ",")


def require_own_columns(path: Path) -> None:
    """Raise UsageError for a table that would lose something if it were written anew by `write_examples`."""
    if not Path(path).exists():
        return
    other = [name for name in _read(Path(path)).columns if name not in EXAMPLE_SCHEMA]
    if other:
        raise UsageError(
            f"{path} has columns that would be lost: {', '.join(other)}",
            hint="name another table, or edit the column status by hand",
        )


def require_table(path: Path) -> str:
    """The suffix of a table that can be read and written; raises UsageError."""
    kind = Path(path).suffix.lower()
    if kind not in TABLES:
        raise UsageError(f"{path} is no table", hint=f"its name ends in one of {', '.join(TABLES)}")
    return kind


def _of_row(row: dict[str, Any], column: str, path: Path) -> list[Example]:
    taxon = Taxon.from_columns({**row, "common": None})
    if taxon.rank is None or not row[column]:
        return []
    status = str(row.get("status") or Status.ACCEPTED).strip().lower()
    if status not in list(Status):
        raise UnknownName.of(f"status in {path}", status, list(Status))
    source, model, remark = (str(row.get(name) or "") for name in ("source", "model", "remark"))
    return [
        Example(
            taxon=taxon, sentence=sentence, source=source, status=Status(status), model=model, remark=remark
        )
        for sentence in sentences_of(str(row[column]))
    ]  # fmt: skip


def _read(path: Path) -> pl.DataFrame:
    kind = require_table(path)
    try:
        if kind in (".parquet", ".pq"):
            return pl.read_parquet(path)
        return pl.read_csv(path, separator="\t" if kind == ".tsv" else ",", infer_schema=False)
    except pl.exceptions.NoDataError as error:
        raise EmptyInput(f"{path} is empty", hint="its first line is a heading") from error
    except pl.exceptions.PolarsError as error:
        said = " ".join(str(error).split())[:200]
        raise BadFile(f"{path} cannot be read: {said}", hint="a CSV in UTF-8, or Parquet") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}", hint="a table of examples") from error
