"""From what a user names to the parts of a server, checked against each other before it listens."""

import asyncio
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from thuja.encode import Encoder, Hardware
from thuja.errors import UsageError
from thuja.images import Limits
from thuja.model import Model
from thuja.model.published import find_model
from thuja.predict.opening import Given, NoLabels
from thuja.predict.options import PredictorOptions
from thuja.predict.predictor import Predictor
from thuja.search.index import Index
from thuja.search.manifest import UNKNOWN, is_model_of
from thuja.search.query.encoding import require_model
from thuja.web.links import LinkFetcher
from thuja.web.review.queue import Review
from thuja.web.served import FetchLink, Served
from thuja.web.settings import ServeSettings

LOG: Final = logging.getLogger(__name__)
_FETCHERS: Final = 8
DEMOS: Final = ("demo", "demo-photos")
"""The folders that `make demo` writes into, the first that holds a model is served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What is to be served: a model with the labels that it answers from, an index, or both."""

    model: str | None = None
    index: str | None = None
    labels: Given = None
    within: Sequence[str] = ()
    options: PredictorOptions = field(default_factory=PredictorOptions)
    hardware: Hardware | None = None

    def __post_init__(self) -> None:
        if self.model is None and (self.labels is not None or self.within):
            raise UsageError("labels are what a model answers with, and there is none", hint="name it: --model")


def open_served(named: Named, settings: ServeSettings) -> Served:
    """The parts, ready to answer; raises UsageError for those that do not fit, and what opening them raises."""
    if named.model is None and named.index is None and settings.review is None:
        raise UsageError(
            "there is nothing to serve", hint="name a model, an index or both: --model, --index; or answers: --review"
        )
    index = None if named.index is None else Index.open(named.index)
    predictor, encoder = _opened(named)
    if index is not None and encoder is not None:
        require_one_space(index, encoder.model)
    review = None
    if settings.review is not None:
        review = Review.open(settings.review, model="" if encoder is None else encoder.model.id)
    fetch = fetcher(settings.limits.of_image) if settings.allows_links else None
    return Served(settings, predictor=predictor, encoder=encoder, index=index, review=review, fetch_link=fetch)


def _opened(named: Named) -> tuple[Predictor | None, Encoder | None]:
    """The model with its labels; the model alone where it has none, and there is an index to be searched by it."""
    if named.model is None:
        return None, None
    try:
        predictor = Predictor(
            named.model, labels=named.labels, within=named.within, options=named.options, hardware=named.hardware
        )
    except NoLabels as error:
        if named.index is None:
            raise
        LOG.warning("%s: this server searches, and names nothing", error.message)
        folder = find_model(named.model)
        return None, Encoder.prepare(Model.load(folder), named.hardware)
    return predictor, predictor.encoder


def require_one_space(index: Index, model: Model) -> None:
    """Raise UsageError where an index holds the vectors of another model: they cannot be compared."""
    if index.model == UNKNOWN:
        require_model(index.model, model.id)
    if not is_model_of(index.model, model.id) or index.dim != model.config.embed_dim:
        raise UsageError(
            f"the index holds vectors of {index.model} ({index.dim} dimensions), and the model is {model.id} "
            f"({model.config.embed_dim}): they cannot be compared",
            hint="serve the index with its own model, or embed its pictures again with this one: thuja embed",
        )


def demo_named(folder: Path, named: Named) -> Named:
    """What `make demo` has trained in a folder; raises UsageError where it has not run there."""
    for name in DEMOS:
        run = folder / name / "run"
        if run.is_dir():
            index = run.parent / "index"
            return Named(
                model=str(run),
                index=str(index) if index.is_dir() else None,
                options=named.options,
                hardware=named.hardware,
            )
    raise UsageError(f"there is no demo in {os.fspath(folder.absolute())}", hint="make demo trains one")


def fetcher(limits: Limits) -> FetchLink:
    """What reads a picture by link from the open web, in threads of its own: a slow host holds up no other endpoint."""
    links = LinkFetcher(limits=limits)
    threads = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="link")

    async def fetch(link: str) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(threads, links.fetch, link)

    return fetch
