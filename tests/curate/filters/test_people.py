"""The rules by which faces make an image one of people. Detectors are tested in tests/model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from PIL import Image

from thuja.curate.filters.people import PeopleSettings, people_reasons, people_step, person_score
from thuja.errors import UnknownName, UsageError


def faces(*pairs: tuple[float, float]) -> npt.NDArray[np.float32]:
    """Faces of (score, share of an animal)."""
    return np.array([(0, 0, 10, 10, score, animal) for score, animal in pairs], np.float32).reshape(-1, 6)


def test_yunets_best_unguarded_face_counts() -> None:
    settings = PeopleSettings(rule="yunet")
    assert person_score(faces((0.95, 0.9), (0.85, 0.1), (0.82, 0.0)), settings) == pytest.approx(0.85)
    assert person_score(faces((0.95, 0.9)), settings) == 0
    assert person_score(faces((0.95, 0.9)), PeopleSettings(rule="yunet", guard=False)) == pytest.approx(0.95)
    assert person_score(faces(), settings) == 0


def test_mtcnns_mean_is_of_the_faces_that_pass_and_are_no_animals() -> None:
    settings = PeopleSettings(rule="mtcnn")
    score = person_score(faces((0.99, 0.0), (0.96, 0.2), (0.94, 0.0), (1.0, 0.7)), settings)
    assert score == pytest.approx(0.975)


def test_the_papers_rule_is_above_and_yunets_at_the_threshold() -> None:
    scores = pl.DataFrame({"person_score": [None, 0.0, 0.8, 0.985, 0.986]}, schema={"person_score": pl.Float64})
    assert people_reasons(scores, PeopleSettings(rule="mtcnn")).to_list() == [None, None, None, None, "person"]
    assert people_reasons(scores, PeopleSettings(rule="yunet")).to_list() == [None, None, "person", "person", "person"]


def red(image: Image.Image) -> npt.NDArray[np.float32]:
    """A face as sure as the image is red."""
    return faces((float(np.asarray(image)[..., 0].mean()) / 255, 0.0))


def test_the_step_looks_at_the_crop_of_kept_rows(run: Callable[..., dict[str, dict[str, Any]]], tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 20), "black")
    image.paste((255, 0, 0), (0, 0, 10, 20))
    image.save(tmp_path / "a.png")
    place = {"place": str(tmp_path / "a.png")}
    rows = [
        place,
        place | {"crop": "0,0,10,20"},
        place | {"crop": "0,0,10,20", "drop_reason": "blurred", "dropped_by": "quality"},
        {"place": str(tmp_path / "gone.png")},
    ]
    done = run(people_step(PeopleSettings(rule="yunet"), red), rows)
    assert [done[f"u{n}"]["drop_reason"] for n in range(4)] == [None, "person", "blurred", None]
    assert [done[f"u{n}"]["person_score"] for n in range(4)] == [0.0, 1.0, None, None]


def test_off_looks_at_nothing(run: Callable[..., dict[str, dict[str, Any]]]) -> None:
    assert run(people_step(PeopleSettings()), [{"place": "gone.png"}])["u0"]["person_score"] is None


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UnknownName, match="retina"):
        PeopleSettings(rule="retina")
    with pytest.raises(UsageError, match="mean_score"):
        PeopleSettings(mean_score=1.5)
