from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from thuja.cli.example_options import ExampleChoice, example_options
from thuja.embeddings import Embeddings
from thuja.errors import OutputExists, UsageError
from thuja.predict import PredictorOptions
from thuja.predict.examples.answering import learnt_examples


@click.command()
@example_options
def command(examples: ExampleChoice) -> None:
    examples.check()
    click.echo(f"{examples.settled_blend} {examples.learning().head}")


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    truth = np.arange(40) % 2
    Embeddings(
        ids=[str(row) for row in range(40)],
        vectors=(np.eye(4)[truth] + 0.2 * np.random.default_rng(0).normal(size=(40, 4))).astype(np.float32),
        model="m",
        columns=pa.table({"label": [f"class {label}" for label in truth], "sex": ["m", "f"] * 20}),
    ).save(tmp_path / "vectors.parquet")
    return tmp_path / "vectors.parquet"


def said(*arguments: object) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    return result.output.strip() if result.exception is None else str(result.exception)


def learnt(choice, *, model="m"):
    """By an encoder that is asked for its model's id alone: embeddings are not encoded again."""
    encoder = SimpleNamespace(model=SimpleNamespace(id=model))
    return learnt_examples(encoder, PredictorOptions(examples=choice.examples, learning=choice.learning()))


def test_the_options_come_as_one_argument(vectors):
    assert said() == "auto auto"
    assert said("--examples", vectors, "--blend", "0.25") == "0.25 auto"
    assert said("--examples", vectors, "--blend", "none", "--head", "knn") == "none knn"


@pytest.mark.parametrize(
    "options", [("--head", "knn"), ("--target", "sex"), ("--blend", "0.5"), ("--save-examples", "x"), ("--votes", "2")]
)
def test_options_about_examples_need_examples(options):
    assert f"{options[0]} is about examples, and there are none" in said(*options)


def test_contradictions_are_refused(vectors, tmp_path):
    for blend in ("1.5", "half"):
        assert f'got "{blend}"' in said("--examples", vectors, "--blend", blend)
    assert "the head is probe" in said("--examples", vectors, "--head", "probe", "--votes", 3)
    assert "write into the examples" in said("--examples", vectors, "--save-examples", vectors)
    (tmp_path / "examples.json").write_text("{}")
    for option in (("--head", "knn"), ("--target", "sex"), ("--observation", "o"), ("--save-examples", "x")):
        assert "was learnt already" in said("--examples", tmp_path, *option)


def test_what_is_learnt_is_saved_and_opened_again(vectors, tmp_path):
    plain = ExampleChoice(vectors, "centroid", None, "auto", ("sex",), None, None, tmp_path / "saved")
    plain.check()
    first = learnt(plain)
    plain.save(first)
    saved = ExampleChoice(tmp_path / "saved", None, None, "auto", (), None, None, None)
    again = learnt(saved)
    asked = np.eye(4)[:2]
    np.testing.assert_allclose(first.judge(asked), again.judge(asked), atol=1e-6)
    assert again.guesses(asked) == first.guesses(asked)
    assert again.digest == first.digest
    with pytest.raises(OutputExists):
        plain.check()
    with pytest.raises(UsageError, match="not with other"):
        learnt(saved, model="other")


def test_without_examples_nothing_is_learnt():
    assert learnt(ExampleChoice(None, None, None, "auto", (), None, None, None)) is None
