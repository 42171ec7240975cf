"""Whether what was taken for a face is an animal's, by ImageNet's classes on the box and what is round it."""

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from thuja.model.efficientnet import EfficientNetLite0, imagenet_head, imagenet_weights

FIRST_ANIMAL, LAST_ANIMAL = 7, 388
"""ImageNet's classes from the cock to the giant panda. The fishes before and behind are left out: no
fish is taken for a face, but many an angler's face is photographed with one."""
REACH = 2.0
"""The side of the square that is looked at, in parts of the face's longer side: head and shoulders."""
_SIDE = 224
_CHUNK = 32


class AnimalGuard:
    """EfficientNet-lite0 with its ImageNet classes."""

    def __init__(self) -> None:
        self._trunk = EfficientNetLite0()
        self._trunk.load_state_dict(imagenet_weights())
        self._trunk.eval()
        self._weight, self._bias = imagenet_head()

    @torch.inference_mode()
    def shares(self, image: Image.Image, boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(F,) how much of the classes' probability is an animal's, for boxes (F, 4 or more) in pixels of the image."""
        shares = [np.zeros(0, np.float32)]
        for start in range(0, len(boxes), _CHUNK):
            pixels = torch.stack([_pixels(image, box[:4]) for box in boxes[start : start + _CHUNK]])  # (B, 3, S, S)
            chances = (self._trunk(pixels) @ self._weight.T + self._bias).softmax(dim=1)  # (B, 1000)
            shares.append(chances[:, FIRST_ANIMAL : LAST_ANIMAL + 1].sum(dim=1).numpy())
        return np.concatenate(shares)


def _pixels(image: Image.Image, box: npt.NDArray[np.float32]) -> Tensor:
    left, top, right, bottom = (float(value) for value in box)
    middle_x, middle_y, half = (left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top) / 2 * REACH
    corner = (max(0, int(middle_x - half)), max(0, int(middle_y - half)))
    # A box may lie outside the image by a hair; what is looked at has a pixel at least.
    corner = (min(corner[0], image.width - 1), min(corner[1], image.height - 1))
    end_x = min(image.width, max(corner[0], int(middle_x + half)) + 1)
    end_y = min(image.height, max(corner[1], int(middle_y + half)) + 1)
    crop = image.crop((*corner, end_x, end_y)).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    return (torch.tensor(np.asarray(crop)).permute(2, 0, 1) - 127.0) / 128.0
