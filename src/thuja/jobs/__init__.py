"""Long work that may be killed: whole files, claimed folders, numbered units, progress."""

from thuja.jobs.folders import (
    DATA_VERBS,
    MARKER,
    atomic_path,
    cache_folder,
    empty_folder,
    in_one_sentence,
    is_complete,
    is_made_since,
    made_by,
    output_folder,
    put_file,
    require_complete,
    require_data,
    require_output,
    require_writable,
    temporary_name,
    write_json,
    write_text,
)
from thuja.jobs.locks import locked
from thuja.jobs.processes import check_workers, cores, end_with_parent, spread
from thuja.jobs.programs import said_by
from thuja.jobs.progress import Progress, counted, say, track
from thuja.jobs.sole import sole_folder
from thuja.jobs.units import Share, Units, differing, kept_when_full

__all__ = [
    "DATA_VERBS",
    "MARKER",
    "Progress",
    "Share",
    "Units",
    "atomic_path",
    "cache_folder",
    "check_workers",
    "cores",
    "counted",
    "differing",
    "empty_folder",
    "end_with_parent",
    "in_one_sentence",
    "is_complete",
    "is_made_since",
    "kept_when_full",
    "locked",
    "made_by",
    "output_folder",
    "put_file",
    "require_complete",
    "require_data",
    "require_output",
    "require_writable",
    "said_by",
    "say",
    "sole_folder",
    "spread",
    "temporary_name",
    "track",
    "write_json",
    "write_text",
]
