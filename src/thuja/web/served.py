"""What a server stands on: a model that answers, an index that is searched, either or both."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Final

from fastapi import Depends, Request

from thuja.encode import Encoder
from thuja.errors import ThujaError
from thuja.predict.among_taxa import AmongTaxa
from thuja.predict.predictor import Predictor
from thuja.search.index import Index
from thuja.web.choices import Choices
from thuja.web.drawing import DrawingBoard
from thuja.web.encoding import Encoding
from thuja.web.explaining import Attributions
from thuja.web.explored import Explored
from thuja.web.keys import Keys
from thuja.web.metrics import Metrics
from thuja.web.problems import Missing
from thuja.web.queue import ModelQueue
from thuja.web.review.queue import Review
from thuja.web.settings import RequestLimits, ServeSettings
from thuja.web.taxa import NamedTree

_LINKS: Final = 4
"""Links that are fetched at a time."""
_SEARCHES: Final = 16
_COMPARISONS: Final = 4
"""Of each so many run at a time: they have threads in common with small things, which then find one free."""
LOG: Final = logging.getLogger(__name__)
FetchLink = Callable[[str], Awaitable[bytes]]
"""The bytes behind a link; raises ImageError or a Refusal."""


class Served:
    """The parts of a running server, as every endpoint reaches them.

    An `encoder` alone, where its model has no labels, makes vectors and searches, and names nothing; a predictor brings
    its own. `review` is a batch of answers to be looked through. `fetch_link` reads a picture by link, None where links
    are not allowed. `board` draws the map's layout by neighbours.
    """

    def __init__(
        self,
        settings: ServeSettings,
        *,
        predictor: Predictor | None = None,
        encoder: Encoder | None = None,
        index: Index | None = None,
        review: Review | None = None,
        fetch_link: FetchLink | None = None,
        board: DrawingBoard | None = None,
    ) -> None:
        self.settings, self.predictor, self.index = settings, predictor, index
        self.review, self.fetch_link = review, fetch_link
        self.metrics = Metrics()
        self.keys = Keys(settings.keys)
        self.queue = ModelQueue(settings.pace, self.metrics)
        self.encoder = encoder if predictor is None else predictor.encoder
        is_exact = predictor is not None and predictor.options.is_exact
        self._encoding = (
            None if self.encoder is None else Encoding(self.encoder, settings, self.queue, is_exact=is_exact)
        )
        self._choices = None if predictor is None else Choices(predictor, most=settings.limits.choices)
        self.attributions = Attributions()
        self.links = asyncio.Semaphore(_LINKS)
        self.photos = asyncio.Semaphore(settings.pace.decoders)
        self.searches = asyncio.Semaphore(_SEARCHES)
        self.comparisons = asyncio.Semaphore(_COMPARISONS)
        among = None if predictor is None else predictor.among
        self._label_tree = NamedTree.of_labels(among.labels) if isinstance(among, AmongTaxa) else None
        self.board = board or DrawingBoard()
        self._explored = self._explore()
        self.is_stopping = False
        self._is_begun = False

    @property
    def limits(self) -> RequestLimits:
        """How much one request may ask for."""
        return self.settings.limits

    def require_predictor(self) -> Predictor:
        """The model with its labels; raises Missing."""
        if self.predictor is None and self.encoder is not None:
            raise Missing(
                "the model of this server has no labels, so it names nothing", hint="start it with --labels or --label"
            )
        if self.predictor is None:
            raise Missing("this server has no model", hint="start it with --model")
        return self.predictor

    def require_encoding(self) -> Encoding:
        """What makes vectors of pictures and texts; raises Missing."""
        if self._encoding is None:
            raise Missing("this server has no model", hint="start it with --model")
        return self._encoding

    def require_choices(self) -> Choices:
        """What chooses labels; raises Missing."""
        self.require_predictor()
        assert self._choices is not None, "a predictor brings it"
        return self._choices

    def require_index(self) -> Index:
        """The index; raises Missing."""
        return self.explored.require_index()

    async def follow_index(self) -> None:
        """Take up what is added to the index while the server runs.

        A version that cannot be read is passed over, and one of another model beside the model that is served.
        """
        said = ""
        while self.index is not None:
            await asyncio.sleep(self.settings.pace.refresh)
            wrong = ""
            try:
                found = await asyncio.to_thread(self.index.refreshed)
                if self.encoder is None or (found.model, found.dim) == (self.index.model, self.index.dim):
                    self.index = found
                else:
                    wrong = f"the index holds vectors of {found.model} by now: what it held before is served on"
            except (ThujaError, OSError) as error:
                wrong = f"the index cannot be read again: {error}"
            if wrong and wrong != said:  # not every few seconds
                LOG.warning(wrong)
            said = wrong

    @property
    def explored(self) -> Explored:
        """What is worked out of the index and the labels, anew where the index is another."""
        if self._explored.index is not self.index:
            self._explored = self._explore()
        return self._explored

    def _explore(self) -> Explored:
        return Explored(self.index, self._label_tree, self.board)

    def warm(self) -> None:
        """Begin what takes long with many names, before anybody asks; what cannot be read is told when it is asked."""
        with suppress(ThujaError, OSError):
            self.explored.taxa.warm()

    def begin(self) -> None:
        """Take note that a server runs on these parts: their queue belongs to its event loop, and ends with it."""
        assert not self._is_begun, "a server runs on these parts, or has run on them: make others"
        self._is_begun = True

    async def close(self) -> None:
        """End its threads and processes."""
        self.board.close()
        await self.queue.close()
        for part in (self._encoding, self._choices):
            if part is not None:
                part.close()
        if self.review is not None:
            self.review.close()


async def served_by(request: Request) -> Served:
    """What the application that got this request stands on; a plain function would wait for a free thread."""
    served = request.app.state.served
    assert isinstance(served, Served)
    return served


Here = Annotated[Served, Depends(served_by)]
"""The type of an endpoint's argument that is handed the server's parts."""
