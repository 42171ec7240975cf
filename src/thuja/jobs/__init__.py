"""Long work that may be killed: whole files, claimed folders, numbered units, progress."""

from thuja.jobs.folders import (
    MARKER,
    atomic_path,
    cache_folder,
    empty_folder,
    in_one_sentence,
    is_complete,
    output_folder,
    put_file,
    require_complete,
    require_output,
    require_writable,
    temporary_name,
    write_json,
    write_text,
)
from thuja.jobs.locks import locked
from thuja.jobs.processes import check_workers, cores, spread
from thuja.jobs.progress import Progress, counted, track
from thuja.jobs.units import Share, Units, differing, kept_when_full

__all__ = [
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
    "in_one_sentence",
    "is_complete",
    "kept_when_full",
    "locked",
    "output_folder",
    "put_file",
    "require_complete",
    "require_output",
    "require_writable",
    "spread",
    "temporary_name",
    "track",
    "write_json",
    "write_text",
]
