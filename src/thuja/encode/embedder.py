"""A model as a function of images that other processes can be handed: what curation embeds with."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from thuja.encode.encoder import Encoder
from thuja.model import Model
from thuja.model.published import find_model

BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedder:
    """RGB images to unit vectors, (N, D) float32, by a model's image tower. Pickles; the model is loaded where it is
    called, once in a process."""

    model: str

    @property
    def fingerprint(self) -> str:
        """Name, size and time of a local model's files; empty for a published one, which its name tells."""
        if not Path(self.model).exists():
            return ""
        path = find_model(Path(self.model))
        files = sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]
        return " ".join(f"{one.name}:{one.stat().st_size}:{one.stat().st_mtime_ns}" for one in files)

    def load(self) -> None:
        """Load the model; raises what loading it raises, so that a long run does not begin."""
        _encoder(self.model)

    def __call__(self, images: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
        """The embeddings of the images, in their order."""
        encoder = _encoder(self.model)
        parts = []
        for start in range(0, len(images), BATCH):
            pixels = [encoder.model.preparation.resized(image) for image in images[start : start + BATCH]]
            with torch.inference_mode():
                parts.append(encoder.encode_image(encoder.batch(pixels)).float().cpu().numpy())
        return np.concatenate(parts) if parts else np.empty((0, encoder.model.config.embed_dim), np.float32)


@lru_cache(maxsize=1)
def _encoder(model: str) -> Encoder:
    return Encoder.prepare(Model.load(find_model(model)))
