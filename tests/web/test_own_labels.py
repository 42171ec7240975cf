"""Labels of one's own are read in as many prompts as there is time for, and each once."""

import numpy as np
import pytest

from thuja.encode import encode_texts
from thuja.errors import UsageError
from thuja.model import SHAPES
from thuja.phrasing import FEW_PROMPTS, PROMPTS
from thuja.predict import Predictor
from thuja.predict.remarks import Remark
from thuja.web import own_labels
from thuja.web.own_labels import PLAIN, OwnLabels, tokens_in_time

MOTHS = ["a grey moth", "a red moth"]  # of six tokens each


@pytest.mark.parametrize(("most", "prompts"), [(960, PROMPTS), (959, FEW_PROMPTS), (84, FEW_PROMPTS), (83, PLAIN)])
def test_many_labels_are_read_in_fewer_prompts_and_that_is_said(
    predictor: Predictor, most: int, prompts: tuple[str, ...]
) -> None:
    """30 labels through the text tower of a ViT-L took 38 seconds of a core, 500 eleven minutes."""
    own = OwnLabels(predictor, most=most)
    space = own.labels(MOTHS)
    assert space.texts == MOTHS
    assert space.vectors == pytest.approx(encode_texts(predictor.model, MOTHS, prompts=prompts), abs=1e-5)
    few = "one prompt" if prompts is PLAIN else f"{len(prompts)} prompts"
    told = (Remark(f"2 own labels were read in {few} of 80, to answer in time", "thuja predict takes all"),)
    assert own.told(MOTHS) == (() if prompts is PROMPTS else told)


def test_a_label_is_read_once_whatever_stands_beside_it(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(model: object, texts: list[str], *, prompts: tuple[str, ...]) -> np.ndarray:
        read.extend(texts)
        return encode_texts(predictor.model, texts, prompts=prompts)

    monkeypatch.setattr(own_labels, "encode_texts", counted)
    own = OwnLabels(predictor, most=1e9)
    first = own.labels(MOTHS)
    again = own.labels(["a wasp", *MOTHS[::-1]])
    assert read == [*MOTHS, "a wasp"]
    assert np.array_equal(again.vectors[1:], first.vectors[::-1])
    with pytest.raises(UsageError, match="stands twice"):
        own.labels(["a wasp", "a  wasp"])


def test_a_processor_has_time_for_a_bounded_work_and_an_accelerator_for_all() -> None:
    small, large = (tokens_in_time(SHAPES[name].text, device="cpu") for name in ("ViT-B-16", "ViT-L-14"))
    assert small / large == (768 / 512) ** 2
    assert tokens_in_time(SHAPES["ViT-L-14"].text, device="cuda") == float("inf")


def test_the_few_prompts_are_of_the_eighty() -> None:
    assert set(FEW_PROMPTS) <= set(PROMPTS)
    assert set(PLAIN) <= set(PROMPTS)
