"""A declared grid of arms, worlds and seeds: every cell is measured once and kept as one file.

A cell's file is named by a hash of all that it says, so a grid that is run again measures what is not there,
what failed, and what is declared otherwise than before; two arms that say the same share their cells.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from thuja.errors import BadFile, EmptyInput, Stopped, ThujaError, UnknownName, UsageError
from thuja.jobs import Progress, spread, write_json

logger = logging.getLogger(__name__)

VERSION: Final = 1
"""Goes up whenever the same declaration is measured otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One thing to try: `setup` says all of it, in dataclasses, mappings, sequences, texts and numbers.

    `reference` names the arm of the same group that it is compared with; the reference names itself.
    """

    group: str
    name: str
    reference: str
    setup: Any

    @property
    def label(self) -> str:
        """`GROUP/NAME`, as `--only` takes it."""
        return f"{self.group}/{self.name}"


def grouped_arms(group: str, reference: str, setups: Iterable[tuple[str, object]]) -> Iterator[Arm]:
    """The arms of one group, from their names and setups."""
    return (Arm(group=group, name=name, reference=reference, setup=setup) for name, setup in setups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A world to try it in: its name in the table, where it lies, and what says which it is."""

    name: str
    folder: Path
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One arm in one world from one seed."""

    arm: Arm
    place: Place
    seed: int

    @property
    def key(self) -> str:
        """A hash of what is measured: of the setup, the world and the seed, whatever the arm is called."""
        said = {"version": VERSION, "setup": content(self.arm.setup), "world": self.place.identity, "seed": self.seed}
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:20]


Measure = Callable[[Cell], Mapping[str, float]]
"""Does what a cell says and returns its scores by name. Importable, so that other processes can be handed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Arms over worlds and seeds; raises UsageError for two arms of one label, or a reference of another group."""

    arms: tuple[Arm, ...]
    places: tuple[Place, ...]
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        for what, names in (
            ("arm", [arm.label for arm in self.arms]),
            ("world", [place.name for place in self.places]),
            ("seed", [str(seed) for seed in self.seeds]),
        ):
            if not names:
                raise EmptyInput(f"a grid needs at least one {what}")
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise UsageError(f"a grid has the {what} {twice} twice", hint="give each once")
        for arm in self.arms:
            mates = [mate.name for mate in self.arms if mate.group == arm.group]
            if arm.reference not in mates:
                raise UnknownName.of(f"reference of {arm.label}", arm.reference, mates)

    def only(self, wanted: Sequence[str]) -> "Grid":
        """The arms of these groups and these `GROUP/NAME`s, with the references of their groups."""
        known = {arm.label for arm in self.arms} | {arm.group for arm in self.arms}
        for name in wanted:
            if name not in known:
                raise UnknownName.of("group or arm", name, sorted(known))
        chosen = [arm for arm in self.arms if not wanted or arm.group in wanted or arm.label in wanted]
        references = {f"{arm.group}/{arm.reference}" for arm in chosen}
        arms = tuple(arm for arm in self.arms if arm in chosen or arm.label in references)
        return Grid(arms=arms, places=self.places, seeds=self.seeds)

    def cells(self) -> list[Cell]:
        """World by world, then seed by seed, so that a process meets the same world again and again."""
        return [
            Cell(arm=arm, place=place, seed=seed) for place in self.places for seed in self.seeds for arm in self.arms
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a cell: its scores, or in one sentence why it has none."""

    cell: Cell
    scores: Mapping[str, float]
    error: str
    seconds: float


def run_grid(grid: Grid, measure: Measure, out: Path, *, workers: int = 1) -> list[Result]:
    """Measure what `out/cells` does not hold yet, by that many processes; returns the grid's results in its order.

    A cell that fails for a reason that its user can mend is kept with its sentence, the others go on, and the next run
    tries it again. When the run is killed, the cells being measured are lost and no others.
    """
    folder = Path(out) / "cells"
    waiting: dict[str, Cell] = {}
    for cell in grid.cells():
        if cell.key not in waiting and not _is_whole(folder / f"{cell.key}.json"):
            waiting[cell.key] = cell
    progress = Progress(total=len(waiting), label="cells", unit="cells")
    job = partial(_measured, measure, folder)
    with closing(spread(job, waiting.values(), workers=workers)) as done:
        for label, error in done:
            if error:
                logger.warning("%s failed: %s", label, error)
            progress.advance(1, note=label)
    progress.close()
    return read_results(grid, out)


def read_results(grid: Grid, out: Path) -> list[Result]:
    """The results that are there, in the grid's order; cells that were never measured are left out."""
    found = ((cell, _read(Path(out) / "cells" / f"{cell.key}.json")) for cell in grid.cells())
    return [
        Result(cell=cell, scores=row["scores"], error=row["error"], seconds=row["seconds"])
        for cell, row in found
        if row is not None
    ]


def content(value: Any) -> Any:
    """A setup as JSON that says all of it: dataclasses by their name and fields, sets sorted, paths as text."""
    if is_dataclass(value) and not isinstance(value, type):
        named = {one.name: content(getattr(value, one.name)) for one in fields(value)}
        return {"is": type(value).__name__, **named}
    if isinstance(value, Mapping):
        # In the mapping's own order: which of two texts is drawn may depend on it.
        return {"pairs": [[str(name), content(one)] for name, one in value.items()]}
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Iterable):
        return [content(one) for one in value]
    raise TypeError(f"a setup cannot hold a {type(value).__name__}")


def _measured(measure: Measure, folder: Path, cell: Cell) -> tuple[str, str]:
    """Measure one cell and write its file; returns what it is called and why it failed."""
    label = f"{cell.arm.label} in {cell.place.name}, seed {cell.seed}"
    started = time.monotonic()
    scores: Mapping[str, float] = {}
    error = ""
    try:
        scores = measure(cell)
    except Stopped as stop:
        raise Stopped(f"stopped at the cell {label}", hint="the same command goes on") from stop
    except (ThujaError, OSError, MemoryError) as failure:
        error = failure.message if isinstance(failure, ThujaError) else f"{type(failure).__name__}: {failure}"
    row = {
        "arm": cell.arm.label,
        "world": cell.place.name,
        "seed": cell.seed,
        "setup": content(cell.arm.setup),
        "seconds": round(time.monotonic() - started, 2),
        "error": error,
        "scores": dict(scores),
    }
    write_json(folder / f"{cell.key}.json", row)
    return label, error


def _is_whole(path: Path) -> bool:
    row = _read(path)
    return row is not None and not row["error"]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be read: {error}", hint="delete it, and the cell is measured again") from error
    if not isinstance(row, dict) or not {"scores", "error", "seconds"} <= set(row):
        raise BadFile(f"{path} is not the result of a cell", hint="delete it, and the cell is measured again")
    return row
