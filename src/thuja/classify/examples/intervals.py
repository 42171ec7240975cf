"""How sure a measured share is, where images of one observation are alike."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput

_Z = 1.959964
"""95 % of a normal distribution lies within so many standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of `images`, with the ends of its 95 % interval; the images come of `groups` observations (or clades)."""

    value: float
    low: float
    high: float
    images: int
    groups: int

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"


def share_of(is_right: npt.ArrayLike, groups: npt.ArrayLike) -> Share:
    """The share of N images that are right, and Wilson's interval: (N,) flags, (N,) group numbers.

    Wilson's interval for as many independent images as are worth these: the variance of the share over groups (the
    ratio estimator's, Cochran, Sampling Techniques, section 3.12) says how many. Where all are right or all wrong
    nothing varies, and a group counts once. Raises EmptyInput for no image.
    """
    flags = np.asarray(is_right, dtype=np.float64)
    if not len(flags):
        raise EmptyInput("there is no image to score")
    _, place = np.unique(np.asarray(groups), return_inverse=True)
    value, count = float(flags.mean()), int(place.max()) + 1
    residuals = np.bincount(place, weights=flags - value)
    variance = count / max(count - 1, 1) * float((residuals**2).sum()) / len(flags) ** 2
    spread = value * (1 - value)
    worth = float(np.clip(spread / variance, 1, len(flags))) if variance > 0 and count > 1 else float(count)
    middle = (value + _Z**2 / (2 * worth)) / (1 + _Z**2 / worth)
    half = _Z / (1 + _Z**2 / worth) * float(np.sqrt(spread / worth + _Z**2 / (4 * worth**2)))
    return Share(
        value=value,
        low=min(value, max(0.0, middle - half)),
        high=max(value, min(1.0, middle + half)),
        images=len(flags),
        groups=count,
    )
