"""Settings as rows of a table."""

from collections.abc import Mapping
from typing import Any


def flattened(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as `optimizer.lr`, the way `--set` says them.

    >>> flattened({"epochs": 2, "optimizer": {"lr": 0.001}})
    {'epochs': 2, 'optimizer.lr': 0.001}
    """
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
