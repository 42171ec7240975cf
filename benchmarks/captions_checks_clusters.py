"""Which colours a picture shows, told another way than by the check: clusters of pixels, each called by one word."""

from typing import Final

import numpy as np
from sklearn.cluster import KMeans

from thuja.captions.check.finding import Pixels
from thuja.captions.check.palette import to_lab

_CLUSTERS: Final = 10
_SHARE: Final = 0.01
"""A cluster of fewer pixels than these is nothing that a caption speaks of."""
_PIXELS: Final = 4096
_FOCAL: Final = {
    "black": (15, 15, 15),
    "white": (245, 245, 245),
    "gray": (128, 128, 128),
    "brown": (115, 75, 40),
    "red": (200, 25, 30),
    "orange": (245, 140, 30),
    "yellow": (245, 225, 50),
    "green": (45, 150, 55),
    "blue": (40, 80, 200),
    "purple": (120, 40, 160),
    "pink": (245, 160, 185),
}
"""One plain paint for each basic term, sRGB."""


def colours_by_clusters(image: Pixels) -> frozenset[str]:
    """The terms whose paint is nearest in CIELAB to a cluster of at least a hundredth of the pixels."""
    flat = image.reshape(-1, 3)
    lab = to_lab(flat[np.linspace(0, len(flat) - 1, min(_PIXELS, len(flat))).astype(int)])
    fitted = KMeans(n_clusters=_CLUSTERS, n_init=1, max_iter=30, random_state=0).fit(lab)
    shares = np.bincount(fitted.labels_, minlength=_CLUSTERS) / len(lab)
    paints = to_lab(np.array(list(_FOCAL.values()), dtype=np.uint8))
    nearest = np.linalg.norm(fitted.cluster_centers_[:, None] - paints[None], axis=2).argmin(axis=1)
    names = list(_FOCAL)
    return frozenset(names[paint] for paint, share in zip(nearest, shares, strict=True) if share >= _SHARE)
