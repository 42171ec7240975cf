"""Whether captions fit their pictures, by a model other than the one that wrote them (CLIPScore, arXiv:2104.08718)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thuja.captions.check.finding import Finding, Subject
from thuja.errors import UsageError

Similarity = Callable[[Sequence[bytes], Sequence[str]], Sequence[float]]
"""How well each picture, an encoded image, goes with the text at its place: higher is better, on any scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A caption must fit its picture better than the share `least` of captions of other species fit theirs.

    The scale of a model's similarity means nothing by itself, so it is read off shuffled pairs of the same captions
    and pictures. A batch of fewer than `fewest` pairs is not judged.
    """

    least: float = 0.5
    fewest: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.least <= 1:
            raise UsageError(f"no caption can fit better than a share of {self.least} of others", hint="from 0 to 1")

    def __call__(
        self, images: Sequence[bytes], captions: Sequence[str], subjects: Sequence[Subject], similarity: Similarity
    ) -> list[Finding]:
        """A finding a caption, in their order; the score is the share of shuffled pairs that fit less well."""
        own = np.asarray(similarity(images, captions), dtype=np.float64)
        others = self._others(subjects)
        kept = [place for place, other in enumerate(others) if subjects[place].taxon != subjects[other].taxon]
        if len(kept) < self.fewest:
            return [Finding(check="similarity", facts={"similarity": float(one), "is_decided": False}) for one in own]
        chance = np.sort(
            np.asarray(similarity([images[place] for place in kept], [captions[others[place]] for place in kept]))
        )
        shares = np.searchsorted(chance, own, side="left") / len(chance)
        return [self._finding(float(one), float(share)) for one, share in zip(own, shares, strict=True)]

    def _others(self, subjects: Sequence[Subject]) -> list[int]:
        """For each picture another's place: a cycle through all of them in an order drawn at random."""
        order = np.random.default_rng(self.seed).permutation(len(subjects))
        others = np.empty(len(subjects), dtype=np.int64)
        others[order] = np.roll(order, 1)
        return [int(other) for other in others]

    def _finding(self, one: float, share: float) -> Finding:
        facts = {"similarity": round(one, 4), "is_decided": True}
        if share < self.least:
            said = f"it fits its picture no better than {1 - share:.0%} of captions of other species do"
            return Finding(check="similarity", score=share, is_fault=True, reason=said, facts=facts)
        return Finding(check="similarity", score=share, facts=facts)
