"""The list of images to be taken down: one uuid, URL or source id a line."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import polars as pl

from thuja.errors import BadFile, UsageError

COLUMNS = ("uuid", "source_url", "source_id", "gbif_id", "occurrence_id")
"""Where a line of the list may be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """What is to be taken down: keys in lower case, addresses without their scheme."""

    keys: pl.Series
    digest: str
    """SHA-256 of the file: another list is another setting."""

    @classmethod
    def read(cls, path: Path) -> "Takedown":
        """Read a list. Blank lines and those that begin with `#` say nothing. Raises UsageError, BadFile."""
        try:
            data = path.read_bytes()
            text = data.decode("utf-8-sig")
        except OSError as error:
            raise UsageError(f"cannot read the takedown list {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise BadFile(f"the takedown list {path} is not UTF-8", hint="one uuid, URL or source id a line") from error
        lines = [line.strip() for line in text.splitlines()]
        keys = pl.Series("key", [line for line in lines if line and not line.startswith("#")], dtype=pl.String)
        plain = keys.to_frame().select(_plain("key")).to_series().unique()
        return cls(keys=plain, digest=sha256(data).hexdigest())

    def holds(self) -> pl.Expr:
        """Whether a row is on the list, by any of COLUMNS."""
        return pl.any_horizontal(_plain(name).is_in(self.keys.implode()).fill_null(value=False) for name in COLUMNS)


def _plain(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars().str.to_lowercase().str.replace(r"^https?://", "")
