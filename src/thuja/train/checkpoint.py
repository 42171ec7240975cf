"""Checkpoints of a training run: written whole or not at all, the last few kept, read without running code."""

import logging
import os
import pickle
import re
from pathlib import Path
from typing import Any

import torch

from thuja.errors import BadFile
from thuja.jobs import atomic_path

logger = logging.getLogger(__name__)

_NAME = re.compile(r"step-(\d{9})\.pt")
State = dict[str, Any]


def save_checkpoint(folder: Path, step: int, state: State, *, keep: int = 2) -> Path:
    """Write `step-000000123.pt` and delete all but the newest `keep`.

    The file reaches the disk before it takes its name, and older ones go only after that: a run
    killed at any moment leaves a whole checkpoint behind.
    """
    path = folder / f"step-{step:09}.pt"
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    for old in list_checkpoints(folder)[:-keep]:
        old.unlink(missing_ok=True)
    return path


def list_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder, oldest first."""
    return sorted(path for path in folder.glob("step-*.pt") if _NAME.fullmatch(path.name))


def load_newest(folder: Path) -> State | None:
    """The newest checkpoint that can be read, or None where there is none.

    A damaged one is passed over with a warning; raises BadFile when all are.
    """
    found = list_checkpoints(folder)
    for path in reversed(found):
        try:
            state: State = torch.load(path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError) as error:
            logger.warning("passing over the damaged checkpoint %s: %s", path, error)
        else:
            return state
    if found:
        raise BadFile(f"no checkpoint in {folder} can be read", hint="train again with --force")
    return None
