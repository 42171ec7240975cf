"""The page that a reviewer checks, and everything on it as CSV: findings, tables, figures, and how they were made."""

import csv
import re
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
from thuja.report.page import escape

FINDINGS = "findings.csv"
PAGE = "report.html"
_COLUMNS = ("of", "value", "held against", "effect", "p", "verdict")
_CSV = (
    "section", "claim", "measure", "of", "value", "low", "high", "control", "against", "against_low", "against_high",
    "effect", "effect_low", "effect_high", "p_value", "verdict", "note",
)  # fmt: skip
_MARKS = {Verdict.HOLDS: "✓ holds", Verdict.FAILS: "✗ fails", Verdict.UNDECIDED: "? undecided"}
_UNFIT = re.compile(r"[^\w.,() +-]+")
_LONGEST = 120
_STYLE = """
h3{font-size:1.02rem;line-height:1.3;margin:1.6rem 0 .1rem}
.measure{color:var(--soft);font-size:.9rem;margin:0 0 .35rem}
details{margin:0 0 1rem}summary{cursor:pointer;color:var(--accent)}details[open] summary{margin-bottom:.6rem}
"""


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
    for table, name in zip(tables, _file_names([table.name for table in tables]), strict=True):
        write_text(out / "tables" / f"{name}.csv", _csv(table.columns, table.rows))
    for figure, name in zip(figures, _file_names([figure.name for figure in figures]), strict=True):
        _save(figure, out / "figures", name)
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
        f"{sum(counts.values()):,} findings: each claim stands beside its measure, what it is held against, the effect "
        "with its 95 % interval, and the verdict."
    )
    report = Report(title, summary=[*summary, told], style=_STYLE)
    report.headlines(
        [Headline(label=verdict.value, value=str(counts[verdict])) for verdict in Verdict if counts[verdict]]
    )
    for section in sections:
        report.section(section.title, section.about)
        if section.reason:
            report.text(f"Not answered: {section.reason}")
        for figure in section.figures:
            report.figure(figure.drawing, caption=figure.caption)
        _put_findings(report, section.findings)
        for note in dict.fromkeys(section.notes):
            report.text(note)
        if section.tables:
            report.raw(f"<details><summary>Tables: {len(section.tables)}</summary>")
            for table in section.tables:
                report.table(table.columns, table.rows, caption=table.caption)
            report.raw("</details>")
    report.section("How it was made", "\n\n".join(made.sentences()))
    return report


def _put_findings(report: Report, findings: Sequence[Finding]) -> None:
    """A table under each claim and its measure, and its notes, in the order in which they come."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.claim, finding.measure), []).append(finding)
    above = ""
    for (claim, measure), found in groups.items():
        heading = f"<h3>{escape(claim[:1].upper() + claim[1:])}</h3>" if claim != above else ""
        report.raw(f'{heading}<p class="measure">{escape(measure)}</p>')
        report.table(_COLUMNS, [_row(finding) for finding in found])
        for note in _notes(found):
            report.raw(f'<p class="measure">{escape(note)}</p>')
        above = claim


def _row(finding: Finding) -> tuple[Cell, ...]:
    against = _told(finding.against)
    return (
        finding.of,
        _told(finding.value),
        f"{finding.control}: {against}" if finding.control and against else finding.control or against,
        _told(finding.effect),
        None if finding.p_value is None else f"{finding.p_value:.3f}",
        _MARKS.get(finding.verdict, ""),
    )


def _notes(findings: Sequence[Finding]) -> list[str]:
    """What must be known to read a table, each note once, with the rows that it is of where it is not of all."""
    rows: dict[str, dict[str, None]] = {}
    for finding in findings:
        if finding.note:
            rows.setdefault(finding.note, {})[finding.of] = None
    of_all = {finding.of for finding in findings}
    return [note if set(of) == of_all else f"{'; '.join(of)}: {note}" for note, of in rows.items()]


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


def _save(figure: Figure, folder: Path, name: str) -> None:
    if isinstance(figure.drawing, str):
        write_text(folder / f"{name}.svg", figure.drawing)
        return
    with atomic_path(folder / f"{name}.png") as temporary:
        temporary.write_bytes(figure.drawing)


def _file_names(names: Sequence[str]) -> list[str]:
    """The names as files may bear them, each once: columns are in them, and a column may be called `g/m2` or `../x`."""
    found: list[str] = []
    for name in names:
        stem = _UNFIT.sub("_", name).strip("._ ")[:_LONGEST] or "unnamed"
        numbered = (f"{stem}-{number}" for number in range(2, len(names) + 2))
        found.append(stem if stem not in found else next(one for one in numbered if one not in found))
    return found


def _require_distinct(what: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ThujaError(f"two of the page's {what}s are called {name}")
