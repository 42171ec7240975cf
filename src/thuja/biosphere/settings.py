"""What a folder of pictures was drawn with, noted in it: a run goes on with a folder of its own settings alone."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from thuja.errors import BadFile, OutputExists, UsageError
from thuja.jobs import (
    MARKER,
    check_workers,
    differing,
    in_one_sentence,
    output_folder,
    require_output,
    write_json,
)

_MOST_IN_SHARDS: Final = 100_000_000
"""Pictures in shards: to shuffle so many takes 0.4 GB."""
_MOST_IN_FOLDERS: Final = 20_000_000
"""Pictures in folders, each a file: to lay out so many takes 1 GB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The JSON file that says what a folder was drawn with.

    `verb` is what the folder is claimed as, `what` what is in it. Two runs are the same when all of `compared` are.
    """

    file: str
    verb: str
    what: str
    compared: tuple[str, ...]

    @property
    def format(self) -> str:
        """What the file says it is of."""
        return f"thuja {self.what}"

    def read(self, folder: Path) -> dict[str, Any]:
        """What the file says; raises UsageError where there is none, BadFile where it says something else."""
        path = Path(folder) / self.file
        try:
            settings = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise UsageError(
                f"{folder} is no {self.what}: it has no {self.file}", hint="name the folder of one, or make it"
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            raise BadFile(f"{path} cannot be read: {error}", hint="make it anew") from error
        if not isinstance(settings, dict) or settings.get("format") != self.format:
            raise BadFile(f"{path} is not of the format {self.format}", hint="make it anew")
        for name in ("version", "size"):
            if type(settings.get(name)) is not int:
                raise BadFile(f"{path} says no {name} that is a whole number", hint="make it anew")
        return settings

    @contextmanager
    def folder(self, out: Path, settings: Mapping[str, Any], *, force: bool, resume: bool) -> Iterator[None]:
        """Claim a folder as `jobs.output_folder` does, and note the settings in it.

        Raises OutputExists as that does, and when the run to resume had other settings; ThujaError in one sentence
        when the disk is full in the block.
        """
        require_output(out, verb=self.verb, force=force, resume=resume)
        settings = {"format": self.format, **settings}
        if resume:
            self._require_same(out, json.loads(json.dumps(settings)))  # tuples are lists there
        with (
            in_one_sentence(out, hint="mend that, then run it again with --resume"),
            output_folder(out, verb=self.verb, force=force, resume=resume),
        ):
            write_json(out / self.file, settings)
            yield

    def _require_same(self, out: Path, wanted: Mapping[str, Any]) -> None:
        if not (out / self.file).exists():
            if out.is_dir() and any(path.name != MARKER and path.suffix != ".tmp" for path in out.iterdir()):
                raise OutputExists(f"{out} has files, but no {self.file}", hint="name another folder")
            return
        found = self.read(out)
        names = [
            each
            for name in self.compared
            if found.get(name) != wanted[name]
            for each in _within(name, found.get(name), wanted[name])
        ]
        if names:
            raise OutputExists(
                f"{out} was begun with other knobs ({', '.join(names)})",
                hint=f"--resume takes the same knobs as the first run; {self.file} says which they were",
            )


def _within(name: str, found: object, wanted: object) -> list[str]:
    """What differs in a setting that has parts, or its own name."""
    return differing(found, wanted) if isinstance(found, dict) and isinstance(wanted, dict) else [name]


def check_layout(*, shard_images: int, workers: int) -> None:
    """Raise UsageError for shards that hold nothing, or workers that cannot be."""
    check_workers(workers)
    if shard_images < 1:
        raise UsageError(f"a shard cannot hold {shard_images} pictures", hint="it holds at least one")


def check_count(pictures: int, *, is_sharded: bool) -> None:
    """Raise UsageError for more pictures than can be laid out in memory."""
    if pictures > (_MOST_IN_SHARDS if is_sharded else _MOST_IN_FOLDERS):
        raise UsageError(
            f"cannot write {pictures:,} pictures into {'shards' if is_sharded else 'folders'}",
            hint=f"at most {_MOST_IN_FOLDERS:,} go into folders and {_MOST_IN_SHARDS:,} into shards",
        )


def require_apart(out: Path, world: Path) -> None:
    """Raise UsageError for an output that is a world's own folder, or lies in it or above it."""
    here, there = Path(out).resolve(), Path(world).resolve()
    if here == there or here in there.parents or there in here.parents:
        place = "is" if here == there else "lies in" if there in here.parents else "holds"
        raise UsageError(f"the output {out} {place} the folder of the world {world}", hint="name another place")
