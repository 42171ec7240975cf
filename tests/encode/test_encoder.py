"""A prepared model against the plain one, by every engine that is installed."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from thuja.encode import EncodeOptions, Encoder, Hardware, encode_images, encode_texts
from thuja.encode.images import resized_by
from thuja.errors import UsageError
from thuja.images import Preparation
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, TrunkConfig, VisionConfig

WORDS = ["a photo of a raven.", "a photo of a magpie.", "Corvus corax", "Pica pica"]


def made(seed: int = 0) -> Model:
    """A model with room enough that its formats' rounding is small beside what parts two images."""
    tokenizer = Tokenizer.train(WORDS, 540)
    config = ModelConfig(
        embed_dim=32,
        vision=VisionConfig(image_size=32, patch_size=8, width=64, layers=4, head_width=16),
        text=TextConfig(context_length=24, vocab_size=540, width=32, heads=2, layers=2),
    )
    return Model.create(config, tokenizer, Preparation(size=32), generator=torch.Generator().manual_seed(seed))


def photo(seed: int, size: tuple[int, int] = (300, 200)) -> bytes:
    small = np.random.default_rng(seed).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


PHOTOS = [(str(seed), photo(seed)) for seed in range(12)]
TOLERANCES = {"fp32": 1e-5, "bf16": 0.02, "int8": 0.1}


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")


@pytest.mark.parametrize(
    ("engine", "precision"),
    [
        ("torch", "fp32"),
        ("torch", "bf16"),
        pytest.param("openvino", "fp32", marks=needs("openvino")),
        pytest.param("openvino", "bf16", marks=needs("openvino")),
        pytest.param("onnx", "int8", marks=needs("onnxruntime")),
    ],
)
def test_every_engine_gives_the_models_vectors(
    engine: str, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path))
    plain = encode_images(made(), PHOTOS, EncodeOptions(batch_size=5)).embeddings.vectors
    hardware = Hardware(device="cpu", engine=engine, precision=precision, threads=1)
    for _ in range(2):  # exported, and then from the cache
        encoder = Encoder.prepare(made(), hardware)
        vectors = encode_images(encoder, PHOTOS, EncodeOptions(batch_size=5)).embeddings.vectors
        assert np.abs(vectors - plain).max() < TOLERANCES[precision]
    assert encoder.precision == precision
    kept = [path.name for path in (tmp_path / "engines").glob("*")] if engine != "torch" else []
    assert len(kept) == (engine != "torch")


def test_another_models_tower_is_not_taken_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path))
    hardware = Hardware(device="cpu", precision="int8")
    vectors = [encode_images(Encoder.prepare(made(seed), hardware), PHOTOS[:2]).embeddings.vectors for seed in (0, 1)]
    assert np.abs(vectors[0] - vectors[1]).max() > 0.1


def test_texts_run_in_the_prepared_precision() -> None:
    plain = encode_texts(made(), WORDS)
    encoder = Encoder.prepare(made(), Hardware(device="cpu", precision="bf16", threads=1))
    vectors = encode_texts(encoder.model, WORDS)
    assert 0 < np.abs(vectors - plain).max() < 0.02


def test_a_convolutional_trunk_stays_in_float32() -> None:
    config = replace(made().config, vision=TrunkConfig(image_size=32))
    model = Model.create(
        config, Tokenizer.train(WORDS, 540), Preparation(size=32), generator=torch.Generator().manual_seed(0)
    )
    plain = encode_images(model, PHOTOS[:3]).embeddings.vectors
    encoder = Encoder.prepare(model, Hardware(device="cpu", precision="bf16", threads=1))
    assert encoder.precision == "fp32"
    assert np.array_equal(encode_images(encoder, PHOTOS[:3]).embeddings.vectors, plain)


def test_a_batch_on_the_device_is_what_the_preparation_makes() -> None:
    encoder = Encoder.plain(made())
    for interpolation in ("bicubic", "bilinear", "opencv"):
        preparation = replace(encoder.model.preparation, interpolation=interpolation)
        encoder.model.preparation = preparation
        resize = resized_by(preparation, EncodeOptions())
        levels = [resize(data) for _, data in PHOTOS[:3]]
        expected = np.stack([preparation.normalize(one) for one in levels])
        assert np.array_equal(encoder.batch(levels).numpy(), expected)
        filled = encoder.batch(levels, size=5)
        assert np.array_equal(filled[:3].numpy(), expected)
        assert not filled[3:].any()


def test_a_scaled_decoding_is_near_the_exact_one_and_off_when_exact() -> None:
    data = photo(3, (1600, 1200))
    preparation = Preparation(size=64)
    exact = resized_by(preparation, EncodeOptions())(data).astype(int)
    scaled = resized_by(preparation, EncodeOptions(is_exact=False))(data).astype(int)
    assert 0 < np.abs(scaled - exact).mean() < 1
    opencv = replace(preparation, interpolation="opencv")
    sampled = [resized_by(opencv, EncodeOptions(is_exact=is_exact))(data) for is_exact in (True, False)]
    assert np.array_equal(*sampled)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match="onnxruntime is not installed") as caught:
        Encoder.prepare(made(), Hardware(device="cpu", precision="int8"))
    assert "thuja[onnx]" in (caught.value.hint or "")


def test_the_cached_tower_of_another_activation_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GELU and QuickGELU have no weights, so one tower's export was handed to the other."""
    pytest.importorskip("openvino")
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path))
    for act in ("gelu", "quick_gelu"):
        config = replace(made().config, act=act)
        models = [
            Model.create(config, made().tokenizer, Preparation(size=32), generator=torch.Generator().manual_seed(0))
            for _ in range(2)
        ]
        encoder = Encoder.prepare(models[0], Hardware(device="cpu", engine="openvino", precision="fp32"))
        vectors = encode_images(encoder, PHOTOS[:4]).embeddings.vectors
        assert np.abs(vectors - encode_images(models[1], PHOTOS[:4]).embeddings.vectors).max() < 1e-5


def test_beside_an_engine_torchs_own_tower_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path))
    encoder = Encoder.prepare(made(), Hardware(device="cpu", engine="openvino", precision="bf16"))
    formats = {parameter.dtype for parameter in encoder.model.visual.parameters()}
    assert formats == {torch.float32}


@pytest.mark.slow
def test_bfloat16_runs_unpacked_where_the_processor_cannot_pack_it() -> None:
    """Asked for on a processor without the instructions, it ended in oneDNN's own error."""
    script = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("made", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from thuja.encode import Encoder, Hardware, encode_images
encoder = Encoder.prepare(module.made(), Hardware(device="cpu", precision="bf16", threads=1))
print(encode_images(encoder, module.PHOTOS[:2]).embeddings.vectors.shape)
"""
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    done = subprocess.run(
        [sys.executable, "-c", script, __file__], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.stdout.strip() == "(2, 32)", done.stderr[-500:]


@pytest.mark.skipif(not Path("/proc/self/maps").is_file(), reason="needs Linux to tell what is mapped")
def test_a_prepared_model_holds_on_to_no_weights_file(tmp_path: Path) -> None:
    """A norm that stayed in the mapped file kept all of it in memory."""
    made().save(tmp_path / "model")
    model = Model.load(tmp_path / "model")
    assert "open_clip_model.safetensors" in Path("/proc/self/maps").read_text(encoding="utf-8")
    Encoder.prepare(model, Hardware(device="cpu", precision="fp32"))
    assert str(tmp_path) not in Path("/proc/self/maps").read_text(encoding="utf-8")
