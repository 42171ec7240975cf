"""`thuja captions examples` as a user calls it."""

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from thuja.cli.captions_examples import examples
from thuja.errors import ThujaError

FISH = "1.A red fish with long fins.  \xa0 \n\n2. A blue fish with short fins."
ASKER = '''
"""Writes two sentences about whatever group it is asked for."""
import re

def answer(text):
    if "Nuda" in text:
        return "no"
    name = re.search("the class (\\\\w+)", text)[1]
    first = f'{{"sentence": "The first of {name} is red.", "source": "Book"}}'
    return f'[{first}, {{"sentence": "Another {name} has blue fins."}}]'

NUMBER = 1
'''


def run(*words: object) -> Result:
    return CliRunner().invoke(examples, [str(word) for word in words])


def refusal(*words: object) -> ThujaError:
    error = run(*words).exception
    assert isinstance(error, ThujaError), error
    return error


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pl.DataFrame({"class": ["Actinopterygii", "Mammalia"], "description": [FISH, None]}).write_parquet(
        tmp_path / "examples.parquet"
    )
    rows = {"Actinopterygii": 2, "Aves": 3, "Mammalia": 1, "Nuda": 1}
    phyla = {"Nuda": "Ctenophora"}
    pl.DataFrame(
        [("Animalia", phyla.get(name, "Chordata"), name) for name, count in rows.items() for _ in range(count)],
        schema=["kingdom", "phylum", "class"],
        orient="row",
    ).write_csv(tmp_path / "data.csv")
    (tmp_path / "thuja_test_asker.py").write_text(ASKER)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_groups_are_listed_with_whose_examples_they_get(tables: Path) -> None:
    result = run("list", tables / "data.csv", "--examples", tables / "examples.parquet")
    assert result.stdout.splitlines() == [
        "group,rows,examples,nearness,from",
        "Aves,3,2,near,Actinopterygii",
        "Actinopterygii,2,2,own,Actinopterygii",
        "Mammalia,1,2,near,Actinopterygii",
        "Nuda,1,2,near,Actinopterygii",
    ]
    assert run("list", "--examples", tables / "examples.parquet").stdout == "group,examples\nActinopterygii,2\n"
    assert run("list", tables / "data.csv").stdout.splitlines()[1] == "Aves,3,3,built-in,"


def test_what_is_proposed_is_used_once_it_is_accepted(tables: Path) -> None:
    out, accepted = tables / "proposals.csv", tables / "accepted.csv"
    propose = ("propose", tables / "data.csv", "--examples", tables / "examples.parquet", "--out", out)
    first = run(*propose, "--ask", "thuja_test_asker:answer", "--limit", 1)
    assert first.stderr.splitlines() == [
        "3 of 4 groups lack examples, 1 are asked for",
        f"2 examples for review: {out}",
        f"next: thuja captions examples review {out}",
    ]
    rest = run(*propose, "--ask", "thuja_test_asker:answer")
    assert rest.stderr.splitlines() == [
        "2 of 4 groups lack examples, 2 are asked for",
        'no example in the answer for Nuda: "no"',
        f"4 examples for review: {out}, the answers for 1 could not be read",
        f"next: thuja captions examples review {out}",
    ]
    assert run("review", out).stdout.splitlines() == [
        "row,status,group,example,source,remark",
        "1,proposed,Aves,The first of Aves is red.,Book,",
        "2,proposed,Aves,Another Aves has blue fins.,,no source",
        "3,proposed,Mammalia,The first of Mammalia is red.,Book,",
        "4,proposed,Mammalia,Another Mammalia has blue fins.,,no source",
    ]
    both = ("list", tables / "data.csv", "--examples", tables / "examples.parquet", "--examples", out)
    assert "Aves,3,2,near,Actinopterygii" in run(*both).stdout
    done = run("review", out, "--accept", "1,3-4", "--reject", 2, "--into", accepted)
    assert done.stderr.splitlines() == [f"3 examples: {accepted}", f"0 proposed, 3 accepted, 1 rejected: {out}"]
    assert "Aves,3,1,own,Aves\n" in run(*both).stdout
    assert "Mammalia,1,2,own,Mammalia\n" in run("list", tables / "data.csv", "--examples", accepted).stdout
    assert pl.read_csv(accepted)["status"].to_list() == ["accepted"] * 3


def test_what_cannot_be_done_is_said_in_one_sentence(tables: Path) -> None:
    data, out = tables / "data.csv", ("--out", tables / "x.csv")
    assert "takes a language model" in refusal("propose", data, *out).message
    assert "cannot import nothing_here:f" in refusal("propose", data, *out, "--ask", "nothing_here:f").message
    assert "is no function" in refusal("propose", data, *out, "--ask", "thuja_test_asker:NUMBER").message
    assert "is no function" in refusal("propose", data, *out, "--ask", "thuja_test_asker").message
    assert "is no table" in refusal("propose", data, "--out", tables / "x.txt", "--ask", "a:b").message
    assert "unknown rank" in refusal("list", data, "--rank", "clas").message
    assert "cannot read" in refusal("review", tables / "none.csv").message
    assert (
        "columns that would be lost: description"
        in refusal("review", tables / "examples.parquet", "--reject", 1).message
    )
    assert not (tables / "x.csv").exists()


def test_nothing_to_list_and_answers_without_examples_are_said(tables: Path) -> None:
    """`list` printed a heading alone, and a table for review was named that was never written."""
    assert "there is nothing to list" in refusal("list").message
    out = tables / "proposals.csv"
    (tables / "one.csv").write_text("phylum,class\nCtenophora,Nuda\n")
    said = run("propose", tables / "one.csv", "--ask", "thuja_test_asker:answer", "--out", out).stderr.splitlines()
    assert said[1:] == [
        'no example in the answer for Nuda: "no"',
        "0 examples for review, the answers for 1 could not be read",
    ]
    assert not out.exists()
