"""The table: differences are paired by world and seed, and intervals draw worlds."""

from pathlib import Path

import pytest

from thuja.experiments import Arm, Grid, Measured, PageText, Place, Result, paired
from thuja.experiments.table import mean_over_worlds, to_csv, to_page


def test_a_difference_is_taken_within_a_world_and_a_seed() -> None:
    """Worlds differ by 0.5 here, arms by 0.1: the pairs know nothing of the former."""
    arm = {("w", 0): 0.6, ("w", 1): 0.7, ("v", 0): 0.1, ("v", 1): 0.2}
    other = {("w", 0): 0.5, ("w", 1): 0.6, ("v", 0): 0.0, ("v", 1): 0.1}
    gap = paired(arm, other)
    assert gap is not None
    assert (gap.value, gap.low, gap.high) == pytest.approx((0.1, 0.1, 0.1))
    assert gap.worlds == 2


def test_a_world_counts_once_however_many_seeds_it_has() -> None:
    scores = {("w", 0): 1.0, ("w", 1): 1.0, ("w", 2): 1.0, ("v", 0): 0.0}
    assert mean_over_worlds(scores) == 0.5
    gap = paired(scores, dict.fromkeys(scores, 0.0))
    assert gap is not None
    assert (gap.value, gap.low, gap.high) == (0.5, 0.0, 1.0)


def test_a_pair_that_lacks_a_side_is_left_out() -> None:
    gap = paired({("w", 0): 1.0, ("v", 0): 9.0}, {("w", 0): 0.5, ("u", 0): 0.0})
    assert gap is not None
    assert (gap.value, gap.worlds) == (0.5, 1)
    assert paired({("w", 0): 1.0}, {("v", 0): 1.0}) is None
    assert mean_over_worlds({}) is None


def two_arms() -> tuple[Grid, list[Result]]:
    arms = (
        Arm(group="start", name="untrained", reference="untrained", setup=0),
        Arm(group="g", name="a", reference="a", setup=1),
        Arm(group="g", name="b", reference="a", setup=2),
    )
    places = tuple(Place(name=name, folder=Path(name), identity=name) for name in "wv")
    grid = Grid(arms=arms, places=places, seeds=(0,))
    values = {"untrained": 0.1, "a": 0.3, "b": 0.35}
    results = [
        Result(cell=cell, scores={"top": values[cell.arm.name] + (cell.place.name == "v") / 2}, error="", seconds=1.5)
        for cell in grid.cells()
    ]
    failed = Result(cell=results[-1].cell, scores={}, error="no text", seconds=0.0)
    return grid, [*results[:-1], failed]


def test_the_page_has_its_command_its_differences_and_what_failed() -> None:
    grid, results = two_arms()
    text = PageText(
        command="thuja ablate --out x",
        measured=[
            Measured(name="top", heading="top-1", about="the best."),
            Measured(name="no", heading="no", about=""),
        ],
        start="start/untrained",
    )
    page = to_page(grid, results, text)
    assert "    thuja ablate --out x\n" in page
    assert "3 arms, 2 worlds (w, v), 1 seed; 5 of 6 cells measured." in page
    assert "| arm | cells | top-1 | top-1, above untrained |" in page
    assert "| a | 2 | 55.0 | +20.0, +20.0 to +20.0 |" in page
    assert "| b | 1 | 35.0 (+5.0) | +25.0 |" in page
    assert "With 2 worlds the interval is hardly one" in page
    assert "- g/b in v, seed 0: no text" in page


def test_the_page_explains_the_columns_it_has_and_what_is_missing() -> None:
    grid, results = two_arms()
    text = PageText(
        command="thuja ablate --out x",
        measured=[Measured(name="top", heading="top-1", about="the best."), Measured(name="no", heading="n", about="")],
        start="start/untrained",
        chances={"top": 0.125},
    )
    page = to_page(grid, [result for result in results if result.cell.arm.group != "start"], text)
    assert "| arm | cells | top-1 (chance 12.5) |" in page
    assert "*top-1*: the best." in page
    assert "*n*" not in page
    assert "is not shown: start/untrained was not run." in page


def test_the_csv_has_a_row_a_cell() -> None:
    _, results = two_arms()
    rows = to_csv(results).splitlines()
    assert rows[0] == "group,arm,world,seed,top,seconds,error"
    assert rows[1] == "start,untrained,w,0,0.1,1.5,"
    assert rows[-1] == "g,b,v,0,,0.0,no text"
