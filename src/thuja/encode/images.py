"""Images to Embeddings through one head of a model."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from thuja.embeddings import Embeddings, Vectors
from thuja.encode.encoder import Encoder
from thuja.encode.pipeline import Content, Failure, Shown, encoding, ordered
from thuja.errors import UsageError
from thuja.images import DEFAULT_LIMITS, Limits, Preparation, decode, read_bytes
from thuja.jobs import Progress
from thuja.model import TAXONOMY, Model
from thuja.model.machine import available_cpus

Pixels = npt.NDArray[Any]
"""Grey levels (S, S, 3), uint8 or float32, as `Preparation.resized` gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """How images are encoded; `head`, `normalize`, `dtype` and `is_exact` change a result.

    Unless `is_exact`, a large JPEG is decoded at the smallest scale that still has twice the pixels
    that the model wants along each side: two to three times as fast, 0.3 of 255 grey levels off.
    `threads` decode images; None is one for each processor of the container. `label` names the
    work in the progress shown on stderr; the empty string shows none.
    """

    head: str = TAXONOMY
    normalize: bool = True
    dtype: Literal["float16", "float32"] = "float32"
    is_exact: bool = True
    batch_size: int = 32
    threads: int | None = None
    limits: Limits = DEFAULT_LIMITS
    label: str = ""

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UsageError(f"batch size must be at least 1, got {self.batch_size}")
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"threads must be at least 1, got {self.threads}")


DEFAULT_OPTIONS = EncodeOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """What came of a run of images: the embeddings in their order, and a row for each bad one."""

    embeddings: Embeddings
    errors: list[Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some of the images of a stream: ids and their (B, D) vectors, and what failed among them."""

    ids: Sequence[str]
    vectors: Vectors
    errors: Sequence[Failure]


def encode_images(
    model: Model | Encoder,
    images: Iterable[tuple[str, Content]],
    options: EncodeOptions = DEFAULT_OPTIONS,
    *,
    total: int | None = None,
) -> Encoded:
    """All images, as (id, bytes or path), to Embeddings in their order; `total` is for the progress."""
    encoder = as_encoder(model)
    batches = list(stream_images(encoder, images, options, total=total))
    empty = np.zeros((0, encoder.model.config.embed_dim), dtype=options.dtype)
    embeddings = Embeddings(
        ids=[name for batch in batches for name in batch.ids],
        vectors=np.concatenate([empty, *(batch.vectors for batch in batches if batch.ids)]),
        model=encoder.model.id,
        is_normalized=options.normalize,
        preparation=encoder.model.preparation.name,
    )
    return Encoded(embeddings=embeddings, errors=[failure for batch in batches for failure in batch.errors])


def stream_images(
    model: Model | Encoder,
    images: Iterable[tuple[str, Content | Shown]],
    options: EncodeOptions = DEFAULT_OPTIONS,
    *,
    total: int | None = None,
) -> Iterator[Batch]:
    """The same a batch at a time, for any number of images in bounded memory."""
    encoder = as_encoder(model)
    prepare = resized_by(encoder.model.preparation, options)
    threads = options.threads or available_cpus()
    results = ordered(images, prepare, threads=threads, ahead=options.batch_size + 2 * threads)

    def embed(pixels: Tensor) -> Tensor:
        return encoder.encode_image(pixels, options.head, normalize=options.normalize)

    progress = Progress(total=total, label=options.label)
    running: deque[_Running] = deque()
    ahead = 1 if encoder.device.type == "cuda" else 0  # a GPU computes while the next batch is made ready

    def finished() -> Batch:
        batch = _as_type(running.popleft().finish(), options.dtype)
        progress.advance(len(batch.ids) + len(batch.errors))
        return batch

    try:
        for chunk in chunks(results, options.batch_size):
            running.append(_start(encoder, chunk, embed, size=options.batch_size))
            if len(running) > ahead:
                yield finished()
        while running:
            yield finished()
    finally:
        results.close()
        progress.close()


def as_encoder(model: Model | Encoder) -> Encoder:
    """A model as it stands, or the encoder that was made of one."""
    return model if isinstance(model, Encoder) else Encoder.plain(model)


def resized_by(preparation: Preparation, options: EncodeOptions) -> Callable[[Content | Shown], Pixels]:
    """The work of a decoding thread: bytes, a path or an image to grey levels (S, S, 3)."""
    # A scaled decoding has no meaning for `opencv`, which looks at few of the full picture's pixels.
    is_scaled = not options.is_exact and preparation.interpolation != "opencv"
    draft = 2 * math.ceil(preparation.size / preparation.crop_fraction) if is_scaled else None

    def resize(content: Content | Shown) -> Pixels:
        if not isinstance(content, bytes | Path):
            return preparation.resized(content.show(options.limits))
        data = content if isinstance(content, bytes) else read_bytes(content, limits=options.limits)
        return preparation.resized(decode(data, limits=options.limits, draft=draft))

    return resize


def run_batch(
    encoder: Encoder,
    chunk: Sequence[tuple[str, Pixels | Failure]],
    compute: Callable[[Tensor], Tensor],
    *,
    size: int = 0,
) -> Batch:
    """Run resized images through `compute`, in float32; failures are carried along.

    Rows of zeros fill the batch up to `size` for an encoder that is compiled for it.
    """
    return _start(encoder, chunk, compute, size=size).finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """A batch that the device may still be at."""

    ids: Sequence[str]
    errors: Sequence[Failure]
    vectors: Tensor
    done: torch.cuda.Event | None

    def finish(self) -> Batch:
        """Wait for the device."""
        if self.done is not None:
            self.done.synchronize()
        return Batch(ids=self.ids, vectors=self.vectors.numpy(), errors=self.errors)


def _start(
    encoder: Encoder,
    chunk: Sequence[tuple[str, Pixels | Failure]],
    compute: Callable[[Tensor], Tensor],
    *,
    size: int,
) -> _Running:
    ids = [name for name, pixels in chunk if not isinstance(pixels, Failure)]
    good = [pixels for _, pixels in chunk if not isinstance(pixels, Failure)]
    errors = [result for _, result in chunk if isinstance(result, Failure)]
    if not good:
        return _Running(ids=[], errors=errors, vectors=torch.zeros(0, 0), done=None)
    with encoding(encoder.model) as device:
        images = encoder.batch(good, size=size if encoder.has_fixed_batch else 0)  # (B, 3, S, S)
        vectors = compute(images)[: len(good)].float()
        if device.type != "cuda":
            return _Running(ids=ids, errors=errors, vectors=vectors.cpu(), done=None)
        kept = torch.empty(vectors.shape, pin_memory=True).copy_(vectors, non_blocking=True)
        done = torch.cuda.Event()  # type: ignore[no-untyped-call]
        done.record(torch.cuda.current_stream(device))
    return _Running(ids=ids, errors=errors, vectors=kept, done=done)


def _as_type(batch: Batch, dtype: Literal["float16", "float32"]) -> Batch:
    return Batch(ids=batch.ids, vectors=batch.vectors.astype(dtype, copy=False), errors=batch.errors)


def chunks(results: Iterable[tuple[str, Pixels | Failure]], size: int) -> Iterator[list[tuple[str, Pixels | Failure]]]:
    """Runs of `size` results, the last one shorter."""
    chunk: list[tuple[str, Pixels | Failure]] = []
    for result in results:
        chunk.append(result)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
