"""Camera-trap frames by a detector's file, or a detector."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from thuja.curate.filters.camera import CameraSettings, FrameTable, camera_step, matched
from thuja.curate.filters.detections import Detection, read_detections
from thuja.errors import BadFile, UsageError

Run = Callable[..., dict[str, dict[str, Any]]]
CAMERA = {"img_type": "Camera-trap"}


def found(category: str, conf: float) -> dict[str, Any]:
    return {"category": category, "conf": conf, "bbox": [0.1, 0.1, 0.2, 0.2]}


MEGADETECTOR = {
    "info": {"format_version": "1.4", "detector": "md_v5a"},
    "images": [
        {"file": "siteA/IMG_1.jpg", "detections": [found("1", 0.9), found("1", 0.3)]},
        {"file": "siteB/IMG_1.jpg", "detections": [found("1", 0.19)]},
        {"file": "siteB/IMG_2.jpg", "detections": [found("2", 0.8), found("1", 0.5)]},
        {"file": "siteB/IMG_3.jpg", "detections": []},
        {"file": "siteB/IMG_4.jpg", "failure": "image access failure"},
    ],
    "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
}


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_empty_frames_and_people_go_and_unseen_frames_stay(run: Run, tmp_path: Path) -> None:
    settings = CameraSettings(detections=(write(tmp_path / "md.json", MEGADETECTOR),))
    rows = [CAMERA | {"path": f"/data/{file['file']}"} for file in MEGADETECTOR["images"]]
    done = run(camera_step(settings), rows)
    reasons = [done[f"u{n}"]["drop_reason"] for n in range(5)]
    assert reasons == [None, "empty_frame", "person", "empty_frame", None]
    assert [done[f"u{n}"]["animal_score"] for n in range(5)] == [0.9, 0.19, 0.5, 0.0, None]
    done = run(camera_step(CameraSettings(detections=settings.detections, keep_unseen=False)), rows)
    assert done["u4"]["drop_reason"] == "no_detections"


@pytest.mark.parametrize(
    ("row", "score"),
    [
        ({"path": "/mnt/x/siteA/IMG_1.jpg"}, 0.9),
        ({"path": "C:\\traps\\siteB\\IMG_1.jpg"}, 0.19),
        ({"source_id": "siteA/IMG_1.jpg"}, 0.9),
        ({"path": "IMG_2.jpg"}, 0.5),  # one frame alone ends in it
        ({"path": "IMG_1.jpg"}, None),  # two frames do
        ({"path": "siteC/IMG_1.jpg"}, None),
        ({"path": "notsiteA/IMG_1.jpg"}, None),
        ({}, None),
    ],
)
def test_a_frame_is_matched_by_whole_parts_of_its_path(
    batch: Callable[..., pl.DataFrame], tmp_path: Path, row: dict[str, str], score: float | None
) -> None:
    frames = read_detections([write(tmp_path / "md.json", MEGADETECTOR)])
    assert matched(batch(row), FrameTable.of(frames))["animal_score"].to_list() == [score]


def test_a_frame_named_by_the_uuid_is_matched(batch: Callable[..., pl.DataFrame], tmp_path: Path) -> None:
    content = {"images": [{"file": "cache/u0.jpg", "detections": [found("1", 0.7)]}]}
    frames = read_detections([write(tmp_path / "md.json", content)])
    assert matched(batch({}), FrameTable.of(frames))["animal_score"].to_list() == [0.7]


def test_speciesnet_and_pytorch_wildlife_are_read_alike(tmp_path: Path) -> None:
    speciesnet = {
        "predictions": [
            {"filepath": "a.jpg", "detections": [{"category": "2", "label": "human", "conf": 0.6, "bbox": []}]},
            {"filepath": "b.jpg", "failures": ["DETECTOR"]},
        ]
    }
    wildlife = {
        "annotations": [{"img_id": "c.jpg", "bbox": [[1, 2, 3, 4]], "category": [0], "confidence": [0.4]}],
        "categories": {"0": "animal", "1": "person", "2": "vehicle"},
    }
    paths = [write(tmp_path / "s.json", speciesnet), write(tmp_path / "w.json", wildlife)]
    assert read_detections(paths).rows() == [("a.jpg", 0.0, 0.6), ("c.jpg", 0.4, 0.0)]


def test_a_file_longer_than_one_chunk_is_read_whole(tmp_path: Path) -> None:
    images = [{"file": f"s/{n:06}.jpg", "detections": [found("1", n / 50_000)]} for n in range(50_000)]
    path = write(tmp_path / "md.json", {"images": images, "info": {"x": "y" * 3_000_000}})
    assert path.stat().st_size > 3 << 20
    frames = read_detections([path])
    assert frames.height == 50_000
    assert frames.row(49_999) == ("s/049999.jpg", 49_999 / 50_000, 0.0)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"images": [{"file": "a.jpg"', '{"images": []}', '{"images": [{"detections": []}]}', '{"images": [3]}',
     '{"images": [{"file": "a", "detections": [{"conf": 1}]}]}', '{"images": [{"file": "a", "detections": [7]}]}'],
)  # fmt: skip
def test_a_broken_file_is_said_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "md.json").write_text(text)
    with pytest.raises(BadFile):
        camera_step(CameraSettings(detections=(tmp_path / "md.json",)))


def test_a_file_whose_frames_all_failed_is_said_at_once(tmp_path: Path) -> None:
    """It ended in `max() arg is an empty sequence`."""
    failed = write(tmp_path / "md.json", {"images": [{"file": "a.jpg", "failure": "image access failure"}]})
    with pytest.raises(BadFile, match=r"failed on every frame of .*md\.json"):
        camera_step(CameraSettings(detections=(failed,)))
    good = write(tmp_path / "good.json", MEGADETECTOR)
    assert read_detections([failed, good]).height == 4


def test_a_row_without_a_frame_keeps_the_scores_of_the_steps_before(run: Run, tmp_path: Path) -> None:
    """The step wrote null over the person_score of every image that no frame is of, also of dropped ones."""
    settings = CameraSettings(detections=(write(tmp_path / "md.json", MEGADETECTOR),))
    known = {"person_score": 0.7, "animal_score": 0.4}
    rows = [
        known | {"path": "/q/x.jpg"},
        known | {"path": "siteA/IMG_1.jpg"},
        known | {"path": "siteA/IMG_1.jpg", "drop_reason": "person", "dropped_by": "people"},
    ]
    done = run(camera_step(settings), rows)
    assert [(done[f"u{n}"]["person_score"], done[f"u{n}"]["animal_score"]) for n in range(3)] == [
        (0.7, 0.4), (0.0, 0.9), (0.7, 0.4),
    ]  # fmt: skip
    assert [done[f"u{n}"]["drop_reason"] for n in range(3)] == [None, None, "person"]


@pytest.mark.slow
def test_millions_of_frames_are_held_as_columns(tmp_path: Path) -> None:
    """Each frame was held as a tuple with a dict, and again as a row: 500 bytes a frame beside its name."""
    path = tmp_path / "md.json"
    images = [{"file": f"s/{n:06}.jpg", "detections": [found("1", 0.5)]} for n in range(60_000)]
    write(path, {"images": images})
    del images
    tracemalloc.start()
    frames = read_detections([path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert frames.height == 60_000
    assert peak < 12 << 20


def test_categories_behind_the_frames_and_later_files_count(tmp_path: Path) -> None:
    first = {"images": [{"file": "a.jpg", "detections": [found("7", 0.6), found("8", 0.3)]}],
             "detection_categories": {"7": "Person", "8": "Animal"}}  # fmt: skip
    paths = [write(tmp_path / "1.json", first)]
    assert read_detections(paths).rows() == [("a.jpg", 0.3, 0.6)]
    paths.append(write(tmp_path / "2.json", {"images": [{"file": "a.jpg", "detections": []}]}))
    assert read_detections(paths).rows() == [("a.jpg", 0.0, 0.0)]


def test_a_missing_file_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the detections"):
        camera_step(CameraSettings(detections=(tmp_path / "none.json",)))


def test_long_occurrences_of_camera_traps_are_left_out_whole(run: Run) -> None:
    rows = [CAMERA | {"occurrence_id": "long"} for _ in range(16)]
    rows += [CAMERA | {"occurrence_id": "short"} for _ in range(15)]
    rows += [{"img_type": "Citizen Science", "occurrence_id": "many"} for _ in range(16)]
    done = run(camera_step(CameraSettings()), rows)
    dropped = {row["occurrence_id"] for row in done.values() if row["drop_reason"]}
    assert dropped == {"long"}
    assert {row["drop_reason"] for row in done.values()} == {None, "too_many_images"}
    assert {row["drop_reason"] for row in run(camera_step(CameraSettings(max_frames=0)), rows).values()} == {None}


def bright(image: Image.Image) -> list[Detection]:
    """An animal as sure as the image is bright."""
    return [Detection(category="animal", score=float(np.asarray(image).mean()) / 255)]


def test_a_detector_looks_at_camera_traps_alone(run: Run, tmp_path: Path) -> None:
    for name, grey in (("dark", 10), ("light", 200)):
        Image.new("L", (30, 30), grey).save(tmp_path / f"{name}.png")
    places = [{"place": str(tmp_path / f"{name}.png")} for name in ("dark", "light", "dark")]
    rows = [CAMERA | places[0], CAMERA | places[1], places[2]]
    done = run(camera_step(CameraSettings(), bright), rows)
    assert [done[f"u{n}"]["drop_reason"] for n in range(3)] == ["empty_frame", None, None]
    assert done["u2"]["animal_score"] is None


@pytest.mark.parametrize("settings", [{"min_animal": 2}, {"max_frames": -1}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="camera"):
        CameraSettings(**settings)
