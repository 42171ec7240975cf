"""MegaDetector's file: animals by default, what else it saw told, and broken files in a sentence."""

import json

import pytest

from thuja.encode.tables import Flaw
from thuja.errors import BadFile, UsageError
from thuja.predict.inputs.boxes import Box
from thuja.predict.inputs.detections import Detections, plain

KINDS = {"1": "animal", "2": "person", "3": "vehicle"}


def seen(conf, category="1", bbox=(0.1, 0.2, 0.3, 0.4)):
    return {"category": category, "conf": conf, "bbox": list(bbox)}


def written(tmp_path, images, **more):
    path = tmp_path / "md.json"
    path.write_text(json.dumps({"images": images, "detection_categories": KINDS, **more}))
    return path


def test_an_image_has_the_boxes_of_its_animals_that_are_sure_enough(tmp_path):
    path = written(tmp_path, [{"file": "a.jpg", "detections": [seen(0.9), seen(0.1), seen(0.3), seen(0.8, "2")]}])
    box = Box(x=0.1, y=0.2, width=0.3, height=0.4, is_relative=True)
    assert Detections.load(path).of("a.jpg") == (box, box)
    assert Detections.load(path, 0.5).of("a.jpg") == (box,)
    assert len(Detections.load(path, 0).of("a.jpg")) == 3


def test_the_threshold_that_the_file_calls_typical_is_the_default(tmp_path):
    info = {"detector_metadata": {"typical_detection_threshold": 0.05}}
    path = written(tmp_path, [{"file": "a.jpg", "detections": [seen(0.1)]}], info=info)
    assert Detections.load(path).min_conf == 0.05
    assert len(Detections.load(path).of("a.jpg")) == 1


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ({"detections": []}, "no_detection"),
        ({"detections": [seen(0.01)]}, "no_detection"),
        ({"detections": [seen(0.4, "2"), seen(0.9, "3")]}, "vehicle"),
        ({"detections": [seen(0.9, "2")]}, "person"),
        ({"detections": [seen(0.9, "77")]}, "no_detection"),
        ({"detections": None, "failure": "Failure image access"}, "detector_failed"),
        ({}, "no_detection"),
        ({"detections": "none"}, "broken_box"),
        ({"detections": [{"category": "1", "conf": 0.9}]}, "broken_box"),
        ({"detections": [seen("high")]}, "broken_box"),
        ({"detections": [seen(float("nan"))]}, "broken_box"),
        ({"detections": [seen(10**400)]}, "broken_box"),
        ({"detections": [seen(0.9, bbox=(0, 0, 1, 10**400))]}, "broken_box"),
        ({"detections": [seen(0.9, bbox=(0, 0, 0, 0))]}, "broken_box"),
        ({"detections": [seen(0.9, bbox=(0, 0, 1))]}, "broken_box"),
    ],
)
def test_an_image_without_an_animal_says_why(tmp_path, image, reason):
    found = Detections.load(written(tmp_path, [{"file": "a.jpg", **image}])).of("a.jpg")
    assert isinstance(found, Flaw)
    assert found.reason == reason


def test_an_image_that_the_detector_was_not_shown_is_no_whole_image(tmp_path):
    found = Detections.load(written(tmp_path, [])).of("a.jpg")
    assert isinstance(found, Flaw)
    assert found.reason == "no_boxes"


def test_both_systems_slashes_name_one_file():
    assert plain("cam\\1\\a.jpg") == plain("./cam/1/a.jpg") == plain("cam//1/./a.jpg") == "cam/1/a.jpg"
    assert plain("/data/a.jpg") == "/data/a.jpg"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"images": 3}', '{"images": [3]}', '{"images": [{}]}', "[" * 3000])
def test_what_are_no_detections_is_said_in_a_sentence(tmp_path, text):
    (tmp_path / "md.json").write_text(text)
    with pytest.raises(BadFile, match=r"md\.json"):
        Detections.load(tmp_path / "md.json")


def test_a_confidence_beyond_one_is_refused(tmp_path):
    with pytest.raises(UsageError, match="from 0 to 1"):
        Detections.load(written(tmp_path, []), 20)
