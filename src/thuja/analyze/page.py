"""The page that a reviewer checks, and everything on it as CSV: findings, tables, figures, and how they were made."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import numpy as np

from thuja import __version__
from thuja.analyze.finding import Figure, Finding, Section, Verdict
from thuja.errors import ThujaError
from thuja.jobs import atomic_path, write_text
from thuja.metrics.bootstrap import Interval
from thuja.report import Cell, Headline, Report

FINDINGS = "findings.csv"
PAGE = "report.html"
_COLUMNS = ("claim", "measure", "of", "value", "held against", "effect", "p", "verdict")
_CSV = (
    "section", "claim", "measure", "of", "value", "low", "high", "control", "against", "against_low", "against_high",
    "effect", "effect_low", "effect_high", "p_value", "verdict", "note",
)  # fmt: skip
_MARKS = {Verdict.HOLDS: "✓ holds", Verdict.FAILS: "✗ fails", Verdict.UNDECIDED: "? undecided"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What makes the page again: the command, and what says that its inputs are the same (a name and a hash each)."""

    command: str
    inputs: Mapping[str, str] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """The foot of the page."""
        inputs = "; ".join(f"{name} (SHA-256 {digest[:16]})" for name, digest in self.inputs.items())
        return [
            f"Made by thuja {__version__}: {self.command}",
            *([f"Of {inputs}."] if inputs else []),
            f"The same command over the same files gives the same numbers. In full: {FINDINGS} and tables/.",
        ]


def write_report(
    sections: Sequence[Section], out: Path, *, title: str, made: Made, summary: Sequence[str] = ()
) -> Path:
    """Write `report.html`, `findings.csv`, `tables/` and `figures/` into the folder `out`; returns the page's path.

    Raises ThujaError where two tables or figures bear one name, or a finding's value is no number and no note says why.
    """
    tables = [table for section in sections for table in section.tables]
    figures = [figure for section in sections for figure in section.figures]
    _require_distinct("table", [table.name for table in tables])
    _require_distinct("figure", [figure.name for figure in figures])
    write_text(out / FINDINGS, findings_csv(sections))
    for table in tables:
        write_text(out / "tables" / f"{table.name}.csv", _csv(table.columns, table.rows))
    for figure in figures:
        _save(figure, out / "figures")
    page = out / PAGE
    _page(sections, title=title, made=made, summary=summary).save(page)
    return page


def findings_csv(sections: Sequence[Section]) -> str:
    """One row a finding, every number in full; what is not known is an empty cell."""
    rows = [
        (
            section.title,
            finding.claim,
            finding.measure,
            finding.of,
            *_ends(finding.value),
            finding.control,
            *_ends(finding.against),
            *_ends(finding.effect),
            finding.p_value,
            finding.verdict.value,
            finding.note,
        )
        for section in sections
        for finding in map(_checked, section.findings)
    ]
    return _csv(_CSV, rows)


def _page(sections: Sequence[Section], *, title: str, made: Made, summary: Sequence[str]) -> Report:
    counts = Counter(finding.verdict for section in sections for finding in section.findings)
    told = (
        "every claim stands beside its measure, what it is held against, the effect with its 95 % interval, and what "
    )
    report = Report(title, summary=[*summary, f"Of {sum(counts.values())} findings: {told}it comes to."])
    report.headlines(
        [Headline(label=verdict.value, value=str(counts[verdict])) for verdict in Verdict if counts[verdict]]
    )
    for section in sections:
        report.section(section.title, section.about)
        if section.reason:
            report.text(f"Not answered: {section.reason}")
        if section.findings:
            report.table(_COLUMNS, [_row(finding) for finding in section.findings])
        for note in dict.fromkeys([*section.notes, *_notes(section.findings)]):
            report.text(note)
        for figure in section.figures:
            report.figure(figure.drawing, caption=figure.caption)
        for table in section.tables:
            report.table(table.columns, table.rows, caption=table.caption)
    report.section("How it was made", "\n\n".join(made.sentences()))
    return report


def _row(finding: Finding) -> tuple[Cell, ...]:
    against = _told(finding.against)
    return (
        finding.claim,
        finding.measure,
        finding.of,
        _told(finding.value),
        f"{finding.control}: {against}" if finding.control and against else finding.control or against,
        _told(finding.effect),
        None if finding.p_value is None else f"{finding.p_value:.3f}",
        _MARKS.get(finding.verdict, ""),
    )


def _notes(findings: Sequence[Finding]) -> list[str]:
    return [
        f"{finding.measure}{f' of {finding.of}' if finding.of else ''}: {finding.note}"
        for finding in findings
        if finding.note
    ]


def _checked(finding: Finding) -> Finding:
    """A number that is none must have its reason beside it: a silent NaN is no finding."""
    if not np.isfinite(finding.value.value) and not finding.note:
        raise ThujaError(f'"{finding.measure}" of {finding.of or "all"} is no number, and no note says why')
    return finding


def _told(one: Interval | None) -> str | None:
    if one is None or not np.isfinite(one.value):
        return None
    value = _number(one.value)
    return value if one.low == one.high else f"{value} ({_number(one.low)} to {_number(one.high)})"


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2g}" if 0 < abs(value) < 0.1 else f"{value:.3g}"


def _ends(one: Interval | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if one is None else (one.value, one.low, one.high)


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    file = StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(columns)
    table.writerows([_full(cell) for cell in row] for row in rows)
    return file.getvalue()


def _full(cell: Cell) -> str | int | float:
    return "" if cell is None or (isinstance(cell, float) and not np.isfinite(cell)) else cell


def _save(figure: Figure, folder: Path) -> None:
    if isinstance(figure.drawing, str):
        write_text(folder / f"{figure.name}.svg", figure.drawing)
        return
    with atomic_path(folder / f"{figure.name}.png") as temporary:
        temporary.write_bytes(figure.drawing)


def _require_distinct(what: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ThujaError(f"two of the page's {what}s are called {name}")
