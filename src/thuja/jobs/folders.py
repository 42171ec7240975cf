"""Files and folders that never look whole before they are, whenever the job is killed."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thuja import __version__
from thuja.errors import BadFile, EmptyInput, OutputExists, ThujaError, UsageError

MARKER = "thuja.job.json"
"""Stands in every folder that thuja writes: which verb made it, and whether it is complete."""

DATA_VERBS = ("curate", "captions make")
"""The verbs whose folders are a training set: a catalog, and shards of its splits."""


def cache_folder() -> Path:
    """Where thuja keeps what it derives: `THUJA_CACHE`, or ~/.cache/thuja."""
    return Path(os.environ.get("THUJA_CACHE") or Path.home() / ".cache" / "thuja")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes its place only when the block ends well.

    Raises UsageError where nothing can be written.
    """
    temporary = _claim(path)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Raise UsageError where `atomic_path` would, so that a wrong output is said before hours of work."""
    _claim(Path(path)).unlink(missing_ok=True)


def temporary_name(name: str) -> str:
    """A name for what stands beside `name` for a while. In containers many a process has the same number."""
    return f"{name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"


def _claim(path: Path) -> Path:
    """An empty temporary file beside `path`, which no other process has: also none of another machine."""
    temporary = path.with_name(temporary_name(path.name))
    with _refusal(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        temporary.touch()
    return temporary


def put_file(path: Path, made: Callable[[], bytes]) -> None:
    """Write what `made` returns whole or not at all; a file that is there is kept, and nothing is made.

    For files of which there are millions: it costs less than `atomic_path`, and one process alone writes each.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.tmp")
        temporary.write_bytes(made())
        temporary.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with atomic_path(path) as temporary:
        # An undecodable file name becomes its escape, which JSON reads back as it was.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all, keys in the order given, ending in a newline."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def output_folder(
    path: Path,
    *,
    verb: str,
    force: bool = False,
    resume: bool = False,
    can_resume: bool = True,
    is_finished: bool = True,
) -> Iterator[Path]:
    """Claim a folder for one job, and mark it complete when the block ends well, unless that leaves it unfinished.

    A folder that has something in it is refused, unless `resume` (all is kept but the killed run's
    half-written files) or `force` (they are deleted); force deletes only what this verb of thuja made.
    """
    path = Path(path)
    require_output(path, verb=verb, force=force, resume=resume, can_resume=can_resume)
    with _refusal(path):
        if resume and path.is_dir():
            for half_written in list(path.rglob("*.tmp")):
                if half_written.is_dir() and not half_written.is_symlink():
                    shutil.rmtree(half_written)
                else:
                    half_written.unlink(missing_ok=True)
        elif path.is_dir():
            empty_folder(path)
        path.mkdir(parents=True, exist_ok=True)
        _mark(path, verb, "running")
    yield path
    if is_finished:
        _mark(path, verb, "complete")


def require_output(
    path: Path, *, verb: str, force: bool = False, resume: bool = False, can_resume: bool = True
) -> None:
    """Raise UsageError where `output_folder` would, so that a wrong output is said before hours of work."""
    path = Path(path)
    if force and resume:
        raise UsageError("--force and --resume exclude each other", hint="--force begins anew, --resume goes on")
    with _refusal(path):
        if path.exists() and not path.is_dir():
            raise OutputExists(f"the output folder {path} is a file", hint="name another folder")
        if path.is_dir() and any(path.iterdir()):
            _check_existing(path, verb=verb, force=force, resume=resume, can_resume=can_resume)
        nearest = next(place for place in (path, *path.absolute().parents) if place.exists())
    require_writable(nearest / MARKER)


def _check_existing(path: Path, *, verb: str, force: bool, resume: bool, can_resume: bool) -> None:
    marker = _read_marker(path)
    is_own = marker is not None and marker.get("verb") == verb
    if resume and not is_own:
        raise OutputExists(
            f"{path} holds no {verb} run to resume", hint="leave out --resume, or name the folder of one"
        )
    if not (force or resume):
        also = ", --resume goes on with it" if can_resume else ""
        hint = f"--force replaces it{also}" if is_own else "name another"
        raise OutputExists(f"the output folder {path} is not empty", hint=hint)
    if not is_own:
        raise OutputExists(
            f"--force deletes only what thuja {verb} made, and {path} is something else",
            hint="name another folder, or empty this one yourself",
        )


def empty_folder(path: Path) -> None:
    """Delete what is in a folder that thuja wrote, and keep the folder, which may be a link.

    The marker goes last: a deletion that was cut short can be forced again.
    """
    for child in sorted(path.iterdir(), key=lambda child: child.name == MARKER):
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


@contextmanager
def _refusal(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into one sentence."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"cannot write to {path}: {error.strerror or error}", hint="name a place that you may write to"
        ) from error


@contextmanager
def in_one_sentence(path: Path, *, hint: str) -> Iterator[None]:
    """Turn what the file system refuses while `path` is written (a full disk, say) into one sentence with `hint`."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ThujaError(f"writing {path} stopped: {reason}", hint=hint) from error


def require_complete(path: Path, *, verb: str) -> Path:
    """The folder, if a job of this verb finished there; raises EmptyInput or BadFile."""
    path = Path(path)
    marker = _read_marker(path) if path.is_dir() else None
    if marker is None or marker.get("verb") != verb:
        raise EmptyInput(f"{path} is not a folder that thuja {verb} made", hint=f"thuja {verb} --help")
    if marker.get("state") != "complete":
        raise BadFile(
            f"the {verb} run in {path} did not finish", hint=f"run thuja {verb} again with --resume or --force"
        )
    return path


def require_data(path: Path) -> Path:
    """The folder, if a training set is complete there; raises EmptyInput or BadFile."""
    verb = made_by(Path(path))
    return require_complete(path, verb=verb if verb in DATA_VERBS else DATA_VERBS[0])


def made_by(path: Path) -> str | None:
    """The verb of the job that made a folder; None where no marker says it."""
    marker = _read_marker(path)
    return marker.get("verb") if marker else None


def is_complete(path: Path, *, verb: str) -> bool:
    """Whether a job of this verb finished in a folder."""
    marker = _read_marker(Path(path)) if Path(path).is_dir() else None
    return marker is not None and (marker.get("verb"), marker.get("state")) == (verb, "complete")


def is_made_since(out: object, started: float) -> bool:
    """Whether an output is a file that was written since a moment, in seconds since the epoch."""
    try:
        return isinstance(out, Path) and out.stat().st_mtime >= started
    except OSError:
        return False


def _mark(path: Path, verb: str, state: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(path / MARKER, {"verb": verb, "state": state, "thuja": __version__, "time": now})


def _read_marker(path: Path) -> dict[str, str] | None:
    try:
        marker = json.loads((path / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return marker if isinstance(marker, dict) else None
