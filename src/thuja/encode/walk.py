"""The walk over an input, item by item, that encodes those units which are this process's and not done."""

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from thuja.embeddings import Embeddings, Vectors
from thuja.encode.contents import contents, failure_of
from thuja.encode.encoder import Encoder
from thuja.encode.images import EncodeOptions, stream_images
from thuja.encode.parts import check_part, is_made_from, write_part
from thuja.encode.pipeline import Content, Failure
from thuja.encode.sources import Found, Item
from thuja.encode.tables import Flaw, gathered
from thuja.encode.texts import encode_texts
from thuja.images.fetching import Fetcher
from thuja.jobs import Progress, Units

T = TypeVar("T")


class Walk(Generic[T]):
    """The items of an input in order, walked once; `digests` has one of each unit that is passed.

    A digest is of the keys of a unit's items: where it differs from that of an earlier run, the
    input has changed in between. With `force`, this process's units of other items are made again.
    """

    def __init__(self, items: Iterable[Found[T]], unit_size: int, *, force: bool = False) -> None:
        self._items, self.unit_size, self._force = iter(items), unit_size, force
        self.digests: list[str] = []

    def is_empty(self) -> bool:
        """Whether there is no item at all."""
        first = next(self._items, None)
        if first is not None:
            self._items = chain([first], self._items)
        return first is None

    def all(self) -> Iterator[tuple[int, T]]:
        """All items with their numbers, for work that is kept in no units."""
        for place, found in enumerate(self._items):
            yield place, found.open()

    def todo(self, units: Units) -> Iterator[tuple[int, T]]:
        """The items, with their numbers, of the units that are to be made; others are not opened.

        Raises OutputExists, unless forced, where a unit that is done was made from other items; and
        FileNotFoundError where another process clears the units away.
        """
        digest = hashlib.sha256()
        is_done = is_mine = is_open = False
        held: list[tuple[int, Found[T]]] = []  # of a unit that may have to be made again
        for place, found in enumerate(self._items):
            unit, row = divmod(place, self.unit_size)
            if row == 0:
                is_done, is_mine = units.is_done(unit), units.is_mine(unit)
            digest.update(found.key.encode("utf-8", "surrogatepass") + b"\0")
            if is_done and is_mine and self._force:
                held.append((place, found))
            is_open = row + 1 < self.unit_size
            if not is_open:
                yield from self._pass(units, digest.hexdigest(), held, is_done=is_done)
                digest, held = hashlib.sha256(), []
            if is_mine and not is_done:
                yield place, found.open()
        if is_open:
            yield from self._pass(units, digest.hexdigest(), held, is_done=is_done)

    def _pass(
        self, units: Units, digest: str, held: Iterable[tuple[int, Found[T]]], *, is_done: bool
    ) -> Iterator[tuple[int, T]]:
        """Note a unit's digest; yields the held items if the unit was made from others."""
        path = units.path(len(self.digests))
        self.digests.append(digest)
        if is_done and not self._force:
            check_part(path, digest)
        elif held and not is_made_from(path, digest):
            for place, found in held:
                yield place, found.open()


class _Result(NamedTuple):
    """What came of one item: its id, what comes along, and a vector (D,) or why there is none."""

    item: Item
    outcome: Vectors | Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEncoder:
    """How the items of a unit become its rows."""

    encoder: Encoder
    options: EncodeOptions
    is_text: bool = False
    text_column: str = "text"
    prompts: Sequence[str] | None = None

    def run(self, walk: Walk[Item], units: Units, *, total: int | None) -> None:
        """Make and write all units that are to do; the input has `total` items, if that is known."""
        todo = None if total is None else _count_todo(units, total, walk.unit_size)
        results = self._texts(walk, units, todo) if self.is_text else self._images(walk, units, todo)
        waiting: list[_Result] = []
        unit = 0
        with closing(results):
            for place, result in results:
                unit = place // walk.unit_size
                waiting.append(result)
                if (place + 1) % walk.unit_size == 0:
                    self._write(units, unit, waiting, digest=walk.digests[unit])
                    waiting = []
        if waiting:  # the last unit, which may be short
            self._write(units, unit, waiting, digest=walk.digests[unit])

    def _images(self, walk: Walk[Item], units: Units, total: int | None) -> Generator[tuple[int, _Result]]:
        """One stream over all units. An item without content keeps its place in it, as bytes that are no image."""
        held: dict[int, Item] = {}
        early: dict[int, Failure] = {}
        fetcher = Fetcher(limits=self.options.limits)
        filled = contents(walk.todo(units), fetcher.fetch)

        def stream() -> Iterator[tuple[str, Content]]:
            for place, item, content in filled:
                held[place] = Item(id=item.id, content=b"", cells=item.cells)
                if isinstance(content, Failure):
                    early[place], content = content, b""
                yield str(place), content

        try:
            for batch in stream_images(self.encoder, stream(), self.options, total=total):
                made: dict[int, Vectors | Failure] = {
                    int(place): vector for place, vector in zip(batch.ids, batch.vectors, strict=True)
                }
                for failure in batch.errors:
                    place = int(failure.id)  # here an id is the place of an item, which may share its own with another
                    made[place] = early.pop(place, failure._replace(id=held[place].id))
                for place in sorted(made):
                    yield place, _Result(held.pop(place), made[place])
        finally:
            filled.close()
            fetcher.close()

    def _texts(self, walk: Walk[Item], units: Units, total: int | None) -> Generator[tuple[int, _Result]]:
        """A unit's texts at once, because texts of one length are encoded together."""
        progress = Progress(total=total, label=self.options.label, unit="texts")
        for _, group in groupby(walk.todo(units), lambda numbered: numbered[0] // walk.unit_size):
            numbered = list(group)
            texts = [item.content for _, item in numbered if isinstance(item.content, str)]
            vectors = iter(encode_texts(self.encoder.model, texts, prompts=self.prompts).astype(self.options.dtype))
            for place, item in numbered:
                outcome = failure_of(item, item.content) if isinstance(item.content, Flaw) else next(vectors)
                yield place, _Result(item, outcome)
            progress.advance(len(numbered))
        progress.close()

    def _write(self, units: Units, unit: int, results: Sequence[_Result], *, digest: str) -> None:
        good = [(result.item, result.outcome) for result in results if not isinstance(result.outcome, Failure)]
        failures = [result.outcome for result in results if isinstance(result.outcome, Failure)]
        model = self.encoder.model
        empty = np.zeros((0, model.config.embed_dim), dtype=self.options.dtype)
        embeddings = Embeddings(
            ids=[item.id for item, _ in good],
            vectors=np.stack([vector for _, vector in good]) if good else empty,
            model=model.id,
            is_normalized=self.options.normalize,
            preparation="" if self.is_text else model.preparation.name,
            precision=self._precision,
            columns=self._columns([item for item, _ in good]),
        )
        with units.writing(unit) as path:
            write_part(path, embeddings, errors=failures, digest=digest)

    @property
    def _precision(self) -> str:
        """Beside an int8 image tower the text tower stays in float32."""
        return "fp32" if self.is_text and self.encoder.precision == "int8" else self.encoder.precision

    def _columns(self, items: Sequence[Item]) -> pa.Table:
        columns = gathered([item.cells for item in items])
        if not self.is_text:
            return columns
        texts = pa.array([item.content for item in items], pa.string())
        others = [name for name in columns.column_names if name != self.text_column]
        return pa.table({self.text_column: texts, **{name: columns.column(name) for name in others}})


def _count_todo(units: Units, total: int, size: int) -> int:
    numbers = range(-(-total // size))
    return sum(min(size, total - unit * size) for unit in numbers if units.is_mine(unit) and not units.is_done(unit))
