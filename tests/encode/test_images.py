"""Images to Embeddings: order, errors, memory, and equality with the model called by hand."""

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from thuja.encode import EncodeOptions, Failure, available_cpus, encode_images, stream_images
from thuja.encode.pipeline import ordered
from thuja.errors import ImageError, UnknownName, UsageError
from thuja.images import decode
from thuja.model import Model


def png(seed: int, size: tuple[int, int] = (20, 14)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_vectors_are_the_models_in_the_images_order(tiny_model: Model, tmp_path: Path) -> None:
    data = [png(seed) for seed in range(7)]
    path = tmp_path / "6.png"
    path.write_bytes(data[6])
    items = [*((str(place), data[place]) for place in range(6)), ("6", path)]
    encoded = encode_images(tiny_model, items, EncodeOptions(batch_size=3))
    inputs = np.stack([tiny_model.preparation(decode(one)) for one in data])
    with torch.inference_mode():
        expected = tiny_model.encode_image(torch.from_numpy(inputs)).numpy()
    assert encoded.errors == []
    assert encoded.embeddings.ids == [str(place) for place in range(7)]
    assert np.abs(encoded.embeddings.vectors - expected).max() < 1e-6
    assert encoded.embeddings.model == tiny_model.id
    assert encoded.embeddings.preparation == tiny_model.preparation.name
    assert encoded.embeddings.is_normalized


def test_a_bad_image_becomes_a_row_and_stops_nothing(tiny_model: Model, tmp_path: Path) -> None:
    items = [("a", png(0)), ("cut", png(1)[:60]), ("gone", tmp_path / "gone.jpg"), ("empty", b""), ("b", png(2))]
    encoded = encode_images(tiny_model, items, EncodeOptions(batch_size=2))
    assert encoded.embeddings.ids == ["a", "b"]
    assert [(failure.id, failure.reason) for failure in encoded.errors] == [
        ("cut", "truncated"),
        ("gone", "unreadable"),
        ("empty", "empty_image"),
    ]


def test_nothing_good_gives_an_empty_matrix_of_the_right_width(tiny_model: Model) -> None:
    encoded = encode_images(tiny_model, [("a", b"no image")])
    assert encoded.embeddings.vectors.shape == (0, 8)
    assert len(encoded.errors) == 1
    assert encode_images(tiny_model, []).embeddings.vectors.shape == (0, 8)


def test_head_normalize_and_dtype_are_followed(tiny_model: Model) -> None:
    with torch.no_grad():
        tiny_model.heads["caption"].proj.neg_()
    items = [("a", png(0))]
    plain = encode_images(tiny_model, items, EncodeOptions(normalize=False))
    caption = encode_images(tiny_model, items, EncodeOptions(head="caption", normalize=False, dtype="float16"))
    assert caption.embeddings.vectors.dtype == np.float16
    assert not caption.embeddings.is_normalized
    assert np.allclose(-plain.embeddings.vectors, caption.embeddings.vectors, atol=2e-3)
    with pytest.raises(UnknownName, match="unknown head"):
        encode_images(tiny_model, items, EncodeOptions(head="sound"))


def test_a_training_model_is_encoded_as_in_evaluation_and_left_training(tiny_model: Model) -> None:
    vision = replace(tiny_model.config.vision, patch_dropout=0.5)
    config = replace(tiny_model.config, vision=vision)
    model = Model.create(
        config, tiny_model.tokenizer, tiny_model.preparation, generator=torch.Generator().manual_seed(0)
    ).train()
    first = encode_images(model, [("a", png(0))])
    second = encode_images(model, [("a", png(0))])
    assert np.array_equal(first.embeddings.vectors, second.embeddings.vectors)
    assert model.training


def test_few_images_are_taken_before_their_turn(tiny_model: Model) -> None:
    taken = 0

    def images() -> Iterator[tuple[str, bytes]]:
        nonlocal taken
        for place in range(1000):
            taken += 1
            yield str(place), png(0)

    stream = stream_images(tiny_model, images(), EncodeOptions(batch_size=4, threads=2))
    next(stream)
    assert taken <= 4 + (4 + 2 * 2)
    stream.close()


@given(sizes=st.lists(st.integers(0, 50), max_size=30), threads=st.integers(1, 4), ahead=st.integers(1, 9))
def test_work_in_threads_equals_work_in_a_row(sizes: list[int], threads: int, ahead: int) -> None:
    def work(content: bytes | Path) -> int:
        assert isinstance(content, bytes)
        if len(content) % 7 == 3:
            raise ImageError("odd", reason="undecodable")
        return len(content)

    items = [(f"{place}", b"x" * size) for place, size in enumerate(sizes)]
    expected = [
        (name, Failure(name, "undecodable", "odd") if len(content) % 7 == 3 else len(content))
        for name, content in items
    ]
    assert list(ordered(items, work, threads=threads, ahead=ahead)) == expected


def test_an_error_of_our_own_is_not_swallowed() -> None:
    def work(content: bytes | Path) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(ordered([("a", b"")], work, threads=1, ahead=2))


def test_decoding_threads_end_when_the_stream_is_left() -> None:
    before = threading.active_count()
    results = ordered(((str(n), b"") for n in range(100)), lambda _: 1, threads=3, ahead=10)
    next(results)
    results.close()
    for thread in threading.enumerate():
        if thread.name.startswith("decode"):
            thread.join(timeout=5)
    assert threading.active_count() == before


def test_options_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="batch size"):
        EncodeOptions(batch_size=0)
    with pytest.raises(UsageError, match="threads"):
        EncodeOptions(threads=0)


def test_there_is_a_processor() -> None:
    assert available_cpus() >= 1


@pytest.mark.shared
def test_every_hostile_picture_ends_as_a_vector_or_as_a_row(tiny_model: Model, shared: Path) -> None:
    files = sorted(path for path in (shared / "photos" / "robust").rglob("*") if path.is_file())
    encoded = encode_images(tiny_model, ((str(path), path) for path in files))
    assert len(files) == len(encoded.embeddings) + len(encoded.errors) > 20
    assert np.isfinite(encoded.embeddings.vectors).all()
