"""The options that ask why, through a small command."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from thuja.cli.why_options import WhyChoice, why_options
from thuja.errors import OutputExists, UsageError


def chosen(*words: object) -> WhyChoice:
    given: list[WhyChoice] = []

    @click.command()
    @why_options
    def command(*, why: WhyChoice) -> None:
        given.append(why)

    result = CliRunner().invoke(command, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return given[0]


def test_nothing_is_asked_by_default() -> None:
    assert chosen() == WhyChoice(explain=None, html=None, max_page=2000)
    assert not chosen().is_asked
    chosen().check()


def test_what_is_said_is_handed_on() -> None:
    words = ("--explain", "why", "--html", "page.html", "--max-page", 5)
    assert chosen(*words) == WhyChoice(explain=Path("why"), html=Path("page.html"), max_page=5)


def test_outputs_that_are_there_are_refused_before_any_work(tmp_path: Path) -> None:
    page, folder = tmp_path / "page.html", tmp_path / "why"
    page.write_text("mine")
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(OutputExists, match=r"page\.html is there already"):
        WhyChoice(explain=None, html=page, max_page=1).check()
    WhyChoice(explain=None, html=page, max_page=1).check(force=True)
    for force in (False, True):
        with pytest.raises(OutputExists):
            WhyChoice(explain=folder, html=None, max_page=1).check(force=force)
    with pytest.raises(UsageError, match="cannot write"):
        WhyChoice(explain=None, html=page / "below.html", max_page=1).check()
    assert sorted(tmp_path.rglob("*")) == [page, folder, folder / "mine.txt"]
