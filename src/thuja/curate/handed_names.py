"""What a handed-in function is called in the settings of a step: the same in every run."""

import pickle
from dataclasses import is_dataclass
from hashlib import sha256


def describe(function: object) -> str | None:
    """A function's module and name, a dataclass with its values, any other instance by its class and a hash of its
    pickle; None for None.

    No text holds an address, which would be another in each run and have the step done again. What a dataclass reads
    from a file is told by its `fingerprint`, where it has one: other weights are another function.
    """
    if function is None:
        return None
    name = getattr(function, "__qualname__", None)
    if name is not None:
        return f"{getattr(function, '__module__', '')}.{name}"
    kind = type(function)
    told = repr(function) if is_dataclass(function) else f"{kind.__qualname__} {_pickle_hash(function)}"
    fingerprint = getattr(function, "fingerprint", "")
    return f"{kind.__module__}.{told}" + (f" {fingerprint}" if fingerprint else "")


def _pickle_hash(function: object) -> str:
    """Of what is handed to other processes; an instance that cannot be pickled is told by its class alone."""
    try:
        return sha256(pickle.dumps(function)).hexdigest()[:16]
    except (pickle.PicklingError, AttributeError, TypeError):
        return ""
