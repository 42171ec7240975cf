"""The other half of the loss: a text's soft-max runs over the images of a batch, and these vary.

    L_j = log sum_i exp(mu_j.z_i / tau) - mean over the images of j of mu_j.z_i / tau

What enters is the variance of all images along the text itself, Var(mu_j.delta), not along differences of prototypes.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from thuja.analyze.theorem.expansion import Floats, logits_of
from thuja.embeddings import normalized
from thuja.errors import EmptyInput

_BLOCK = 2**22


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCosts:
    """Of S texts, one a species, (S,) each, with all images as one batch; losses in nats.

    `measured` is L_j less its value with every image at the mean of its species. `predicted` is the second order for
    these images, whose deviations sum to 0 in each species; `independent` that for images drawn anew, each by itself,
    from species of these covariances. `temperature` is the loss at the means less that at the means' directions.
    `own_share` is what the text gives to its own species.
    """

    measured: Floats
    predicted: Floats
    independent: Floats
    temperature: Floats
    own_share: Floats


def text_costs(
    vectors: npt.ArrayLike, species: npt.ArrayLike, prototypes: npt.ArrayLike, *, own: npt.ArrayLike, tau: float
) -> TextCosts:
    """The costs of each species' text `own` (S,), over a batch of images (N, D) of species 0 to S - 1.

    Texts are taken some at a time: (N, b) logits are held. Images with a species below 0 are left out. Raises
    EmptyInput where a species has no image.
    """
    numbers, true = np.asarray(species, dtype=np.int64), np.asarray(own, dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    order = order[numbers[order] >= 0]
    numbers = numbers[order]
    counts = np.bincount(numbers, minlength=len(true)).astype(np.float64)
    if not len(counts) or len(counts) > len(true) or (counts == 0).any():
        raise EmptyInput(f"{len(true)} texts need images of as many species, got {int((counts > 0).sum())}")
    points = np.asarray(vectors)[order].astype(np.float64)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    means = np.add.reduceat(points, starts, axis=0) / counts[:, None]  # (S, D)
    towards = normalized(means)
    texts = np.asarray(prototypes, dtype=np.float64)[true]
    size = max(1, _BLOCK // len(points))
    parts = []
    for start in range(0, len(texts), size):
        which = np.arange(start, min(start + size, len(texts)))
        at_means, at_ends = (logits_of(each, texts[which], tau=tau) for each in (means, towards))  # (S, b)
        logits = logits_of(points, texts[which], tau=tau)  # (N, b)
        level = logsumexp(at_means + np.log(counts)[:, None], axis=0)
        shares = np.exp(at_means + np.log(counts)[:, None] - level)  # (S, b)
        along = np.add.reduceat((logits - at_means[numbers]) ** 2, starts, axis=0) / counts[:, None]
        ended = logsumexp(at_ends + np.log(counts)[:, None], axis=0)
        place = (which, np.arange(len(which)))
        parts.append(
            [
                logsumexp(logits, axis=0) - level,
                (shares * along).sum(axis=0) / 2,
                (shares * (1 - shares / counts[:, None]) * along).sum(axis=0) / 2,
                (level - at_means[place]) - (ended - at_ends[place]),
                shares[place],
            ]
        )
    measured, predicted, independent, temperature, own_share = (
        np.concatenate(each) for each in zip(*parts, strict=True)
    )
    return TextCosts(
        measured=measured,
        predicted=predicted,
        independent=independent,
        temperature=temperature,
        own_share=own_share,
    )
