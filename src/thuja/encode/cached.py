"""Embeddings of images whose trunk features may be on disk already."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch

from thuja.encode.features import FEATURE_OPTIONS, cached_features
from thuja.encode.images import Encoded, EncodeOptions
from thuja.encode.pipeline import Content, encoding
from thuja.model import Model


def encode_cached(
    model: Model, images: Iterable[tuple[str, Content]], cache_dir: Path, options: EncodeOptions = FEATURE_OPTIONS
) -> Encoded:
    """As `encode_images`, with the trunk's features kept in `cache_dir`, and taken from it when they are there.

    Two models on one frozen trunk share its features, as training and evaluation do. The features
    have half precision, so the embeddings differ from `encode_images` in the third decimal.
    """
    encoded = cached_features(model, images, cache_dir, options)
    features = encoded.embeddings
    with encoding(model) as device:
        rows = torch.from_numpy(features.vectors).float().to(device)  # (N, F)
        vectors = model.project(rows, options.head, normalize=options.normalize).float().cpu().numpy()
    embeddings = replace(features, vectors=vectors, model=model.id, is_normalized=options.normalize)
    return Encoded(embeddings=embeddings, errors=encoded.errors)
