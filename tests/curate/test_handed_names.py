"""What handed-in functions are called in the settings of steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thuja.curate.duplicates import DuplicateSettings, duplicates_step
from thuja.curate.filters.camera import CameraSettings, camera_step
from thuja.curate.filters.detections import Detection
from thuja.curate.filters.people import PeopleSettings, people_step
from thuja.curate.filters.specimens import SpecimenSettings, specimens_step
from thuja.curate.handed_names import describe
from thuja.curate.steps import Step, fingerprint_of


class Plain:
    """An instance whose own text holds its address."""

    def __call__(self, images: Sequence[Image.Image]) -> np.ndarray:
        return np.ones((len(images), 2), np.float32)


class Blind:
    def __call__(self, image: Image.Image) -> list[Detection]:
        return []


class Faceless:
    def __call__(self, image: Image.Image) -> np.ndarray:
        return np.empty((0, 6), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """An encoder that reads a file."""

    model: Path

    @property
    def fingerprint(self) -> str:
        return str(self.model.stat().st_size)


def test_functions_are_told_by_name_and_dataclasses_by_value(tmp_path: Path) -> None:
    assert describe(None) is None
    assert describe(fingerprint_of) == "thuja.curate.steps.fingerprint_of"
    assert str(describe(Plain())).startswith(f"{__name__}.Plain ")
    assert describe(Plain()) == describe(Plain())
    (tmp_path / "weights").write_bytes(b"123")
    told = describe(Sized(model=tmp_path / "weights"))
    (tmp_path / "weights").write_bytes(b"1234")
    assert told == f"{__name__}.Sized(model={tmp_path / 'weights'!r}) 3"
    assert describe(Sized(model=tmp_path / "weights")) != told


@pytest.mark.parametrize("part", ["people", "camera", "specimens", "duplicates"])
def test_a_step_handed_a_plain_instance_is_the_same_step_in_the_next_run(part: str) -> None:
    """The instance's address stood in the settings, so that the step was done again in every run."""
    embedding = DuplicateSettings(perceptual=True, confirm="embedding")

    def made() -> Step:
        if part == "people":
            return people_step(PeopleSettings(rule="yunet"), Faceless())
        if part == "camera":
            return camera_step(CameraSettings(), Blind())
        if part == "specimens":
            return specimens_step(SpecimenSettings(), Plain())
        return duplicates_step(embedding, embed=Plain())

    one, other = made(), made()
    assert one.settings == other.settings
    assert "0x" not in str(one.settings)
