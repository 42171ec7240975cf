"""The grid: every cell once, what is there is kept, what fails is told, and the same declaration is the same cell."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from thuja.errors import BadFile, EmptyInput, Stopped, UnknownName, UsageError
from thuja.experiments import Arm, Cell, Grid, Place, read_results, run_grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A cell that takes no time: a number, the seed's and the world's added; and a line for each time it is asked."""

    log: Path
    broken: str = ""

    def __call__(self, cell: Cell) -> Mapping[str, float]:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{cell.arm.label} {cell.place.name} {cell.seed}\n")
        if cell.arm.name == self.broken:
            raise UsageError(f"{self.broken} cannot be done", hint="another")
        return {"score": cell.arm.setup + 10 * cell.seed + len(cell.place.name)}

    def asked(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


def grid_of(setups: Mapping[str, float], *, seeds: tuple[int, ...] = (0, 1)) -> Grid:
    first = next(iter(setups))
    return Grid(
        arms=tuple(Arm(group="g", name=name, reference=first, setup=value) for name, value in setups.items()),
        places=(Place(name="w", folder=Path("w"), identity="1"), Place(name="ww", folder=Path("ww"), identity="2")),
        seeds=seeds,
    )


def test_every_cell_is_measured_once_and_a_second_run_measures_nothing(tmp_path: Path) -> None:
    grid, measure = grid_of({"a": 1.0, "b": 2.0}), Sum(log=tmp_path / "log")
    first = run_grid(grid, measure, tmp_path)
    assert len(measure.asked()) == len(first) == 8
    assert first[0].scores == {"score": 2.0}
    assert run_grid(grid, measure, tmp_path) == first
    assert len(measure.asked()) == 8


def test_several_processes_give_what_one_gives(tmp_path: Path) -> None:
    grid = grid_of({"a": 1.0, "b": 2.0})
    alone = run_grid(grid, Sum(log=tmp_path / "one"), tmp_path / "alone")
    together = run_grid(grid, Sum(log=tmp_path / "two"), tmp_path / "together", workers=2)
    assert [result.scores for result in alone] == [result.scores for result in together]


def test_a_cell_cut_off_by_a_kill_is_the_only_one_lost(tmp_path: Path) -> None:
    grid, measure = grid_of({"a": 1.0, "b": 2.0}), Sum(log=tmp_path / "log")
    run_grid(grid, measure, tmp_path)
    cell = grid.cells()[3]
    whole = tmp_path / "cells" / f"{cell.key}.json"
    whole.rename(whole.with_suffix(".json.1-aa.tmp"))
    assert len(run_grid(grid, measure, tmp_path)) == 8
    assert measure.asked()[8:] == [f"{cell.arm.label} {cell.place.name} {cell.seed}"]


def test_an_arm_declared_anew_is_measured_again_and_no_other(tmp_path: Path) -> None:
    measure = Sum(log=tmp_path / "log")
    run_grid(grid_of({"a": 1.0, "b": 2.0}), measure, tmp_path)
    results = run_grid(grid_of({"a": 1.0, "b": 3.0}), measure, tmp_path)
    assert measure.asked()[8:] == ["g/b w 0", "g/b w 1", "g/b ww 0", "g/b ww 1"]
    assert next(result.scores["score"] for result in results if result.cell.arm.name == "b") == 4.0


def test_arms_that_say_the_same_are_measured_once(tmp_path: Path) -> None:
    measure = Sum(log=tmp_path / "log")
    results = run_grid(grid_of({"a": 1.0, "also": 1.0}), measure, tmp_path)
    assert len(results) == 8
    assert len(measure.asked()) == 4


def test_a_failed_cell_is_kept_with_its_sentence_and_tried_again(tmp_path: Path) -> None:
    grid = grid_of({"a": 1.0, "b": 2.0}, seeds=(0,))
    results = run_grid(grid, Sum(log=tmp_path / "log", broken="a"), tmp_path)
    assert [result.error for result in results] == ["a cannot be done", "", "a cannot be done", ""]
    mended = run_grid(grid, Sum(log=tmp_path / "again"), tmp_path)
    assert Sum(log=tmp_path / "again").asked() == ["g/a w 0", "g/a ww 0"]
    assert not any(result.error for result in mended)


def stopped(cell: Cell) -> Mapping[str, float]:
    raise Stopped("stopped at step 3 of 4, which is saved")


def test_a_signal_to_stop_ends_the_grid_and_is_no_failure_of_the_cell(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="stopped at the cell g/a in w, seed 0\\nhint: the same command goes on"):
        run_grid(grid_of({"a": 1.0}), stopped, tmp_path)
    assert read_results(grid_of({"a": 1.0}), tmp_path) == []


def test_a_chosen_arm_brings_its_reference(tmp_path: Path) -> None:
    grid = grid_of({"a": 1.0, "b": 2.0, "c": 3.0})
    assert [arm.name for arm in grid.only(["g/c"]).arms] == ["a", "c"]
    assert grid.only([]) == grid
    with pytest.raises(UnknownName, match='unknown group or arm: "g/d"'):
        grid.only(["g/d"])


def test_a_grid_says_what_is_wrong_with_it() -> None:
    place = Place(name="w", folder=Path("w"), identity="1")
    arm = Arm(group="g", name="a", reference="a", setup=1)
    with pytest.raises(EmptyInput, match="at least one seed"):
        Grid(arms=(arm,), places=(place,), seeds=())
    with pytest.raises(UsageError, match="the seed 1 twice"):
        Grid(arms=(arm,), places=(place,), seeds=(1, 1))
    with pytest.raises(UnknownName, match='reference of g/a: "b"'):
        Grid(arms=(Arm(group="g", name="a", reference="b", setup=1),), places=(place,), seeds=(0,))


def test_a_result_that_is_damaged_is_named(tmp_path: Path) -> None:
    grid, measure = grid_of({"a": 1.0}), Sum(log=tmp_path / "log")
    run_grid(grid, measure, tmp_path)
    path = tmp_path / "cells" / f"{grid.cells()[0].key}.json"
    path.write_text(json.dumps({"scores": {}}), encoding="utf-8")
    with pytest.raises(BadFile, match="not the result of a cell"):
        run_grid(grid, measure, tmp_path)
