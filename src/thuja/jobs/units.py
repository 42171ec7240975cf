"""A job cut into numbered units, each a file that appears whole or not at all.

What a killed run has finished is kept, and several processes share one job without talking.
"""

import errno
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from thuja.errors import OutputExists, ThujaError, UsageError
from thuja.jobs.folders import atomic_path, temporary_name, write_json

PLAN = "plan.json"
"""Stands in every folder of units: what the job is, so that no other job goes on with it."""

_PATIENCE: Final = 60.0
"""Seconds that a process waits for the first one to clear what `force` replaces."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_OR_GONE: Final = (*_FULL, errno.EIO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One process's part of a job: every `world`-th unit, beginning with `rank`."""

    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world:
            raise UsageError(f"a share is 0 <= rank < world, got rank {self.rank} of {self.world}")

    @classmethod
    def from_environment(cls) -> "Share":
        """RANK and WORLD_SIZE, as torchrun sets them; the whole job where it did not."""
        try:
            return cls(rank=int(os.environ.get("RANK", "0")), world=int(os.environ.get("WORLD_SIZE", "1")))
        except ValueError as error:
            raise UsageError("RANK and WORLD_SIZE must be whole numbers, as torchrun sets them") from error


class Units:
    """The units of one job in one folder; opening a folder of the same plan goes on with it."""

    def __init__(self, folder: Path, plan: Mapping[str, Any], *, share: Share | None = None) -> None:
        """`plan` is JSON that says what the job is; raises OutputExists for a folder of another plan."""
        self.folder, self.share = Path(folder), share or Share()
        wanted = json.loads(json.dumps(plan))
        if self._holds_other_files() and not self._is_begun():  # in this order: units come after their plan
            raise OutputExists(f"{self.folder} holds something else", hint="name another output, or move that away")
        if not self._is_begun():
            write_json(self.folder / PLAN, wanted)
        there = self.plan_in(self.folder)
        if there != wanted:
            raise OutputExists(
                f"{self.folder} holds units of another job: {_differences(there or {}, wanted)}",
                hint="--force begins anew, or name another output",
            )

    @classmethod
    def open(cls, folder: Path, plan: Mapping[str, Any], share: Share, *, force: bool) -> "Units":
        """The units so far. With `force`, those of another plan make room: the first process clears them.

        Units of the same plan are kept in any case, so that a killed run with `force` can go on.
        """
        waited = time.monotonic()
        while True:
            try:
                return cls(folder, plan, share=share)
            except OutputExists:
                if not force or not cls.is_folder(folder):
                    raise
                if share.rank == 0:
                    cls.clear(folder)
                elif time.monotonic() - waited > _PATIENCE:
                    raise
                else:
                    time.sleep(0.1)

    @staticmethod
    def plan_in(folder: Path) -> dict[str, Any] | None:
        """The plan of the units in this folder, if there are any."""
        try:
            plan = json.loads((Path(folder) / PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return plan if isinstance(plan, dict) else None

    @staticmethod
    def is_folder(folder: Path) -> bool:
        """Whether this folder holds units, of whatever job, and nothing but what belongs to them."""
        names = [path.name for path in Path(folder).iterdir()] if Path(folder).is_dir() else []
        return PLAN in names and all(name.startswith((PLAN, "unit-")) for name in names)

    def is_mine(self, number: int) -> bool:
        """Whether this unit is in this process's share."""
        return number % self.share.world == self.share.rank

    def is_done(self, number: int) -> bool:
        """Whether this unit is finished, by whomever."""
        return self.path(number).is_file()

    def path(self, number: int) -> Path:
        """Where this unit is, or will be."""
        return self.folder / f"unit-{number:06}"

    @contextmanager
    def writing(self, number: int) -> Iterator[Path]:
        """Yield the path to write a unit to; it counts as done when the block ends well."""
        with kept_when_full(self.folder, codes=_FULL_OR_GONE), atomic_path(self.path(number)) as temporary:
            yield temporary

    def done(self) -> int:
        """How many units are finished."""
        return sum(1 for path in self.folder.glob("unit-??????") if path.is_file())

    def finished(self, total: int) -> list[Path] | None:
        """All `total` units in their order, or None while one is missing."""
        paths = [self.path(number) for number in range(total)]
        return paths if all(path.is_file() for path in paths) else None

    def remove(self) -> None:
        """Delete the folder; another process may be doing the same."""
        self.clear(self.folder)

    @staticmethod
    def clear(folder: Path) -> None:
        """Delete a folder of units: out of its place at once, so that no process meets the half of it."""
        doomed = folder.with_name(temporary_name(folder.name))
        try:
            folder.rename(doomed)
        except FileNotFoundError:
            return  # another process was first
        shutil.rmtree(doomed, ignore_errors=True)

    def _is_begun(self) -> bool:
        return (self.folder / PLAN).exists()

    def _holds_other_files(self) -> bool:
        """Whether there is more than a plan that another process is about to put in its place."""
        if not self.folder.is_dir():
            return self.folder.exists()
        return any(not path.name.startswith(PLAN) for path in self.folder.iterdir())


@contextmanager
def kept_when_full(folder: Path | None, *, codes: tuple[int, ...] = _FULL) -> Iterator[None]:
    """Turn a full disk into one sentence that says what is kept; None where nothing is."""
    try:
        yield
    except OSError as error:
        if error.errno not in codes:
            raise
        kept = f"what is done is kept in {folder}: make room, and run the same command again"
        hint = kept if folder is not None else "make room where it goes"
        raise ThujaError(f"cannot write: {error.strerror or error}", hint=hint) from error


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The fields in which two plans differ, those of the second first."""
    return [name for name in {**other, **one} if one.get(name) != other.get(name)]


def _differences(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Such as `model, precision (bf16 there, fp32 here)`: what is short stands there as it is."""

    def shown(name: str) -> str:
        values = [plan.get(name) for plan in (there, wanted)]
        if not all(isinstance(value, str | int | None) and len(str(value)) <= 32 for value in values):
            return name
        here = ["none" if value is None else str(value) for value in values]
        return f"{name} ({here[0]} there, {here[1]} here)"

    return ", ".join(shown(name) for name in differing(there, wanted))
