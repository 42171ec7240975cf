"""Images of another size than the weights were trained at."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from thuja.errors import UsageError
from thuja.model import SHAPES, Model, ModelConfig, TrunkConfig
from thuja.model.vit import resize_positions


@pytest.mark.parametrize("size", [8, 24, 32, 56])
@pytest.mark.filterwarnings("ignore")
def test_towers_at_another_size_equal_open_clips(tmp_path: Path, tiny_model: Model, size: int) -> None:
    """Downwards the antialias matters, upwards the bicubic weights."""
    import open_clip

    tiny_model.save(tmp_path)
    reference = open_clip.create_model(f"local-dir:{tmp_path}", force_image_size=size).eval()
    model = Model.load(tmp_path, image_size=size)
    images = torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        gap = reference.encode_image(images, normalize=True) - model.encode_image(images)
        assert gap.abs().max() < 1e-5
        assert torch.equal(model.encode_text(["raven"]), Model.load(tmp_path).encode_text(["raven"]))


def test_the_preparation_and_the_id_follow_the_size(tmp_path: Path, tiny_model: Model) -> None:
    identity = tiny_model.save(tmp_path / "a")
    model = Model.load(tmp_path / "a", image_size=40)
    assert model.id == f"{identity}-40px"
    assert model.preparation(Image.new("RGB", (9, 7))).shape == (3, 40, 40)
    assert Model.load(tmp_path / "a", image_size=16).id == identity
    model.save(tmp_path / "b")
    again = Model.load(tmp_path / "b")
    assert again.config.vision.image_size == again.preparation.size == 40


@pytest.mark.parametrize("size", [0, -16, 7, 20, 17])
def test_a_size_that_patches_do_not_fill_is_one_error(tmp_path: Path, tiny_model: Model, size: int) -> None:
    tiny_model.save(tmp_path)
    with pytest.raises(UsageError, match=f"multiple of its patches' 8 pixels, got {size}"):
        Model.load(tmp_path, image_size=size)


def test_the_hint_names_sizes_that_do() -> None:
    with pytest.raises(UsageError) as caught:
        SHAPES["ViT-L-14"].at_size(340)
    assert caught.value.hint == "image_size 336 or 350"
    assert SHAPES["ViT-L-14"].at_size(336) == SHAPES["ViT-L-14-336"]


def test_a_trunk_takes_any_size_from_its_stride_on() -> None:
    config = ModelConfig(vision=TrunkConfig())
    assert config.at_size(65).vision.image_size == 65
    with pytest.raises(UsageError, match="at least its stride's 32 pixels, got 31"):
        config.at_size(31)


def test_positions_of_the_same_grid_stay_as_they_are() -> None:
    positions = torch.randn(10, 4, generator=torch.Generator().manual_seed(0))
    assert resize_positions(positions, 3) is positions
    assert resize_positions(positions, 5).shape == (26, 4)
    assert torch.equal(resize_positions(positions, 5)[0], positions[0])


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 3, 16, 24), (2, 3, 24, 24), (2, 1, 16, 16), (2, 16, 16, 3)])
def test_images_of_another_shape_are_a_wrong_call(tiny_model: Model, shape: tuple[int, ...]) -> None:
    """It was torch's own error, about tensors that do not add up."""
    with pytest.raises(UsageError, match=r"takes images \(B, 3, 16, 16\), got \("):
        tiny_model.encode_image(torch.zeros(shape))


def test_an_empty_text_is_its_start_and_end(tiny_model: Model) -> None:
    assert tiny_model.tokenize([""]).tolist() == [[tiny_model.tokenizer.start, tiny_model.tokenizer.end]]
    assert tiny_model.encode_text(["", "raven"]).norm(dim=1).tolist() == pytest.approx([1, 1])
    assert tiny_model.encode_text([]).shape == (0, 8)
