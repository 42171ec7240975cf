"""The cache of a trunk's features: same answers, less work, and safe to interrupt."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from thuja.embeddings import Embeddings
from thuja.encode import EncodeOptions, cached_features
from thuja.encode.features import FEATURE_OPTIONS, FeatureCache
from thuja.errors import BadFile
from thuja.images import decode
from thuja.model import Model

FULL = replace(FEATURE_OPTIONS, dtype="float32", batch_size=4)


def png(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (18, 18, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class Counted:
    """Counts the images that go through the model's image tower."""

    def __init__(self, model: Model) -> None:
        self.count = 0
        model.visual.conv1.register_forward_pre_hook(self._add)

    def _add(self, module: torch.nn.Module, args: tuple[torch.Tensor]) -> None:
        self.count += len(args[0])


def test_features_are_the_models_own(tiny_model: Model, tmp_path: Path) -> None:
    data = [png(seed) for seed in range(5)]
    encoded = cached_features(tiny_model, enumerate_bytes(data), tmp_path, FULL)
    inputs = torch.from_numpy(np.stack([tiny_model.preparation(decode(one)) for one in data]))
    with torch.inference_mode():
        expected = tiny_model.image_features(inputs).numpy()
    assert np.abs(encoded.embeddings.vectors - expected).max() < 1e-5
    assert encoded.embeddings.model == tiny_model.trunk_id
    assert not encoded.embeddings.is_normalized
    with torch.inference_mode():
        projected = tiny_model.project(torch.from_numpy(encoded.embeddings.vectors))
        assert (projected - tiny_model.encode_image(inputs)).abs().max() < 1e-5


def enumerate_bytes(data: list[bytes]) -> Iterator[tuple[str, bytes]]:
    for place, one in enumerate(data):
        yield str(place), one


def test_a_second_run_computes_nothing_and_answers_the_same(tiny_model: Model, tmp_path: Path) -> None:
    data = [png(seed) for seed in range(6)]
    counted = Counted(tiny_model)
    first = cached_features(tiny_model, enumerate_bytes(data), tmp_path)
    assert counted.count == 6
    second = cached_features(tiny_model, enumerate_bytes(data[::-1]), tmp_path)
    assert counted.count == 6
    assert np.array_equal(first.embeddings.vectors[::-1], second.embeddings.vectors)
    assert second.embeddings.vectors.dtype == np.float16


def test_an_image_is_known_by_its_bytes_and_not_its_name(tiny_model: Model, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(0))
    counted = Counted(tiny_model)
    encoded = cached_features(tiny_model, [("a", path), ("b", png(0)), ("c", png(1))], tmp_path / "cache")
    assert counted.count == 2
    assert encoded.embeddings.ids == ["a", "b", "c"]
    assert np.array_equal(encoded.embeddings.vectors[0], encoded.embeddings.vectors[1])


def test_an_interrupted_run_keeps_what_it_has(tiny_model: Model, tmp_path: Path) -> None:
    data = [png(seed) for seed in range(20)]

    def breaking() -> Iterator[tuple[str, bytes]]:
        yield from enumerate_bytes(data[:15])
        raise KeyboardInterrupt

    options = EncodeOptions(batch_size=2, threads=1, dtype="float32")
    counted = Counted(tiny_model)
    with pytest.raises(KeyboardInterrupt):
        cached_features(tiny_model, breaking(), tmp_path, options)
    before = counted.count
    assert before >= 10
    resumed = cached_features(tiny_model, enumerate_bytes(data), tmp_path, options)
    assert counted.count == 20
    fresh = cached_features(tiny_model, enumerate_bytes(data), tmp_path / "fresh", options)
    assert np.abs(resumed.embeddings.vectors - fresh.embeddings.vectors).max() < 1e-6


def test_a_piece_cut_off_while_written_is_not_seen(tiny_model: Model, tmp_path: Path) -> None:
    cached_features(tiny_model, [("a", png(0))], tmp_path)
    (piece,) = tmp_path.rglob("piece-*.parquet")
    piece.with_name("piece-0123456789abcdef.parquet.77.tmp").write_bytes(piece.read_bytes()[:50])
    counted = Counted(tiny_model)
    cached_features(tiny_model, [("a", png(0))], tmp_path)
    assert counted.count == 0


def test_a_broken_piece_is_named(tiny_model: Model, tmp_path: Path) -> None:
    cached_features(tiny_model, [("a", png(0))], tmp_path)
    (piece,) = tmp_path.rglob("piece-*.parquet")
    piece.write_bytes(b"PAR1")
    with pytest.raises(BadFile, match="piece-"):
        cached_features(tiny_model, [("a", png(0))], tmp_path)


def test_pieces_are_written_while_a_run_goes_on(tiny_model: Model, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, tiny_model)
    for number in range(600):
        cache.add(f"{number:064}", np.full(16, number, dtype=np.float32))
    sizes = sorted(len(Embeddings.load(path)) for path in cache.folder.iterdir())
    assert sizes == [256, 256]
    cache.save()
    again = FeatureCache(tmp_path, tiny_model)
    assert all(again[f"{number:064}"][0] == number for number in range(600))
    assert "unknown" not in again


def test_another_trunk_or_preparation_has_a_cache_of_its_own(tiny_model: Model, tmp_path: Path) -> None:
    items = [("a", png(0))]
    cached_features(tiny_model, items, tmp_path)
    tiny_model.preparation = replace(tiny_model.preparation, mean=(0.5, 0.5, 0.5))
    cached_features(tiny_model, items, tmp_path)
    with torch.no_grad():
        tiny_model.visual.conv1.weight.mul_(2)
    cached_features(tiny_model, items, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    with torch.no_grad():
        tiny_model.visual.proj.mul_(2)  # no part of the trunk
    cached_features(tiny_model, items, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_bad_images_are_rows_here_too(tiny_model: Model, tmp_path: Path) -> None:
    encoded = cached_features(tiny_model, [("bad", b"x"), ("good", png(0))], tmp_path)
    assert [failure.id for failure in encoded.errors] == ["bad"]
    assert encoded.embeddings.ids == ["good"]
    assert cached_features(tiny_model, [], tmp_path).embeddings.vectors.shape == (0, 16)


def test_features_of_a_scaled_decoding_are_not_taken_for_exact_ones(tmp_path: Path, tiny_model: Model) -> None:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    images = [("a", buffer.getvalue())]
    vectors = [
        cached_features(tiny_model, images, tmp_path, replace(FEATURE_OPTIONS, is_exact=is_exact)).embeddings.vectors
        for is_exact in (False, True)
    ]
    assert np.abs(vectors[0] - vectors[1]).max() > 0.001
