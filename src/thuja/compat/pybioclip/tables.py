"""Tables as pybioclip hands them out and reads them: pandas, which thuja itself does without."""

import importlib
from typing import Any

from thuja.errors import UsageError


def load_pandas() -> Any:
    """The package; raises UsageError where it is not installed."""
    try:
        return importlib.import_module("pandas")
    except ImportError as error:
        raise UsageError("the package pandas is not installed", hint='pip install "thuja[pybioclip]"') from error
