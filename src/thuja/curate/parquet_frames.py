"""Daft frames of Parquet files whose folder may be called anything, `set [1]` too."""

import re
from collections.abc import Sequence
from pathlib import Path

import daft


def read_frame(files: Sequence[Path]) -> daft.DataFrame:
    """The rows of these files, lazily.

    To Daft a path is a pattern, so its signs are written as classes of one; and a relative one is then no URL to it.
    """
    return daft.read_parquet([re.sub(r"([\[\]*?{}\\])", r"[\1]", str(file.absolute())) for file in files])
