"""The page of a suite: one HTML file, the papers' tables first, then every task, then what the answers tell."""

import re
from collections.abc import Sequence
from typing import Final

from thuja import __version__
from thuja.evaluate import suite_findings
from thuja.evaluate.suite_cells import Cell
from thuja.evaluate.suite_findings import Exposure
from thuja.evaluate.suite_leaks import Audit
from thuja.evaluate.suite_results import Results
from thuja.evaluate.tables import (
    LIMITED,
    PARTIAL,
    WAYS,
    PaperTable,
    marks_of,
    paper_tables,
    shown_measures,
)
from thuja.evaluate.task import Measure, Way
from thuja.report import Cell as ReportCell
from thuja.report import Headline, Report

PAGE: Final = "report.html"
_HERE: Final = "▸"
_HEADLINES: Final = 6
_GUESSED: Final = ("top-1", "accuracy")
_CANDIDATES: Final = re.compile(r"([\d,]*\d) candidates")
"""As the notes of these measures say it."""
_ROWS: Final = 40
"""Measures of one task and way that the page shows; measures.csv has all."""


def build_page(results: Results, *, exposure: Exposure | None = None, leaks: Audit | None = None) -> Report:
    """The whole page; `exposure` are the scores by what was met in training, `leaks` those without leaked images."""
    report = Report(_title(results), summary=_sentences(results)).headlines(_headlines(results))
    _add_paper_tables(report, paper_tables(results))
    _add_tasks(report, results)
    suite_findings.add_ranks(report, results)
    suite_findings.add_reliability(report, results)
    suite_findings.add_clades(report, results)
    suite_findings.add_exposure(report, results, exposure or {})
    suite_findings.add_leaks(report, leaks or Audit())
    suite_findings.add_walls(report, results)
    _add_lacking(report, results)
    _add_measures(report, results)
    _add_settings(report, results)
    return report


def percent(measure: Measure) -> str:
    """A measure in per cent with its interval, or its standard deviation over folds where it has no interval.

    What is no share stands as it is, with its unit.
    """
    if measure.unit:
        ends = "" if measure.low is None or measure.high is None else f" ({measure.low:.2f}–{measure.high:.2f})"
        return f"{measure.value:.2f}{ends} {measure.unit}"
    told = f"{100 * measure.value:.1f}"
    if measure.low is not None and measure.high is not None and measure.low < measure.high:
        return f"{told} ({100 * measure.low:.1f}–{100 * measure.high:.1f})"
    return f"{told} ±{100 * measure.spread:.1f}" if measure.spread else told


def _title(results: Results) -> str:
    models = list(results.models)
    who = models[0] if len(models) == 1 else f"{len(models)} models"
    return f"{who} on {_counted(len(results.tasks), 'task')}"


def _sentences(results: Results) -> list[str]:
    cells = list(results.cells.values())
    done = [cell for cell in cells if not cell.error]
    wanted = len(results.models) * len(results.tasks) * len(results.ways)
    said = [
        f"{len(done)} of {wanted} cells are measured: {_counted(len(results.models), 'model')}, "
        f"{_counted(len(results.tasks), 'task')}, asked {' and '.join(WAYS[way] for way in results.ways)}."
    ]
    failed = len(cells) - len(done)
    if failed:
        said.append(f"{_counted(failed, 'cell')} could not be measured; the reasons stand below.")
    missing = [f"{name} {facts.missing:,}" for name, facts in results.tasks.items() if facts.missing]
    if missing:
        said.append(f"Images that are missing, and in no figure: {', '.join(missing)}.")
    if results.settings.get("limit"):
        said.append(f"At most {results.settings['limit']:,} images of each task were asked (--limit): a quick look.")
    return said


def _headlines(results: Results) -> list[Headline]:
    found: list[Headline] = []
    way = results.answering_way
    for task in results.tasks:
        scored = _shared_measure(results, task, way)
        if scored and len(found) < _HEADLINES:
            best = max(scored, key=lambda model: scored[model].value)
            part, name = scored[best].part, scored[best].name
            who = f"{best}; " if len(results.models) > 1 else ""
            chance = _chance([results.cell(best, task, way)], part, name)
            note = f"{who}{_called(part, name)}, 95 % {_interval(scored[best])}" + (
                f"; chance {chance}" if chance else ""
            )
            label = results.tasks[task].about.title
            found.append(Headline(label=label, value=f"{100 * scored[best].value:.1f} %", note=note))
    return found


def _shared_measure(results: Results, task: str, way: Way) -> dict[str, Measure]:
    """By model, the first of the measures that a task is known by that no other one has more models of.

    Where one model reads texts and another is asked after few shots alone, it is the one that both have.
    """
    cells = {model: cell for model in results.models if (cell := results.cell(model, task, way)) is not None}
    found = [
        {model: one for model, cell in cells.items() if (one := cell.find(name, part)) is not None}
        for part, name in shown_measures(results, task, way)
    ]
    return max(found, key=len, default={})


def _interval(measure: Measure) -> str:
    if measure.low is None or measure.high is None or measure.low >= measure.high:
        return "not known"
    return f"{100 * measure.low:.1f} to {100 * measure.high:.1f}"


def _add_paper_tables(report: Report, found: Sequence[PaperTable]) -> None:
    if not found:
        return
    report.section(
        "The papers' tables",
        f"Published rows, and with {_HERE} ours, in the papers' columns. An empty cell was not measured, and a row "
        "with one has no mean. Published figures were made the public way, so they stand in its tables alone.",
    )
    for table in found:
        ours = [(f"{_HERE} {name}", *figures) for name, *figures in (line.cells() for line in table.ours)]
        report.table(table.headings, [*(line.cells() for line in table.published), *ours], caption=table.title)
        if table.notes:
            report.text("\n\n".join(table.notes))


def _add_tasks(report: Report, results: Results) -> None:
    report.section(
        "Every task",
        "The measures that a task is known by, in per cent, with 95 % intervals: species or observations are drawn "
        "anew, not images. Chance is a guess among the candidates. A model that reads no text has no figure where a "
        "task asks by text; after few shots the public way leaves out classes with too few images, or has no row.",
    )
    for way in results.ways:
        columns, rows = task_rows(results, way)
        report.table(columns, rows, caption=f"Asked {WAYS[way]}")
    if marks := legend(results):
        report.text(f"{marks}.")


def task_rows(results: Results, way: Way) -> tuple[list[str], list[tuple[ReportCell, ...]]]:
    """The headings and the rows of every task: the images asked of, a measure, chance, what each model makes of it."""
    rows: list[tuple[ReportCell, ...]] = []
    for task, facts in results.tasks.items():
        cells = [results.cell(model, task, way) for model in results.models]
        lost = min((cell.missing for cell in cells if cell is not None and not cell.error), default=facts.missing)
        there = facts.images - facts.missing
        limit = results.settings.get("limit") or there
        asked = min(limit, there) - (lost - facts.missing)  # by the model that could read most
        for part, name in shown_measures(results, task, way):
            scored = [_scored(cell, part, name) for cell in cells]
            rows.append((facts.about.title, asked, _called(part, name), _chance(cells, part, name), *scored))
    return ["task", "images", "measure", "chance", *results.models], rows


def legend(results: Results) -> str:
    """What the marks say that stand at any figure; empty where none stands."""
    marks = {mark for cell in results.cells.values() if not cell.error for mark in marks_of(cell)}
    told = {
        PARTIAL: "without images that are missing or have no vector",
        LIMITED: "of a part of the images (--limit)",
    }
    return "; ".join(f"{mark} {what}" for mark, what in told.items() if mark in marks)


def _chance(cells: Sequence[Cell | None], part: str, name: str) -> str | None:
    """What a guess among the candidates gets; None for a measure that is no share of right answers."""
    measures = (cell.find(name, part) for cell in cells if cell is not None)
    told = next((one.note for one in measures if one is not None), "")
    found = _CANDIDATES.search(told or "") if name in _GUESSED else None
    return f"{100 / int(found[1].replace(',', '')):.1f}" if found else None


def _called(part: str, name: str) -> str:
    return f"{name}, {part}" if part else name


def _scored(cell: Cell | None, part: str, name: str) -> str | None:
    measure = cell.find(name, part) if cell is not None else None
    return percent(measure) + marks_of(cell) if measure is not None and cell is not None else None


def _add_lacking(report: Report, results: Results) -> None:
    failed = [cell for cell in results.cells.values() if cell.error]
    lost = [cell for cell in results.cells.values() if cell.missing and not cell.error]
    if failed:
        report.section("What could not be measured").table(
            ("model", "task", "way", "why"), [(cell.model, cell.task, cell.way.value, cell.error) for cell in failed]
        )
    if lost:
        report.section("Scored without some images", "Images that are missing, or that have no vector.").table(
            ("model", "task", "way", "images", "missing"),
            [(cell.model, cell.task, cell.way.value, cell.images, cell.missing) for cell in lost],
        )


def _add_measures(report: Report, results: Results) -> None:
    report.section(
        "Every measure",
        f"In per cent where no unit stands, at most {_ROWS} rows a task; measures.csv has all, unrounded.",
    )
    for task, facts in results.tasks.items():
        for way in results.ways:
            cells = {model: cell for model in results.models if (cell := results.cell(model, task, way)) is not None}
            keys = dict.fromkeys((one.part, one.name) for cell in cells.values() for one in cell.measures)
            rows = []
            for part, name in list(keys)[:_ROWS]:
                found = [cells[model].find(name, part) if model in cells else None for model in results.models]
                note = next((one.note for one in found if one is not None and one.note), None)
                units = next(one.units for one in found if one is not None)
                shown = [percent(one) if one is not None else None for one in found]
                rows.append((part or None, name, units, *shown, note))
            if rows:
                columns = ("part", "measure", "asked", *results.models, "note")
                report.table(columns, rows, caption=f"{facts.about.title}, {WAYS[way]}")


def _add_settings(report: Report, results: Results) -> None:
    settings = results.settings
    rows = [
        ("thuja", __version__),
        ("protocol", ", ".join(way.value for way in results.ways)),
        ("shots", ", ".join(map(str, settings.get("shots", ())))),
        ("limit", str(settings.get("limit") or "none")),
        ("seed", str(settings.get("seed", 0))),
        ("intervals", "95 %, bootstrap over species or observations"),
        *((f"model {label}", identity) for label, identity in results.models.items()),
    ]
    report.section("Settings").table(("what", "value"), rows)
    report.table(
        ("task", "folder", "images", "missing", "licence", "the public way", "the corrected way"),
        [
            (
                name,
                facts.place,
                facts.images,
                facts.missing,
                facts.about.licence,
                facts.about.public,
                facts.about.corrected,
            )
            for name, facts in results.tasks.items()
        ],
    )


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'s' * (count != 1)}"
