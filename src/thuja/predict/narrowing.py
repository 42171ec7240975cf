"""A predictor's labels chosen anew for one question, beside the labels that it was opened with: what a server does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from thuja.embeddings import Embeddings
from thuja.errors import UsageError
from thuja.labels import LabelSpace
from thuja.predict.examples.learnt import Examples, LearnOptions
from thuja.predict.examples.rows import ExampleClass, ExampleRows
from thuja.predict.opening import Base, Opened, open_among
from thuja.predict.options import PredictorOptions
from thuja.predict.predictor import Predictor
from thuja.predict.remarks import Remark

ONE_CLASS = Remark("examples of one class alone teach nothing yet: add some of another")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one question wants of the labels; two equal wishes have the same answers.

    `labels` are own texts, in place of the predictor's labels. `within` and `checklist` choose among its taxa. An
    example is a label and the bytes of a vector, (D,) float32, that the predictor's model made.
    """

    labels: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    checklist: tuple[str, ...] = ()
    examples: tuple[tuple[str, bytes], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the predictor's own labels will do."""
        return not (self.labels or self.within or self.checklist or self.examples)


def narrowed(predictor: Predictor, wish: Wish, *, read: Callable[[Sequence[str]], LabelSpace] | None = None) -> Opened:
    """What answers as a wish wants it; what the predictor was opened with stands otherwise.

    `read` makes vectors of own labels, where these are not to be read through all of the predictor's prompts.
    Raises UsageError for what contradicts each other, for unknown taxa and for vectors of another model.
    """
    if wish.is_empty:
        return Opened(among=predictor.among, examples=predictor.examples)
    if wish.labels and (wish.within or wish.checklist):
        raise UsageError("own labels lie within no taxon and on no checklist", hint="leave out one of the two")
    base = Base(encoder=predictor.encoder, folder=predictor.folder, name=predictor.name)
    # The labels at hand are what the table of occurrences left: it is not asked again.
    options = replace(
        predictor.options, checklist=wish.checklist or None, adds=False, occurrences=None, country=None, polygon=None
    )
    taught = _learnt(predictor, wish)
    # Strangers choose the labels: what is fitted for them is not written beside the model.
    options = replace(options, examples=taught or predictor.examples, keeps_fits=False)
    if wish.labels:
        own = list(wish.labels) if read is None else read(wish.labels)
        opened = open_among(base, own, within=(), options=_of_texts(options))
    else:
        opened = open_among(base, predictor.among.labels, within=wish.within, options=options)
    is_untaught = bool(wish.examples) and taught is None
    return replace(opened, told=(*opened.told, ONE_CLASS)) if is_untaught else opened


def _of_texts(options: PredictorOptions) -> PredictorOptions:
    """Without what only taxa can have."""
    return replace(options, bins=None, prior=None, clade_size=0.0, calibration=None)


def _learnt(predictor: Predictor, wish: Wish) -> Examples | None:
    """What the examples of a wish teach; None where they are of one class, or none."""
    names = [" ".join(label.split()) for label, _ in wish.examples]
    if len({name.casefold() for name in names}) < 2:
        return None
    dim = predictor.model.config.embed_dim
    vectors = [np.frombuffer(vector, dtype="<f4") for _, vector in wish.examples]
    if wrong := next((len(vector) for vector in vectors if len(vector) != dim), None):
        raise UsageError(
            f"an example has {wrong} numbers, and vectors of this model have {dim}",
            hint="send back what this server gave, or make the vectors with its model",
        )
    files = [f"example {number}" for number in range(1, len(names) + 1)]
    rows = ExampleRows(
        files=files,
        labels=[ExampleClass(text=name) for name in names],
        observations=files,
        cells=pa.table({}),
        embeddings=Embeddings(ids=files, vectors=np.stack(vectors), model=predictor.model.id, is_normalized=True),
    )
    return Examples.learn(rows, None, LearnOptions(), model=predictor.model.id)
