"""What a handed-in function is called in the settings of a step: the same in every run."""

from dataclasses import is_dataclass


def describe(function: object) -> str | None:
    """A function's module and name, a dataclass with its values, of any other instance its class; None for None.

    No text holds an address, which would be another in each run and have the step done again. What a dataclass reads
    from a file is told by its `fingerprint`, where it has one: other weights are another function.
    """
    if function is None:
        return None
    name = getattr(function, "__qualname__", None)
    if name is not None:
        return f"{getattr(function, '__module__', '')}.{name}"
    kind = type(function)
    told = repr(function) if is_dataclass(function) else kind.__qualname__
    fingerprint = getattr(function, "fingerprint", "")
    return f"{kind.__module__}.{told}" + (f" {fingerprint}" if fingerprint else "")
