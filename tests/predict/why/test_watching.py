"""`--explain` and `--html` as a user calls them."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from thuja.cli.predict import predict
from thuja.errors import OutputExists, UsageError
from thuja.predict.why.explanations import ROWS


def run(*words: object) -> Result:
    return CliRunner().invoke(predict, [str(word) for word in words], catch_exceptions=False)


def test_every_answer_is_explained_and_every_image_stands_on_the_page(
    model_folder: Path, pictures: Path, tmp_path: Path
) -> None:
    why, page = tmp_path / "why", tmp_path / "page.html"
    result = run(pictures, "--model", model_folder, "-k", 2, "--explain", why, "--html", page, "--rank", "genus")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in (why / ROWS).read_text(encoding="utf-8").splitlines()]
    assert [row["png"] for row in rows] == ["a.png", "c.png", "d.png"]
    assert {path.name for path in why.glob("*.png")} == {"a.png", "c.png", "d.png"}
    for row in rows:
        assert row["answer"]["score"] >= row["rival"]["score"] > 0
        assert len(row["heat"]) == len(row["heat"][0]) == 2
        assert row["seen"] == [0, 0, 1, 1]
    html = page.read_text(encoding="utf-8")
    assert len(re.findall('<li class="card"', html)) == 3
    assert len(re.findall('<li class="card failed"', html)) == 1
    assert html.count('alt="heat map"') == 3


def test_the_answers_are_the_same_with_and_without_asking_why(
    model_folder: Path, pictures: Path, tmp_path: Path
) -> None:
    plain = run(pictures, "--model", model_folder)
    asked = run(pictures, "--model", model_folder, "--explain", tmp_path / "why", "--max-page", 1)
    assert asked.stdout == plain.stdout
    assert len(list((tmp_path / "why").glob("*.png"))) == 1


def test_a_page_that_is_there_and_an_input_that_is_read_once_are_refused_before_any_work(
    model_folder: Path, pictures: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine")
    with pytest.raises(OutputExists, match=r"page\.html is there already"):
        run(pictures, "--model", model_folder, "--html", page)
    assert page.read_text() == "mine"
    with pytest.raises(UsageError, match="standard input cannot be read again"):
        run("-", "--model", model_folder, "--html", tmp_path / "other.html")
    assert not (tmp_path / "other.html").exists()
