"""The tables of a suite, laid out as the papers': published rows first, then ours, a table a way of asking.

An empty cell is a figure that was not measured, and a row with one has no mean: the mean over other columns is another
measure. Published figures were made the public way, and stand in the public tables alone.
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import StringIO
from typing import Final

from thuja.evaluate.layouts import Column, Layout, layouts
from thuja.evaluate.published import Published, published_rows
from thuja.evaluate.suite_cells import Cell
from thuja.evaluate.suite_results import Results
from thuja.evaluate.task import Measure, Way
from thuja.jobs import write_text
from thuja.taxonomy import RANKS

TABLES: Final = "tables"
MEASURES: Final = "measures.csv"
PARTIAL: Final = "†"
LIMITED: Final = "‡"
ODD: Final = "*"
SECONDARY: Final = "§"
WAYS: Final = {Way.PUBLIC: "as the public code does it", Way.CORRECTED: "as it should be done"}
_RANKS: Final = {rank.label for rank in RANKS}
_LATEX: Final = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    PARTIAL: r"$^{\dagger}$", LIMITED: r"$^{\ddagger}$", ODD: r"$^{*}$", SECONDARY: r"$^{\S}$",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One cell in per cent, None where nothing was measured, and the marks that its reader must see."""

    value: float | None = None
    marks: str = ""

    def __str__(self) -> str:
        return "" if self.value is None else f"{self.value:.1f}{self.marks}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row: a model, its figures, and the mean over them, or how many of them there are."""

    model: str
    figures: tuple[Figure, ...]
    mean: Figure
    source: str = ""

    @property
    def measured(self) -> int:
        """How many figures there are."""
        return sum(figure.value is not None for figure in self.figures)

    def cells(self) -> list[str]:
        """The row as texts; a mean that is not given says of how many columns there are figures."""
        mean = str(self.mean) or (f"{self.measured} of {len(self.figures)}" if self.measured else "")
        return [self.model, *map(str, self.figures), mean]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTable:
    """A layout filled in one way: printed rows, our rows, and what the marks mean."""

    layout: Layout
    way: Way
    published: tuple[Line, ...]
    ours: tuple[Line, ...]
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of its files."""
        return f"{self.layout.name}.{self.way.value}"

    @property
    def title(self) -> str:
        """What stands above it."""
        return f"{self.layout.title}, {WAYS[self.way]}, in per cent"

    @property
    def headings(self) -> list[str]:
        """The columns, the model first and the mean last."""
        return ["model", *(column.heading for column in self.layout.columns), "mean"]


def paper_tables(results: Results) -> list[PaperTable]:
    """The papers' tables for which the suite has any figure, the public ones first."""
    shots = tuple(results.settings.get("shots", ()))
    found = [_filled(layout, way, results) for way in results.ways for layout in layouts(shots)]
    return [table for table in found if any(line.measured for line in table.ours)]


def shown_measures(results: Results, task: str, way: Way) -> list[tuple[str, str]]:
    """Part and name of the measures that a task is known by, of those that any model has.

    Its own measure about all of it, or about each part where there is no whole; then accuracy after few shots.
    """
    cells = [results.cell(model, task, way) for model in results.models]
    there = dict.fromkeys((one.part, one.name) for cell in cells if cell is not None for one in cell.measures)
    own = results.tasks[task].about.measure
    whole = [("", own)] if ("", own) in there else [key for key in there if key[1] == own and key[0] not in _RANKS]
    shots = [(f"{shots}-shot", "accuracy") for shots in results.settings.get("shots", ())]
    return [*whole, *(key for key in shots if key in there)] or list(there)[:1]


def headline(results: Results, model: str, task: str, *, way: Way) -> Measure | None:
    """The first of the measures that a task is known by; None for a model that has not got it."""
    cell, shown = results.cell(model, task, way), shown_measures(results, task, way)
    return cell.find(shown[0][1], shown[0][0]) if cell is not None and shown else None


def marks_of(cell: Cell) -> str:
    """The marks of a cell whose figures are not of all images."""
    limited = cell.limit is not None and cell.limit < cell.images - cell.missing
    return PARTIAL * bool(cell.missing) + LIMITED * limited


def save_tables(results: Results) -> None:
    """Write each table as CSV and LaTeX into `tables`, and every measure as a row of measures.csv."""
    folder = results.folder / TABLES
    found = paper_tables(results)
    wanted = {f"{table.name}.{suffix}" for table in found for suffix in ("csv", "tex")}
    for stale in folder.glob("*.*") if folder.is_dir() else ():
        if stale.suffix in (".csv", ".tex") and stale.name not in wanted:
            stale.unlink()
    for table in found:
        write_text(folder / f"{table.name}.csv", to_csv(table))
        write_text(folder / f"{table.name}.tex", to_latex(table))
    write_text(results.folder / MEASURES, measures_csv(results))


def to_csv(table: PaperTable) -> str:
    """The table with its figures as numbers, unrounded; the marks in a column of their own, and the notes left out."""
    rows = [["model", "source", *table.headings[1:], "marks"]]
    for line in (*table.published, *table.ours):
        marks = "".join(dict.fromkeys("".join(figure.marks for figure in (*line.figures, line.mean))))
        figures = ["" if one.value is None else f"{one.value:.10g}" for one in (*line.figures, line.mean)]
        rows.append([line.model, line.source, *figures, marks])
    return csv_text(rows)


def to_latex(table: PaperTable) -> str:
    """The table for a paper, with the rules of booktabs; the notes stand below it."""
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_latex(table.title)}.}}",
        rf"\begin{{tabular}}{{l{'r' * (len(table.headings) - 1)}}}",
        r"\toprule",
        _latex_row(table.headings),
        r"\midrule",
        *(_latex_row(line.cells()) for line in table.published),
        *([r"\midrule"] if table.published else []),
        *(_latex_row(line.cells()) for line in table.ours),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\footnotesize {_latex(note)}" for note in table.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def measures_csv(results: Results) -> str:
    """Every measure of every cell as a row, and the cells that have none with the reason."""
    names = ["part", "name", "value", "low", "high", "unit", "units", "clusters", "spread", "note"]
    rows = [["model", "task", "way", *names, "images", "missing", "limit", "error"]]
    for cell in results.cells.values():
        about = ["" if value is None else str(value) for value in (cell.images, cell.missing, cell.limit, cell.error)]
        for measure in cell.measures:
            row = asdict(measure)
            rows.append(
                [cell.model, cell.task, cell.way.value, *("" if row[n] is None else str(row[n]) for n in names), *about]
            )
        if not cell.measures:
            rows.append([cell.model, cell.task, cell.way.value, *[""] * len(names), *about])
    return csv_text(rows)


def _filled(layout: Layout, way: Way, results: Results) -> PaperTable:
    ours = tuple(_line(layout, way, model, results=results) for model in results.models)
    printed = published_rows(layout) if way is Way.PUBLIC else ()
    published = tuple(_printed(row, layout) for row in printed)
    shown = "".join(figure.marks for line in (*published, *ours) for figure in (*line.figures, line.mean))
    return PaperTable(layout=layout, way=way, published=published, ours=ours, notes=_notes(shown, printed))


def _line(layout: Layout, way: Way, model: str, *, results: Results) -> Line:
    figures = tuple(_figure(column, way, model, results=results) for column in layout.columns)
    values = [figure.value for figure in figures if figure.value is not None]
    marks = "".join(dict.fromkeys("".join(figure.marks for figure in figures)))
    is_complete = len(values) == len(figures)
    mean = Figure(value=sum(values) / len(values), marks=marks) if is_complete else Figure()
    return Line(model=model, figures=figures, mean=mean, source="measured here")


def _figure(column: Column, way: Way, model: str, *, results: Results) -> Figure:
    cell = results.cell(model, column.task, way)
    if cell is None or cell.error:
        return Figure()
    measure = cell.find(column.measure or results.tasks[column.task].about.measure, column.part)
    if measure is None or not math.isfinite(measure.value):
        return Figure()
    return Figure(value=100 * measure.value, marks=marks_of(cell))


def _printed(row: Published, layout: Layout) -> Line:
    figures = tuple(Figure(value=value) for value in row.figures) or (Figure(),) * len(layout.columns)
    mark = SECONDARY if row.is_secondary else ODD if row.note else ""
    return Line(model=row.model, figures=figures, mean=Figure(value=row.mean, marks=mark), source=row.source)


def _notes(shown: str, printed: Sequence[Published]) -> tuple[str, ...]:
    notes = []
    if printed:
        sources = list(dict.fromkeys(row.source for row in printed if not row.is_secondary))
        notes += [f"Published rows: {'; '.join(sources)}."] if sources else []
    if ODD in shown:
        told = [f"{row.model}: {row.note}" for row in printed if row.note and not row.is_secondary]
        notes.append(f"{ODD} {'; '.join(told)}.")
    if SECONDARY in shown:
        sources = list(dict.fromkeys(row.source for row in printed if row.is_secondary))
        notes.append(f"{SECONDARY} Secondary, by {'; '.join(sources)}: the mean alone is known.")
    if PARTIAL in shown:
        notes.append(f"{PARTIAL} Some images of the task are missing, and are in no figure.")
    if LIMITED in shown:
        notes.append(f"{LIMITED} Not all images of the task were asked.")
    return tuple(notes)


def csv_text(rows: Sequence[Sequence[str]]) -> str:
    """The rows as CSV."""
    file = StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(map(_latex, cells)) + r" \\"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)
