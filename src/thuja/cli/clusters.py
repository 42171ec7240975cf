"""A Ray cluster for the verbs that Daft spreads over machines."""

import os
import socket
from importlib.util import find_spec

from thuja.errors import UsageError


def use_ray(address: str) -> None:
    """Run Daft's frames on a cluster; raises UsageError where Ray is not installed."""
    os.environ.setdefault("DO_NOT_TRACK", "1")  # Daft reports its use over the network unless told not to
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if find_spec("ray") is None:
        raise UsageError("a cluster needs Ray", hint="pip install 'thuja[curate-ray]'")
    import daft

    _require_answer(address)
    try:
        daft.set_runner_ray(address=address)
    except ConnectionError as error:
        raise UsageError(f"there is no Ray cluster at {address}: {error}", hint="ray start --head") from error


def _require_answer(address: str) -> None:
    """Raise UsageError where nobody answers at HOST:PORT: Ray would wait for minutes without a word."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():  # `auto`, or an address with a scheme
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise UsageError(f"there is no Ray cluster at {address}: {error}", hint="ray start --head") from error
