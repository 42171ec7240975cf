"""What the arms on captions need beside a world: captions by those who err, and worlds with grounds that mislead."""

from collections.abc import Sequence
from pathlib import Path

from thuja.experiments.captions.arms import makers_of, shares_of
from thuja.experiments.captions.grounds import make_grounds
from thuja.experiments.captions.makers import make_captions
from thuja.experiments.grid import Arm
from thuja.experiments.sizes import Size


def make_for_captions(
    folder: Path, size: Size, seed: int, *, arms: Sequence[Arm], claim: str = "", workers: int = 1
) -> None:
    """Make within the world in `folder` what these arms need and is not there."""
    for maker in makers_of(arms):
        make_captions(folder, maker, workers=workers)
    for share in shares_of(arms):
        make_grounds(folder, size, seed, share=share, claim=claim, workers=workers)
