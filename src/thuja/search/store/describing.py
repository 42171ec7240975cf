"""What an index is, for people and for programs."""

from collections import Counter
from typing import Any, Final

from thuja.search.engine.building import CODES, LISTS
from thuja.search.engine.vectors import VECTORS
from thuja.search.index import Index
from thuja.search.store.rewriting import due
from thuja.search.store.rows import ROWS

_PARTS: Final = {VECTORS: "vectors", ROWS: "rows", CODES: "codes", LISTS: "codes"}


def describe(index: Index) -> dict[str, Any]:
    """Rows, model, columns by kind, and the bytes of each part, those of deleted rows included.

    `compact` says why a compaction would help, or "not due".
    """
    facts = index.facts
    bytes_: Counter[str] = Counter()
    for segment in index.segments:
        for file in segment.files.files:
            first = file.name.partition("/")[0]
            bytes_[_PARTS.get(first, first.partition(".")[0])] += file.bytes
    reason = due(facts)
    return {
        "where": index.where,
        "rows": len(index),
        "deleted": sum(one.deleted for one in facts.segments),
        "segments": len(facts.segments),
        "compact": f"due: {reason}" if reason else "not due",
        "version": facts.number,
        "made": facts.made,
        "model": facts.model,
        "preparation": facts.preparation or "not said",
        "dim": facts.dim,
        "thumbnails": index.has_thumbnails,
        "columns": {name: str(kind) for name, kind in index.columns.items()},
        "bytes": dict(bytes_),
    }
