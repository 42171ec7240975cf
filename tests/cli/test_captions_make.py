"""`thuja captions make` and `report` as a user meets them: a real server, and every slip said in a sentence."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from tests.captions.chat_server import Behaviour, serving
from tests.captions.make.scripted import write_shards

from thuja.captions import CaptionerStopped
from thuja.cli.captions import captions
from thuja.cli.captions_server_options import per_minute
from thuja.errors import OutputExists, ThujaError, UsageError


def run(*words: object) -> Result:
    return CliRunner().invoke(captions, [str(word) for word in words])


def error_of(*words: object) -> ThujaError:
    found = run(*words).exception
    assert isinstance(found, ThujaError), found
    return found


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    return write_shards(tmp_path / "in", {"train": [6]})


def test_pictures_go_through_a_server_into_a_table_and_a_page(shards: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "out", tmp_path / "page.html"
    with serving(Behaviour(refusal=0.2)) as site:
        done = run("make", shards, "--server", site.url, "--out", out, "--concurrency", 3, "--strategy", "bare")
    assert done.exit_code == 0, done.exception
    assert done.stdout.startswith("6 pictures = ")
    rows = pq.read_table(out / "captions.parquet").to_pylist()
    assert {row["model"] for row in rows} == {"thuja-test"}
    assert all(row["prompt_tokens"] > 0 for row in rows)
    assert run("report", out, "--out", page).stdout == f"report: {page}\n"
    assert isinstance(error_of("report", out, "--out", page), OutputExists)


def test_a_budget_ends_the_run_in_one_sentence_and_more_of_it_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    shards = write_shards(tmp_path / "more", {"train": [14]})
    with serving(Behaviour()) as site:
        words = ["make", shards, "--server", site.url, "--out", out, "--concurrency", 1, "--strategy", "bare"]
        prices = ["--price-in", 1000, "--price-out", 1000, "--budget"]
        stopped = error_of(*words, *prices, 4)
        assert isinstance(stopped, CaptionerStopped)
        assert "the budget of 4 does not reach" in stopped.message
        assert f"what is done is kept in {out}: --resume goes on" in stopped.hint
        done = run(*words, *prices, 50, "--resume")
    assert done.exit_code == 0, done.exception
    cost = sum(row["cost"] for row in pq.read_table(out / "captions.parquet").to_pylist())
    assert 4 < cost < 10


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        (Behaviour(key="right"), "key"),
        (Behaviour(has_vision=False), "image"),
        (Behaviour(model="other"), "thuja-test"),
    ],
)
def test_a_server_that_cannot_do_it_is_told_before_anything_is_written(
    behaviour: Behaviour, sentence: str, shards: Path, tmp_path: Path
) -> None:
    with serving(behaviour) as site:
        words = ["make", shards, "--server", site.url, "--model", "thuja-test", "--out", tmp_path / "out"]
        assert sentence in str(error_of(*words))
    assert not (tmp_path / "out").exists()


def test_prompts_are_printed_without_a_server(shards: Path) -> None:
    shown = run("make", shards, "--prompts-only", 2, "--strategy", "bare").stdout
    assert shown.count("--- request") == 2
    assert "Organism: raven (Corvus corax)" in shown


def test_a_function_of_ones_own_is_a_captioner(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_captioner_of_this_test.py").write_text(
        "def caption(image, prompt):\n    return 'A raven, a magpie or an oak with plain sides and a striped back.'\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    named = "own_captioner_of_this_test:caption"
    done = run("make", shards, "--captioner", named, "--out", "out", "--table-only", "--reject-repeats")
    assert done.stdout.startswith("6 pictures = "), done.exception
    assert isinstance(error_of("make", shards, "--captioner", "json:nothing", "--out", "other"), UsageError)


def test_slips_are_said(shards: Path, tmp_path: Path) -> None:
    assert "nobody is named" in str(error_of("make", shards, "--out", tmp_path / "out"))
    assert "there is no output" in str(error_of("make", shards, "--server", "http://127.0.0.1:9/v1"))
    both = ["--server", "http://127.0.0.1:9/v1", "--captioner", "a:b"]
    assert "exclude each other" in str(error_of("make", shards, "--out", tmp_path / "out", *both))
    assert "MODULE:FUNCTION" in str(error_of("make", shards, "--out", tmp_path / "out", "--captioner", "caption"))


@pytest.mark.parametrize(("rate", "number"), [("600", 600), ("600/min", 600), ("10/s", 600), ("36000/h", 600)])
def test_a_rate_is_of_any_unit(rate: str, number: int) -> None:
    assert per_minute(rate) == number


@pytest.mark.parametrize("rate", ["fast", "0", "1/h", "-3/s"])
def test_no_rate_is_said(rate: str) -> None:
    with pytest.raises(UsageError, match="no such rate"):
        per_minute(rate)
