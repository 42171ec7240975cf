"""Faces of people in an image, by YuNet or MTCNN, and of each the chance that it is an animal's."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.errors import UnknownName, UsageError
from thuja.model.animals import AnimalGuard
from thuja.model.mtcnn import Mtcnn, Thresholds
from thuja.model.yunet import YuNet

DETECTORS = ("yunet", "mtcnn")
YUNET_SIDE = 640
"""The longer side that YuNet is shown. At 320 it misses most faces under 40 pixels of a 720-pixel image."""
MTCNN_SIDE = 720
"""MTCNN is shown a square of this side, as in the papers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFinder:
    """A function from an RGB image to the faces in it. Pickles; the networks are loaded where it is called.

    `min_score`: YuNet's least score. `thresholds`: MTCNN's three. Without `guard` no face is an animal's.
    """

    detector: str = "yunet"
    min_score: float = 0.8
    thresholds: tuple[float, float, float] = (0.9, 0.95, 0.95)
    guard: bool = True

    def __post_init__(self) -> None:
        if self.detector not in DETECTORS:
            raise UnknownName.of("face detector", self.detector, DETECTORS)
        if not 0 < self.min_score < 1:
            raise UsageError(f"a face's least score must lie between 0 and 1, got {self.min_score}")

    def load(self) -> None:
        """Load the networks. Raises UsageError where a package is missing, so that a long run does not begin."""
        self._detector()
        if self.guard:
            _guard()

    def __call__(self, image: Image.Image) -> npt.NDArray[np.float32]:
        """(F, 6): left, top, right, bottom in pixels of the image, the detector's score, and the animals' share."""
        if self.detector == "mtcnn":
            size = (MTCNN_SIDE, MTCNN_SIDE)
        else:
            scale = YUNET_SIDE / max(image.size)
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        faces = self._detector().find(np.asarray(image.resize(size, Image.Resampling.BICUBIC)))  # (F, 5)
        faces[:, :4] *= np.tile(np.divide(image.size, size), 2)
        animal = _guard().shares(image, faces) if self.guard else np.zeros(len(faces), np.float32)
        return np.column_stack([faces, animal]).astype(np.float32)

    def _detector(self) -> YuNet | Mtcnn:
        return _yunet(self.min_score) if self.detector == "yunet" else _mtcnn(self.thresholds)


@lru_cache(maxsize=4)
def _yunet(min_score: float) -> YuNet:
    return YuNet(min_score)


@lru_cache(maxsize=4)
def _mtcnn(thresholds: tuple[float, float, float]) -> Mtcnn:
    proposal, refined, final = thresholds
    return Mtcnn(Thresholds(proposal=proposal, refined=refined, final=final))


@lru_cache(maxsize=1)
def _guard() -> AnimalGuard:
    return AnimalGuard()
