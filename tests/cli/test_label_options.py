"""The options on labels, through a small command."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from thuja.cli.label_options import LabelOptions, label_options
from thuja.errors import EmptyInput, UsageError


def given(*arguments: str) -> LabelOptions:
    """What a command is handed."""
    seen: list[LabelOptions] = []

    @click.command()
    @click.option("--rank")
    @label_options
    def command(rank: str | None, labels: LabelOptions) -> None:
        labels.require_sense(rank)
        seen.append(labels)

    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return seen[0]


def test_nothing_said_is_every_label() -> None:
    labels = given("--rank", "family")
    assert (labels.custom(), labels.space, labels.is_custom) == (None, None, False)
    assert labels.choice().is_all


def test_clades_and_a_checklist_are_a_choice_at_any_rank(tmp_path: Path) -> None:
    labels = given(
        "--labels",
        str(tmp_path),
        "--within",
        "Aves",
        "--within",
        "Plantae",
        "--checklist",
        "a.csv",
        "--add",
        "--rank",
        "genus",
    )
    choice = labels.choice()
    assert (choice.within, choice.checklist, choice.add) == (("Aves", "Plantae"), Path("a.csv"), True)
    assert (labels.space, labels.custom()) == (tmp_path, None)


def test_labels_of_ones_own_come_from_options_a_file_or_bins(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('label\n"raven, common"\nfox\n')
    (tmp_path / "bins.csv").write_text("label,bin\nraven,bird\nfox,mammal\ncrow,bird\n")
    assert given("--label", "a  moth", "--label", "a, b").custom() == ["a moth", "a, b"]
    assert given("--labels", str(tmp_path / "a.csv")).custom() == ["raven, common", "fox"]
    binned = given("--bins", str(tmp_path / "bins.csv"))
    assert (binned.custom(), binned.read_bins().names) == (["raven", "fox", "crow"], ("bird", "mammal"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--label", "a", "--labels", "b.txt"], "--label and --labels exclude each other"),
        (["--labels", "b.txt", "--bins", "c.csv"], "--labels and --bins exclude each other"),
        (["--bins", "c.csv", "--rank", "family"], "--rank is for taxa, and --bins gives labels that are texts"),
        (["--label", "a", "--within", "Aves"], "--within is for taxa, and --label gives labels that are texts"),
        (["--labels", "b.txt", "--checklist", "c"], "--checklist is for taxa, and --labels gives labels that are"),
        (["--within", "Aves", "--add"], "--add makes labels of what a checklist names, and there is none"),
    ],
)
def test_what_contradicts_itself_is_one_sentence(arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        given(*arguments)


def test_a_label_twice_and_none_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='the label "a" stands twice'):
        given("--label", "a", "--label", " a").custom()
    with pytest.raises(EmptyInput, match="the list of labels is empty"):
        given("--label", " ").custom()
