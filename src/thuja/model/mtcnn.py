"""MTCNN: faces by three small networks over a pyramid of scales (Zhang et al., arXiv:1604.02878).

The weights are those of facenet-pytorch, whose boxes this gives to a thousandth of a pixel; its
package asks for an old torch, so only its files are used, and the search is written here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.errors import BadFile, UsageError

PACKAGE = "facenet-pytorch"
_INSTALL = "pip install --no-deps facenet-pytorch==2.6.0"
_FACTOR = 0.709
"""From one scale of the pyramid to the next: about half the area."""
_CELL, _STRIDE = 12, 2
"""The side of what one output of the first network sees, and the step between two of them."""
_CHUNK = 512

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a candidate must score in each network, and the smallest face in pixels. The papers' for curation."""

    proposal: float = 0.9
    refined: float = 0.95
    final: float = 0.95
    min_face: int = 20

    def __post_init__(self) -> None:
        for name in ("proposal", "refined", "final"):
            if not 0 < getattr(self, name) < 1:
                raise UsageError(f"an MTCNN threshold must lie between 0 and 1, got {name} = {getattr(self, name)}")
        if self.min_face < _CELL:
            raise UsageError(f"MTCNN finds faces of {_CELL} pixels and more, got min_face = {self.min_face}")


class ProposalNet(nn.Module):
    """Slides over the whole image; each place answers whether the 12 pixels round it are a face."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 10, 3), nn.PReLU(10)
        self.conv2, self.prelu2 = nn.Conv2d(10, 16, 3), nn.PReLU(16)
        self.conv3, self.prelu3 = nn.Conv2d(16, 32, 3), nn.PReLU(32)
        self.conv4_1, self.conv4_2 = nn.Conv2d(32, 2, 1), nn.Conv2d(32, 4, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(1, 3, H, W) to scores (H', W') and shifts (4, H', W')."""
        x = F.max_pool2d(self.prelu1(self.conv1(x)), 2, 2, ceil_mode=True)
        x = self.prelu3(self.conv3(self.prelu2(self.conv2(x))))
        return self.conv4_1(x).softmax(dim=1)[0, 1], self.conv4_2(x)[0]


class RefineNet(nn.Module):
    """Judges candidates of 24 x 24 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 28, 3), nn.PReLU(28)
        self.conv2, self.prelu2 = nn.Conv2d(28, 48, 3), nn.PReLU(48)
        self.conv3, self.prelu3 = nn.Conv2d(48, 64, 2), nn.PReLU(64)
        self.dense4, self.prelu4 = nn.Linear(576, 128), nn.PReLU(128)
        self.dense5_1, self.dense5_2 = nn.Linear(128, 2), nn.Linear(128, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, 24, 24) to scores (N,) and shifts (N, 4)."""
        x = F.max_pool2d(self.prelu1(self.conv1(x)), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.prelu2(self.conv2(x)), 3, 2, ceil_mode=True)
        x = self.prelu4(self.dense4(_flat(self.prelu3(self.conv3(x)))))
        return self.dense5_1(x).softmax(dim=1)[:, 1], self.dense5_2(x)


class OutputNet(nn.Module):
    """Judges candidates of 48 x 48 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 32, 3), nn.PReLU(32)
        self.conv2, self.prelu2 = nn.Conv2d(32, 64, 3), nn.PReLU(64)
        self.conv3, self.prelu3 = nn.Conv2d(64, 64, 3), nn.PReLU(64)
        self.conv4, self.prelu4 = nn.Conv2d(64, 128, 2), nn.PReLU(128)
        self.dense5, self.prelu5 = nn.Linear(1152, 256), nn.PReLU(256)
        self.dense6_1, self.dense6_2 = nn.Linear(256, 2), nn.Linear(256, 4)
        self.dense6_3 = nn.Linear(256, 10)
        """Places of eyes, nose and mouth, which nobody asks for here; the weights have it."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, 48, 48) to scores (N,) and shifts (N, 4)."""
        x = F.max_pool2d(self.prelu1(self.conv1(x)), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.prelu2(self.conv2(x)), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.prelu3(self.conv3(x)), 2, 2, ceil_mode=True)
        x = self.prelu5(self.dense5(_flat(self.prelu4(self.conv4(x)))))
        return self.dense6_1(x).softmax(dim=1)[:, 1], self.dense6_2(x)


def _flat(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, W * H * C): the weights come from Caffe's order of axes."""
    return x.permute(0, 3, 2, 1).flatten(1)


class Mtcnn:
    """The three networks with their weights."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.thresholds = thresholds
        self._proposal, self._refine, self._output = ProposalNet(), RefineNet(), OutputNet()
        for net, name in ((self._proposal, "pnet"), (self._refine, "rnet"), (self._output, "onet")):
            net.load_state_dict(_weights(name))
            net.eval()

    @torch.inference_mode()
    def find(self, pixels: npt.NDArray[np.uint8]) -> Array:
        """(F, 5) boxes of faces in an RGB image (H, W, 3): left, top, right, bottom in pixels, and score."""
        image = torch.tensor(pixels).permute(2, 0, 1)[None].float()  # (1, 3, H, W)
        boxes = self._propose(image)
        for net, side, threshold in (
            (self._refine, 24, self.thresholds.refined),
            (self._output, 48, self.thresholds.final),
        ):
            boxes, crops = _cut(image, _squared(boxes), side)
            if not len(boxes):
                return np.zeros((0, 5), np.float32)
            answers = [net(crops[start : start + _CHUNK]) for start in range(0, len(crops), _CHUNK)]
            scores = torch.cat([score for score, _ in answers]).numpy()
            shifts = torch.cat([shift for _, shift in answers]).numpy()
            passed = scores > threshold
            boxes = np.column_stack([boxes[passed, :4], scores[passed]])
            if side == 24:
                kept = suppress(boxes, 0.7)
                boxes = _shifted(boxes[kept], shifts[passed][kept], 1)
        boxes = _shifted(boxes, shifts[passed], 1)
        return boxes[suppress(boxes, 0.7, is_within=True)].astype(np.float32)

    def _propose(self, image: Tensor) -> Array:
        height, width = image.shape[2:]
        scale, found = _CELL / self.thresholds.min_face, []
        least = min(height, width) * scale
        while least >= _CELL:
            size = (int(height * scale + 1), int(width * scale + 1))
            scores, shifts = self._proposal(_normal(F.interpolate(image, size=size, mode="area")))
            rows, columns = torch.nonzero(scores >= self.thresholds.proposal, as_tuple=True)
            place = torch.stack([columns, rows], dim=1).float()  # (K, 2)
            corners = [((_STRIDE * place + end) / scale).floor() for end in (1, _CELL)]
            boxes = torch.cat([*corners, scores[rows, columns][:, None], shifts[:, rows, columns].T], dim=1).numpy()
            found.append(boxes[suppress(boxes, 0.5)])  # (K, 9)
            scale, least = scale * _FACTOR, least * _FACTOR
        boxes = np.concatenate(found) if found else np.zeros((0, 9), np.float32)
        boxes = boxes[suppress(boxes, 0.7)]
        return _shifted(boxes[:, :5], boxes[:, 5:], 0)


def _weights(name: str) -> dict[str, Tensor]:
    spec = find_spec("facenet_pytorch")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"MTCNN's weights come in the package {PACKAGE}", hint=f"{_INSTALL}, or rule = 'yunet'")
    path = Path(spec.submodule_search_locations[0]) / "data" / f"{name}.pt"
    if not path.is_file():
        raise BadFile(f"the package {PACKAGE} holds no {path.name}", hint=_INSTALL)
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _normal(x: Tensor) -> Tensor:
    return (x - 127.5) / 128


def _squared(boxes: Array) -> Array:
    """Each box grown to a square round its middle."""
    sides = boxes[:, 2:4] - boxes[:, :2]
    side = sides.max(axis=1, keepdims=True)
    corner = boxes[:, :2] + sides / 2 - side / 2
    return np.column_stack([corner, corner + side, boxes[:, 4:]])


def _cut(image: Tensor, boxes: Array, side: int) -> tuple[Array, Tensor]:
    """The boxes that have pixels in the image, and those pixels, (N, 3, side, side)."""
    height, width = image.shape[2:]
    kept, crops = [], []
    for number, box in enumerate(boxes[:, :4]):
        left, top, right, bottom = (int(value) for value in box)
        left, top = max(left, 1) - 1, max(top, 1) - 1  # pixels are counted from 1 in the weights' first home
        right, bottom = min(right, width), min(bottom, height)
        if right > left and bottom > top:
            kept.append(number)
            crops.append(F.interpolate(image[:, :, top:bottom, left:right], size=(side, side), mode="area"))
    found = torch.cat(crops) if crops else torch.zeros(0, 3, side, side)
    return boxes[kept], _normal(found)


def _shifted(boxes: Array, shifts: Array, pixel: int) -> Array:
    """Each side moved by its shift, in parts of the box; `pixel` is 1 where the last pixel counts as inside."""
    sides = np.tile(boxes[:, 2:4] - boxes[:, :2] + pixel, 2)
    return np.column_stack([boxes[:, :4] + shifts * sides, boxes[:, 4:]])


def suppress(boxes: Array, threshold: float, *, is_within: bool = False) -> Sequence[int]:
    """Which boxes stay when a box goes that shares more than `threshold` with one of a better score.

    Shared is the common area in parts of that of both together; with `is_within`, of the smaller box,
    and the last pixel counts as inside.
    """
    if not len(boxes):
        return []
    left, top, right, bottom, scores = boxes[:, :5].T
    pixel = 1 if is_within else 0
    areas = (right - left + pixel) * (bottom - top + pixel)
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        wide = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest]) + pixel
        high = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest]) + pixel
        common = wide.clip(0) * high.clip(0)
        whole = np.minimum(areas[best], areas[rest]) if is_within else areas[best] + areas[rest] - common
        order = rest[common <= threshold * whole]
    return kept
