"""The features before any projection, kept on disk, so that a frozen trunk sees an image once."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from thuja.embeddings import Embeddings, Vectors
from thuja.encode.encoder import Encoder
from thuja.encode.images import DEFAULT_OPTIONS, Encoded, EncodeOptions, Pixels, resized_by, run_batch
from thuja.encode.pipeline import Content, Failure, available_cpus, ordered
from thuja.images import read_bytes
from thuja.jobs import track
from thuja.model import Model

FEATURE_OPTIONS = replace(DEFAULT_OPTIONS, dtype="float16")
"""Half precision is enough for features: the rounding is a two-thousandth of a value."""

_PIECE = 256
"""Features in one file: what a kill may cost."""


class FeatureCache:
    """Features by the SHA-256 of the image's bytes, in a folder for one trunk and preparation.

    Every piece is a Parquet file of Embeddings that is renamed into its place when whole, so a
    run may be killed at any time, and runs beside each other only ever add.
    """

    def __init__(self, folder: Path, model: Model, options: EncodeOptions | None = None) -> None:
        options = options or FEATURE_OPTIONS
        facts = json.dumps([model.preparation.to_dict(), options.dtype, options.is_exact], sort_keys=True)
        kind = f"{model.trunk_id}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}"
        self.folder = Path(folder) / kind
        self._trunk, self._preparation, self._dtype = model.trunk_id, model.preparation.name, options.dtype
        self._known: dict[str, Vectors] = {}
        self._unsaved: dict[str, Vectors] = {}
        for path in sorted(self.folder.glob("piece-*.parquet")):
            piece = Embeddings.load(path)
            self._known.update(zip(piece.ids, piece.vectors, strict=True))

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._known

    def __getitem__(self, sha256: str) -> Vectors:
        return self._known[sha256]

    def add(self, sha256: str, features: Vectors) -> None:
        """Keep one image's features (F,), on disk when there is a piece of them."""
        rounded: Vectors = features.astype(self._dtype)
        self._known[sha256] = self._unsaved[sha256] = rounded
        if len(self._unsaved) >= _PIECE:
            self.save()

    def save(self) -> None:
        """Write what is not on disk yet."""
        if not self._unsaved:
            return
        ids = list(self._unsaved)
        piece = Embeddings(
            ids=ids,
            vectors=np.stack(list(self._unsaved.values())),
            model=self._trunk,
            is_normalized=False,
            preparation=self._preparation,
        )
        name = hashlib.sha256("".join(ids).encode()).hexdigest()[:16]
        piece.save(self.folder / f"piece-{name}.parquet")
        self._unsaved.clear()


def cached_features(
    model: Model,
    images: Iterable[tuple[str, Content]],
    cache_dir: Path,
    options: EncodeOptions = FEATURE_OPTIONS,
    *,
    total: int | None = None,
) -> Encoded:
    """The trunk's features of all images in their order, not normalised, those seen before from disk.

    `model.project(features)` takes them to embeddings. Images are known by their bytes, so a file
    of another name costs nothing. `options.head` and `normalize` do not matter here.
    """
    cache = FeatureCache(cache_dir, model, options)
    threads = options.threads or available_cpus()
    work = _hashed(resized_by(model.preparation, options), options, cache)
    results = ordered(images, work, threads=threads, ahead=options.batch_size + 2 * threads)
    places: list[tuple[str, str]] = []  # (id, sha256) of every good image
    errors: list[Failure] = []
    pending: dict[str, Pixels] = {}
    try:
        for name, result in track(results, total=total, label=options.label) if options.label else results:
            if isinstance(result, Failure):
                errors.append(result)
                continue
            sha256, pixels = result
            places.append((name, sha256))
            if pixels is not None:
                pending[sha256] = pixels
            if len(pending) >= options.batch_size:
                _compute(model, pending, cache)
        _compute(model, pending, cache)
    finally:
        results.close()
        cache.save()
    empty = np.zeros((0, model.visual.feature_dim), dtype=options.dtype)
    embeddings = Embeddings(
        ids=[name for name, _ in places],
        vectors=np.stack([cache[sha256] for _, sha256 in places]) if places else empty,
        model=model.trunk_id,
        is_normalized=False,
        preparation=model.preparation.name,
    )
    return Encoded(embeddings=embeddings, errors=errors)


def _hashed(
    resize: Callable[[Content], Pixels], options: EncodeOptions, cache: FeatureCache
) -> Callable[[Content], tuple[str, Pixels | None]]:
    """The work of a decoding thread: the bytes' SHA-256, and grey levels unless the cache has it."""

    def work(content: Content) -> tuple[str, Pixels | None]:
        data = content if isinstance(content, bytes) else read_bytes(content, limits=options.limits)
        sha256 = hashlib.sha256(data).hexdigest()
        return sha256, None if sha256 in cache else resize(data)

    return work


def _compute(model: Model, pending: dict[str, Pixels], cache: FeatureCache) -> None:
    batch = run_batch(Encoder.plain(model), list(pending.items()), model.image_features)
    for sha256, features in zip(batch.ids, batch.vectors, strict=True):
        cache.add(sha256, features)
    pending.clear()
