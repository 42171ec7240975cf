"""The model of a given id, where it lies at a place that need not be named: for who has an id and no name."""

import re
from collections.abc import Iterator
from pathlib import Path

from thuja.model.description import describe, name_of
from thuja.model.files import CONFIG
from thuja.model.known import KNOWN
from thuja.model.published import DEMO, find_cached

_HASH = re.compile(r"-[0-9a-f]{12}")


def find_at_hand(identity: str) -> Path | None:
    """The folder of the model of that id or name: the demo's, or a published one in the cache; None where none is.

    A folder that does not tell its id goes by its name, without the hash of its weights, which takes seconds to make:
    who loads it compares the ids.
    """
    for folder in _folders():
        said, name = describe(folder).id, name_of(folder)
        if identity in (said, name) or (not said and _HASH.fullmatch(identity.removeprefix(name))):
            return folder
    return None


def _folders() -> Iterator[Path]:
    if (DEMO / CONFIG).is_file():
        yield DEMO
    for known in KNOWN:
        if (folder := find_cached(known)) is not None and folder.is_dir():
            yield folder
