"""Example pictures of a taxon: those of the index that look most like the picture that was asked about."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.errors import UnknownName
from thuja.search.filters import Filter
from thuja.search.index import Index
from thuja.search.query.credits import NEEDED
from thuja.taxonomy import Taxon
from thuja.web.shapes import Picture

PICTURES: Final = 3
"""How many of each taxon."""
_LOOKED_AT: Final = 8 * PICTURES
"""Rows without a thumbnail are passed over, of as many as this."""


def likenesses(index: Index, vector: npt.NDArray[np.float32], taxa: Sequence[Taxon]) -> list[list[Picture]]:
    """For each taxon its pictures nearest to a unit vector (D,) of the index's model; none where there is none."""
    if not index.has_thumbnails:
        return [[] for _ in taxa]
    columns = ["uuid", *(name for name in NEEDED if name in index.columns)]
    found: list[list[Picture]] = []
    for taxon in taxa:
        try:
            near = index.search(vector[None], k=_LOOKED_AT, filter=Filter(within=(taxon,)))
        except UnknownName:  # the labels know taxa of which the index has no picture
            found.append([])
            continue
        keys = [key for key in near.keys[0].tolist() if key >= 0 and index.has_thumbnail(key)][:PICTURES]
        rows = index.rows(keys, columns).to_pylist() if keys else []
        found.append([Picture.of(row) for row in rows])
    return found
