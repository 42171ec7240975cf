"""The options of inputs and outputs, through a command that says what it was handed."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from thuja.cli.output_options import OutputChoice, output_options
from thuja.errors import OutputExists, UnknownName, UsageError


def chosen(*words):
    """What a command is handed for these words."""
    handed = []

    @click.command()
    @output_options
    def command(*, output: OutputChoice) -> None:
        handed.append(output)

    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return handed[0]


@pytest.mark.parametrize(
    ("words", "format_"),
    [
        ((), "csv"),
        (("--format", "jsonl"), "jsonl"),
        (("--out", "x.csv"), "csv"),
        (("--out", "x.JSON"), "jsonl"),
        (("--out", "x.pq"), "parquet"),
        (("--out", "x.txt"), "table"),
        (("--out", "x"), "csv"),
        (("--out", "observations.csv", "--format", "camtrap-dp"), "camtrap-dp"),
        (("--out", "x.csv", "--format", "pybioclip"), "pybioclip"),
    ],
)
def test_the_format_is_the_one_named_or_the_suffixs(words, format_):
    assert chosen(*words).settled_format() == format_


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("--format", "xml"), UnknownName, "xml"),
        (("--out", "x.xlsx"), UnknownName, "xlsx"),
        (("--out", "x.inaturalist"), UnknownName, "inaturalist"),
        (("--format", "parquet"), UsageError, "stdout"),
        (("--format", "csv", "--out", "x.parquet"), UsageError, "named as Parquet"),
    ],
)
def test_a_format_that_cannot_be_is_said(words, error, said):
    with pytest.raises(error, match=said):
        chosen(*words).settled_format()


def test_a_file_has_its_parts_and_its_log_beside_it_and_stdout_has_neither(tmp_path):
    output = chosen("--out", str(tmp_path / "x.csv"))
    assert output.target() == (tmp_path / "x.csv", tmp_path / "x.csv.parts")
    assert output.log_file() == tmp_path / "x.csv.log.json"
    assert chosen().target()[1] is None
    assert chosen().log_file() is None
    assert chosen("--log", "l.json").log_file() == Path("l.json")


def test_an_output_that_is_there_is_replaced_only_when_forced(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("mine")
    for option in ("--out", "--log"):
        with pytest.raises(OutputExists, match="--force"):
            chosen(option, str(path)).target()
    assert chosen("--out", str(path), "--force").target()[0] == path


def test_how_inputs_are_read_is_one_thing():
    given = chosen("--column", "url", "--boxes", "md.json", "--min-conf", "0.4", "--group-by", "event").given()
    assert (given.column, given.detector_file, given.min_conf) == ("url", Path("md.json"), 0.4)
    assert (given.box_columns, given.group_by) == ((), "event")
    assert chosen("--boxes", "x, y, width, height").given().box_columns == ("x", "y", "width", "height")
    assert chosen("--keep", "site", "--keep", "date").kept == ("site", "date")


def test_a_backbone_that_is_not_installed_is_said():
    assert chosen().identifiers() is None
    with pytest.raises(UnknownName, match="nowhere"):
        chosen("--ids", "nowhere").identifiers()
