"""Checkpoints of a training run: written whole or not at all, the last few kept, read without running code."""

import json
import logging
import os
import pickle
import re
import shutil
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

import torch
from safetensors import SafetensorError

from thuja.errors import BadFile, ThujaError
from thuja.jobs import atomic_path, temporary_name
from thuja.model import Model
from thuja.train.lora import Adapters
from thuja.train.recipe import Recipe
from thuja.train.sharding import State

logger = logging.getLogger(__name__)

_NAME = re.compile(r"step-(\d{9})\.pt")

_DAMAGE: Final = (
    ArithmeticError, AttributeError, BadZipFile, EOFError, LookupError, OSError, pickle.UnpicklingError, RuntimeError,
    struct.error, TypeError, ValueError, zlib.error,
)  # fmt: skip
"""What readers of zip files and of pickles raise for bytes that are neither."""


def save_checkpoint(folder: Path, step: int, state: State, *, keep: int = 2) -> Path:
    """Write `step-000000123.pt` and delete all but the newest `keep`, this one the newest of them.

    Those of later steps were passed over as damaged by the run that now writes an earlier one, and
    go as well. The file reaches the disk before it takes its name, and others go only after that: a
    run killed at any moment, or one that meets a full disk, leaves a whole checkpoint behind. Raises
    ThujaError where it cannot be written.
    """
    path = folder / f"step-{step:09}.pt"
    with full_disk_told(f"the checkpoint {path}", folder), atomic_path(path) as temporary, temporary.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    found = list_checkpoints(folder)
    newest = found.index(path) + 1
    for other in [*found[newest:], *found[: max(newest - keep, 0)]]:
        other.unlink(missing_ok=True)
    return path


@contextmanager
def full_disk_told(what: str, folder: Path) -> Iterator[None]:
    """Say in one sentence that the disk is full, whichever of Python, torch's writer and safetensors noticed.

    `folder` has the checkpoints from which the run can go on.
    """
    try:
        yield
    except SafetensorError as error:
        raise _cannot_write(what, str(error).splitlines()[0], folder) from error
    except (OSError, RuntimeError) as error:
        met = error if isinstance(error, OSError) else error.__context__
        if isinstance(error, RuntimeError) and not isinstance(met, OSError) and "PytorchStreamWriter" not in str(error):
            raise
        why = os.strerror(met.errno) if isinstance(met, OSError) and met.errno else str(error).splitlines()[0]
        raise _cannot_write(what, why, folder) from error


def _cannot_write(what: str, why: str, folder: Path) -> ThujaError:
    kept = [one.name for one in list_checkpoints(folder)]
    whole = f"{kept[-1]} is whole: " if kept else ""
    return ThujaError(f"cannot write {what}: {why}", hint=f"{whole}make room, and go on with --resume")


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
            state = _read(path)
        except _DAMAGE as error:
            logger.warning("passing over the damaged checkpoint %s: %s", path, error)
        else:
            return state
    if found:
        raise BadFile(f"no checkpoint in {folder} can be read", hint="train again with --force")
    return None


def _read(path: Path) -> State:
    """A checkpoint's state; raises one of _DAMAGE where a single bit of it is not as it was written.

    torch compares no checksums: it would go on with the flipped bits of a weight.
    """
    with ZipFile(path) as archive:
        broken = archive.testzip()
    if broken is not None:
        raise BadZipFile(f"{broken} is not what was written")
    state: State = torch.load(path, map_location="cpu", weights_only=True)
    return state


def keep_best(
    model: Model,
    out: Path,
    *,
    recipe: Recipe,
    step: int,
    found: Mapping[str, float],
    adapters: Adapters | None = None,
) -> None:
    """Put the model into `out/best` in place of the one that is there, which stays whole until this one is.

    Raises ThujaError where it cannot be written.
    """
    fresh = out / temporary_name("best")
    about = {
        "recipe": recipe.name,
        "label_text": recipe.label_text,
        "settings": json.loads(recipe.to_json()),
        "metrics": {"step": step, **found},
    }
    facts = model.facts
    with full_disk_told(f"the best model so far to {out / 'best'}", out / "checkpoints"), _removed_unless_whole(fresh):
        model.save(fresh, name=recipe.name, facts=about)
        if adapters:
            adapters.save(fresh)
    model.facts = facts
    former, best = out / temporary_name("former"), out / "best"
    if best.exists():
        best.rename(former)
    fresh.rename(best)
    shutil.rmtree(former, ignore_errors=True)


@contextmanager
def _removed_unless_whole(folder: Path) -> Iterator[None]:
    """Leave no half-written folder on a full disk."""
    is_whole = False
    try:
        yield
        is_whole = True
    finally:
        if not is_whole:
            shutil.rmtree(folder, ignore_errors=True)
