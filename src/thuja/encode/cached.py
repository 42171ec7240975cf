"""Embeddings of images whose vectors may be on disk already."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from thuja.embeddings import Embeddings, Vectors
from thuja.encode.eye import Eye, Pixels, eye_of
from thuja.encode.images import DEFAULT_OPTIONS, Encoded, EncodeOptions, resized_by
from thuja.encode.pipeline import Content, Failure, encoding, ordered
from thuja.encode.vector_cache import Kind, VectorCache
from thuja.images import read_bytes
from thuja.jobs import track
from thuja.model import TAXONOMY, Model
from thuja.model.machine import available_cpus

Mask = npt.NDArray[np.bool_]
Projection = Callable[[Vectors], Vectors]
"""Features (B, F) to what is wanted of them (B, D)."""

FEATURE_OPTIONS = replace(DEFAULT_OPTIONS, dtype="float16")
"""Half precision is enough to train on: the rounding is a two-thousandth of a value."""

_NOT_FINITE = "not_finite"


def cached_vectors(
    eye: Eye,
    images: Iterable[tuple[str, Content]],
    cache_dir: Path,
    *,
    options: EncodeOptions = DEFAULT_OPTIONS,
    projection: Projection | None = None,
    total: int | None = None,
) -> Encoded:
    """What a tower makes of all images in their order, not normalised; those seen before come from disk.

    Images are known by their bytes, so a file of another name costs nothing, and what is kept is what stands before
    the heads: `projection` takes it to the head's embeddings, and another head costs a matrix product. An image
    whose vector is not a number is an error, and is not kept. `options.head` and `normalize` do not matter here.
    """
    kind = Kind(
        tower=eye.id,
        preparation=eye.preparation,
        precision=eye.precision,
        dtype=options.dtype,
        is_exact=options.is_exact,
    )
    cache = VectorCache(cache_dir, kind)
    found = _Found()
    found.fill(eye, images, cache, options=options, total=total)
    vectors, is_finite = _gathered(cache, found.keys, np.zeros((0, eye.dim), options.dtype), projection=projection)
    for (row, name), is_good in zip(found.places, is_finite.tolist(), strict=True):
        if not is_good:
            found.errors[row] = Failure(name, _NOT_FINITE, "what the head makes of this image is not a number")
    names = [name for _, name in found.places]
    if not is_finite.all():
        vectors, names = vectors[is_finite], [name for name, is_good in zip(names, is_finite, strict=True) if is_good]
    embeddings = Embeddings(
        ids=names,
        vectors=vectors,
        model=eye.id,
        is_normalized=False,
        preparation=eye.preparation.name,
        precision=eye.precision,
    )
    return Encoded(embeddings=embeddings, errors=[found.errors[row] for row in sorted(found.errors)])


def cached_features(
    model: Model,
    images: Iterable[tuple[str, Content]],
    cache_dir: Path,
    *,
    options: EncodeOptions = FEATURE_OPTIONS,
    total: int | None = None,
) -> Encoded:
    """The trunk's features; `model.project(features)` takes them to embeddings."""
    return cached_vectors(eye_of(model), images, cache_dir, options=options, total=total)


def encode_cached(
    model: Model, images: Iterable[tuple[str, Content]], cache_dir: Path, *, options: EncodeOptions = FEATURE_OPTIONS
) -> Encoded:
    """As `encode_images`, with the trunk's features kept in `cache_dir`, and taken from it when they are there.

    Two models on one frozen trunk share its features, as training and evaluation do. Where the features
    have half precision, the embeddings differ from `encode_images` in the third decimal.
    """
    projection = projection_of(model, options.head, normalize=options.normalize)
    encoded = cached_vectors(eye_of(model), images, cache_dir, options=options, projection=projection)
    embeddings = replace(encoded.embeddings, model=model.id, is_normalized=options.normalize)
    return Encoded(embeddings=embeddings, errors=encoded.errors)


def projection_of(model: Model, head: str = TAXONOMY, *, normalize: bool = False) -> Projection:
    """Features (B, F) to one head's embeddings (B, D) float32."""

    def project(features: Vectors) -> Vectors:
        with encoding(model) as device:
            rows = torch.from_numpy(features).float().to(device)
            vectors: Vectors = model.project(rows, head, normalize=normalize).float().cpu().numpy()
        return vectors

    return project


@dataclass(slots=True)
class _Found:
    """Where the images of one run are to be found: a row and a name for each good one, and its SHA-256."""

    places: list[tuple[int, str]] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    errors: dict[int, Failure] = field(default_factory=dict)

    def fill(
        self,
        eye: Eye,
        images: Iterable[tuple[str, Content]],
        cache: VectorCache,
        *,
        options: EncodeOptions,
        total: int | None,
    ) -> None:
        """Hash every image, and encode those that the cache does not have."""
        threads = options.threads or available_cpus()
        work = _hashed(resized_by(eye.preparation, options), options, cache)
        results = ordered(images, work, threads=threads, ahead=options.batch_size + 2 * threads)
        shown = track(results, total=total, label=options.label)
        computing = _Computing(eye, cache, options)
        try:
            for row, (name, result) in enumerate(shown):
                if isinstance(result, Failure):
                    self.errors[row] = result
                    continue
                key, pixels = result
                computing.want(key, pixels)
                self.places.append((row, name))
                self.keys.append(key)
            computing.finish()
        finally:
            shown.close()
            cache.save()
        self._drop(computing.bad)

    def _drop(self, bad: set[bytes]) -> None:
        """Make errors of the images whose vectors are not numbers."""
        for (row, name), key in zip(self.places, self.keys, strict=True):
            if key in bad:
                self.errors[row] = Failure(name, _NOT_FINITE, "what the model makes of this image is not a number")
        self.places = [place for place in self.places if place[0] not in self.errors]
        self.keys = [key for key in self.keys if key not in bad]


class _Computing:
    """Images that are encoded a batch at a time; `bad` are those whose vector is not a number."""

    def __init__(self, eye: Eye, cache: VectorCache, options: EncodeOptions) -> None:
        self._eye, self._cache, self._options = eye, cache, options
        self._pending: dict[bytes, Pixels] = {}
        self.bad: set[bytes] = set()

    def want(self, key: bytes, pixels: Pixels | None) -> None:
        """See to it that the cache gets this image; `pixels` is None for one that it had when the image was read."""
        if pixels is None or key in self._cache or key in self.bad:
            return
        self._pending[key] = pixels
        if len(self._pending) >= self._options.batch_size:
            self.finish()

    def finish(self) -> None:
        """Encode what waits."""
        if not self._pending:
            return
        with np.errstate(over="ignore"):  # what half precision cannot hold is not a number
            vectors = self._eye.look(list(self._pending.values())).astype(self._options.dtype)
        is_finite = np.isfinite(vectors).all(axis=1)
        for key, vector, is_good in zip(self._pending, vectors, is_finite.tolist(), strict=True):
            if is_good:
                self._cache.add(key, vector)
            else:
                self.bad.add(key)
        self._pending.clear()


def _hashed(
    resize: Callable[[Content], Pixels], options: EncodeOptions, cache: VectorCache
) -> Callable[[Content], tuple[bytes, Pixels | None]]:
    """The work of a decoding thread: the bytes' SHA-256, and grey levels unless the cache has it."""

    def work(content: Content) -> tuple[bytes, Pixels | None]:
        data = content if isinstance(content, bytes) else read_bytes(content, limits=options.limits)
        key = hashlib.sha256(data).digest()
        return key, None if key in cache else resize(data)

    return work


def _gathered(
    cache: VectorCache, keys: Sequence[bytes], none: Vectors, *, projection: Projection | None
) -> tuple[Vectors, Mask]:
    """What the projection makes of the vectors of these images, (N, D), and which rows of it are numbers, (N,).

    `none` are the vectors of no image.
    """
    like = projection(none) if projection else none
    vectors: Vectors = np.empty((len(keys), like.shape[1]), dtype=like.dtype)
    is_finite = np.ones(len(keys), dtype=np.bool_)
    for rows, features in cache.pieces(keys):
        vectors[rows] = projection(features) if projection else features
        is_finite[rows] = np.isfinite(vectors[rows]).all(axis=1)
    return vectors, is_finite
