"""Scores that mean something: what is learnt from labelled images, bound to one model and one label space.

A temperature makes the posterior as sure as it is right, a curve at each rank mends what is left, and conformity
scores say at which price a set of subtrees holds the truth as often as asked. `calibrating` fits it.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from thuja.classify.calibrate.backing import Paths
from thuja.classify.calibrate.coverage import Conformity, keys_of
from thuja.classify.calibrate.reliability_maps import BetaMap
from thuja.classify.calibrate.subtrees import POWER, Subtree, candidates_of, jitter, subtrees_at
from thuja.classify.clades import Tree
from thuja.classify.tiled import Marginals
from thuja.errors import BadFile, ThujaError
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank

Floats = npt.NDArray[np.float64]

_VERSION = 2
_LIKENED, _UNLIKE = 9, 0.005
_TINY = 1e-30


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What a calibration is worth, found on observations that took no part in the fit of its curves and thresholds.

    `before` and `after` are the expected calibration error at each rank; `right` is the share of answers at
    confidence 0.9 that are right and `depth` the mean rank they reach (kingdom 1, species 7, none 0); `covered` is
    how often a set asked to hold the truth so often did. Empty, and None, where nothing was checked.
    """

    before: Mapping[Rank, float] = field(default_factory=dict)
    after: Mapping[Rank, float] = field(default_factory=dict)
    right: float | None = None
    depth: float | None = None
    covered: Mapping[float, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What scores of one model among one label space mean.

    `labels` is the label space's id, and `likeness` tells its vectors, of which the id knows nothing. Logits are
    scale / temperature * cosine, with whatever `options` say is added to them. `maps` turn the probability of a
    rank's best taxon into how often it is right; `conformity` and `thirds` belong to sets of subtrees, of costs by
    `power`. It was fitted on `observations`, one of their `images` each, of which `outside` are of taxa that are not
    among the labels. `unseen` and `prior` are others' to fill.
    """

    labels: str
    model: str
    temperature: float
    likeness: tuple[float, ...] = ()
    maps: Mapping[Rank, BetaMap]
    conformity: Conformity
    thirds: tuple[float, ...] = ()
    power: float = POWER
    images: int
    observations: int
    outside: int = 0
    checks: Checks = field(default_factory=Checks)
    options: Mapping[str, Any] = field(default_factory=dict)
    unseen: Mapping[str, Any] | None = None
    prior: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise ThujaError(f"a temperature is a number above 0, got {self.temperature}")
        if any(not math.isfinite(number) for one in self.maps.values() for number in (one.a, one.b, one.c)):
            raise ThujaError("a calibration's curves are numbers")
        if missing := [rank.label for rank in RANKS if rank not in self.maps]:
            raise ThujaError(f"a calibration has a curve for each rank, got none for {', '.join(missing)}")

    def is_of(self, labels: LabelSpace) -> bool:
        """Whether it was fitted among these labels, with these texts and vectors."""
        if self.labels != labels.id:
            return False
        told = likeness_of(labels)
        return len(told) == len(self.likeness) and np.allclose(told, self.likeness, rtol=0, atol=_UNLIKE)

    def scores(self, block: Marginals, rank: Rank | None = None) -> Floats:
        """The probabilities of the best taxa at a rank (of the best labels for None), calibrated: (B, k).

        The best taxon's is what the curve says, and at least that of any rank below. What it leaves is shared among
        the others as their posteriors are, so that all together are no more than 1.
        """
        top = block.labels if rank is None else block.clades[rank]
        best = self._told_best(np.stack([block.clades[each].scores[:, 0] for each in RANKS], axis=1))
        if rank is not None:
            return shared(best[:, rank], top.scores)
        # Of a species with several labels, its best label has no more than its own part.
        species = np.maximum(block.clades[Rank.SPECIES].scores[:, 0], _TINY)
        return shared(best[:, Rank.SPECIES] * np.minimum(top.scores[:, 0] / species, 1), top.scores)

    def path_scores(self, paths: Paths) -> Floats:
        """The probabilities of paths, calibrated: (B, 7). A parent is never less probable than its child."""
        return self._told_best(paths.probabilities)

    def _told_best(self, best: npt.NDArray[np.floating[Any]]) -> Floats:
        """What the curves say, and no more than so many observations can show: Laplace's (n + 1) / (n + 2)."""
        return np.minimum(told_best(self.maps, best), (self.observations + 1) / (self.observations + 2))

    def subtrees(
        self, block: Marginals, tree: Tree, *, coverage: float, counts: npt.NDArray[np.generic] | None = None
    ) -> list[list[Subtree]]:
        """For each image the cheapest set of subtrees that holds the truth as often as `coverage` says.

        The marginals need the best `DEPTH` of each rank; `counts` (L,) are the labels' own, where these took part in
        the fit. Raises ThujaError where they are missing.
        """
        if bool(self.thirds) != (counts is not None):
            raise ThujaError("sets of subtrees need the counts of labels that they were calibrated with")
        keys = keys_of(block, tree, counts=counts, thirds=self.thirds)
        prices = self.conformity.prices(keys, coverage) / jitter(block)
        found = subtrees_at(candidates_of(block, tree, power=self.power), prices, tree)
        raw = np.stack([block.clades[rank].scores[:, 0] for rank in RANKS], axis=1).astype(np.float64)
        leaders = np.stack([block.clades[rank].indices[:, 0] for rank in RANKS], axis=1)
        best = self._told_best(raw)
        rests = np.stack([_rest(block.clades[rank].scores) for rank in RANKS], axis=1)
        left = (1 - best) / rests  # as in `shared`
        return [
            [
                _told(one, is_best=leaders[row, one.rank] == one.index, best=best[row], left=left[row])
                for one in subtrees
            ]
            for row, subtrees in enumerate(found)
        ]

    @property
    def digest(self) -> str:
        """A short hash of all that decides a score."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` reads, for JSON."""
        return {
            "version": _VERSION,
            "labels": self.labels,
            "model": self.model,
            "temperature": self.temperature,
            "likeness": list(self.likeness),
            "maps": {rank.label: [one.a, one.b, one.c] for rank, one in self.maps.items()},
            "conformity": _written(self.conformity),
            "thirds": list(self.thirds),
            "power": self.power,
            "images": self.images,
            "observations": self.observations,
            "outside": self.outside,
            "checks": {
                "before": {rank.label: value for rank, value in self.checks.before.items()},
                "after": {rank.label: value for rank, value in self.checks.after.items()},
                "right": self.checks.right,
                "depth": self.checks.depth,
                "covered": {f"{asked:g}": value for asked, value in self.checks.covered.items()},
            },
            "options": dict(self.options),
            "unseen": self.unseen,
            "prior": self.prior,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """From what `to_dict` gave; raises BadFile for something else."""
        try:
            if found["version"] != _VERSION:
                raise BadFile(f"a calibration of version {found['version']}", hint="make it again: thuja calibrate")
            checks = found["checks"]
            return cls(
                labels=str(found["labels"]),
                model=str(found["model"]),
                temperature=float(found["temperature"]),
                likeness=tuple(map(float, found["likeness"])),
                maps={Rank.parse(name): BetaMap(a=a, b=b, c=c) for name, (a, b, c) in found["maps"].items()},
                conformity=_read(found["conformity"]),
                thirds=tuple(map(float, found["thirds"])),
                power=float(found["power"]),
                images=int(found["images"]),
                observations=int(found["observations"]),
                outside=int(found["outside"]),
                checks=Checks(
                    before={Rank.parse(name): value for name, value in checks["before"].items()},
                    after={Rank.parse(name): value for name, value in checks["after"].items()},
                    right=checks["right"],
                    depth=checks["depth"],
                    covered={float(asked): value for asked, value in checks["covered"].items()},
                ),
                options=dict(found["options"]),
                unseen=None if found["unseen"] is None else dict(found["unseen"]),
                prior=None if found["prior"] is None else dict(found["prior"]),
            )
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError, ThujaError) as error:
            if isinstance(error, BadFile):
                raise
            raise BadFile(f"not a calibration: {error!r}", hint="make it again: thuja calibrate") from error


def likeness_of(labels: LabelSpace) -> tuple[float, ...]:
    """How alike some of the labels' vectors are: cosines that tell one way to phrase a taxon from another.

    Labels that are built again with another text type, or other prompts, have the same names and other vectors.
    """
    rows = np.unique(np.linspace(0, len(labels) - 1, _LIKENED).round().astype(np.int64))
    some = np.stack([np.asarray(labels.vectors[int(row)], dtype=np.float64) for row in rows])
    return tuple((some[1:] * some[:-1]).sum(axis=1).tolist())


def told_best(maps: Mapping[Rank, BetaMap], best: npt.NDArray[np.floating[Any]]) -> Floats:
    """Calibrated probabilities of a taxon at each rank, none less than one below it: (B, 7) to (B, 7)."""
    told = np.stack([maps[rank](best[:, rank]) for rank in RANKS], axis=1)
    return np.maximum.accumulate(told[:, ::-1], axis=1)[:, ::-1]


def shared(best: Floats, scores: npt.NDArray[np.floating[Any]]) -> Floats:
    """Scores, best first, with the first replaced by `best` and the rest shared as before: (B,), (B, k) to (B, k).

    None rises above the best.
    """
    told = scores * ((1 - best) / _rest(scores))[:, None]
    told[:, 0] = best
    return np.minimum(told, best[:, None])


def _rest(scores: npt.NDArray[np.floating[Any]]) -> Floats:
    """What the first of each row leaves to all others: (B, k) to (B,).

    A first score that rounds to 1 leaves nothing, and yet the others are there.
    """
    wide = scores.astype(np.float64)
    rest: Floats = np.maximum(1 - wide[:, 0], wide[:, 1:].sum(axis=1))
    return np.maximum(rest, 1e-30)


def _told(subtree: Subtree, *, is_best: bool, best: Floats, left: Floats) -> Subtree:
    """A subtree with its probability calibrated: the best of its rank by the curve, another by what the best leaves."""
    at_best = float(best[subtree.rank])
    return replace(subtree, mass=at_best if is_best else min(at_best, subtree.mass * float(left[subtree.rank])))


def _written(conformity: Conformity) -> dict[str, Any]:
    """Scores and the numbers of their groups' names: names are long, and come again and again."""
    names = list(dict.fromkeys(name for key in conformity.keys for name in key))
    number = {name: place for place, name in enumerate(names)}
    return {
        "scores": list(conformity.scores),
        "names": names,
        "groups": [[number[name] for name in key] for key in conformity.keys],
    }


def _read(found: Mapping[str, Any]) -> Conformity:
    names = found["names"]
    return Conformity(
        scores=tuple(map(float, found["scores"])),
        keys=tuple(tuple(str(names[number]) for number in key) for key in found["groups"]),
    )
