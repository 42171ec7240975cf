"""Queries to vectors, in order and in bounded memory; what cannot be seen is a Failure in its place."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image

from thuja.embeddings import Vectors
from thuja.encode import Content, EncodeOptions, Encoder, Failure, Shown, stream_images
from thuja.encode.contents import contents
from thuja.encode.sources import Item, Url
from thuja.encode.tables import Flaw
from thuja.errors import ImageError
from thuja.images import Limits, as_decoded, decode, read_image
from thuja.images.fetching import Fetcher
from thuja.predict.inputs.boxes import Box
from thuja.predict.inputs.queries import Query, Seen

Note = Callable[[Query], Query]
"""Reads what it wants of a query's content, bytes or a path, into its cells."""


def stream_vectors(
    encoder: Encoder,
    queries: Iterable[tuple[int, Query]],
    options: EncodeOptions,
    *,
    total: int | None = None,
    note: Note | None = None,
    keeps_bytes: bool = False,
) -> Generator[Seen]:
    """What comes of each numbered query, in their order: a vector of length one, or a Failure.

    A query comes back with its number as its `place`, and with its `shares`. What was fetched or read from a shard
    is let go unless `keeps_bytes`: `note` is handed each query while its content is at hand, and gives it back with
    what it wants to keep among its cells, such as the place that a photo's EXIF tells. `total` is for the progress.
    """
    sight = _Sight(note=note, keeps_bytes=keeps_bytes)
    fetcher = Fetcher(limits=options.limits)
    filled = contents(sight.items(queries), fetcher.fetch)
    try:
        for batch in stream_images(encoder, sight.stream(filled), options, total=total):
            made: dict[int, Vectors | Failure] = {
                int(place): _finite(place, vector) for place, vector in zip(batch.ids, batch.vectors, strict=True)
            }
            made |= {int(failure.id): failure for failure in batch.errors}
            for place in sorted(made):
                yield sight.finished(place, made[place])
    finally:
        filled.close()
        fetcher.close()


def stream_ready(queries: Iterable[tuple[int, Query]]) -> Iterator[Seen]:
    """The same for queries that are vectors already, without a model."""
    for place, query in queries:
        assert isinstance(query.content, np.ndarray | Flaw), "an image needs a model"
        yield Seen(replace(query, place=place), _ready(query.content))


def _ready(content: Vectors | Flaw) -> Vectors | Failure:
    """A vector brought to length one."""
    if isinstance(content, Flaw):
        return Failure("", content.reason, content.message)
    wide = content.astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.linalg.norm(wide)
        if not np.isfinite(length) or length == 0:
            return Failure("", "not_finite", "the vector is zero or not a number")
        ready: Vectors = wide / length
    return ready


def _finite(name: str, vector: Vectors) -> Vectors | Failure:
    if np.isfinite(vector).all():
        return vector
    return Failure(name, "not_finite", "what the model makes of this image is not a number")


class _Sight:
    """The queries that are on their way through the stream, by their places."""

    def __init__(self, *, note: Note | None, keeps_bytes: bool) -> None:
        self._note, self._keeps_bytes = note, keeps_bytes
        self._queries: dict[int, Query] = {}
        self._settled: dict[int, Vectors | Failure] = {}
        self._cuts: dict[int, _Cut] = {}

    def items(self, queries: Iterable[tuple[int, Query]]) -> Iterator[tuple[int, Item]]:
        """The queries as items that may have to be fetched."""
        for place, query in queries:
            self._queries[place] = replace(query, place=place)
            content = query.content if isinstance(query.content, bytes | Path | Url | Flaw) else b""
            yield place, Item(id=query.id, content=content)

    def stream(self, filled: Iterable[tuple[int, Item, Content | Failure]]) -> Iterator[tuple[str, Content | Shown]]:
        """What is to be decoded. What is settled already keeps its place, as bytes that are no image."""
        whole: _Whole | None = None
        for place, _, content in filled:
            query = self._queries[place]
            subject: Content | Shown = b""
            if isinstance(content, Failure):
                self._settled[place] = content
            elif isinstance(query.content, np.ndarray):
                self._settled[place] = _ready(query.content)
            elif isinstance(query.content, Image.Image):
                subject = _Whole(query.content)
            else:
                subject = content
            if query.box is not None and place not in self._settled:
                given = query.content if isinstance(query.content, Image.Image) else content
                if whole is None or not whole.is_of(given):
                    whole = _Whole(given)
                subject = self._cuts[place] = _Cut(whole, query.box)
            self._queries[place] = self._noted(query, content)
            yield str(place), subject

    def _noted(self, query: Query, content: Content | Failure) -> Query:
        """The query with what is to be known of its content when that is gone."""
        if isinstance(content, Failure):
            return query
        if isinstance(query.content, Url):
            query = replace(query, content=content)
        if self._note is not None and isinstance(query.content, bytes | Path):
            query = self._note(query)
        if not self._keeps_bytes and isinstance(query.content, bytes | Image.Image):
            return replace(query, content=b"")
        return query

    def finished(self, place: int, outcome: Vectors | Failure) -> Seen:
        """A query that has left the stream."""
        query = self._queries.pop(place)
        outcome = self._settled.pop(place, outcome)
        if query.box is not None:
            cut = self._cuts.pop(place, None)
            query = replace(query, shares=query.box.shares(cut.size if cut else None))
        return Seen(query, outcome._replace(id=query.id) if isinstance(outcome, Failure) else outcome)


class _Whole:
    """An image that is decoded once, however many boxes are cut out of it."""

    def __init__(self, content: bytes | Path | Image.Image | Failure) -> None:
        self._content = content
        self._lock = Lock()
        self._decoded: Image.Image | ImageError | None = None

    def is_of(self, content: object) -> bool:
        """Whether the content is the same."""
        return content is self._content or (isinstance(content, Path) and content == self._content)

    def show(self, limits: Limits) -> Image.Image:
        """The whole image; raises ImageError, each time."""
        with self._lock:
            if self._decoded is None:
                try:
                    self._decoded = self._decode(limits)
                except ImageError as error:
                    self._decoded = error
        if isinstance(self._decoded, ImageError):
            raise ImageError(self._decoded.message, reason=self._decoded.reason, hint=self._decoded.hint)
        return self._decoded

    def _decode(self, limits: Limits) -> Image.Image:
        assert not isinstance(self._content, Failure)
        if isinstance(self._content, Image.Image):
            return as_decoded(self._content, limits=limits)
        if isinstance(self._content, Path):
            return read_image(self._content, limits=limits)
        return decode(self._content, limits=limits)


class _Cut:
    """A box of an image, which is let go when the box is cut out."""

    def __init__(self, whole: _Whole, box: Box) -> None:
        self._whole: _Whole | None = whole
        self._box = box
        self.size: tuple[int, int] | None = None

    def show(self, limits: Limits) -> Image.Image:
        """What is within the box; raises ImageError."""
        assert self._whole is not None, "a box is cut out once"
        whole, self._whole = self._whole, None
        image = whole.show(limits)
        self.size = image.size
        return self._box.cut(image)
