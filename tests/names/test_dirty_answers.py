"""Real dirty names judged by hand, and a small truth set: the figures of docs/benchmarks.md hold, with some room."""

import polars as pl
import pytest

from names_dirty import Dirty, judge_dirty
from thuja.names.vernacular import vernacular_file


@pytest.fixture(scope="module")
def dirty() -> Dirty:
    return judge_dirty()


@pytest.mark.slow
def test_of_real_dirty_names_one_in_a_hundred_at_most_is_answered_wrongly(dirty: Dirty) -> None:
    """English names may not be installed, so common names are left out."""
    names = dirty.names.filter(pl.col("kind") != "common_name")
    if not vernacular_file().is_file():
        names = names.filter(~pl.col("kind").is_in(["disease_label", "domestic", "higher_taxon"]))
    counts = dict(names.group_by("verdict").len().iter_rows())
    assert counts.get("wrong", 0) <= len(names) / 100
    assert counts["right"] >= 0.8 * len(names)


@pytest.mark.slow
def test_taxa_answered_with_a_score_of_nine_in_ten_hold_as_often(dirty: Dirty) -> None:
    for count, score, holds in dirty.reliability():
        assert holds >= score - 3 * (score * (1 - score) / count) ** 0.5 - 0.02


@pytest.mark.slow
def test_damaged_names_are_found_again_and_absent_ones_are_not_taken_for_others() -> None:
    import tempfile
    from pathlib import Path

    from names import judge_all
    from names_damage import make_truth
    from names_judging import calibration_error, summarise
    from names_world import World

    truth = make_truth(World.embedded(), 77, count=300)
    with tempfile.TemporaryDirectory() as work:
        judged = judge_all(truth, Path(work))
    kinds = {result.kind: result for result in summarise(judged)}
    assert kinds["clean"].right >= 0.995
    assert kinds["typo1"].first >= 0.99
    assert kinds["typo2"].first >= 0.98
    assert kinds["homonym_genus"].right >= 0.999
    assert kinds["homonym_bare"].ambiguous >= 0.999
    assert kinds["absent"].wrong <= 0.01
    error = calibration_error(judged)
    assert error is not None
    assert error < 0.02
