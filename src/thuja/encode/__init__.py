"""The only loop that turns images or texts into Embeddings."""

from thuja.encode.encoder import Encoder
from thuja.encode.features import cached_features
from thuja.encode.hardware import Hardware
from thuja.encode.images import Encoded, EncodeOptions, encode_images, stream_images
from thuja.encode.pipeline import Content, Failure, available_cpus
from thuja.encode.texts import build_labels, encode_texts

__all__ = [
    "Content",
    "EncodeOptions",
    "Encoded",
    "Encoder",
    "Failure",
    "Hardware",
    "available_cpus",
    "build_labels",
    "cached_features",
    "encode_images",
    "encode_texts",
    "stream_images",
]
