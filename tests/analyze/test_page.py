import csv
import re
from io import StringIO
from pathlib import Path

import pytest

from thuja.analyze import Figure, Finding, Section, Table, Verdict, verdict_of
from thuja.analyze.page import Made, findings_csv, write_report
from thuja.errors import ThujaError
from thuja.metrics.bootstrap import Interval

MADE = Made(command="thuja analyze a.parquet", inputs={"a.parquet": "ab" * 32})


def at(value: float, low: float | None = None, high: float | None = None) -> Interval:
    return Interval(value=value, low=value if low is None else low, high=value if high is None else high)


def finding(**changes: object) -> Finding:
    return Finding(**{"claim": "kin lie near", "measure": "tau", "of": "family", "value": at(0.5, 0.4, 0.6), **changes})


def test_a_page_has_claim_measure_control_effect_and_verdict(tmp_path: Path) -> None:
    one = finding(control="pixels", against=at(0.25), effect=at(0.25, 0.1, 0.4), p_value=0.01, verdict=Verdict.HOLDS)
    section = Section(title="The tree", about="What it is.", findings=[one], notes=["Mind <this>."])
    page = write_report([section], tmp_path, title="A space", made=MADE).read_text()
    for part in ("Kin lie near", "tau", "family", "0.5 (0.4 to 0.6)", "pixels: 0.25", "0.25 (0.1 to 0.4)", "✓ holds"):
        assert part in page
    assert "Mind &lt;this&gt;." in page
    assert "thuja analyze a.parquet" in page
    assert "a.parquet (SHA-256 abababababababab)" in page


def test_a_note_stands_once_under_its_table_and_names_its_rows(tmp_path: Path) -> None:
    """Notes stood at the end of the section, a paragraph each, led by the measure: a wall of the same words."""
    found = [finding(of=of, note="few clades") for of in ("family", "genus")]
    found.append(finding(of="order", note="one clade"))
    other = [finding(measure="rho", of=of, note="of means") for of in ("family", "genus")]
    sections = [Section(title="The tree", about="", findings=[*found, *other])]
    page = write_report(sections, tmp_path, title="A space", made=MADE).read_text()
    lines = re.findall('<p class="measure">(.*?)</p>', page)
    assert lines == ["tau", "family; genus: few clades", "order: one clade", "rho", "of means"]


def test_every_number_stands_in_full_in_the_csv() -> None:
    one = finding(value=at(1 / 3, 0.1, 0.7), effect=at(-1 / 7), p_value=None)
    row = next(csv.DictReader(StringIO(findings_csv([Section(title="T", about="", findings=[one])]))))
    assert float(row["value"]) == 1 / 3
    assert float(row["effect"]) == -1 / 7
    assert row["against"] == row["p_value"] == ""
    assert row["verdict"] == "descriptive"


def test_tables_and_figures_are_files_too(tmp_path: Path) -> None:
    table = Table(
        name="ranks", caption="By rank", columns=["rank", "tau"], rows=[["family, or so", 0.5], ["genus", None]]
    )
    drawing = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
    figures = [
        Figure(name="one", caption="One", drawing=drawing),
        Figure(name="two", caption="Two", drawing=b"\x89PNG"),
    ]
    section = Section(title="T", about="", tables=[table], figures=figures)
    write_report([section], tmp_path, title="A space", made=MADE)
    assert (tmp_path / "tables" / "ranks.csv").read_text() == 'rank,tau\n"family, or so",0.5\ngenus,\n'
    assert (tmp_path / "figures" / "one.svg").read_text() == drawing
    assert (tmp_path / "figures" / "two.png").read_bytes() == b"\x89PNG"


def test_a_section_without_an_answer_says_why(tmp_path: Path) -> None:
    section = Section(title="The theorem", about="", reason="no text vectors were given")
    assert (
        "Not answered: no text vectors were given"
        in write_report([section], tmp_path, title="T", made=MADE).read_text()
    )


def test_a_number_that_is_none_needs_its_reason(tmp_path: Path) -> None:
    silent = finding(value=at(float("nan")))
    with pytest.raises(ThujaError, match='"tau" of family is no number, and no note says why'):
        write_report([Section(title="T", about="", findings=[silent])], tmp_path, title="T", made=MADE)
    told = finding(value=at(float("nan")), note="one species alone")
    page = write_report([Section(title="T", about="", findings=[told])], tmp_path, title="T", made=MADE).read_text()
    assert '<p class="measure">one species alone</p>' in page


def test_two_tables_of_one_name_are_refused(tmp_path: Path) -> None:
    table = Table(name="same", caption="", columns=["a"], rows=[[1]])
    with pytest.raises(ThujaError, match="two of the page's tables are called same"):
        write_report([Section(title="T", about="", tables=[table, table])], tmp_path, title="T", made=MADE)


@pytest.mark.parametrize(
    ("effect", "p_value", "is_below", "verdict"),
    [
        (at(0.2, 0.1, 0.3), None, False, Verdict.HOLDS),
        (at(0.2, 0.1, 0.3), 0.2, False, Verdict.UNDECIDED),
        (at(0.2, -0.1, 0.3), 0.01, False, Verdict.UNDECIDED),
        (at(-0.2, -0.3, -0.1), None, False, Verdict.FAILS),
        (at(-0.2, -0.3, -0.1), 0.05, True, Verdict.HOLDS),
        (at(0.2, 0.1, 0.3), None, True, Verdict.FAILS),
        (None, 0.01, False, Verdict.DESCRIPTIVE),
    ],
)
def test_a_verdict_follows_the_whole_interval(
    effect: Interval | None, p_value: float | None, is_below: bool, verdict: Verdict
) -> None:
    assert verdict_of(effect, p_value=p_value, is_below=is_below) is verdict
