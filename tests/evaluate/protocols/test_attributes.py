"""Attributes on arrays: what the public thresholds and means count, and what should be counted."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from thuja.errors import EmptyInput, UsageError
from thuja.evaluate.protocols.attribute_scores import Headline
from thuja.evaluate.protocols.attributes import Attributes, hold_out, with_fit
from thuja.evaluate.task import BOTH, Images, Measure, View, Way
from thuja.metrics.bootstrap import mean_over_clusters


def echo(taught, labels, asked, *, held, rate, epochs, seed):
    """A probe that answers an image by its own vector."""
    return asked


def attributes(truth, is_taught, groups=None, headline=Headline.EXACT) -> Attributes:
    truth = np.asarray(truth, dtype=bool)
    count, labels = truth.shape
    return Attributes(
        images=Images(folder=Path("nowhere"), paths=tuple(f"{row}.jpg" for row in range(count))),
        labels=tuple(f"label {row}" for row in range(labels)),
        truth=truth,
        is_taught=np.asarray(is_taught, dtype=bool),
        groups=tuple(groups or [f"species {row}" for row in range(count)]),
        headline=headline,
        rate=1e-3,
        fit=echo,
    )


def value(measures, name, way, part="") -> Measure:
    (found,) = [one for one in measures if (one.name, one.way, one.part) == (name, way, part)]
    return found


def test_a_probability_between_a_half_and_62_hundredths_is_no_publicly_and_yes_corrected() -> None:
    logits = np.array([[9, 9], [0.3, -1], [0.3, -1], [0.7, -1], [-0.1, -1], [9, 9]], dtype=np.float32)
    truth = [[1, 1], [1, 0], [0, 0], [1, 0], [0, 0], [1, 1]]
    opened = attributes(truth, [1, 0, 0, 0, 0, 1])
    assert 0.5 < 1 / (1 + np.exp(-0.3)) < 0.62
    outcome = opened.measure(View(vectors=logits), BOTH)
    assert value(outcome.measures, "exact match", Way.PUBLIC).value == 3 / 4  # wrong: the second, a yes
    assert value(outcome.measures, "exact match", Way.CORRECTED).value == 3 / 4  # wrong: the third, a no
    answers = outcome.answers.to_pylist()
    first = [row["answer"] for row in answers if row["path"] == "1.jpg" and row["run"] == 0]
    assert first == ["", "label 0"]
    assert {row["truth"] for row in answers if row["path"] == "1.jpg"} == {"label 0"}


def test_the_published_macro_f1_is_that_of_the_first_two_attributes() -> None:
    """np.unique of many yes-or-no labels is [0, 1], which scikit-learn takes for two columns."""
    generator = np.random.default_rng(0)
    truth = generator.random((80, 6)) > 0.5
    logits = np.where(generator.random((80, 6)) > 0.3, truth, ~truth) * 4.0 - 2
    opened = attributes(truth, np.arange(80) < 20, headline=Headline.MACRO_F1)
    measures = opened.measure(View(vectors=logits.astype(np.float32)), BOTH).measures
    asked, said = truth[20:], logits[20:] > 0.5
    as_the_script = f1_score(asked, said, average="macro", labels=np.unique(asked))
    published = value(measures, "macro-F1", Way.PUBLIC)
    assert published.value == pytest.approx(as_the_script)
    assert as_the_script == pytest.approx(np.mean([f1_score(asked[:, n], said[:, n]) for n in (0, 1)]))
    assert "label 0 and label 1" in published.note
    assert value(measures, "macro-F1", Way.PUBLIC, "all labels").value == pytest.approx(
        f1_score(asked, said, average="macro")
    )
    assert value(measures, "macro-F1", Way.CORRECTED).value == pytest.approx(f1_score(asked, said, average="macro"))
    assert value(measures, "micro-F1", Way.CORRECTED).value == pytest.approx(f1_score(asked, said, average="micro"))
    precision = average_precision_score(asked, logits[20:], average=None)
    mean = value(measures, "mAP", Way.CORRECTED)
    assert mean.value == pytest.approx(precision.mean())
    assert mean.low < mean.value < mean.high
    assert value(measures, "average precision", Way.CORRECTED, "label 3").value == pytest.approx(precision[3])
    assert value(measures, "prevalence", Way.CORRECTED, "label 3").value == asked[:, 3].mean()


def test_baselines_are_the_commonest_set_of_labels_and_yes_to_all() -> None:
    truth = [[1, 0], [1, 0], [0, 1], [1, 0], [1, 1], [0, 0], [1, 0]]
    opened = attributes(truth, [1, 1, 1, 0, 0, 0, 0])
    measures = opened.measure(View(vectors=np.zeros((7, 2), np.float32)), BOTH).measures
    for way in BOTH:
        assert value(measures, "exact match", way, "majority").value == 2 / 4
        assert value(measures, "exact match", way, "yes to all").value == 1 / 4
        # yes to all: of label 0 three of four are true, of label 1 one of four
        assert value(measures, "macro-F1", way, "yes to all").value == pytest.approx((6 / 7 + 2 / 5) / 2)


def test_groups_met_in_training_are_told_apart_from_the_others() -> None:
    truth = [[1], [1], [1], [1], [1], [1]]
    logits = np.array([[1], [1], [1], [-1], [-1], [1]], dtype=np.float32)
    opened = attributes(truth, [1, 0, 0, 0, 0, 1], groups=["pike", "pike", "pike", "eel", "eel", "pike"])
    measures = opened.measure(View(vectors=logits), [Way.CORRECTED]).measures
    assert value(measures, "exact match", Way.CORRECTED, "groups met in training").value == 1
    assert value(measures, "exact match", Way.CORRECTED, "groups not met").value == 0
    whole = value(measures, "exact match", Way.CORRECTED)
    assert (whole.value, whole.low, whole.high, whole.clusters, whole.units) == (0.5, 0, 1, 2, 4)


def test_runs_are_averaged_and_their_spread_is_told() -> None:
    def fit(taught, labels, asked, *, held, rate, epochs, seed):
        return asked + (10 if seed == 6 else 0)

    opened = with_fit(attributes([[1], [1], [0]], [1, 0, 0]), fit)
    measure = value(
        opened.measure(View(vectors=np.full((3, 1), 2.0)), [Way.PUBLIC], seed=5).measures, "exact match", Way.PUBLIC
    )
    assert (measure.value, measure.spread) == (0.5, 0)
    opened = with_fit(attributes([[1], [1], [1]], [1, 0, 0]), fit)
    measure = value(
        opened.measure(View(vectors=np.full((3, 1), -2.0)), [Way.PUBLIC], seed=5).measures, "exact match", Way.PUBLIC
    )
    assert measure.value == pytest.approx(1 / 3)
    assert measure.spread == pytest.approx(np.std([0, 1, 0]))


def test_intervals_are_those_of_the_mean_over_redrawn_clusters() -> None:
    generator = np.random.default_rng(0)
    truth, logits = generator.random((300, 3)) > 0.5, generator.standard_normal((300, 3)).astype(np.float32)
    groups = [f"s{number}" for number in generator.integers(40, size=300)]
    opened = attributes(truth, np.arange(300) < 100, groups=groups)
    measure = value(opened.measure(View(vectors=logits), [Way.PUBLIC]).measures, "exact match", Way.PUBLIC)
    hits = ((logits > 0.5) == truth).all(axis=1)[100:]
    _, clusters = np.unique(groups[100:], return_inverse=True)
    expected = mean_over_clusters(hits, clusters, np.random.default_rng(0))
    assert (measure.value, measure.low, measure.high) == pytest.approx((expected.value, expected.low, expected.high))
    assert measure.low < measure.value < measure.high


def test_whole_groups_are_held_out_and_some_are_left() -> None:
    groups = np.repeat([f"s{n}" for n in range(30)], np.arange(1, 31))
    for seed in range(20):
        held = hold_out(groups, seed=seed)
        inside, outside = set(groups[held]), set(np.delete(groups, held))
        assert not inside & outside
        assert outside
        assert 0.1 <= len(held) / len(groups) <= 0.1 + 30 / len(groups)
    assert len(hold_out(np.array(["one"] * 50), seed=0)) == 5
    assert len(hold_out(np.array(["one", "two"]), seed=0)) == 1
    with pytest.raises(EmptyInput):
        hold_out(np.array(["one"]), seed=0)


def test_a_selection_asks_the_same_of_fewer() -> None:
    opened = attributes([[1], [0], [1], [0]], [1, 0, 0, 0], groups=["a", "b", "c", "d"]).select([2, 0])
    assert opened.images.paths == ("2.jpg", "0.jpg")
    assert (opened.truth.tolist(), opened.is_taught.tolist(), opened.groups) == (
        [[True], [True]],
        [False, True],
        ("c", "a"),
    )


def test_without_a_probe_or_without_questions_it_says_so() -> None:
    view = View(vectors=np.zeros((2, 1), np.float32))
    with pytest.raises(UsageError, match="probe"):
        with_fit(attributes([[1], [0]], [1, 0]), None).measure(view, BOTH)
    for is_taught in ([1, 1], [0, 0]):
        with pytest.raises(EmptyInput):
            attributes([[1], [0]], is_taught).measure(view, BOTH)
