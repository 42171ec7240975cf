"""`thuja curate status`, `explain`, `report` and `update` as a user calls them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.curate.written_curation import write_small

from thuja.cli import curate_tools
from thuja.errors import EmptyInput, UsageError
from thuja.record import uuid_of_source

COMMANDS = {
    "status": curate_tools.status_command,
    "explain": curate_tools.explain_command,
    "report": curate_tools.report_command,
    "compare": curate_tools.compare_command,
}


def run(verb: str, *words: object) -> Result:
    return CliRunner().invoke(COMMANDS[verb], [*map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("tools"))


def test_status_ends_with_the_command_to_go_on_with(data: Path) -> None:
    lines = run("status", data).stdout.splitlines()
    assert lines[0].startswith(f"{data}: complete (thuja 0.1.0")
    assert lines[-1] == f"next: thuja curate report {data}"
    told = json.loads(run("status", data, "--json").stdout)
    assert [step["kept"] for step in told["steps"]] == [60, 60, 58, 54, 51, 49, 47, 47, 47]


def test_explain_tells_a_story_as_text_and_as_json(data: Path) -> None:
    uuid = uuid_of_source("GBIF", "40")
    assert run("explain", data, uuid[:12]).stdout.startswith(f"{uuid}: dropped by leaks: leak\n")
    assert json.loads(run("explain", data, uuid, "--json").stdout)["leaks"][0] == {"benchmark": "newt", "key": "pdq"}
    with pytest.raises(EmptyInput, match=r'no image of .* is "nothing"'):
        run("explain", data, "nothing")
    with pytest.raises(UsageError, match='"occurrence:3" means 2 images'):
        run("explain", data, "occurrence:3")


def test_report_names_the_page_it_wrote(data: Path) -> None:
    assert run("report", data).stdout == f"report: {data / 'report.html'}\n"
    assert (data / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_update_writes_its_tables_and_prints_the_difference(data: Path, tmp_path: Path) -> None:
    done = run("compare", data, data / "catalog.parquet", "--out", tmp_path / "changes", "--csv")
    assert "60  unchanged" in done.stdout
    assert sorted(path.name for path in (tmp_path / "changes").iterdir()) == [
        "changes.csv", "changes.parquet", "take_down.csv",
    ]  # fmt: skip
    assert json.loads(run("compare", data, data, "--out", tmp_path / "changes", "--json").stdout)["same"] == 60


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_help_ends_in_an_example(verb: str) -> None:
    text = run(verb, "--help").stdout
    assert f"thuja curate {verb} data" in text.split("Example:")[1].split("Options:")[0]
