"""Fitting a calibration on labelled images: one image an observation, so that no observation counts twice."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.classify.calibrate.calibration import Calibration, Checks, likeness_of, told_best
from thuja.classify.calibrate.coverage import Conformity, Keys, keys_of
from thuja.classify.calibrate.placement import Places, deepest_true, label_rank, places_of
from thuja.classify.calibrate.reliability_maps import BetaMap, calibration_error
from thuja.classify.calibrate.subtrees import DEPTH, POWER, candidates_of, covering_prices, jitter
from thuja.classify.calibrate.temperature import Heat, fit_temperature
from thuja.classify.clades import Tree
from thuja.classify.priors.clade_size import cooled, sum_biases
from thuja.classify.tiled import Bias, marginals
from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LEAST_OBSERVATIONS = 50
"""On fewer observations of taxa among the labels nothing is fitted."""

ASKED = (0.8, 0.9, 0.95)
_SEED = 20_250_901
_FOLDS = 5
_CONFIDENCE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """N images whose taxa are known: (N, D) vectors of length one, and which images are of one observation."""

    vectors: Vectors
    taxa: Sequence[Taxon]
    observations: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.vectors) == len(self.taxa) == len(self.observations):
            raise ThujaError(
                f"{len(self.taxa)} taxa and {len(self.observations)} observations do not fit {len(self.vectors)} images"
            )

    def __len__(self) -> int:
        return len(self.taxa)

    def select(self, rows: Indices) -> "Identified":
        """Some of them, in that order."""
        chosen = rows.tolist()
        return Identified(
            vectors=self.vectors[rows],
            taxa=[self.taxa[row] for row in chosen],
            observations=[self.observations[row] for row in chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What is added to logits, for calibration as for prediction, made for the labelled images at given rows.

    `bias_of` is for a clade's size, for the place and date: prior odds, which stay beside a temperature. `voice_of` is
    for what examples say: it takes the place of what texts say, so that a temperature divides both alike; else what
    no text names would be hidden by a lower one and be everywhere under a higher. `options` say what it is, and stay
    with the calibration.
    """

    bias_of: Callable[[Indices], Bias | None]
    voice_of: Callable[[Indices], Bias | None] = lambda rows: None
    options: Mapping[str, Any] = field(default_factory=dict)

    def select(self, rows: Indices) -> "Added":
        """The same for some of the labelled images, which are then counted anew."""
        return Added(
            bias_of=lambda some: self.bias_of(rows[some]),
            voice_of=lambda some: self.voice_of(rows[some]),
            options=self.options,
        )

    def heat(self, rows: Indices, *, scale: float) -> Heat:
        """What these images' logits are made of."""
        return Heat(scale=scale, bias=self.bias_of(rows), voice=self.voice_of(rows))


def fit_calibration(
    labelled: Identified,
    labels: LabelSpace,
    *,
    scale: float,
    tree: Tree | None = None,
    added: Added | None = None,
    counts: npt.NDArray[np.generic] | None = None,
    is_checked: bool = True,
) -> Calibration:
    """What scores among these labels mean, from labelled images; raises ThujaError for fewer than LEAST_OBSERVATIONS.

    A third of the observations fits the temperature, the others give the conformity scores, which are then of
    observations that the posterior was not fitted on; the curves take all. A truth outside the labels takes part at
    the ranks that it shares with them. `counts` (L,) say how abundant each label is. Where `is_checked`, the ECE
    before is found too, at the cost of one more pass over the labels.
    """
    tree = tree or Tree.of(labels)
    rows = one_each(labelled.observations)
    places = places_of([labelled.taxa[row] for row in rows.tolist()], tree)
    rank = label_rank(tree)
    is_known = places.at_rank[:, rank] >= 0
    known = int(is_known.sum())
    if known < LEAST_OBSERVATIONS:
        raise ThujaError(
            f"{known} labelled observations show a taxon that is among the labels, and a calibration needs "
            f"{LEAST_OBSERVATIONS}",
            hint="scores stay as the model gives them; label more images of these taxa and run thuja calibrate",
        )
    first = np.flatnonzero(is_known)[: known // 3]  # the order of rows is drawn already
    temperature = fit_temperature(
        labelled.vectors[rows[first]],
        places.among(first),
        labels,
        tree=tree,
        heat=added.heat(rows[first], scale=scale) if added else Heat(scale=scale),
    )
    inside = np.flatnonzero(places.deepest >= 0)
    is_scored = is_known.copy()
    is_scored[first] = False
    thirds = _thirds(counts, places.among(first), tree) if counts is not None else ()
    look = _Look(
        labels=labels,
        tree=tree,
        heat=added.heat(rows[inside], scale=scale) if added else Heat(scale=scale),
        counts=counts,
        thirds=thirds,
    )
    vectors, stands = labelled.vectors[rows[inside]], places.among(inside)
    seen = look.at(vectors, stands, temperature=temperature)
    scored = np.flatnonzero(is_scored[inside])
    found = Calibration(
        labels=labels.id,
        model=labels.model,
        temperature=temperature,
        likeness=likeness_of(labels),
        maps=fit_maps(seen),
        conformity=Conformity.of(seen.prices[scored], [seen.keys[row] for row in scored.tolist()]),
        thirds=thirds,
        power=POWER,
        images=len(labelled),
        observations=len(rows),
        outside=int((places.is_outside & (places.deepest < rank)).sum()),
        options=dict(added.options) if added else {},
    )
    if not is_checked:
        return found
    before = look.at(vectors, stands, temperature=1.0).errors()
    return replace(found, checks=replace(_checked(seen, scored), before=before))


def one_each(observations: Sequence[str]) -> Indices:
    """One image of each observation, drawn, in an order that is drawn: the same each time."""
    drawn = np.random.default_rng(_SEED).permutation(len(observations))
    first: dict[str, int] = {}
    for row in drawn.tolist():
        first.setdefault(observations[row], row)
    return np.array(list(first.values()), dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the posterior says of N images of known truth: the best taxon at each rank, and whether it is right.

    `best`, `is_right` and `is_asked` (whether the truth has a taxon there) are (N, 7); `prices` are conformity scores.
    """

    best: Floats
    is_right: Flags
    is_asked: Flags
    prices: Floats
    keys: Sequence[Keys]

    def errors(self) -> dict[Rank, float]:
        """The ECE at each rank, as the probabilities stand."""
        return _errors(self.best, self.is_right, self.is_asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One pass of labelled images over the labels."""

    labels: LabelSpace
    tree: Tree
    heat: Heat
    counts: npt.NDArray[np.generic] | None
    thirds: tuple[float, ...]

    def at(self, vectors: Vectors, places: Places, *, temperature: float) -> Seen:
        depth, start = min(DEPTH, len(self.labels)), 0
        scale, voice = self.heat.scale / temperature, self.heat.voice
        bias = sum_biases(self.heat.bias, None if voice is None else cooled(voice, temperature))
        best, right, prices, keys = [], [], [], list[Keys]()
        for block in marginals(vectors, self.labels, scale=scale, k=depth, tree=self.tree, bias=bias):
            stands = places.among(np.arange(start, start + len(block.peak)))
            start += len(block.peak)
            said = np.stack([block.clades[rank].indices[:, 0] for rank in RANKS], axis=1)
            best.append(np.stack([block.clades[rank].scores[:, 0] for rank in RANKS], axis=1).astype(np.float64))
            right.append(said == stands.at_rank)
            prices.append(covering_prices(candidates_of(block, self.tree), stands) * jitter(block))
            keys += keys_of(block, self.tree, counts=self.counts, thirds=self.thirds)
        return Seen(
            best=np.concatenate(best),
            is_right=np.concatenate(right),
            is_asked=places.at_rank >= 0,
            prices=np.concatenate(prices),
            keys=keys,
        )


def fit_maps(seen: Seen) -> dict[Rank, BetaMap]:
    """The curve of each rank; a rank that no truth is named at has that of the rank above."""
    maps: dict[Rank, BetaMap] = {}
    latest = BetaMap()
    for rank in RANKS:
        asked = seen.is_asked[:, rank]
        if asked.any():
            latest = BetaMap.fit(seen.best[asked, rank], seen.is_right[asked, rank])
        maps[rank] = latest
    return maps


def _checked(seen: Seen, scored: Indices) -> Checks:
    """Fold by fold, curves and thresholds are fitted on the others and tried on this one.

    The temperature, one number, is not fitted again. What is asked of back-off is tried on the best taxon of each
    rank, which is that of the path wherever the confidence is above one half.
    """
    folds = np.arange(len(seen.prices)) % _FOLDS  # the order is drawn
    told = np.zeros(seen.best.shape)
    covered: dict[float, list[Flags]] = {asked: [] for asked in ASKED}
    is_scored = np.isin(np.arange(len(seen.prices)), scored)
    for fold in range(_FOLDS):
        out = folds == fold
        told[out] = told_best(fit_maps(seen_of(seen, np.flatnonzero(~out))), seen.best[out])
        others, own = (np.flatnonzero(is_scored & which) for which in (~out, out))
        conformity = Conformity.of(seen.prices[others], [seen.keys[row] for row in others.tolist()])
        for asked, found in covered.items():
            prices = conformity.prices([seen.keys[row] for row in own.tolist()], asked)
            found.append(seen.prices[own] >= prices)
    depth = deepest_true(told >= _CONFIDENCE)
    images = np.flatnonzero((depth >= 0) & seen.is_asked[np.arange(len(depth)), depth])
    return Checks(
        after=_errors(told, seen.is_right, seen.is_asked),
        right=float(seen.is_right[images, depth[images]].mean()) if len(images) else None,
        depth=float((depth + 1).mean()),
        covered={asked: float(np.concatenate(found).mean()) for asked, found in covered.items()},
    )


def seen_of(seen: Seen, rows: Indices) -> Seen:
    """Some of the images."""
    return Seen(
        best=seen.best[rows],
        is_right=seen.is_right[rows],
        is_asked=seen.is_asked[rows],
        prices=seen.prices[rows],
        keys=[seen.keys[row] for row in rows.tolist()],
    )


def _errors(probabilities: Floats, is_right: Flags, is_asked: Flags) -> dict[Rank, float]:
    return {
        rank: calibration_error(probabilities[is_asked[:, rank], rank], is_right[is_asked[:, rank], rank])
        for rank in RANKS
        if is_asked[:, rank].any()
    }


def _thirds(counts: npt.NDArray[np.generic], places: Places, tree: Tree) -> tuple[float, ...]:
    """The two counts that part observations into thirds by the count of their taxon."""
    rank = label_rank(tree)
    stands = places.at_rank[:, rank]
    firsts = tree.order[tree.edges[rank][stands[stands >= 0]]]
    return tuple(float(bound) for bound in np.quantile(counts[firsts].astype(np.float64), [1 / 3, 2 / 3]))
