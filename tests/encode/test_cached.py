"""Vectors that are kept: same answers, less work, and safe to interrupt."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from thuja.encode import EncodeOptions, Eye, cached_features, cached_vectors
from thuja.encode.cached import FEATURE_OPTIONS, encode_cached, projection_of
from thuja.encode.eye import Floats, Pixels, eye_of
from thuja.images import Preparation, decode
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
    encoded = cached_features(tiny_model, enumerate_bytes(data), tmp_path, options=FULL)
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
        cached_features(tiny_model, breaking(), tmp_path, options=options)
    before = counted.count
    assert before >= 10
    resumed = cached_features(tiny_model, enumerate_bytes(data), tmp_path, options=options)
    assert counted.count == 20
    fresh = cached_features(tiny_model, enumerate_bytes(data), tmp_path / "fresh", options=options)
    assert np.abs(resumed.embeddings.vectors - fresh.embeddings.vectors).max() < 1e-6


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
        cached_features(
            tiny_model, images, tmp_path, options=replace(FEATURE_OPTIONS, is_exact=is_exact)
        ).embeddings.vectors
        for is_exact in (False, True)
    ]
    assert np.abs(vectors[0] - vectors[1]).max() > 0.001


def test_copies_of_an_image_are_encoded_once_though_they_are_read_ahead(tiny_model: Model, tmp_path: Path) -> None:
    """A copy that was read before the first one was encoded used to go through the tower again."""
    counted = Counted(tiny_model)
    items = [(str(number), png(number % 2)) for number in range(40)]
    options = replace(FULL, batch_size=1, threads=2)
    encoded = cached_features(tiny_model, items, tmp_path, options=options)
    assert counted.count == 2
    assert np.array_equal(encoded.embeddings.vectors[::2], np.repeat(encoded.embeddings.vectors[:1], 20, axis=0))


def test_another_head_costs_no_further_look(tiny_model: Model, tmp_path: Path) -> None:
    with torch.no_grad():
        tiny_model.heads["caption"].proj.mul_(-2)  # it began as a copy
    counted = Counted(tiny_model)
    items = [(str(seed), png(seed)) for seed in range(3)]
    options = replace(FULL, normalize=False)
    first = encode_cached(tiny_model, items, tmp_path, options=options).embeddings
    second = encode_cached(tiny_model, items, tmp_path, options=replace(options, head="caption")).embeddings
    assert counted.count == 3
    np.testing.assert_allclose(second.vectors, -2 * first.vectors, atol=1e-6)
    inputs = torch.from_numpy(np.stack([tiny_model.preparation(decode(data)) for _, data in items]))
    with torch.inference_mode():
        expected = tiny_model.encode_image(inputs, "caption", normalize=False).numpy()
    np.testing.assert_allclose(second.vectors, expected, atol=1e-5)
    assert second.model == tiny_model.id


class ByHand:
    """An eye whose vectors are the image's mean grey levels, and which says of some images nothing sensible."""

    def __init__(self, *, worst: float = np.nan) -> None:
        self.looked: list[int] = []
        self.worst = worst
        self.eye = Eye(id="by-hand", dim=3, preparation=Preparation(size=4), look=self.look)

    def look(self, pixels: list[Pixels]) -> Floats:
        self.looked.append(len(pixels))
        vectors = np.stack([one.mean(axis=(0, 1)) for one in pixels]).astype(np.float32)
        vectors[vectors[:, 0] > 250] = self.worst
        return vectors


def plain(*levels: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (5, 4), levels).save(buffer, "PNG")
    return buffer.getvalue()


def test_what_is_not_a_number_is_an_error_and_is_not_kept(tmp_path: Path) -> None:
    hand = ByHand()
    items = [
        ("a", plain(1, 2, 3)),
        ("b", plain(255, 0, 0)),
        ("c", b"x"),
        ("d", plain(255, 0, 0)),
        ("e", plain(4, 5, 6)),
    ]
    encoded = cached_vectors(hand.eye, items, tmp_path)
    assert encoded.embeddings.ids == ["a", "e"]
    assert encoded.embeddings.vectors.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert [(failure.id, failure.reason) for failure in encoded.errors] == [
        ("b", "not_finite"), ("c", "unsupported"), ("d", "not_finite")
    ]  # fmt: skip
    mended = ByHand(worst=7)
    assert len(cached_vectors(mended.eye, items, tmp_path).embeddings) == 4
    assert sum(mended.looked) == 1


def test_vectors_computed_in_another_precision_are_computed_again(tmp_path: Path) -> None:
    hand = ByHand()
    for eye in (hand.eye, replace(hand.eye, precision="bf16"), hand.eye):
        cached_vectors(eye, [("a", plain(1, 2, 3))], tmp_path)
    assert hand.looked == [1, 1]


def test_what_half_precision_cannot_hold_is_an_error(tmp_path: Path) -> None:
    hand = ByHand(worst=1e6)
    encoded = cached_vectors(hand.eye, [("b", plain(255, 0, 0))], tmp_path, options=FEATURE_OPTIONS)
    assert [failure.reason for failure in encoded.errors] == ["not_finite"]
    assert encoded.embeddings.vectors.dtype == np.float16


def test_a_projection_that_overflows_is_an_error_of_that_head_alone(tmp_path: Path) -> None:
    hand = ByHand()

    def project(features: Floats) -> Floats:
        return np.where(features > 3, np.inf, features)[:, :2]

    items = [("a", plain(1, 2, 3)), ("b", plain(9, 9, 9))]
    encoded = cached_vectors(hand.eye, items, tmp_path, projection=project)
    assert encoded.embeddings.vectors.tolist() == [[1, 2]]
    assert [failure.id for failure in encoded.errors] == ["b"]
    assert len(cached_vectors(hand.eye, items, tmp_path).embeddings) == 2
    assert sum(hand.looked) == 2


def test_an_eye_of_a_prepared_model_is_that_of_the_plain_one(tiny_model: Model, tmp_path: Path) -> None:
    from thuja.encode import Hardware

    items = [(str(seed), png(seed)) for seed in range(5)]
    identity = tiny_model.trunk_id
    expected = cached_features(tiny_model, items, tmp_path / "plain", options=FULL).embeddings
    eye = eye_of(tiny_model, Hardware(device="cpu", precision="fp32"))
    assert (eye.id, eye.precision, eye.dim) == (identity, "fp32", 16)
    fast = cached_vectors(eye, items, tmp_path / "fast", options=FULL, projection=projection_of(tiny_model)).embeddings
    with torch.inference_mode():
        projected = tiny_model.project(torch.from_numpy(expected.vectors), normalize=False).numpy()
    np.testing.assert_allclose(fast.vectors, projected, atol=1e-5)
