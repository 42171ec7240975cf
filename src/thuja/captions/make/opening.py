"""How a captioner is opened in whatever process works: here a function of the user's own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from thuja.captions.captioner import Captioner
from thuja.captions.make.settings import Portion
from thuja.errors import UsageError


@contextmanager
def opened(captioner: Captioner) -> Iterator[Captioner]:
    """Close the captioner at the end, if it is one that can be closed."""
    try:
        yield captioner
    finally:
        close = getattr(captioner, "close", None)
        if close is not None:
            close()


def open_named(portion: Portion, name: str) -> Captioner:
    """The function `module:name`, or what the class of that name makes without arguments; raises UsageError.

    The module is looked for in the current folder too.
    """
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise UsageError(f'a captioner is named as MODULE:FUNCTION, got "{name}"', hint="--captioner mine:caption")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(import_module(module), attribute)
    except ImportError as error:
        raise UsageError(f"the module {module} cannot be imported: {error}", hint="is it in this folder?") from error
    except AttributeError as error:
        raise UsageError(f"the module {module} has no {attribute}", hint="--captioner MODULE:FUNCTION") from error
    captioner = found() if isinstance(found, type) else found
    if not callable(captioner):
        raise UsageError(f"{name} cannot be called", hint="a function of (image, prompt) that returns words")
    opened: Captioner = captioner
    return opened
