"""Files to vectors, row by row: for who has a list of images and wants no other order."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from thuja.embeddings import Vectors
from thuja.encode.cached import Projection, cached_vectors, projection_of
from thuja.encode.eye import Eye, eye_of
from thuja.encode.images import EncodeOptions
from thuja.jobs import cache_folder
from thuja.model import Model
from thuja.model.machine import find_device
from thuja.model.published import find_model


def encode_files(
    eye: Eye, files: Sequence[Path], *, projection: Projection | None = None, label: str = "", cache: Path | None = None
) -> Vectors:
    """Vectors of length one (N, D) float32 in the order of the files, a row of NaN for each that cannot be read.

    What was seen before comes from the folder `cache`, by default that of `thuja analyze controls`.
    """
    options = EncodeOptions(batch_size=128 if eye.preparation.size <= 128 else 32, label=label, is_exact=False)
    images = ((str(row), file) for row, file in enumerate(files))
    folder = cache or cache_folder() / "vectors"
    seen = cached_vectors(eye, images, folder, options=options, projection=projection, total=len(files)).embeddings
    found = seen.normalized()
    vectors = np.full((len(files), found.dim), np.nan, dtype=np.float32)
    vectors[[int(name) for name in found.ids]] = found.vectors
    return vectors


def open_model_eye(name: str, *, device: str = "auto") -> tuple[Eye, Projection, str]:
    """The image tower of a model by its folder or published name, its head, and its id."""
    model = Model.load(find_model(name)).to(find_device(device))
    return eye_of(model), projection_of(model), model.id
