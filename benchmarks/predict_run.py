"""What benchmarks/predict.py measures on: photos, their vectors, and a hub cache with weights and label files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from published_labels import hub_with_labels, scaled_model
from thuja.encode import Encoder, Hardware, encode_images
from thuja.images import Preparation
from thuja.model import Model

Floats = npt.NDArray[np.float32]

PEER_PREPARATION = Preparation(size=224, mode="squash", interpolation="bilinear")
"""How pybioclip prepares images for the TreeOfLife models."""

_DRAWN_AROUND = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is measured on what."""

    photos: Sequence[Path]
    shape: str
    labels: int
    work: Path

    @property
    def model(self) -> Path:
        """The folder of random weights with a logit scale of 100."""
        return scaled_model(self.shape, self.work)

    @property
    def home(self) -> Path:
        """The HF_HOME that both tools run in; made once."""
        step = max(1, len(self.photos) // _DRAWN_AROUND)
        made = self.work / f"hub-{self.labels}" / self.shape
        images = np.zeros((0, 0), dtype=np.float32)
        if not list(made.glob("hub/datasets--*/snapshots/*/embeddings/*.json")):
            images = self.vectors(count=_DRAWN_AROUND, step=step)
        return hub_with_labels(self.shape, self.work, images=images, count=self.labels)

    def vectors(self, *, count: int, step: int = 1, is_peers: bool = False) -> Floats:
        """The unit vectors of some photos in float32, prepared in thuja's way or in pybioclip's; kept in --work."""
        kind = "peer" if is_peers else "thuja"
        path = self.work / f"vectors-{self.shape}-{kind}-{count}-{step}-{len(self.photos)}.npy"
        if not path.is_file():
            model = Model.load(self.model)
            if is_peers:
                model.preparation = PEER_PREPARATION
            encoder = Encoder.prepare(model, Hardware(precision="fp32"))
            chosen = self.photos[::step][:count]
            np.save(path, encode_images(encoder, [(str(photo), photo) for photo in chosen]).embeddings.vectors)
        vectors: Floats = np.load(path)
        return vectors
