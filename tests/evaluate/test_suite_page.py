"""The page of a suite, and what it takes from the answers."""

import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.evaluate.suite_making import TAXA, Colours, balanced, entrant, entry, paint

from thuja.evaluate.suite import Entrant, run_suite
from thuja.evaluate.suite_answers import by_clade, confidences, is_right, surest_errors
from thuja.evaluate.suite_exposure import PARTIAL, exposure_rows, notes
from thuja.evaluate.suite_leaks import audit_leaks
from thuja.evaluate.suite_page import build_page, legend, percent, task_rows
from thuja.evaluate.suite_tasks import Settings
from thuja.evaluate.task import Measure, Way
from thuja.taxonomy import RANKS, Rank


def table(rows: list[tuple[str, str, float]], **columns) -> pa.Table:
    """Answers: truth, answer, score; with the truth's ranks."""
    taxa = [TAXA[truth] for truth, _, _ in rows]
    return pa.table(
        {
            "path": [f"{place}.png" for place in range(len(rows))],
            "part": [""] * len(rows),
            "truth": [row[0] for row in rows],
            "answer": pa.array([row[1] for row in rows], pa.string()),
            "score": [row[2] for row in rows],
            **{rank.label: pa.array([taxon[rank] or None for taxon in taxa], pa.string()) for rank in RANKS},
            **columns,
        }
    )


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """Two models on two tasks; of the second task an image is missing, and one model reads no text."""
    folder = tmp_path_factory.mktemp("suite")
    one, two = paint(folder / "one", balanced(6, wrong=1)), paint(folder / "two", balanced(3))
    (two / "red/0.png").unlink()
    return run_suite(
        [entrant(), Entrant(label="silent", lens=Colours(model="s", reads=False))],
        [entry(one), entry(two, "nabirds")],
        folder / "out",
        settings=Settings(shots=(1,), allow_missing=True),
    )


def test_the_page_holds_every_section_and_stands_alone(suite):
    page = build_page(suite).to_html()
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles == [
        "The papers&#x27; tables", "Every task", "By rank", "What a confidence is worth", "Where it fails", "Errors",
        "Scored without some images", "Every measure", "Settings",
    ]  # fmt: skip
    assert "8 of 8 cells are measured" in page
    assert "missing, and in no figure: nabirds 1." in page
    assert "100.0†" in page
    cards = page[: page.index("<h2>")]
    assert "mine; accuracy, 1-shot" in cards, "the measure that both models have, though one reads no text"
    assert "; chance 25.0" in cards
    assert "BioCLIP 2 L/14" in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)


def test_the_wall_shows_one_error_of_each_class_and_no_right_answer(suite):
    page = build_page(suite).to_html()
    wall = page[page.index("<h2>Errors<") : page.index("<h2>Scored without some images<")]
    assert wall.count("✗ wrong") == 4
    assert "✓ right" not in wall
    assert "said green" in wall


def test_a_task_stands_beside_chance_and_the_images_that_were_asked(tmp_path):
    """Under --limit the number of all images was told; nothing said what 20 % are by chance, nor what ‡ is."""
    folder = paint(tmp_path / "one", balanced(6))
    (folder / "red/0.png").unlink()
    settings = Settings(shots=(1,), limit=12, allow_missing=True)
    results = run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=settings)
    columns, rows = task_rows(results, Way.PUBLIC)
    assert columns == ["task", "images", "measure", "chance", "mine"]
    assert [row[1:4] for row in rows] == [(12, "top-1", "25.0"), (12, "accuracy, 1-shot", "25.0")]
    assert legend(results) == (
        "† without images that are missing or have no vector; ‡ of a part of the images (--limit)"
    )
    assert "‡ of a part of the images" in build_page(results).to_html()


def test_an_image_that_cannot_be_read_is_not_among_those_that_were_asked(tmp_path):
    """It was counted, though it stood in no figure."""
    folder = paint(tmp_path / "one", balanced(6))
    (folder / "red/0.png").write_bytes(b"no picture")
    settings = Settings(shots=(1,), allow_missing=True)
    results = run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=settings)
    assert [row[1] for row in task_rows(results, Way.PUBLIC)[1]] == [23, 23]


def test_a_cell_that_failed_is_told_with_its_reason(tmp_path):
    def burn(images):
        raise OSError(5, "disk <gone>")

    folder = paint(tmp_path / "one", balanced(2))
    results = run_suite([entrant(on_look=burn)], [entry(folder)], tmp_path / "out", settings=Settings(shots=(1,)))
    page = build_page(results).to_html()
    assert "0 of 2 cells are measured" in page
    assert "disk &lt;gone&gt;" in page


def test_a_row_without_an_answer_is_wrong():
    answers = table([("red", "red", 0.9), ("green", "blue", 0.8), ("blue", None, 0.7)])
    assert is_right(answers).tolist() == [True, False, False]


def test_the_surest_errors_are_one_a_class_surest_first():
    answers = table(
        [("red", "blue", 0.2), ("red", "blue", 0.9), ("red", "red", 1.0), ("green", "red", 0.95), ("blue", "red", 0.1)]
    )
    assert surest_errors(answers, 9) == [3, 1, 4]
    assert surest_errors(answers, 2) == [3, 1]
    assert surest_errors(table([("red", "red", 1.0)]), 9) == []


def test_only_scores_of_several_candidates_are_confidences():
    rows = [("red", "red", 0.9), ("green", "red", 0.4)]
    assert confidences(table(rows)) is None
    scores, right = confidences(table(rows, top=pa.array([["red", "blue"], ["red", "green"]])))
    np.testing.assert_array_equal(scores, [0.9, 0.4])
    assert right.tolist() == [True, False]
    far = table([("red", "red", 7.0)], top=pa.array([["red", "blue"]]))
    assert confidences(far) is None


def test_clades_stand_worst_first_with_what_they_are_taken_for():
    """Of the family F0 a third is right; of F1 all is; too few images make no clade."""
    rows = [("red", "red", 0.5)] * 2 + [("green", "yellow", 0.5)] * 3 + [("green", "blue", 0.5)]
    rows += [("blue", "blue", 0.5)] * 5
    found = by_clade({"mine": table(rows), "other": table(rows)})
    assert found.rank == Rank.FAMILY
    assert [(one.name, one.images, one.taken_for) for one in found.clades] == [("F0", 6, "yellow"), ("F1", 5, "")]
    assert [one.shares["mine"] for one in found.clades] == [pytest.approx(1 / 3), 1.0]
    assert by_clade({"mine": table(rows[:6])}) is None
    assert by_clade({"mine": table(rows).select(["path", "truth", "answer"])}) is None


def test_exposure_tells_the_ceiling_of_a_species_that_was_never_met(suite, tmp_path):
    """Green was never met; of its genus red is the other candidate, so half of it can be guessed."""
    met = [TAXA[name] for name in ("red", "blue", "yellow")]
    rows = [taxon.to_columns() | {"split": "train"} for taxon in met for _ in range(20)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "catalog.parquet")
    found = exposure_rows(suite, {"mine": tmp_path / "catalog.parquet"})
    assert list(found) == ["Colours: mine", "Nabirds: mine"]
    bands = {(row[0], row[1]): row for row in found["Colours: mine"]}
    assert bands["all", "all"][3:5] == (24, "0.833")
    assert bands["training images", "0"][2:5] == (1, 6, "0.833")
    assert bands["training images", "0"][6:] == ("0.500", "1.000")
    assert bands["novelty", "new species of a known genus"][3] == 6
    page = build_page(suite, exposure=found).to_html()
    assert ">What was met in training<" in page


def test_ceilings_among_the_species_of_some_images_are_said_to_be_too_high(suite):
    """Candidates are known by the answers alone, and of a task cut by --limit these lack species."""
    whole = {key: replace(cell, missing=0, limit=None) for key, cell in suite.cells.items()}
    assert PARTIAL not in notes(replace(suite, cells=whole))
    for changed in ({"limit": 3}, {"missing": 1}):
        some = {key: replace(cell, **changed) for key, cell in whole.items()}
        assert PARTIAL in notes(replace(suite, cells=some))


def test_an_image_that_was_trained_on_is_scored_apart(suite, tmp_path):
    """The bytes of one right and of one wrong picture are in the catalog: of 24, 22 are clean and 19 of them right."""
    folder = Path(suite.tasks["colours"].folder)
    hashes = [sha256((folder / name).read_bytes()).hexdigest() for name in ("red/0.png", "red/5.png")]
    rows = [TAXA["red"].to_columns() | {"split": "train", "sha256": one} for one in hashes]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "catalog.parquet")
    audit = audit_leaks(suite, {"mine": tmp_path / "catalog.parquet"})
    lines = {row[0]: row for row in audit.rows["Colours: mine"]}
    assert lines["all"][1:4] == (24, 4, "0.833")
    assert lines["clean"][1:4] == (22, 4, "0.864")
    assert lines["leaked"][1:4] == (2, 1, "0.500")
    assert any("2 of 24 images are training images too" in line for said in audit.sentences.values() for line in said)
    assert "<h2>Images that were trained on<" in build_page(suite, leaks=audit).to_html()
    hashed = sorted(suite.folder.glob("leaks/*.hashes.parquet"))
    before = [path.stat().st_mtime_ns for path in hashed]
    audit_leaks(suite, {"mine": tmp_path / "catalog.parquet"})
    assert [path.stat().st_mtime_ns for path in hashed] == before


def test_what_is_no_share_stands_with_its_unit() -> None:
    share = Measure(way=Way.CORRECTED, name="nLCA", value=0.5, low=0.25, high=0.75, units=4)
    assert percent(share) == "50.0 (25.0–75.0)"
    assert percent(replace(share, value=2.0, low=1.5, high=3.0, unit="ranks")) == "2.00 (1.50–3.00) ranks"
    assert percent(replace(share, value=2.0, low=None, high=None, unit="ranks")) == "2.00 ranks"
