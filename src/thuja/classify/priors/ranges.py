"""What a place and a date say of a label before the image is looked at.

Bayes asks for p(label | place, date). Here it is the share that a label has of all records near the place and in the
season: a place that is visited often has more records of everything, so the effort of observers cancels
(arXiv:1906.05272 takes presence for the same reason). A share is what a photo of the same observers would show, and
what an image tower that scores all labels alike lacks. It is mixed with the uniform distribution, so that nothing is
ever impossible: a vagrant costs a known number of nats, and where nobody looked, nothing is said.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from thuja.classify.priors.records import Records, distance_km
from thuja.classify.tiled import Bias
from thuja.embeddings import positions
from thuja.errors import BadFile, UsageError

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int32]

_SEASONS = 24
"""Dates are taken to half a month, places to a quarter of a cell: images near each other share their work."""
_PLACES = 4
_CUT = 3.0
"""Standard deviations at which the kernel of space ends."""
_CACHE_BYTES = 2**28
_DAYS = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Where and when an image was taken, each as far as it is known: degrees (both or none), day of the year from 1."""

    latitude: float | None = None
    longitude: float | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if (self.latitude is None) != (self.longitude is None):
            raise UsageError(f"half a place: latitude {self.latitude}, longitude {self.longitude}")
        if self.latitude is not None and not -90 <= self.latitude <= 90:
            raise UsageError(f"a latitude lies between -90 and 90 degrees, got {self.latitude:g}")
        if self.longitude is not None and not -180 <= self.longitude <= 180:
            raise UsageError(f"a longitude lies between -180 and 180 degrees, got {self.longitude:g}")
        if self.day is not None and not 1 <= self.day <= 366:
            raise UsageError(f"a day of the year lies between 1 and 366, got {self.day}")

    @property
    def is_placed(self) -> bool:
        """Whether the place is known; without it a date says nothing, for it has no hemisphere."""
        return self.latitude is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorSettings:
    """How records become a prior.

    `reach_km` and `months` are the standard deviations of the kernels in space and, round the year, in time. `doubt`
    is the share of organisms that are where the records would not have them: a vagrant, an escape, a wrong place.
    `ignorance` is how many records nearby it takes to be believed half. `weight` is the exponent of the whole, as
    `fit_prior_weight` finds it: 0 leaves the prior out, 1 takes it at its word.
    """

    reach_km: float = 100.0
    months: float = 1.0
    doubt: float = 0.05
    ignorance: float = 10.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not (self.reach_km > 0 and self.months > 0 and self.ignorance > 0):
            raise UsageError(
                f"reach, months and ignorance are positive, got {self.reach_km:g}, {self.months:g}, {self.ignorance:g}"
            )
        if not 0 < self.doubt <= 1:
            raise UsageError(f"the doubt is a share above 0, got {self.doubt:g}", hint="0 would rule labels out")
        if not 0 <= self.weight <= 10:
            raise UsageError(f"the weight of a prior lies between 0 and 10, got {self.weight:g}")

    def to_json(self) -> dict[str, Any]:
        """As it stands in a calibration."""
        return asdict(self)

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Self:
        """Read what `to_json` wrote; raises BadFile."""
        try:
            return cls(**{name: float(value) for name, value in facts.items()})
        except (TypeError, ValueError, UsageError) as error:
            raise BadFile(f"not the settings of a prior: {facts!r:.200}") from error


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """The log weights of L labels at one occasion, against a prior that holds all labels alike.

    `labels` (S,), ascending, are those recorded nearby, with `values` (S,); all others have `rest`, which is the least.
    """

    labels: Labels
    values: Floats
    rest: float


class RangePrior:
    """The log weight of each label at a place and date.

    With K the records of a label near the place and in the season, each counted by the kernels, N their sum over all
    labels, and L labels:

        p = (1 - u) K / N + u / L,   u = doubt + (1 - doubt) ignorance / (N + ignorance)

    and the log weight is `weight` log(L p). A place without records has u = 1: every label weighs the same.
    """

    def __init__(self, records: Records, settings: PriorSettings | None = None) -> None:
        self.records = records
        self.settings = settings or PriorSettings()
        self._near: OrderedDict[tuple[float, float], tuple[Labels, Floats]] = OrderedDict()
        self._held = 0

    def under(self, settings: PriorSettings) -> "RangePrior":
        """The same records under other settings."""
        return RangePrior(self.records, settings)

    def subset(self, which: npt.ArrayLike) -> "RangePrior":
        """The prior of a label space's subset: these positions, or where this mask is true."""
        return RangePrior(self.records.subset(positions(which, self.records.labels)), self.settings)

    def weights(self, occasion: Occasion) -> Weights:
        """The log weights at one occasion; all 0 where the place is not known."""
        place = self.place_of(occasion)
        if place is None:
            return _NOTHING
        labels, counts = self.near(place)
        return self.at(labels, counts, occasion)

    def place_of(self, occasion: Occasion) -> tuple[float, float] | None:
        """The place as the prior knows it, to a quarter of a cell."""
        if occasion.latitude is None or occasion.longitude is None:
            return None
        step = self.records.degrees / _PLACES
        latitude, longitude = (
            (np.floor(value / step) + 0.5) * step for value in (occasion.latitude, occasion.longitude)
        )
        return float(np.clip(latitude, -90, 90)), float(longitude)

    def near(self, place: tuple[float, float]) -> tuple[Labels, Floats]:
        """The labels recorded around a place (S,), ascending, and their records by month, unknown months first (S, 13).

        A record counts exp(-d^2 / (2 reach^2)) with d from the place to the middle of the record's cell.
        """
        if place in self._near:
            self._near.move_to_end(place)
            return self._near[place]
        found = self._gather(place)
        self._near[place] = found
        self._held += found[0].nbytes + found[1].nbytes
        while self._held > _CACHE_BYTES and len(self._near) > 1:
            _, (labels, counts) = self._near.popitem(last=False)
            self._held -= labels.nbytes + counts.nbytes
        return found

    def at(self, labels: Labels, counts: Floats, occasion: Occasion) -> Weights:
        """What is `near` a place as log weights at a date."""
        setting = self.settings
        seasonal = counts @ season(occasion.day, months=setting.months)  # (S,)
        total = float(seasonal.sum(dtype=np.float64))
        doubt = setting.doubt + (1 - setting.doubt) * setting.ignorance / (total + setting.ignorance)
        share = self.records.labels * (1 - doubt) / total if total > 0 else 0.0
        values = setting.weight * np.log(share * seasonal.astype(np.float64) + doubt)
        return Weights(labels=labels, values=values.astype(np.float32), rest=setting.weight * float(np.log(doubt)))

    def bias(self, occasions: Sequence[Occasion]) -> Bias:
        """What `marginals` adds to the logits of N images, one occasion each, made tile by tile."""
        return _PlaceBias(self, occasions)

    def _gather(self, place: tuple[float, float]) -> tuple[Labels, Floats]:
        records = self.records
        distances = distance_km(place, records.centres)  # (C,)
        reach = self.settings.reach_km
        cells = np.flatnonzero(distances < _CUT * reach)
        if not len(cells):
            return np.zeros(0, np.int32), np.zeros((0, 13), np.float32)
        spans = [slice(*records.edges[cell : cell + 2].tolist()) for cell in cells]
        kernel = np.exp(-0.5 * (distances[cells] / reach) ** 2)
        counts = np.concatenate(
            [records.count[span] * weight for span, weight in zip(spans, kernel.tolist(), strict=True)]
        )
        months = np.concatenate([records.month[span] for span in spans])
        labels, which = np.unique(np.concatenate([records.label[span] for span in spans]), return_inverse=True)
        summed = np.bincount(which * 13 + months, weights=counts, minlength=13 * len(labels))
        return labels, summed.reshape(-1, 13).astype(np.float32)


def season(day: int | None, *, months: float) -> Floats:
    """How much a record of each month counts at a day of the year: (13,), the unknown month first.

    A Gaussian round the year from the day, to half a month, to the middle of each month, scaled so that the twelve
    months weigh 1 in the mean: the sum keeps the meaning of a number of records.
    """
    if day is None:
        return np.ones(13, dtype=np.float32)
    at = (np.floor((day - 1) / _DAYS * _SEASONS) + 0.5) * 12 / _SEASONS
    apart = np.abs(at - (np.arange(12) + 0.5))
    weights = np.exp(-0.5 * (np.minimum(apart, 12 - apart) / months) ** 2)
    return np.concatenate([[1.0], weights / weights.mean()]).astype(np.float32)


class _PlaceBias:
    """The dense tiles of a prior for N occasions; what a block of images shares is made once for all its tiles."""

    def __init__(self, prior: RangePrior, occasions: Sequence[Occasion]) -> None:
        self._prior, self._occasions = prior, occasions
        self._block: tuple[int, int] | None = None

    def __call__(self, rows: slice | Indices, images: slice) -> Floats:
        """(T, B) log weights of these labels for these images."""
        if self._block != (images.start, images.stop):
            self._prepare(images)
        if isinstance(rows, slice):
            first, last = self._starts[[rows.start, rows.stop]].tolist()
            entries, place = slice(first, last), self._labels[first:last] - rows.start
            count = rows.stop - rows.start
        else:
            counts = self._starts[rows + 1] - self._starts[rows]
            place = np.repeat(np.arange(len(rows)), counts)
            entries = np.arange(len(place)) + np.repeat(self._starts[rows] - np.cumsum(counts) + counts, counts)
            count = len(rows)
        tile = np.empty((count, len(self._rest)), dtype=np.float32)  # (T, U)
        tile[:] = self._rest
        tile[place, self._columns[entries]] = self._values[entries]
        return tile if self._is_plain else tile[:, self._which]

    def _prepare(self, images: slice) -> None:
        prior, keys = self._prior, []
        for occasion in self._occasions[images]:
            place = prior.place_of(occasion)
            keys.append((place, None if place is None else half_month(occasion)))
        distinct = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        self._which = np.array([distinct[key] for key in keys], dtype=np.int64)
        self._is_plain = len(distinct) == len(keys)
        firsts = dict(zip(keys, self._occasions[images], strict=True))
        parts = [prior.weights(firsts[key]) for key in distinct]
        labels = np.concatenate([np.zeros(0, np.int32), *(part.labels for part in parts)])
        columns = np.repeat(np.arange(len(parts)), [len(part.labels) for part in parts])
        order = np.argsort(labels, kind="stable")
        self._labels, self._columns = labels[order], columns[order]
        self._values = np.concatenate([np.zeros(0, np.float32), *(part.values for part in parts)])[order]
        self._starts = np.searchsorted(self._labels, np.arange(prior.records.labels + 1))
        self._rest = np.array([part.rest for part in parts], dtype=np.float32)
        self._block = (images.start, images.stop)


def half_month(occasion: Occasion) -> int | None:
    """Which half of which month a date lies in, as the prior knows dates."""
    return None if occasion.day is None else int((occasion.day - 1) / _DAYS * _SEASONS)


_NOTHING = Weights(labels=np.zeros(0, np.int32), values=np.zeros(0, np.float32), rest=0.0)
