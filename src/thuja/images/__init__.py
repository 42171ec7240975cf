"""Bytes to RGB to array: safe decoding of whatever the web holds, and the field's image preparations."""

from thuja.images.decoding import (
    DEFAULT_LIMITS,
    REASONS,
    Limits,
    as_decoded,
    decode,
    encode_jpeg,
    read_bytes,
    read_image,
    to_rgb,
    upright_size,
)
from thuja.images.places import read_place, stretch
from thuja.images.plain import is_plain_jpeg, shard_bytes
from thuja.images.preparation import CLIP_MEAN, CLIP_STD, INTERPOLATIONS, MODES, Preparation

__all__ = [
    "CLIP_MEAN",
    "CLIP_STD",
    "DEFAULT_LIMITS",
    "INTERPOLATIONS",
    "MODES",
    "REASONS",
    "Limits",
    "Preparation",
    "as_decoded",
    "decode",
    "encode_jpeg",
    "is_plain_jpeg",
    "read_bytes",
    "read_image",
    "read_place",
    "shard_bytes",
    "stretch",
    "to_rgb",
    "upright_size",
]
