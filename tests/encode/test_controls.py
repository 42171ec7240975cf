from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thuja.encode.controls import CONTROLS, encode_control, pixel_eye
from thuja.errors import UnknownName, UsageError
from thuja.model import Model


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        Image.new("RGB", (40, 30), colour).save(folder / f"{number}.png")
    (folder / "3.png").write_bytes(b"no picture")
    return folder


def test_pixels_are_grey_levels_about_the_middle(pictures: Path) -> None:
    seen = encode_control("pixels", [str(pictures)])
    assert [Path(name).name for name in seen.embeddings.ids] == ["0.png", "1.png", "2.png"]
    assert [Path(failure.id).name for failure in seen.errors] == ["3.png"]
    red = np.tile([1.0, -1.0, -1.0], 256) / np.sqrt(768)
    np.testing.assert_allclose(seen.embeddings.vectors[0], red, atol=1e-6)
    assert seen.embeddings.model == "pixels-16"


def test_the_untrained_tower_has_the_models_shape_and_other_weights(
    pictures: Path, tiny_model: Model, tmp_path: Path
) -> None:
    tiny_model.save(tmp_path / "model")
    seen = encode_control("untrained", [str(pictures)], model=str(tmp_path / "model"))
    assert seen.embeddings.vectors.shape == (3, tiny_model.config.embed_dim)
    np.testing.assert_allclose(np.linalg.norm(seen.embeddings.vectors, axis=1), 1, atol=1e-6)
    assert seen.embeddings.model == "untrained-0"


def test_imagenet_tells_pictures_apart(pictures: Path) -> None:
    vectors = encode_control("imagenet", [str(pictures)], device="cpu").embeddings.vectors
    assert vectors.shape == (3, 1280)
    assert (vectors @ vectors.T)[0, 1] < 0.999


def test_a_control_that_is_none_is_one_sentence(pictures: Path) -> None:
    with pytest.raises(UnknownName, match='unknown control: "noise"'):
        encode_control("noise", [str(pictures)])
    with pytest.raises(UsageError, match="an untrained tower is a model's own"):
        encode_control("untrained", [str(pictures)])
    assert CONTROLS == ("pixels", "imagenet", "untrained")


def test_pixels_of_a_unit_are_as_many_as_it_has_pictures() -> None:
    assert pixel_eye().look([np.zeros((16, 16, 3), np.uint8)] * 2).tolist() == [[-0.5] * 768] * 2
