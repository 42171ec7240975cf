"""How benchmarks/names.py judges answers: by hand-made rows whose verdict is plain, and processes of known size."""

import sys

import numpy as np
import polars as pl
import pytest

from names_judging import calibration_error, candidates, judge, reliability, summarise
from names_speed import measure

RAVEN = {"truth_id": "7", "truth_name": "Corvus corax", "truth_rank": "species", "truth_genus": "Corvus"}
TRUTH = {
    "kind": "typo1",
    "expected": "taxon",
    "truth_kingdom": "Animalia",
    "truth_above": ["Animalia", "Corvidae", "Corvus"],
    "rivals_nearer": 0,
    "rivals_level": 1,
    "congener_distance": None,
    **RAVEN,
}
ANSWER = {
    "match_type": "fuzzy",
    "score": 0.9,
    "kingdom": "Animalia",
    "genus": "Corvus",
    "species": "corax",
    "accepted_name": "Corvus corax",
    "accepted_rank": "species",
    "accepted_id": "7",
    "runner_up": None,
    "runner_up_score": None,
    "reason": "",
}
GENUS = {
    "match_type": "higher_rank",
    "species": None,
    "accepted_name": "Corvus",
    "accepted_rank": "genus",
    "accepted_id": "6",
}
MANY = {"match_type": "ambiguous", "species": None}
GENUS_TRUTH = {"truth_rank": "genus", "truth_id": "6", "truth_name": "Corvus"}
WHOLE = {"first", "right", "answer", "answer_right"}
NUMBERS = {"runner_up": pl.String, "runner_up_score": pl.Float64, "species": pl.String, "accepted_id": pl.String}
VERDICTS = ("is_first", "is_right", "is_wrong", "is_genus", "is_ambiguous", "is_answer", "is_answer_right")


def verdict(truth: dict[str, object], answer: dict[str, object]) -> set[str]:
    given = pl.DataFrame([TRUTH | truth], schema_overrides={"truth_id": pl.String, "congener_distance": pl.Int64})
    row = judge(given, pl.DataFrame([ANSWER | answer], schema_overrides=NUMBERS)).row(0, named=True)
    return {name.removeprefix("is_") for name in VERDICTS if row[name]}


@pytest.mark.parametrize(
    ("truth", "answer", "expected"),
    [
        ({}, {}, WHOLE),
        ({}, {"accepted_id": "x9"}, WHOLE),
        ({}, {"accepted_id": "8", "accepted_name": "Corvus corone", "species": "corone"}, {"wrong", "answer"}),
        ({}, {"accepted_id": "8", "kingdom": "Plantae"}, {"wrong", "answer"}),
        ({}, GENUS | {"runner_up": "Corvus corax"}, {"first", "genus", "answer", "answer_right"}),
        ({}, GENUS | {"runner_up": "Corvus corax (Animalia, Corvidae)"}, {"first", "genus", "answer", "answer_right"}),
        ({}, GENUS | {"runner_up": "Corvus corax (Plantae)"}, {"genus", "answer", "answer_right"}),
        ({}, GENUS | {"runner_up": "Corvus corone"}, {"genus", "answer", "answer_right"}),
        ({}, GENUS | {"genus": "Cervus", "accepted_name": "Cervus"}, {"answer"}),
        ({}, GENUS | {"match_type": "ambiguous"}, {"ambiguous"}),
        ({}, GENUS | {"match_type": "given"}, set()),
        ({"expected": "absent", "truth_id": None}, {}, {"wrong", "answer"}),
        ({"expected": "absent", "truth_id": None}, GENUS, WHOLE | {"genus"}),
        ({"expected": "ambiguous", "truth_id": None}, GENUS, {"wrong", "genus", "answer"}),
        ({"expected": "ambiguous", "truth_id": None}, MANY, {"first", "right", "ambiguous"}),
        (GENUS_TRUTH, GENUS, WHOLE | {"genus"}),
        (GENUS_TRUTH, {}, {"wrong", "answer"}),
    ],
)
def test_a_verdict(truth: dict[str, object], answer: dict[str, object], expected: set[str]) -> None:
    assert verdict(truth, answer) == expected


def scored(scores: np.ndarray, is_right: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"answer_score": scores, "is_answer_right": is_right, "is_answer": np.ones(len(scores), bool)})


def test_the_calibration_error_is_the_gap_between_score_and_share() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(60_000)
    is_right = rng.random(60_000) < scores
    assert calibration_error(scored(scores, is_right)) < 0.01
    assert calibration_error(scored(scores / 2 + 0.5, is_right)) == pytest.approx(0.25, abs=0.01)
    assert calibration_error(scored(np.full(30, 0.9), np.arange(30) < 15)) >= 0.4


def test_reliability_bins_hold_as_many_answers_each() -> None:
    bins = reliability(scored(np.linspace(0, 1, 45), np.arange(45) > 20))
    assert [count for count, _, _ in bins] == [3] * 15
    assert [share for _, _, share in bins] == [0.0] * 7 + [1.0] * 8
    assert calibration_error(scored(np.empty(0), np.empty(0, bool))) is None


def test_a_summary_shares_out_the_ties_and_counts_absent_names_by_distance() -> None:
    rows = [TRUTH, TRUTH | {"rivals_level": 0}]
    absent = {"kind": "absent_near", "expected": "absent", "truth_id": None, "rivals_level": None}
    rows += [TRUTH | absent | {"congener_distance": distance} for distance in (2, 1, 2)]
    truth = pl.DataFrame(rows, schema_overrides={"congener_distance": pl.Int64})
    answers = pl.DataFrame([ANSWER, ANSWER, ANSWER | GENUS, ANSWER, ANSWER], schema_overrides=NUMBERS)
    found = {result.kind: result for result in summarise(judge(truth, answers))}
    assert (found["typo1"].told, found["typo1"].guessed, found["typo1"].right) == (0.5, 0.75, 1.0)
    assert found["absent_near"].told is None
    assert found["absent_near"].wrong == pytest.approx(2 / 3)
    assert (found["absent, congener at 1"].n, found["absent, congener at 1"].wrong) == (1, 1.0)
    assert (found["absent, congener at 2"].n, found["absent, congener at 2"].wrong) == (2, 0.5)


def test_the_best_species_counts_whether_accepted_or_not() -> None:
    rows = [TRUTH, TRUTH, TRUTH | {"expected": "absent", "truth_id": None}, TRUTH | GENUS_TRUTH]
    second = ANSWER | GENUS | {"runner_up": "Corvus corax", "runner_up_score": 0.4}
    answers = pl.DataFrame([ANSWER, second, second, ANSWER | GENUS], schema_overrides=NUMBERS)
    truth = pl.DataFrame(rows, schema_overrides={"congener_distance": pl.Int64})
    found = candidates(judge(truth, answers))
    assert found.select("answer_score", "is_answer", "is_answer_right").rows() == [
        (0.9, True, True),
        (0.4, True, True),
        (0.4, True, False),
    ]


def test_a_process_is_measured_with_its_children() -> None:
    held = "import time; a = b'x' * 150_000_000; time.sleep(0.6)"
    cost = measure([sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {held!r}])"])
    assert 0.15 < cost.gigabytes < 0.25
    assert 0.6 < cost.seconds < 30


def test_a_failing_process_stops_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        measure([sys.executable, "-c", "raise SystemExit('no such thing')"])
