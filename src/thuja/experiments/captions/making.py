"""What the arms on captions need beside a world: captions by those who err, and its pictures on other grounds."""

from collections.abc import Sequence
from pathlib import Path

from thuja.experiments.captions.arms import Lesson, makers_of
from thuja.experiments.captions.grounds import make_grounds
from thuja.experiments.captions.makers import make_captions
from thuja.experiments.grid import Arm


def make_for_captions(folder: Path, *, arms: Sequence[Arm], workers: int = 1) -> None:
    """Make within the world in `folder` what these arms need and is not there."""
    for maker in makers_of(arms):
        make_captions(folder, maker, workers=workers)
    if any(isinstance(arm.setup, Lesson) and arm.setup.ground is not None for arm in arms):
        make_grounds(folder, workers=workers)
