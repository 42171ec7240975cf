"""MegaDetector's results: which boxes of which images hold an animal.

The format is that of https://lila.science/megadetector-output-format: boxes are x, y, width and height in shares
of the upright image, and paths are relative to the folder that the detector looked at.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from thuja.encode.tables import Flaw
from thuja.errors import BadFile, UsageError
from thuja.predict.inputs.boxes import Box

MIN_CONF: Final = 0.2
"""What MegaDetector 5 is used with, where its file names no other."""
ANIMAL: Final = "animal"
NO_DETECTION: Final = "no_detection"
EMPTY: Final = (NO_DETECTION, "person", "vehicle")
"""The reasons of images on which the detector saw no animal: nothing, or something else."""

Found = tuple[Box, ...] | Flaw


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """The boxes of animals by file, or why an image has none, in the order of the detector's file."""

    path: Path
    boxes: Mapping[str, Found]
    min_conf: float

    @classmethod
    def load(cls, path: Path, min_conf: float | None = None) -> "Detections":
        """Those of `min_conf` or more: None is what the file names as usual, or MIN_CONF. Raises BadFile."""
        if min_conf is not None and not 0 <= min_conf <= 1:
            raise UsageError(f"a detector's confidence is from 0 to 1, got {min_conf:g}")
        try:
            told = json.loads(Path(path).read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise BadFile(f"cannot read the detections in {path}: {why.splitlines()[0]}") from error
        images = told.get("images") if isinstance(told, dict) else None
        if not isinstance(images, list):
            raise BadFile(f"{path} holds no detections", hint="MegaDetector's JSON has a list of images")
        least = _usual(told) if min_conf is None else min_conf
        kinds = told.get("detection_categories")
        kinds = kinds if isinstance(kinds, dict) else {"1": ANIMAL, "2": "person", "3": "vehicle"}
        boxes: dict[str, Found] = {}
        for number, image in enumerate(images):
            if not isinstance(image, dict) or not isinstance(image.get("file"), str):
                raise BadFile(f"image {number} of {path} names no file")
            boxes[plain(image["file"])] = _boxes(image, kinds, least)
        return cls(path=Path(path), boxes=boxes, min_conf=least)

    def of(self, *names: str) -> Found:
        """The boxes of the file that has one of these names, the first that is known."""
        for name in names:
            found = self.boxes.get(plain(name))
            if found is not None:
                return found
        return Flaw("no_boxes", f"{self.path} says nothing of this image")

    def __iter__(self) -> Iterator[tuple[str, Found]]:
        return iter(self.boxes.items())


def plain(name: str) -> str:
    """A path as both systems write it, without `.` and doubled slashes: of MegaDetector's both kinds of slash."""
    parts = name.replace("\\", "/").split("/")
    kept = [part for number, part in enumerate(parts) if part not in (".", "") or number == 0]
    return "/".join(kept[1:] if kept[0] == "." and len(kept) > 1 else kept)


def is_detections(path: Path) -> bool:
    """Whether a file's name is that of detections."""
    return path.suffix.lower() == ".json"


def _usual(told: Mapping[str, Any]) -> float:
    info = told.get("info")
    about = info.get("detector_metadata") if isinstance(info, dict) else None
    usual = about.get("typical_detection_threshold") if isinstance(about, dict) else None
    return float(usual) if isinstance(usual, int | float) and 0 <= usual <= 1 else MIN_CONF


def _boxes(image: Mapping[str, Any], kinds: Mapping[str, Any], least: float) -> Found:
    if image.get("failure"):
        return Flaw("detector_failed", f"the detector failed on it: {str(image['failure'])[:200]}")
    listed = image.get("detections") or []
    found, others = [], []
    for detection in listed if isinstance(listed, list) else [{}]:
        try:
            conf, kind = float(detection["conf"]), str(kinds.get(str(detection["category"]), ""))
            if math.isnan(conf):
                raise ValueError(conf)
            if conf < least:
                continue
            if kind != ANIMAL:
                others.append((conf, kind))
                continue
            x, y, width, height = map(float, detection["bbox"])
            found.append(Box(x=x, y=y, width=width, height=height, is_relative=True))
        except (KeyError, TypeError, ValueError, OverflowError, UsageError):
            return Flaw("broken_box", f"a detection that cannot be read: {str(detection)[:120]}")
    if found:
        return tuple(found)
    seen = max(others)[1] if others else ""
    reason = seen if seen in EMPTY else NO_DETECTION
    message = f"the detector saw no animal, but: {seen}" if seen else "the detector saw nothing"
    return Flaw(reason, f"{message} (confidence {least:g} or more)")
