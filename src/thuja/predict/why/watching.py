"""What is made beside the predictions while they are written: a page to look at, and explanations in a folder."""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from thuja.classify.priors.clade_size import sum_biases
from thuja.classify.tiled import Bias
from thuja.embeddings import Vectors
from thuja.encode import EncodeOptions, Failure
from thuja.encode.sources import Url
from thuja.errors import ImageError, UsageError
from thuja.images.fetching import Fetcher
from thuja.model.attribution import Attribution
from thuja.predict.among_taxa import AmongTaxa
from thuja.predict.answers import Prediction
from thuja.predict.asked import Asked, occasion_told
from thuja.predict.inputs.finding import Inputs
from thuja.predict.inputs.queries import Query
from thuja.predict.inputs.seeing import stream_vectors
from thuja.predict.why.explaining import Explainer
from thuja.predict.why.explanations import Explanation, ExplanationFolder
from thuja.predict.why.page import PredictionPage


class Why:
    """Looks at predictions as they are written, and once more at their images.

    The input is walked a second time, in step with the predictions, so that nothing has to be kept.
    """

    def __init__(
        self, asked: Asked, inputs: Inputs, *, page: PredictionPage | None, folder: ExplanationFolder | None, most: int
    ) -> None:
        self._asked, self._page, self._folder, self._left = asked, page, folder, most
        self._queries = _first_of_groups(inputs)
        self._explainer = explainer_of(asked) if folder is not None else None
        self._fetcher = Fetcher()

    def see(self, prediction: Prediction) -> None:
        """Take the next prediction in, in the order of the input."""
        query = next(self._queries, None) if self._left else None
        if query is None:  # all that is shown has been, or a folder has lost images since
            if self._page is not None:
                self._page.add(prediction)
            return
        self._left -= 1
        content = None if prediction.error else self._content(query)
        explanation = self._explained(prediction, query, content)
        if self._page is not None:
            self._page.add(prediction, content if isinstance(content, bytes | Path) else None, explanation)

    def close(self) -> None:
        """Let go of connections."""
        self._fetcher.close()

    def _content(self, query: Query) -> bytes | Path | None:
        if isinstance(query.content, bytes | Path):
            return query.content
        if isinstance(query.content, Url):
            try:
                return self._fetcher.fetch(query.content.address)
            except ImageError:  # it was there a moment ago
                return None
        return None

    def _explained(
        self, prediction: Prediction, query: Query, content: bytes | Path | Image.Image | None
    ) -> Explanation | None:
        if self._explainer is None or self._folder is None or content is None or not prediction.answers:
            return None
        seen, vector = self._vector(query)
        if vector is None:
            return None
        explanation = self._explainer.explain(content, vector, prediction, bias=self._bias(seen, vector))
        self._folder.add(explanation)
        return explanation

    def _vector(self, query: Query) -> tuple[Query, Vectors | None]:
        options = EncodeOptions(batch_size=1)
        (seen,) = stream_vectors(self._asked.encoder, [(0, query)], options, note=self._asked.note)
        return seen.query, None if isinstance(seen.outcome, Failure) else seen.outcome

    def _bias(self, query: Query, vector: Vectors) -> Bias | None:
        among = self._asked.among
        if not isinstance(among, AmongTaxa):
            return None
        prior = among.weighing.prior
        return sum_biases(among.bias_of(vector[None]), None if prior is None else prior.bias([occasion_told(query)]))


def require_second_look(inputs: Inputs) -> None:
    """Raise UsageError for an input that can be read once only."""
    if inputs.reads_once:
        raise UsageError(
            "images are looked at a second time to say why, and standard input cannot be read again",
            hint="put the list into a .csv with the heading path, and name that",
        )


def _first_of_groups(inputs: Inputs) -> Iterator[Query]:
    """The queries that predictions are named by: of a group the first, of others each."""
    known: set[str] = set()
    for _, query in inputs.queries():
        if query.group is None or query.group not in known:
            yield query
        if query.group is not None:
            known.add(query.group)


def explainer_of(asked: Asked, attribution: Attribution | None = None) -> Explainer:
    """What explains the answers to a question; `attribution` is one that is made already for the same model."""
    among = asked.among
    if isinstance(among, AmongTaxa):
        return Explainer(
            asked.encoder.model,
            among.labels,
            scale=among.scale,
            rank=asked.question.rank,
            tree=among.tree,
            attribution=attribution,
        )
    return Explainer(
        asked.encoder.model, among.labels, scale=among.scale, members=among.rows_of, attribution=attribution
    )
