"""An output folder that one process at a time writes, on whichever machine that sees it.

The lock lies in the folder, so that jobs on two machines of a cluster meet at the same file.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from thuja.errors import OutputExists
from thuja.jobs.folders import MARKER, output_folder, require_output
from thuja.jobs.locks import locked

LOCK: Final = "thuja.lock"


@contextmanager
def sole_folder(path: Path, *, verb: str, force: bool = False, resume: bool = False) -> Iterator[Path]:
    """As `output_folder`, held against other processes for the length of the block.

    Raises OutputExists, and touches nothing, where another process writes the folder; else what `output_folder` raises.
    """
    path = Path(path)
    busy = OutputExists(
        f"{path} is being written by another process", hint="wait until it has ended, or end it; or name another folder"
    )
    require_output(path, verb=verb, force=force, resume=resume)
    with ExitStack() as stack:
        is_held = (path / MARKER).exists()  # else there is nothing of anybody's to protect
        if is_held:
            stack.enter_context(locked(path / LOCK, busy))
        stack.enter_context(output_folder(path, verb=verb, force=force, resume=resume))
        if not (is_held and resume):  # --force deleted the file that the first lock is on
            stack.enter_context(locked(path / LOCK, busy))
        yield path
