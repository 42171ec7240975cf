"""Examples as what answers: learnt or opened, alone or blended with text labels."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.classify.tiled import Bias
from thuja.embeddings import Vectors
from thuja.encode import EncodeOptions, Encoder, encode_images
from thuja.labels import LabelSpace
from thuja.predict.among_taxa import AmongTaxa, Weighing
from thuja.predict.among_texts import AmongTexts
from thuja.predict.examples.blended import Blended
from thuja.predict.examples.learnt import Examples
from thuja.predict.examples.store import is_saved, load_examples
from thuja.predict.options import PredictorOptions

_TINY = float(np.finfo(np.float32).tiny)


def learnt_examples(encoder: Encoder, options: PredictorOptions) -> Examples | None:
    """The examples that the options name, encoded by this model where they are photos; None for none.

    Raises UsageError for examples of another model, EmptyInput where nothing can be learnt.
    """
    named = options.examples
    if named is None or isinstance(named, Examples):
        return named
    if is_saved(Path(named)):
        return load_examples(Path(named), model=encoder.model.id)
    encode = partial(
        encode_images, encoder, options=EncodeOptions(batch_size=16, is_exact=options.is_exact, label="examples")
    )
    return Examples.learn(Path(named), encode, options.learning, model=encoder.model.id)


def weight_of(options: PredictorOptions) -> float | None:
    """The weight of the examples against text labels; None is fitted."""
    return options.blend if isinstance(options.blend, float | int) else None


def alone(examples: Examples) -> AmongTaxa | AmongTexts:
    """Examples that answer without text labels: among taxa, where each of their classes is one."""
    space, facts = examples.space(), {"examples": examples.digest}
    if not space.taxa:

        def posterior(vectors: Vectors) -> Iterator[npt.NDArray[np.float32]]:
            yield examples.judge(vectors)

        return AmongTexts(space, scale=1.0, posterior=posterior, facts=facts)

    def voice(vectors: Vectors) -> Bias:
        logs = np.log(np.maximum(examples.judge(vectors), _TINY)).T  # (C, N)
        return lambda rows, images: logs[rows, images]

    # With a scale of nothing the logits are what the examples say.
    return AmongTaxa(space, scale=0.0, weighing=Weighing(voice=voice, facts=facts))


def blended_texts(blended: Blended, examples: Examples) -> AmongTexts:
    """Examples and custom labels together."""
    facts = {"examples": examples.digest, "blend": blended.weight}
    return AmongTexts(_plain(blended.labels), scale=blended.scale, posterior=blended.judge, facts=facts)


def _plain(labels: LabelSpace) -> LabelSpace:
    """The labels as texts alone."""
    return LabelSpace(texts=labels.texts, vectors=labels.vectors, model=labels.model)
