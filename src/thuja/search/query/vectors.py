"""From a query to the one vector that pictures are held against.

Pictures, words and directions add up, since a cosine is linear in the vector that is sought: to search for a sum is to
rank by the sum of scores. Cosines with words may differ less from picture to picture than those with a picture do, so
each part is first brought to the same spread of scores over a sample of the index. `docs/search.md` tells what else was
tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.errors import UsageError
from thuja.search.engine.effort import Effort
from thuja.search.query.asked import Direction, Query
from thuja.search.query.encoding import Encode, Floats, unit
from thuja.search.query.searched import Searched
from thuja.search.query.words import understood

UNLIKE: Final = 0.5
"""What pictures that are unlike weigh against what is sought (Rocchio's gamma, with beta 1)."""
OPEN: Final = "neither words nor a picture say what is sought: the most typical come first"
_TYPICAL: Final = 256
"""Pictures whose mean stands for what a filter keeps."""
_FLAT: Final = 1e-6
"""A spread of scores, or a length of a vector, that is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The vector (D,) of length one, keys of pictures that are in hand already, and sentences on how it came about."""

    vector: Floats
    known: Sequence[int] = ()
    told: tuple[str, ...] = ()


def sought(index: Searched, query: Query, encode: Encode | None, *, effort: Effort) -> Sought:
    """What a query seeks; raises as `answer` does."""
    known = index.keys_of(query.known) if query.known else []
    if query.is_open:
        return Sought(vector=_typical(index, query, effort), told=(OPEN,))
    told: list[str] = []
    parts: list[tuple[float, Floats]] = []
    pictures = _pictures(index, query, encode)
    if pictures is not None:
        parts.append((1 - query.text_weight if query.text.strip() else 1.0, pictures))
    if query.text.strip():
        words = understood(index, query.text, _required(encode, "words"))
        told += [words.told] if words.told else []
        parts.append((1.0 if pictures is None else query.text_weight, words.vector))
    if query.unlike:
        parts.append((UNLIKE, _away(index, query, pictures)))
    if query.direction is not None:
        parts.append((query.direction.strength, _way(index, query.direction, encode)))
    return Sought(vector=_sum(index, parts), known=known, told=tuple(told))


def _sum(index: Searched, parts: Sequence[tuple[float, Floats]]) -> Floats:
    """Parts with their weights as one vector (D,) of length one, each brought to the same spread of scores first."""
    weighed = [(weight, part) for weight, part in parts if weight]
    if len(weighed) == 1:
        total = weighed[0][0] * weighed[0][1]
    else:
        sample = index.sample()  # (n, D)
        total = np.zeros(index.dim, dtype=np.float32)
        for weight, part in weighed:
            spread = float((sample @ part).std())
            total += weight * part / (spread if spread > _FLAT else 1.0)
    if not np.linalg.norm(total) > _FLAT:
        raise UsageError("what is sought adds up to nothing", hint="change a weight, or leave one part out")
    return unit(total)


def _pictures(index: Searched, query: Query, encode: Encode | None) -> Floats | None:
    """The mean of all pictures that the query is to be like (D,), of length one; None where there are none."""
    parts: list[Floats] = []
    if query.images:
        parts += list(_required(encode, "pictures").images(query.images))
    if query.vector is not None:
        if query.vector.shape != (index.dim,):
            raise UsageError(
                f"a query's vector has {len(query.vector)} numbers, and those of the index {index.dim}",
                hint=f"the index was made with {index.model}",
            )
        parts.append(query.vector)
    ids = [name for name in (query.id, *query.like) if name]
    parts += list(index.vectors(index.keys_of(ids))) if ids else []
    return unit(unit(np.stack(parts)).mean(axis=0)) if parts else None


def _away(index: Searched, query: Query, pictures: Floats | None) -> Floats:
    """The way from what is unlike to what is like (D,).

    A difference of pictures, so that what all pictures share falls out; without any that are like, the way from what is
    unlike to the middle of a sample.
    """
    unlike = unit(index.vectors(index.keys_of(query.unlike)).mean(axis=0))
    like = index.sample().mean(axis=0) if pictures is None else pictures
    return unit(like - unlike)


def _way(index: Searched, direction: Direction, encode: Encode | None) -> Floats:
    """A direction at length one (D,)."""
    if direction.vector is not None:
        if direction.vector.shape != (index.dim,):
            raise UsageError(
                f"the direction has {len(direction.vector)} numbers, and the vectors of the index {index.dim}",
                hint=f"learn it from embeddings of {index.model}",
            )
        return unit(direction.vector)
    if direction.from_ids:
        ends = [unit(index.vectors(index.keys_of(ids)).mean(axis=0)) for ids in (direction.from_ids, direction.to_ids)]
    else:
        model = _required(encode, "words")
        ends = [understood(index, text, model).vector for text in (direction.from_text, direction.to_text)]
    if not np.linalg.norm(ends[1] - ends[0]) > _FLAT:
        raise UsageError("both ends of the direction are the same", hint="say from what to what else")
    return unit(ends[1] - ends[0])


def _typical(index: Searched, query: Query, effort: Effort) -> Floats:
    """The mean of some of the pictures that a filter keeps (D,)."""
    start = np.ones((1, index.dim), dtype=np.float32)
    found = index.search(start, k=_TYPICAL, filter=None if query.filter.is_empty else query.filter, effort=effort)
    keys = found.keys[0]
    return unit(index.vectors(keys[keys >= 0].tolist()).mean(axis=0))


def _required(encode: Encode | None, what: str) -> Encode:
    if encode is None:
        raise UsageError(f"{what} need the model that the index was made with", hint="name it: --model NAME")
    return encode
