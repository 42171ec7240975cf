"""What the variation within each species costs its images, exactly and as the second order predicts.

Images are held against their own mean m: deviations z - m have the mean 0, so the theorem holds of them as they are,
whatever the length of z. What unit length costs stands apart. As E|z|^2 = 1, |m|^2 = 1 - tr Sigma: against the
direction of the mean, m / |m|, the mean itself is a soft-max at the temperature tau / |m|, however the images vary.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze.theorem.expansion import (
    Floats,
    Indices,
    curved_cost,
    log_probabilities,
    losses,
    reaches,
    second_order,
    shifts_of,
)
from thuja.errors import EmptyInput, ThujaError
from thuja.structure.span import axes_of

_BLOCK = 2**22
"""Logits that are held at a time: 32 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Of S species, (S,) each; losses in nats, p taken at the mean of the species' images.

    `measured` is E[L(z)] - L(m), `predicted` its second order, `at_prototype` that with p at the species' prototype
    instead, as the theorem is told. `temperature` is L(m) - L(m / |m|). `variance` is tr Sigma, `inside` the part of it
    in the span of the prototypes' differences, of `dimensions`. `reach` is the root of the mean square of w. `wrong` is
    1 - p_s, `confusers` the number of prototypes that p comes to (1 / sum p^2), `moved` how far p at the mean is from p
    at the prototype, in total variation.
    """

    species: Indices
    images: Indices
    measured: Floats
    predicted: Floats
    at_prototype: Floats
    temperature: Floats
    variance: Floats
    inside: Floats
    reach: Floats
    wrong: Floats
    confusers: Floats
    moved: Floats
    dimensions: int

    def __len__(self) -> int:
        return len(self.species)

    @property
    def on_sphere(self) -> Floats:
        """E[L(z)] - L(m / |m|): all that variation costs images of length one."""
        return self.measured + self.temperature

    @property
    def predicted_on_sphere(self) -> Floats:
        """The second order and the temperature."""
        return self.predicted + self.temperature

    @property
    def outside_part(self) -> Floats:
        """What of the predicted cost on the sphere is of variation outside the span: its share of the temperature."""
        share = 1 - np.divide(self.inside, self.variance, out=np.ones(len(self)), where=self.variance > 0)
        return np.asarray(self.temperature * share)


def species_costs(
    vectors: npt.ArrayLike, species: npt.ArrayLike, prototypes: npt.ArrayLike, *, own: npt.ArrayLike, tau: float
) -> Costs:
    """The costs of every species of images (N, D): `species` (N,) numbers them, `own` (S,) is the prototype of each.

    Images with a species below 0 are left out. One species' images and so many logits are held at a time. Raises
    EmptyInput where no image is left, ThujaError for an `own` that does not fit.
    """
    texts, images = np.asarray(prototypes, dtype=np.float64), np.asarray(vectors)
    numbers, true = np.asarray(species, dtype=np.int64), np.asarray(own, dtype=np.int64)
    present = np.unique(numbers[numbers >= 0])
    if not len(present):
        raise EmptyInput("there is no image of a species that has a prototype")
    if present[-1] >= len(true) or true.min() < 0 or true.max() >= len(texts):
        raise ThujaError(f"{len(true)} species with {len(texts)} prototypes do not fit species up to {present[-1]}")
    basis = axes_of(texts)  # (D, k)
    rows = [_costs_of(images[which], texts, int(true[number]), tau=tau, basis=basis) for number, which in _by(numbers)]
    columns = np.array(rows).T
    names = ("measured", "predicted", "at_prototype", "temperature", "variance", "inside", "reach", "wrong")
    found = dict(zip((*names, "confusers", "moved"), columns, strict=True))
    counts = np.array([len(which) for _, which in _by(numbers)], dtype=np.int64)
    return Costs(species=present, images=counts, dimensions=basis.shape[1], **found)


def _by(numbers: Indices) -> Iterator[tuple[int, Indices]]:
    """The rows of each species, in the order of their numbers; those below 0 are left out."""
    order = np.argsort(numbers, kind="stable").astype(np.int64)
    order = order[numbers[order] >= 0]
    known, starts = np.unique(numbers[order], return_index=True)
    yield from zip(known.tolist(), np.split(order, starts[1:]), strict=True)


def _costs_of(images: npt.NDArray[np.generic], texts: Floats, own: int, *, tau: float, basis: Floats) -> list[float]:
    """A species' row of `Costs`, from `measured` on."""
    points = images.astype(np.float64)  # (n, D)
    mean = points.mean(axis=0)
    deviations = points - mean
    length = float(np.linalg.norm(mean))
    ends = np.stack([mean, mean / length if length > 0 else mean, texts[own]])
    at_mean, _, at_text = logs = log_probabilities(ends, texts, tau=tau)
    level = losses(ends[:2], texts, np.array([own, own]), tau=tau)
    sums = np.zeros(4)
    size = max(1, _BLOCK // len(texts))
    for start in range(0, len(points), size):
        block = deviations[start : start + size]
        shifts = shifts_of(block, texts, at_mean, tau=tau)
        told = shifts - (shifts @ np.exp(at_text))[:, None]
        each = (curved_cost(at_mean, shifts), second_order(at_mean, shifts), second_order(at_text, told))
        sums += [*(float(one.sum()) for one in each), float((reaches(shifts) ** 2).sum())]
    measured, predicted, at_prototype, squared = sums / len(points)
    weights = np.exp(logs)
    return [
        measured,
        predicted,
        at_prototype,
        float(level[0] - level[1]),
        float((deviations**2).sum() / len(points)),
        float(((deviations @ basis) ** 2).sum() / len(points)),
        float(np.sqrt(squared)),
        float(-np.expm1(at_mean[own])),
        float(1 / (weights[0] ** 2).sum()),
        float(np.abs(weights[0] - weights[2]).sum() / 2),
    ]
