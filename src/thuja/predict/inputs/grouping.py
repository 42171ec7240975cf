"""Several images of one organism, pooled to one vector: the mean of theirs.

What is held is a sum of D numbers a group, and only while the group is open: where it is known how many images
each group has, one that is whole leaves as soon as those before it have.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from thuja.embeddings import Vectors
from thuja.encode import Failure
from thuja.predict.inputs.queries import Query, Seen


def pooled(seen: Iterable[Seen], sizes: Mapping[str, int] | None = None) -> Iterator[Seen]:
    """One Seen a group, in the order of their first images; what has no group stands alone, in its place.

    The vector is the mean of the group's, brought to length one. A group's query is its first image's, with the
    group as its id; where some images cannot be used, the others answer, and `failed` counts them; where none
    can, the first failure is told. `sizes` says how many images each group has: without it, groups leave when all
    has been seen.
    """
    waiting: deque[_Group] = deque()
    open_: dict[str, _Group] = {}
    for one in seen:
        name = one.query.group
        group = open_.get(name) if name is not None else None
        if group is None:
            group = _Group(first=one.query)
            waiting.append(group)
            if name is not None:
                open_[name] = group
        group.add(one)
        if name is None or (sizes is not None and group.count >= sizes.get(name, 0)):
            group.is_whole = True
            if name is not None:
                del open_[name]
        while waiting and waiting[0].is_whole:
            yield waiting.popleft().seen()
    for group in waiting:
        yield group.seen()


@dataclass(slots=True)
class _Group:
    """A group that is being gathered."""

    first: Query
    total: Vectors | None = None
    failure: Failure | None = None
    images: int = 0
    failed: int = 0
    is_whole: bool = False

    @property
    def count(self) -> int:
        return self.images + self.failed

    def add(self, one: Seen) -> None:
        """Take one more image, or its failure, in."""
        if isinstance(one.outcome, Failure):
            self.failed += 1
            self.failure = self.failure or one.outcome
            return
        self.images += 1
        wide = one.outcome.astype(np.float64)
        self.total = wide if self.total is None else self.total + wide

    def seen(self) -> Seen:
        """What came of the group."""
        query = self.first
        if query.group is None:
            return Seen(query, self._outcome(), images=1, failed=0)
        # The content of one image is not that of the group.
        whole = replace(query, id=query.group, content=b"", box=None, shares="")
        return Seen(whole, self._outcome(), images=self.images, failed=self.failed)

    def _outcome(self) -> Vectors | Failure:
        if self.total is None:
            assert self.failure is not None, "a group has an image"
            return self.failure
        if self.images == 1:
            single: Vectors = self.total.astype(np.float32)
            return single
        length = np.linalg.norm(self.total)
        if length <= 1e-9 * self.images:
            return Failure(self.first.id, "not_finite", "the vectors of the group cancel each other out")
        mean: Vectors = (self.total / length).astype(np.float32)
        return mean
