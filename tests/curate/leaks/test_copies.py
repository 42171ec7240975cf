"""The exact copy of what an evaluation set knows is not trained on, whatever its own ids are."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.curate.leaks.planted import Row, frame_of, training_row

from thuja.curate import CurateRecipe, Handed
from thuja.curate.filters.bursts import BurstSettings
from thuja.curate.leaks import LeakIndexSettings, LeakSettings, build_leak_index, leak_copies_step, leaks_step
from thuja.curate.pipeline import Curation
from thuja.curate.rows import STEP_SCHEMA
from thuja.curate.sources.spec import SourceSpec
from thuja.curate.steps import Ledger


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An evaluation set of which nothing is known but the ids of two occurrences."""
    pl.DataFrame({"gbif_id": ["1234567", "7654321"]}).write_csv(tmp_path / "ev.csv")
    build_leak_index(tmp_path / "ev.csv", tmp_path / "ev.parquet", LeakIndexSettings(name="ev"))
    return tmp_path / "ev.parquet"


def leaks_of(rows: list[Row], folder: Path, settings: LeakSettings) -> list[str | None]:
    """`leak_of` of each row after both steps, done as a curation does them; dropped as `leak` is what has one."""
    ledger = Ledger(folder / "steps")

    def write(unit: Path) -> dict[str, int]:
        frame_of(rows).write_parquet(str(unit))
        return {}

    ledger.read({}, write)
    for step in (leaks_step(settings), leak_copies_step(settings)):
        ledger.run(step)
    done = {row["uuid"]: row for row in ledger.frame.select(*STEP_SCHEMA.names).to_pylist()}
    assert len(done) == len(rows)
    for row in rows:
        one = done[row["uuid"]]
        assert (one["leak_of"] is not None) == (one["drop_reason"] == "leak")
        assert one["dropped_by"] in (row.get("dropped_by"), "leaks", "leak_copies")
    return [done[row["uuid"]]["leak_of"] for row in rows]


def test_the_same_bytes_and_pixels_from_another_source_are_a_leak(index: Path, tmp_path: Path) -> None:
    """Of two copies the one without the set's id was kept, and so an image of the set was trained on."""
    rows = [
        training_row(0, gbif_id="1234567", sha256="s", pixel_hash="p"),
        training_row(1, data_source="eol", sha256="s"),
        training_row(2, data_source="eol", sha256="other", pixel_hash="p"),
        training_row(3, sha256="u", pixel_hash="v"),
        training_row(4),
    ]
    assert leaks_of(rows, tmp_path, LeakSettings(indexes=(index,))) == [
        "ev:gbif_id", "ev:copy", "ev:copy", None, None,
    ]  # fmt: skip


def test_a_copy_by_bytes_hands_on_to_its_copies_by_pixels(index: Path, tmp_path: Path) -> None:
    rows = [
        training_row(0, gbif_id="1234567", sha256="s"),
        training_row(1, sha256="s", pixel_hash="p"),
        training_row(2, sha256="t", pixel_hash="p"),
    ]
    assert leaks_of(rows, tmp_path, LeakSettings(indexes=(index,))) == ["ev:gbif_id", "ev:copy", "ev:copy"]


def test_a_row_that_was_dropped_for_something_else_tells_of_its_copies(index: Path, tmp_path: Path) -> None:
    """A captive animal's photo is dropped before the gate, and the same photo by another way is not."""
    rows = [
        training_row(0, gbif_id="1234567", sha256="s", drop_reason="captive", dropped_by="read"),
        training_row(1, sha256="s"),
        training_row(2, gbif_id="9", sha256="t", drop_reason="captive", dropped_by="read"),
        training_row(3, sha256="t"),
    ]
    assert leaks_of(rows, tmp_path, LeakSettings(indexes=(index,))) == [None, "ev:copy", None, None]


def test_a_spared_row_stays_and_its_copies_go(index: Path, tmp_path: Path) -> None:
    rows = [
        training_row(0, gbif_id="1234567", sha256="s", split="test"),
        training_row(1, sha256="s"),
        training_row(2, sha256="s", split="unseen"),
    ]
    spared = LeakSettings(indexes=(index,), spare_held_out=True)
    assert leaks_of(rows, tmp_path, spared) == [None, "ev:copy", None]


def test_a_copy_of_two_sets_names_both(index: Path, tmp_path: Path) -> None:
    pl.DataFrame({"gbif_id": ["55"]}).write_csv(tmp_path / "a.csv")
    build_leak_index(tmp_path / "a.csv", tmp_path / "a.parquet", LeakIndexSettings(name="a"))
    facts = [{"gbif_id": "1234567"}, {"gbif_id": "55"}, {"gbif_id": "7654321"}, {}]
    rows = [training_row(number, sha256="s", **fact) for number, fact in enumerate(facts)]
    found = leaks_of(rows, tmp_path, LeakSettings(indexes=(index, tmp_path / "a.parquet")))
    assert found == ["ev:gbif_id", "a:gbif_id", "ev:gbif_id", "a:copy;ev:copy"]


def test_the_gate_comes_before_copies_are_dropped_for_one_another(index: Path, tmp_path: Path) -> None:
    """Behind `duplicates` it never saw the copy with the set's id, which had been dropped for the one without."""
    recipe = CurateRecipe(
        sources=(SourceSpec(kind="folder", path=tmp_path),),
        leaks=LeakSettings(indexes=(index,)),
        bursts=BurstSettings(),
    )
    curation = Curation(recipe=recipe, folder=tmp_path / "out", handed=Handed(resolve=_none))
    steps = {step.name: step for step in curation.steps()}
    assert [*steps][4:8] == ["leaks", "leak_copies", "bursts", "duplicates"]
    size = {"width": 500, "height": 500, "sha256": "s"}
    rows = [
        training_row(0, **size, data_source="gbif", gbif_id="1234567", license_name="CC BY-NC 4.0"),
        training_row(1, **size, data_source="eol", license_name="CC0 1.0"),
    ]
    frame = frame_of(rows)
    for name in ("leaks", "leak_copies", "bursts", "duplicates"):
        frame = steps[name].applied(frame).select(*STEP_SCHEMA.names).collect()
    assert frame.to_pydict()["drop_reason"] == ["leak", "leak"]


def _none(names: Any, _lineages: Any) -> list[Any]:
    assert not names
    return []
