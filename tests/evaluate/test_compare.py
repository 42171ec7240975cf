"""Two results beside each other: the differences are known by construction."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.evaluate.suite_making import Colours, balanced, entrant, entry, paint

from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.evaluate.compare import compare, replicates_for
from thuja.evaluate.compare_page import save_comparison
from thuja.evaluate.compare_sides import read_side
from thuja.evaluate.compare_units import shared_units, units_of
from thuja.evaluate.suite import Entrant, run_suite
from thuja.evaluate.suite_tasks import Settings
from thuja.evaluate.task import Way
from thuja.metrics.paired import holm

PUBLIC = Settings(ways=(Way.PUBLIC,), shots=(1,))


class Swapped(Colours):
    """Sees red as green and green as red."""

    def vector(self, pixels):
        red, green, blue = pixels
        return np.array([green, red, blue], dtype=np.float32) if red != green else np.array([red, green, blue])

    def texts(self, words):
        return Colours().texts(words)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    tasks = [entry(paint(folder / "one", balanced(6)), "one"), entry(paint(folder / "two", balanced(4)), "two")]
    lenses = [entrant(), Entrant(label="swapped", lens=Swapped(model="swapped-1"))]
    run_suite(lenses, tasks, folder / "out", settings=PUBLIC)
    return folder / "out"


def test_the_difference_of_two_models_is_counted_question_by_question(out):
    """By text one of them calls every red picture green and every green one red: half of all."""
    found = compare(out / "models" / "mine", out / "models" / "swapped")
    one = next(row for row in found.differences if (row.task, row.part) == ("one", ""))
    assert (one.first, one.second, one.paired.difference.value) == (1.0, 0.5, 0.5)
    assert (one.questions, one.groups, one.only_first, one.only_second) == (24, 4, 12, 0)
    units = found.units.filter(pl.col("task") == "one", pl.col("part") == "")
    assert set(zip(units["truth"], units["second_answer"], strict=True)) == {("red", "green"), ("green", "red")}
    assert found.settings == [("model", "colours-1", "swapped-1")]
    assert "one   public" in found.as_text()


def test_turned_round_a_comparison_says_the_opposite(out):
    ahead = compare(out / "models" / "mine", out / "models" / "swapped").differences
    behind = compare(out / "models" / "swapped", out / "models" / "mine").differences
    for one, other in zip(ahead, behind, strict=True):
        assert one.paired.difference.value == -other.paired.difference.value
        assert (one.p, one.only_first) == (other.p, other.only_second)


def test_p_values_are_holms_over_the_rows_of_a_way(out):
    """Taken apart, each row's p-value is that of its task alone; together they are corrected."""
    rows = compare(out / "models" / "mine", out / "models" / "swapped").differences
    by_text = [row for row in rows if not row.part]
    # Of four classes two differ: a replicate that draws neither, (1/2)^4 of them, has no difference.
    assert len(rows) == 4
    assert all(row.p == pytest.approx(min(1, 2 * 0.0625 * 4), rel=0.4) for row in by_text)
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])


def test_of_many_tasks_a_plain_difference_is_still_told_from_chance(tmp_path):
    """Of 1,000 replicates p was .002 at least: times 30 rows, no difference whatever was beyond chance."""
    pictures = paint(tmp_path / "task", balanced(6))
    rows = (pictures / "labels.csv").read_text().splitlines()
    (pictures / "labels.csv").write_text(
        "\n".join([*rows[:1], *(row for row in rows if "red" in row or "green" in row)])
    )
    tasks = [entry(pictures, f"t{number}") for number in range(30)]
    lenses = [entrant(), Entrant(label="swapped", lens=Swapped(model="swapped-1"))]
    run_suite(lenses, tasks, tmp_path / "out", settings=replace(PUBLIC, shots=(5,)))
    rows = compare(tmp_path / "out/models/mine", tmp_path / "out/models/swapped").differences
    assert [row.p < 0.05 for row in rows if not row.part] == [True] * 30


@pytest.mark.parametrize("rows", [1, 5, 60, 1000])
def test_however_many_rows_there_are_one_that_never_turns_round_is_sure(rows):
    """Of 1,000 replicates the least p is .002, and times 26 rows .052: a whole suite was always even."""
    chance = 2 / replicates_for(rows)
    assert holm([chance, *[1.0] * (rows - 1)])[0] <= 0.0101
    assert replicates_for(rows) <= 1000 or chance * rows >= 0.0099


def test_a_difference_of_many_parts_outlives_the_correction(tmp_path):
    """Thirty splits of twenty species each, and one model right on all of them."""
    sides = []
    for name, answer in (("first", "x"), ("second", "y")):
        rows = [
            {"uuid": str(number), "split": f"split {part}", "scientific_name": f"A b{number}", "species_by_text": said}
            for part in range(30)
            for number in range(20)
            for said in [f"A b{number}" if answer == "x" else "A z"]
        ]
        folder = tmp_path / name
        folder.mkdir()
        scores = {"model": name, "pictures": {row["split"]: 20 for row in rows}, "settings": {}}
        (folder / "scores.json").write_text(json.dumps(scores))
        pq.write_table(pa.Table.from_pylist(rows), folder / "predictions.parquet")
        sides.append(folder)
    found = compare(*sides).differences
    assert len(found) == 30
    assert all(row.p < 0.05 for row in found)


def test_the_same_results_have_no_difference_and_p_is_one(out):
    found = compare(out / "models" / "mine", out / "models" / "mine")
    assert all(row.paired.difference.value == 0 for row in found.differences)
    assert all(row.p == 1 for row in found.differences)
    assert found.units.is_empty()
    assert (found.first.name, found.second.name) == ("mine (1)", "mine (2)")
    assert not found.settings


def test_one_group_alone_has_a_difference_and_no_p_value():
    rows = {"path": ["a", "b"], "part": ["", ""], "truth": ["x", "x"], "answer": ["x", "y"]}
    units = units_of(pa.table(rows))
    assert units["group"].to_list() == ["x", "x"]
    assert units["value"].to_list() == [1.0, 0.0]


def test_a_question_asked_in_several_folds_counts_once_by_its_mean():
    answers = pa.table(
        {
            "path": ["a", "b", "a"], "part": ["1-shot"] * 3, "truth": ["x", "y", "x"], "answer": ["x", "x", "y"],
            "fold": [0, 0, 1], "group": ["s", None, "s"],
        }
    )  # fmt: skip
    units = units_of(answers).sort("unit")
    assert units.select("unit", "value", "group").rows() == [("a", 0.5, "s"), ("b", 0.0, "y")]


def test_an_answers_own_worth_stands_before_right_and_wrong():
    answers = pa.table({"path": ["a"], "part": [""], "truth": ["x|y"], "answer": ["x"], "value": [0.5]})
    assert units_of(answers)["value"].to_list() == [0.5]


def ranked(*lists: str) -> pa.Table:
    """Lists of answers to queries: a capital letter is a relevant image."""
    rows = [(f"q{number}", place + 1, letter) for number, one in enumerate(lists) for place, letter in enumerate(one)]
    return pa.table(
        {
            "path": [f"{letter}.jpg" for _, _, letter in rows],
            "part": ["Context"] * len(rows),
            "query": [query for query, _, _ in rows],
            "truth": ["relevant" if letter.isupper() else "not relevant" for _, _, letter in rows],
            "answer": ["relevant"] * len(rows),
            "place": [place for _, place, _ in rows],
        }
    )


def test_ranked_lists_are_compared_by_average_precision_over_what_either_found():
    """AxB: (1/1 + 2/3) / 2; xAB: (1/2 + 2/3) / 2. Of the cut lists one found A, the other B: two relevant for both."""
    both = shared_units(units_of(ranked("AxB", "Ax", "xy")), units_of(ranked("xAB", "xB", "yx")))
    assert both["value"].to_list() == pytest.approx([(1 + 2 / 3) / 2, 1 / 2, 0])
    assert both["other"].to_list() == pytest.approx([(1 / 2 + 2 / 3) / 2, 1 / 4, 0])
    assert both["group"].to_list() == ["q0", "q1", "q2"]


def test_images_of_one_side_alone_are_not_compared():
    answers = {"part": ["", ""], "truth": ["x", "x"], "answer": ["x", "y"]}
    first, second = (units_of(pa.table({"path": paths, **answers})) for paths in (["a", "b"], ["b", "c"]))
    assert shared_units(first, second)["unit"].to_list() == ["b"]


def test_the_folder_of_a_comparison_holds_page_differences_and_questions(out, tmp_path):
    found = compare(out / "models" / "mine", out / "models" / "swapped")
    save_comparison(found, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "one, public: where mine does better" in page
    assert page.count("<img") == 4  # of either task a red and a green picture
    assert (tmp_path / "differences.csv").read_text().splitlines()[1].startswith("one,public,,24,4,100.0,50.0,+50.0,")
    assert pq.read_table(tmp_path / "questions.parquet").num_rows == found.units.height


def test_a_suite_of_several_models_has_to_be_told_which(out, tmp_path):
    with pytest.raises(UsageError, match=r"holds 2 models.*\n.*models/swapped"):
        read_side(out)
    with pytest.raises(EmptyInput, match="holds no results"):
        read_side(tmp_path)
    (out / "models" / "stale").mkdir(exist_ok=True)
    with pytest.raises(EmptyInput, match="does not list"):
        read_side(out / "models" / "stale")


def test_a_suite_of_one_model_is_a_side(tmp_path):
    folder = paint(tmp_path / "one", balanced(2))
    for name in ("first", "second"):
        run_suite([entrant()], [entry(folder)], tmp_path / name, settings=PUBLIC)
    found = compare(tmp_path / "first", tmp_path / "second")
    assert {row.paired.difference.value for row in found.differences} == {0.0}


def test_results_without_a_question_in_common_are_refused(out, tmp_path):
    run_suite([entrant()], [entry(paint(tmp_path / "x", balanced(1)), "x")], tmp_path / "out", settings=PUBLIC)
    with pytest.raises(EmptyInput, match="no question in common"):
        compare(out / "models" / "mine", tmp_path / "out")


def evaluation(folder, said: list[str]):
    """What `thuja evaluate MODEL DATA` writes, of three pictures."""
    folder.mkdir()
    scores = {"model": "m", "pictures": {"test": 3}, "settings": {"limit": None, "seed": 0}}
    (folder / "scores.json").write_text(json.dumps(scores))
    names = ["Corvus corax", "Corvus corone", "Pica pica"]
    table = {
        "uuid": ["1", "2", "3"], "split": ["test"] * 3, "scientific_name": names, "species_by_text": said,
        "genus": [name.split()[0] for name in names], "genus_by_text": [name.split()[0] for name in said],
    }  # fmt: skip
    pq.write_table(pa.table(table), folder / "predictions.parquet")
    return folder


def test_two_single_evaluations_are_compared_at_every_rank(tmp_path):
    first = evaluation(tmp_path / "first", ["Corvus corax", "Corvus corax", "Pica pica"])
    second = evaluation(tmp_path / "second", ["Corvus corone", "Pica pica", "Pica pica"])
    found = {row.part: row for row in compare(first, second).differences}
    assert (found["species"].first, found["species"].second) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert (found["genus"].first, found["genus"].second) == (1.0, pytest.approx(2 / 3))
    (first / "scores.json").write_text("[]")
    with pytest.raises(BadFile, match="not of an evaluation"):
        compare(first, second)
