"""Figures say what they are given, in the page's ink, and the same twice."""

import re

import numpy as np
import pytest

from thuja.errors import BadFile
from thuja.evaluate import Method, Score, figures
from thuja.report import INK
from thuja.taxonomy import Rank, Taxon


def words(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def score(rank, method, share):
    return Score(
        task="zero-shot", split="test", rank=rank, method=method, accuracy=share, macro=share,
        candidates=4, classes=4, images=9, accuracy_interval=(share / 2, share),
    )  # fmt: skip


def test_curves_show_every_kind_of_number_that_was_logged_and_skip_what_is_none():
    rows = [{"step": 1, "loss": 2.0, "epoch": 0.1}, {"step": 2, "loss": 1.0, "val_species": 0.5, "lr": float("nan")}]
    svg = figures.training_curves(rows)
    assert {"loss", "validation", "step"} <= set(words(svg))
    assert "learning rate" not in words(svg)
    assert INK in svg
    assert svg == figures.training_curves(rows)


def test_nothing_logged_is_no_figure():
    assert figures.training_curves([]) is None


def test_metrics_that_are_not_json_lines_are_a_bad_file(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\nnonsense\n')
    with pytest.raises(BadFile, match=r"metrics\.jsonl cannot be read"):
        figures.read_metrics(tmp_path)


def test_bars_name_ranks_and_methods_that_have_a_score_only():
    scores = [score("family", Method.MODEL, 0.5), score("family", Method.CHANCE, 0.25)]
    said = words(figures.rank_bars(scores, measure="accuracy"))
    assert {"family", "model, text at the rank", "chance"} <= set(said)
    assert "raw pixels" not in said
    assert figures.rank_bars([], measure="accuracy") is None


def test_a_confusion_map_shows_the_commonest_taxa_in_their_order():
    table = np.diag([5, 1, 0, 9])
    said = words(figures.confusion_map(table, ["Aa", "Bb", "Cc", "Dd"], title="family", most=2))
    assert [name for name in said if name in {"Aa", "Bb", "Cc", "Dd"}] == ["Aa", "Dd", "Aa", "Dd"]


@pytest.mark.parametrize("count", [3, 12, 40])
def test_a_flat_map_has_a_point_a_picture_and_is_the_same_twice(count):
    vectors = np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32)
    points = figures.flat_map(vectors)
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()
    np.testing.assert_array_equal(points, figures.flat_map(vectors))


def test_clusters_far_apart_stay_apart_on_the_flat_map():
    place = np.repeat([0, 1], 25)
    vectors = np.eye(6, dtype=np.float32)[place * 5] * 9 + np.random.default_rng(0).normal(size=(50, 6))
    points = figures.flat_map(vectors.astype(np.float32))
    centres = np.stack([points[place == side].mean(axis=0) for side in (0, 1)])
    nearest = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, place)


def test_a_map_names_eight_taxa_and_counts_the_others():
    taxa = [Taxon(family=f"F{n:02}", genus="G") for n in range(11) for _ in range(2)]
    points = np.random.default_rng(0).normal(size=(22, 2))
    said = words(figures.rank_maps(points, taxa, [Rank.FAMILY]))
    assert "3 others" in said
    assert "family (11)" in said
    assert sum(name.startswith("F") for name in said) == 8


def test_dollar_signs_in_a_name_are_no_formula():
    """matplotlib read what stood between two dollar signs as a formula, and could not parse it."""
    svg = figures.confusion_map(np.eye(2, dtype=np.int64), ["$\\odd$", "plain"], title="family")
    assert "$\\odd$" in words(svg)
