"""What a suite's answers tell, as sections of its page: by rank, confidence, clade and exposure, error by error."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from thuja.evaluate import suite_exposure, suite_leaks
from thuja.evaluate.suite_answers import by_clade, confidences, first_answers, surest_errors
from thuja.evaluate.suite_figures import Confidences, rank_bars, reliability_diagrams
from thuja.evaluate.suite_results import Results
from thuja.evaluate.tables import headline
from thuja.evaluate.task import Measure, Way
from thuja.evaluate.walls import wall_picture
from thuja.report import Cell, Report, WallPicture
from thuja.taxonomy import RANKS

Exposure = Mapping[str, Sequence[Sequence[Cell]]]
"""Rows of scores by what was met in training, by the title of their table."""

_WALLS: Final = 12
_PICTURES: Final = 12
_CLADES: Final = 12


def add_ranks(report: Report, results: Results) -> None:
    """Bars by rank, of the tasks that tell ranks."""
    drawn = []
    for task, facts in results.tasks.items():
        found: dict[str, dict[str, Measure]] = {}
        for model in results.models:
            cell = results.cell(model, task, Way.CORRECTED)
            ranks = {rank.label: cell.find(facts.about.measure, rank.label) for rank in RANKS} if cell else {}
            told = {rank: measure for rank, measure in ranks.items() if measure is not None}
            if len(told) > 1:
                found[model] = told
        if found:
            shown = [rank.label for rank in RANKS if any(rank.label in told for told in found.values())]
            drawn.append((facts.about.title, rank_bars(task, shown, found)))
    if drawn:
        report.section(
            "By rank",
            "The share of images whose answer lies in the right taxon at each rank. Lines are 95 % intervals.",
        )
    for title, figure in drawn:
        report.figure(figure, caption=title)


def add_reliability(report: Report, results: Results) -> None:
    """What confidences are worth, where answers have posteriors."""
    found: dict[str, dict[str, Confidences]] = {}
    for task, facts in results.tasks.items():
        for model in results.models:
            answers = first_answers(results, model, task, way=results.answering_way)
            told = confidences(answers) if answers is not None else None
            if told is not None:
                found.setdefault(facts.about.title, {})[model] = told
    if found:
        report.section(
            "What a confidence is worth",
            "Of answers given with .8, eight in ten should be right. Points on the dashed line keep their word, below "
            "it the model is too sure. A point's size is its share of the images; ECE is the mean distance.",
        ).figure(reliability_diagrams(found), caption="Zero-shot, the posterior over a task's classes.")


def add_clades(report: Report, results: Results) -> None:
    """The clades that fare worst."""
    way = results.answering_way
    tables: list[tuple[str, list[str], list[tuple[Cell, ...]]]] = []
    for task, facts in results.tasks.items():
        found = by_clade(
            {
                model: answers
                for model in results.models
                if (answers := first_answers(results, model, task, way=way)) is not None
            }
        )
        if found is not None:
            models = [model for model in results.models if model in found.clades[0].shares]
            rows: list[tuple[Cell, ...]] = [
                (clade.name, clade.images, *(f"{100 * clade.shares[model]:.1f}" for model in models), clade.taken_for)
                for clade in found.clades[:_CLADES]
            ]
            title = f"{facts.about.title}, by {found.rank.label}"
            tables.append((title, [found.rank.label, "images", *models, "taken for"], rows))
    if not tables:
        return
    report.section(
        "Where it fails",
        "Clades by the share of their images that is named right, in per cent, the worst first; beside it what their "
        "images are taken for most often, of all models together.",
    )
    for title, columns, shown in tables:
        report.table(columns, shown, caption=title)


def add_exposure(report: Report, results: Results, exposure: Exposure) -> None:
    """Scores by what was met in training, where catalogs were given."""
    if not exposure:
        return
    report.section("What was met in training", "\n\n".join((suite_exposure.ABOUT, *suite_exposure.notes(results))))
    for title, rows in exposure.items():
        report.table(suite_exposure.HEADINGS, rows, caption=title)


def add_leaks(report: Report, audit: suite_leaks.Audit) -> None:
    """Scores without the images that were trained on, where catalogs were looked through."""
    if not audit.rows:
        return
    report.section("Images that were trained on", suite_leaks.ABOUT)
    for title, said in audit.sentences.items():
        report.text(f"{title}: {' '.join(said)}")
    for title, rows in audit.rows.items():
        report.table(suite_leaks.HEADINGS, rows, caption=title)


def add_walls(report: Report, results: Results) -> None:
    """Wrong answers, as pictures."""
    way = results.answering_way
    walls: list[tuple[str, list[WallPicture]]] = []
    for task, facts in results.tasks.items():
        scored = {
            model: one for model in results.models if (one := headline(results, model, task, way=way)) is not None
        }
        if not scored or len(walls) == _WALLS:
            continue
        best = max(scored, key=lambda model: scored[model].value)
        answers = first_answers(results, best, task, way=way)
        rows = surest_errors(answers, 2 * _PICTURES) if answers is not None else []
        shown = answers.take(rows).to_pylist() if answers is not None and rows else []
        drawn = (wall_picture(Path(facts.folder), row) for row in shown)
        pictures = [one for one in drawn if one is not None][:_PICTURES]
        if pictures:
            walls.append((f"{facts.about.title}: {best}", pictures))
    if walls:
        report.section(
            "Errors",
            "Of the model that is best at each task the answers that are wrong and that it is surest of, one a class: "
            "what the image shows, what was said, and the score that it was said with.",
        )
    for caption, pictures in walls:
        report.wall(pictures, caption=caption)
