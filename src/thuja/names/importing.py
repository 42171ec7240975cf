"""Making an installed backbone of an archive of names."""

import re
from dataclasses import replace
from pathlib import Path

from thuja.errors import OutputExists, UsageError
from thuja.names.archives import read_archive
from thuja.names.embedded import NAME as EMBEDDED
from thuja.names.installed import backbones_folder
from thuja.names.store import build_tables, is_store, write_tables


def install_archive(archive: Path, name: str = "", *, force: bool = False) -> tuple[Path, tuple[str, ...]]:
    """Read an archive and install it under `name` (else its own); its folder, and the faults met in the archive.

    Raises UsageError for a name that cannot be a folder's or is the embedded backbone's, OutputExists for one that is
    installed unless `force`, and what `read_archive` raises.
    """
    if name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UsageError(f'no name for a backbone: "{name}"', hint="letters, digits, dots and hyphens")
    read = read_archive(archive)
    about = replace(read.about, name=name or read.about.name)
    if about.name == EMBEDDED or about.name.startswith(f"{EMBEDDED}-"):
        raise UsageError(f'"{EMBEDDED}" is the embedded backbone', hint="give another --name")
    folder = backbones_folder() / about.name
    if is_store(folder) and not force:
        raise OutputExists(
            f'a backbone "{about.name}" is installed', hint="--force replaces it; or give another --name"
        )
    write_tables(build_tables(read.usages, read.vernaculars, further_ids=read.further_ids), about, folder)
    return folder, read.problems
