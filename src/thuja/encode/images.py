"""Images to Embeddings through one head of a model."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from thuja.embeddings import Embeddings, Vectors
from thuja.encode.pipeline import Content, Failure, available_cpus, encoding, ordered, shown
from thuja.errors import UsageError
from thuja.images import DEFAULT_LIMITS, Limits, Preparation, decode, read_bytes
from thuja.model import TAXONOMY, Model

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """How images are encoded; only `head`, `normalize` and `dtype` change a result.

    `threads` decode images; None is one for each processor of the container. `label` names the
    work in the progress shown on stderr; the empty string shows none.
    """

    head: str = TAXONOMY
    normalize: bool = True
    dtype: Literal["float16", "float32"] = "float32"
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
    model: Model,
    images: Iterable[tuple[str, Content]],
    options: EncodeOptions = DEFAULT_OPTIONS,
    *,
    total: int | None = None,
) -> Encoded:
    """All images, as (id, bytes or path), to Embeddings in their order; `total` is for the progress."""
    batches = list(stream_images(model, images, options, total=total))
    empty = np.zeros((0, model.config.embed_dim), dtype=options.dtype)
    embeddings = Embeddings(
        ids=[name for batch in batches for name in batch.ids],
        vectors=np.concatenate([empty, *(batch.vectors for batch in batches if batch.ids)]),
        model=model.id,
        is_normalized=options.normalize,
        preparation=model.preparation.name,
    )
    return Encoded(embeddings=embeddings, errors=[failure for batch in batches for failure in batch.errors])


def stream_images(
    model: Model,
    images: Iterable[tuple[str, Content]],
    options: EncodeOptions = DEFAULT_OPTIONS,
    *,
    total: int | None = None,
) -> Iterator[Batch]:
    """The same a batch at a time, for any number of images in bounded memory."""
    prepare = prepared_by(model.preparation, options.limits)
    threads = options.threads or available_cpus()
    results = ordered(images, prepare, threads=threads, ahead=options.batch_size + 2 * threads)

    def embed(pixels: Tensor) -> Tensor:
        return model.encode_image(pixels, options.head, normalize=options.normalize)

    try:
        for chunk in chunks(shown(results, options.label, total), options.batch_size):
            batch = run_batch(model, chunk, embed)
            yield Batch(ids=batch.ids, vectors=batch.vectors.astype(options.dtype), errors=batch.errors)
    finally:
        results.close()


def prepared_by(preparation: Preparation, limits: Limits) -> Callable[[Content], Floats]:
    """The work of a decoding thread: bytes or a path to the model's input (3, S, S)."""

    def prepare(content: Content) -> Floats:
        data = content if isinstance(content, bytes) else read_bytes(content, limits=limits)
        return preparation(decode(data, limits=limits))

    return prepare


def run_batch(
    model: Model, chunk: Sequence[tuple[str, Floats | Failure]], compute: Callable[[Tensor], Tensor]
) -> Batch:
    """Run prepared images through `compute`, in float32; failures are carried along."""
    good = [(name, pixels) for name, pixels in chunk if not isinstance(pixels, Failure)]
    errors = [result for _, result in chunk if isinstance(result, Failure)]
    if not good:
        return Batch(ids=[], vectors=np.zeros((0, 0), dtype=np.float32), errors=errors)
    with encoding(model) as device:
        pixels = torch.from_numpy(np.stack([pixels for _, pixels in good])).to(device)  # (B, 3, S, S)
        vectors = compute(pixels).float().cpu().numpy()
    return Batch(ids=[name for name, _ in good], vectors=vectors, errors=errors)


def chunks(results: Iterable[tuple[str, Floats | Failure]], size: int) -> Iterator[list[tuple[str, Floats | Failure]]]:
    """Runs of `size` results, the last one shorter."""
    chunk: list[tuple[str, Floats | Failure]] = []
    for result in results:
        chunk.append(result)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
