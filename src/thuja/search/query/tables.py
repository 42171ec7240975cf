"""Hits as a table: a row a hit, what was asked for first, then what the index tells of it."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.errors import UnknownName, UsageError
from thuja.jobs import atomic_path
from thuja.report.spreadsheets import defused
from thuja.search.query.hits import Answer, Hit, plain

FORMATS: Final = ("table", "csv", "json")
"""What may go to stdout."""
_SUFFIXES: Final = (".csv", ".jsonl", ".parquet")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What a terminal takes for orders: to clear the screen, to set its title."""
_OWN: Final = ("rank", "uuid", "score", "group", "copies")
"""Names of the first columns; one of the index that is called so gets `index_` before it."""


def rows_of(answer: Answer, *, first: int = 1) -> list[dict[str, Any]]:
    """A row a hit; `rank` counts from `first`. `group` and `copies` only where they say something."""
    is_grouped = any(hit.group is not None for hit in answer.hits)
    has_copies = any(hit.copies for hit in answer.hits)
    rows = []
    for rank, hit in enumerate(answer.hits, first):
        row: dict[str, Any] = {"rank": rank, "uuid": hit.id, "score": round(hit.score, 6)}
        if is_grouped:
            row["group"] = hit.group
        if has_copies:
            row["copies"] = hit.copies
        named = {f"index_{name}" if name in _OWN else name: value for name, value in hit.row.items()}
        rows.append(row | {name: plain(value) for name, value in named.items()})
    return rows


def require_suffix(path: Path) -> str:
    """The suffix of an output; raises UnknownName for one that is no format."""
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise UnknownName.of("format", path.suffix or path.name, _SUFFIXES)
    return suffix


def save(answer: Answer, path: Path, *, first: int = 1) -> None:
    """Write .csv, .jsonl or .parquet, whole or not at all."""
    suffix, rows = require_suffix(path), rows_of(answer, first=first)
    with atomic_path(path) as temporary:
        if suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), temporary)
            return
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            if suffix == ".csv":
                _write_csv(rows, file)
            else:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def show(answer: Answer, file: TextIO, form: str, *, first: int = 1) -> None:
    """Write what goes to stdout: `table` for eyes, `csv`, or `json`: one object with hits, facets and counts."""
    if form == "table":
        file.write(_lines(answer, first))
    elif form == "csv":
        _write_csv(rows_of(answer, first=first), file)
    elif form == "json":
        file.write(json.dumps(_object(answer, first), ensure_ascii=False, indent=1) + "\n")
    else:
        raise UsageError(f'unknown format: "{form}"', hint=f"one of {', '.join(FORMATS)}")


def _object(answer: Answer, first: int) -> dict[str, Any]:
    facets = {
        name: [{"value": one.value, "count": one.count} for one in counts] for name, counts in answer.facets.items()
    }
    return {
        "hits": rows_of(answer, first=first),
        "total": answer.total,
        "facets": facets,
        "is_exact": answer.is_exact,
        "is_exhausted": answer.is_exhausted,
        "told": list(answer.told),
        "took_ms": answer.took_ms,
    }


def _write_csv(rows: Sequence[dict[str, Any]], file: TextIO) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["rank", "uuid", "score"]
    writer = csv.DictWriter(file, names, lineterminator="\n")
    writer.writerow({name: defused(name) for name in names})
    writer.writerows({name: defused(value) for name, value in row.items()} for row in rows)


def _lines(answer: Answer, first: int) -> str:
    """For eyes: score, name, what it is in common words, id."""
    lines = []
    names = [_called(hit) for hit in answer.hits]
    width = min(60, max(map(len, names), default=0))
    for rank, (hit, name) in enumerate(zip(answer.hits, names, strict=True), first):
        copies = f"  and {hit.copies} like it" if hit.copies else ""
        lines.append(f"{rank:>4}  {hit.score:6.3f}  {name[:60]:<{width}}  {hit.id}{copies}")
    for name, counts in answer.facets.items():
        lines += ["", f"{name}:", *(f"{one.count:>10,}  {one.value or '(none)'}" for one in counts)]
    return "".join(f"{_CONTROL.sub('?', line)}\n" for line in lines)


def _called(hit: Hit) -> str:
    name = hit.taxon.scientific_name or "(not named)"
    return f"{name}, {hit.taxon.common}" if hit.taxon.common else name
