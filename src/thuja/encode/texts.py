"""Texts to vectors, and taxa to a LabelSpace."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.encode.pipeline import encoding
from thuja.errors import EmptyInput, UsageError
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.phrasing import TextType, phrase
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float32]

_BATCH_TOKENS = 8192
"""Tokens in one batch, padding counted: many short texts or few long ones."""

_PROMPTED_AT_ONCE = 256
"""Names whose prompts are held at a time: 80 prompts of 256 names are 20,480 texts."""


def encode_texts(model: Model, texts: Sequence[str], *, prompts: Sequence[str] | None = None) -> Floats:
    """L texts to (L, D) float32 of length one.

    With `prompts` (each with `{}` for the text), a text's vector is the mean of the normalised
    vectors of all its prompts, normalised again, as CLIP and pybioclip do for class names.
    """
    if prompts is None:
        return _encode(model, texts)
    wrong = [prompt for prompt in prompts if "{}" not in prompt]
    if wrong or not prompts:
        raise UsageError(f"a prompt takes the name in place of {{}}, got {wrong[:1] or 'no prompt at all'}")
    parts = []
    for start in range(0, len(texts), _PROMPTED_AT_ONCE):
        some = texts[start : start + _PROMPTED_AT_ONCE]
        vectors = _encode(model, [prompt.replace("{}", text) for text in some for prompt in prompts])
        means = vectors.reshape(len(some), len(prompts), -1).mean(axis=1)
        parts.append(means / np.linalg.norm(means, axis=1, keepdims=True))
    return np.concatenate(parts) if parts else _encode(model, [])


def build_labels(
    model: Model, taxa: Sequence[Taxon], *, text_type: TextType = "taxon_com", prompts: Sequence[str] | None = None
) -> LabelSpace:
    """The label space of these taxa, each phrased as `text_type`.

    With `prompts`, what stands between "a photo of" and the full stop is put into each of them.
    """
    if not taxa:
        raise EmptyInput("a label space needs at least one taxon")
    texts = [phrase(taxon, text_type) for taxon in taxa]
    if prompts is not None:
        texts = [_bare(text) for text in texts]
    vectors = encode_texts(model, texts, prompts=prompts)
    return LabelSpace(texts=[taxon.scientific_name for taxon in taxa], vectors=vectors, model=model.id, taxa=taxa)


def _bare(text: str) -> str:
    inner = text.removeprefix("a photo of ")
    return inner.removesuffix(".") if inner != text else text


def _encode(model: Model, texts: Sequence[str]) -> Floats:
    """Each distinct text once, among others of its length, and back into the order given."""
    distinct = list(dict.fromkeys(texts))
    ids = model.tokenizer.encode(distinct, model.config.text.context_length)
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    vectors = np.zeros((len(distinct), model.config.embed_dim), dtype=np.float32)
    with encoding(model):
        for rows in _batches([len(ids[row]) for row in order]):
            places = [order[row] for row in rows]
            tokens = model.tokenizer.pad([ids[place] for place in places])
            vectors[places] = model.encode_text(tokens).float().cpu().numpy()
    place_of = {text: place for place, text in enumerate(distinct)}
    return vectors[[place_of[text] for text in texts]]


def _batches(lengths: Sequence[int]) -> list[range]:
    """Runs of ascending lengths whose padded size stays within _BATCH_TOKENS."""
    runs: list[range] = []
    start = 0
    for row, length in enumerate(lengths):
        if row > start and (row + 1 - start) * length > _BATCH_TOKENS:
            runs.append(range(start, row))
            start = row
    return [*runs, range(start, len(lengths))] if lengths else runs
