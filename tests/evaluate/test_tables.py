"""The papers' tables: what is printed, what is ours, and that a mean is of whole rows only."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from thuja.evaluate.layouts import BEYOND_SPECIES, RETRIEVAL, ZERO_SHOT, few_shot, layouts
from thuja.evaluate.published import published_rows
from thuja.evaluate.suite_cells import Cell
from thuja.evaluate.suite_results import Results, TaskFacts
from thuja.evaluate.tables import (
    headline,
    measures_csv,
    paper_tables,
    save_tables,
    shown_measures,
    to_csv,
    to_latex,
)
from thuja.evaluate.task import About, Measure, Way
from thuja.evaluate.tasks import find_task, task_name


def cell(model: str, task: str, *values: tuple[str, str, float], way: Way = Way.PUBLIC, **given) -> Cell:
    measures = [Measure(part=part, way=way, name=name, value=value, units=100) for part, name, value in values]
    return Cell(model=model, task=task, way=way, key="k", images=100, measures=measures, **given)


def results_of(*cells: Cell, folder: Path = Path(), measures: dict[str, str] | None = None) -> Results:
    def about(task: str) -> About:
        measure = (measures or {}).get(task, "top-1")
        return About(
            name=task,
            title=task,
            where="",
            licence="",
            layout="",
            column=task,
            measure=measure,
            public="",
            corrected="",
        )

    return Results(
        folder=folder,
        models={cell.model: "id" for cell in cells},
        tasks={
            cell.task: TaskFacts(
                about=about(cell.task), place="", folder="", images=100, missing=cell.missing, state=()
            )
            for cell in cells
        },
        ways=list(dict.fromkeys(cell.way for cell in cells)),
        settings={"shots": [1], "limit": None, "seed": 0},
        cells={(cell.model, cell.task, cell.way): cell for cell in cells},
    )


ZERO_SHOT_TASKS = [column.task for column in ZERO_SHOT.columns]


def test_every_column_is_a_task_that_exists():
    for layout in layouts((1, 5)):
        for column in layout.columns:
            task = find_task(column.task)
            assert task_name(task) == column.task
            assert column.part or column.measure in ("", task.about.measure)


@pytest.mark.parametrize(("layout", "count"), [(ZERO_SHOT, 9), (BEYOND_SPECIES, 7), (RETRIEVAL, 6)])
def test_a_printed_mean_is_that_of_its_row_but_for_the_one_that_is_marked(layout, count):
    """SigLIP B/16 is printed with 32.3, and its ten figures have the mean 31.5."""
    rows = published_rows(layout)
    assert len(rows) == count
    odd = [row for row in rows if abs(sum(row.figures) / len(row.figures) - row.mean) > 0.0501]
    assert all(len(row.figures) == len(layout.columns) for row in rows)
    assert [row.model for row in odd] == (["SigLIP B/16"] if layout is ZERO_SHOT else [])
    assert all("31.5" in row.note for row in odd)


def test_few_shot_means_are_secondary_and_have_no_figures():
    for shots, best in ((1, 64.1), (5, 78.3)):
        rows = published_rows(few_shot(shots))
        assert max(row.mean for row in rows) == best
        assert all(row.is_secondary and not row.figures for row in rows)
    assert published_rows(few_shot(3)) == ()


def test_a_mean_is_given_for_a_whole_row_and_told_missing_for_another():
    whole = [cell("whole", task, ("", "top-1", 0.1 * place)) for place, task in enumerate(ZERO_SHOT_TASKS)]
    part = [cell("part", task, ("", "top-1", 0.5)) for task in ZERO_SHOT_TASKS[:7]]
    (table,) = paper_tables(results_of(*whole, *part))
    assert [line.cells()[-1] for line in table.ours] == ["45.0", "7 of 10"]
    assert [line.cells()[1:4] for line in table.ours] == [["0.0", "10.0", "20.0"], ["50.0", "50.0", "50.0"]]
    assert table.ours[1].cells()[8:11] == ["", "", ""]
    assert [line.model for line in table.published][-1] == "BioCLIP 2 L/14"


def test_a_failed_cell_another_measure_and_no_number_stay_empty():
    found = results_of(
        cell("m", "nabirds", ("", "top-1", 0.5)),
        cell("m", "rare-species", ("", "top-5", 0.5)),
        cell("m", "camera-traps", ("", "top-1", float("nan"))),
        cell("m", "meta-album-plk", error="out of memory"),
    )
    (table,) = paper_tables(found)
    assert table.ours[0].measured == 1


def test_the_ways_are_tables_apart_and_only_the_public_one_has_published_rows():
    found = results_of(
        cell("m", "nabirds", ("", "top-1", 0.4)), cell("m", "nabirds", ("", "top-1", 0.6), way=Way.CORRECTED)
    )
    public, corrected = paper_tables(found)
    assert (public.name, corrected.name) == ("zero-shot.public", "zero-shot.corrected")
    assert (len(public.published), len(corrected.published)) == (9, 0)
    assert (public.ours[0].cells()[1], corrected.ours[0].cells()[1]) == ("40.0", "60.0")


def test_figures_of_some_images_are_marked_and_the_marks_explained():
    found = results_of(
        cell("m", "nabirds", ("", "top-1", 0.5), missing=2),
        cell("m", "rare-species", ("", "top-1", 0.5), limit=10),
        cell("m", "camera-traps", ("", "top-1", 0.5), limit=100),
    )
    (table,) = paper_tables(found)
    assert [figure for figure in table.ours[0].cells()[1:-1] if figure] == ["50.0†", "50.0", "50.0‡"]
    assert [note[0] for note in table.notes] == ["P", "*", "†", "‡"]


def test_parts_stand_in_the_columns_of_retrieval_and_shots_in_their_own_tables():
    found = results_of(
        cell("m", "inquire-rerank", ("", "AP", 0.1), ("Behavior", "AP", 0.2)),
        cell("m", "plant-id", ("image to text", "R@10", 0.3), ("text to image", "R@10", 0.4)),
        cell("m", "nabirds", ("1-shot", "accuracy", 0.5)),
        measures={"inquire-rerank": "AP", "plant-id": "R@10"},
    )
    few, retrieval = paper_tables(found)
    assert (few.name, few.ours[0].cells()[1]) == ("few-shot-1.public", "50.0")
    assert retrieval.ours[0].cells()[1:] == ["", "20.0", "", "", "", "", "30.0", "40.0", "3 of 8"]


def test_a_csv_has_the_figures_unrounded_and_a_latex_table_booktabs_rules():
    found = results_of(cell("my_model & co", "nabirds", ("", "top-1", 1 / 3)))
    (table,) = paper_tables(found)
    rows = list(csv.DictReader(StringIO(to_csv(table))))
    assert rows[-1]["model"] == "my_model & co"
    assert float(rows[-1]["NABirds"]) == pytest.approx(100 / 3, abs=1e-6)
    assert rows[1]["mean"] == "32.3"
    assert rows[1]["marks"] == "*"
    latex = to_latex(table)
    assert [latex.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]
    assert r"my\_model \& co & 33.3 &" in latex
    assert r"32.3$^{*}$ \\" in latex
    assert latex.count(r" \\") == 1 + 9 + 1


def test_saving_again_removes_the_tables_that_are_no_longer_told(tmp_path):
    zero, few = ("", "top-1", 0.5), ("1-shot", "accuracy", 0.5)
    save_tables(results_of(cell("m", "nabirds", zero, few), folder=tmp_path))
    assert len(list((tmp_path / "tables").iterdir())) == 4
    save_tables(results_of(cell("m", "nabirds", few), folder=tmp_path))
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "few-shot-1.public.csv", "few-shot-1.public.tex",
    ]  # fmt: skip


def test_every_measure_is_a_row_and_so_is_a_cell_that_failed():
    found = results_of(
        cell("m", "nabirds", ("", "top-1", 0.5), ("", "top-5", 0.75)), cell("m", "newt", error="no space, no time")
    )
    rows = list(csv.DictReader(StringIO(measures_csv(found))))
    assert [(row["task"], row["name"], row["value"], row["error"]) for row in rows] == [
        ("nabirds", "top-1", "0.5", ""), ("nabirds", "top-5", "0.75", ""), ("newt", "", "", "no space, no time"),
    ]  # fmt: skip


def test_a_task_is_known_by_its_whole_or_by_its_parts_but_not_by_its_ranks():
    found = results_of(
        cell("m", "a", ("", "top-1", 0.5), ("genus", "top-1", 0.6), ("1-shot", "accuracy", 0.7)),
        cell("m", "b", ("x", "top-1", 0.5), ("y", "top-1", 0.6), ("genus", "top-1", 0.6)),
        cell("silent", "a", ("1-shot", "accuracy", 0.9)),
    )
    assert shown_measures(found, "a", Way.PUBLIC) == [("", "top-1"), ("1-shot", "accuracy")]
    assert shown_measures(found, "b", Way.PUBLIC) == [("x", "top-1"), ("y", "top-1")]
    assert headline(found, "m", "a", way=Way.PUBLIC).value == 0.5
    assert headline(found, "silent", "a", way=Way.PUBLIC) is None
