"""Who answered a batch, as the log beside it says."""

import json
from pathlib import Path


def model_of_log(path: Path) -> str:
    """The id of the model in a log that `thuja predict` wrote; the empty string where there is none."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return str(told["model"]["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
