"""Label files as TreeOfLife publishes them: a matrix of embeddings, and a JSON list of lineages beside it."""

import json
import mmap
import re
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from thuja.embeddings import Vectors
from thuja.errors import BadFile, UsageError
from thuja.labels.columns import COLUMNS, Column, Taxa
from thuja.taxonomy import RANKS, Taxon

_PREFERRED: Final = "txt_emb_species.npy"
_PIECE = 1 << 24
"""Bytes of the list of names that are looked at at a time."""
_QUOTE, _ESCAPE = ord('"'), ord("\\")
_STRINGS = len(COLUMNS)
_ODD = r"^ | $|  |[^\x20-\x5b\x5d-\x7e]"
"""Names that may hold escapes, or blanks of other kinds or numbers."""


def find_published(folder: Path) -> tuple[Path, Path] | None:
    """The matrix and the names in a folder, or in its `embeddings/`; None where there are none.

    Raises UsageError where there are several and none of them is `txt_emb_species`.
    """
    for place in (Path(folder), Path(folder) / "embeddings"):
        found = sorted(path for path in place.glob("txt_emb*.npy") if path.with_suffix(".json").is_file())
        chosen = [path for path in found if path.name == _PREFERRED] or found
        if len(chosen) > 1:
            names = ", ".join(path.name for path in chosen)
            raise UsageError(f"{place} holds several label spaces: {names}", hint="move one of them to a folder")
        if chosen:
            return chosen[0], chosen[0].with_suffix(".json")
    return None


def read_published(matrix: Path, names: Path) -> tuple[Vectors, Taxa]:
    """The (L, D) vectors, which stay on the disk, and the taxa; raises BadFile for files of another layout."""
    try:
        vectors = np.load(matrix, mmap_mode="r", allow_pickle=False)
        taxa = read_names(Path(names))
    except (OSError, ValueError, EOFError, TypeError, AttributeError) as error:
        raise BadFile(f"{matrix} with {names} is not a published label space: {error}") from error
    if vectors.ndim != 2 or vectors.shape[1] != len(taxa):
        raise BadFile(f"{matrix} has shape {vectors.shape}, but {names} has {len(taxa)} labels")
    return vectors.T, taxa


def read_names(path: Path) -> Taxa:
    """The taxa of a JSON list of [[seven names], common name].

    Where every label has seven names and a common name, all of them strings, the file is cut at its quotes and no
    Python object is made; else it is read as any JSON. Raises ValueError, TypeError or AttributeError.
    """
    columns = _cut_at_quotes(path)
    if columns is not None:
        return Taxa.of_columns([_tidied(column) for column in columns])
    rows = json.loads(path.read_text(encoding="utf-8"))
    return Taxa.of([Taxon.from_names(lineage, common) for lineage, common in rows])


def _cut_at_quotes(path: Path) -> list[pa.ChunkedArray] | None:
    """The eight columns of strings as they are written; None for a file of another shape."""
    chunks: list[list[pa.Array]] = [[] for _ in COLUMNS]
    with path.open("rb") as file:
        text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
    start, size = 0, _PIECE
    while start < len(text):
        edges = _edges(text, start, min(start + size, len(text)))
        whole = len(edges) // (2 * _STRINGS) * 2 * _STRINGS
        if not whole:
            if start + size >= len(text):
                break
            size *= 2  # a label longer than a piece
            continue
        # Every second one is a name; between them stands what is between two names, with both of its quotes.
        both = pa.StringArray.from_buffers(
            whole - 1, pa.py_buffer(edges[:whole].astype(np.int32)), pa.py_buffer(memoryview(text)[start:])
        )
        if not _is_expected(text[start : start + int(edges[0]) - 1], both, is_first=start == 0):
            return None
        for place, column in enumerate(chunks):
            rows = np.arange(2 * place, len(both), 2 * _STRINGS)
            column.append(both.take(pa.array(rows)).dictionary_encode())
        start += int(edges[whole - 1]) + 1
    if not start or not re.fullmatch(rb"\s*\]\s*\]\s*", text[start:]):
        return None
    return [pa.chunked_array(column) for column in chunks]


def _is_expected(before: bytes, both: pa.StringArray, *, is_first: bool) -> bool:
    """Whether brackets and commas stand where they should, and nowhere else."""
    if re.fullmatch(rb"\s*\[\s*\[\s*\[\s*" if is_first else rb"\s*\]\s*,\s*\[\s*\[\s*", before) is None:
        return False
    between = [r'^"\s*,\s*"$'] * (len(RANKS) - 1) + [r'^"\s*\]\s*,\s*"$', r'^"\s*\]\s*,\s*\[\s*\[\s*"$']
    for place, pattern in enumerate(between):
        rows = np.arange(2 * place + 1, len(both), 2 * _STRINGS)
        for text in pc.unique(both.take(pa.array(rows))).to_pylist():
            if re.match(pattern, text) is None:
                return False
    return True


def _edges(text: "mmap.mmap | bytes", start: int, stop: int) -> npt.NDArray[np.int64]:
    """Where strings begin and end, counted from `start`: behind their opening quote, and at their closing one."""
    characters = np.frombuffer(text, dtype=np.uint8, count=stop - start, offset=start)
    quotes = np.flatnonzero(characters == _QUOTE)
    if text.find(b'\\"', start, stop) >= 0:
        escaped = quotes[characters[np.maximum(quotes, 1) - 1] == _ESCAPE]
        inside = [quote for quote in escaped.tolist() if _backslashes(characters, quote) % 2]
        quotes = quotes[~np.isin(quotes, inside)]
    quotes[::2] += 1
    return quotes


def _backslashes(text: npt.NDArray[np.uint8], place: int) -> int:
    """How many stand in a row before this place."""
    return next(number for number in count() if number == place or text[place - number - 1] != _ESCAPE)


def _tidied(column: pa.ChunkedArray) -> Column:
    """Without escapes, and with single blanks between words, as `Taxon.from_names` leaves them."""
    column = column.unify_dictionaries()
    distinct = column.chunk(0).dictionary
    distinct.validate(full=True)  # that it is UTF-8
    is_odd = pc.match_substring_regex(distinct, _ODD)
    if pc.any(is_odd).as_py():
        mended = [" ".join(json.loads(f'"{name}"').split()) for name in distinct.filter(is_odd).to_pylist()]
        distinct = pc.replace_with_mask(distinct, is_odd, pa.array(mended, pa.string()))
        # Two names may have become one.
        again = distinct.dictionary_encode()
        chunks = [again.indices.take(chunk.indices) for chunk in column.chunks]
        column = pa.chunked_array([pa.DictionaryArray.from_arrays(chunk, again.dictionary) for chunk in chunks])
    return Column.of(column)
