"""The only loop that turns images or texts into Embeddings."""

from thuja.encode.cached import cached_features, cached_vectors
from thuja.encode.encoder import Encoder
from thuja.encode.eye import Eye, eye_of
from thuja.encode.hardware import Hardware
from thuja.encode.images import Encoded, EncodeOptions, encode_images, stream_images
from thuja.encode.pipeline import Content, Failure, Shown
from thuja.encode.texts import build_labels, encode_texts
from thuja.model.machine import available_cpus

__all__ = [
    "Content",
    "EncodeOptions",
    "Encoded",
    "Encoder",
    "Eye",
    "Failure",
    "Hardware",
    "Shown",
    "available_cpus",
    "build_labels",
    "cached_features",
    "cached_vectors",
    "encode_images",
    "encode_texts",
    "eye_of",
    "stream_images",
]
