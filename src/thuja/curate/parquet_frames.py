"""Daft frames of Parquet files whose folder may be called anything, `set [1]` too."""

import re
from collections.abc import Sequence
from pathlib import Path

import daft


def read_frame(files: Sequence[Path]) -> daft.DataFrame:
    """The rows of these files, lazily. Daft takes a path for a pattern: what would be a sign of one stands for itself."""
    return daft.read_parquet([re.sub(r"([\[\]*?{}\\])", r"[\1]", str(file)) for file in files])
