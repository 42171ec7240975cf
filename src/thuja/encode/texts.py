"""Texts to vectors, and taxa to a LabelSpace."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from thuja.encode.pipeline import encoding
from thuja.errors import EmptyInput
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.machine import limit_torch_threads
from thuja.model.prefixes import TreeSize, pack, sort_rows
from thuja.model.siglip import LoadedSiglip
from thuja.model.token_rows import prompted_rows, token_rows
from thuja.phrasing import TextType, phrase, require_prompts
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float32]

_TEXTS_AT_ONCE = 1 << 15
"""Texts in memory at a time; 400 names in 80 prompts are about as many."""

_PADDED_AT_ONCE = 128
"""Texts of one length that are run together."""


def encode_texts(model: Model, texts: Sequence[str], *, prompts: Sequence[str] | None = None) -> Floats:
    """L texts to (L, D) float32 of length one.

    With `prompts` (each with `{}` for the text), a text's vector is the mean of the normalised
    vectors of all its prompts, normalised again, as CLIP and pybioclip do for class names. Equal
    texts are computed once, and so is what texts begin with alike.
    """
    if prompts is not None:
        require_prompts(prompts)
    distinct = sorted(set(texts))  # neighbours begin alike
    step = _TEXTS_AT_ONCE if prompts is None else max(1, _TEXTS_AT_ONCE // len(prompts))
    vectors = np.zeros((len(distinct), model.config.embed_dim), dtype=np.float32)
    for start in range(0, len(distinct), step):
        vectors[start : start + step] = _encode(model, distinct[start : start + step], prompts)
    place_of = {text: place for place, text in enumerate(distinct)}
    return vectors[[place_of[text] for text in texts]]


def encode_siglip_texts(loaded: LoadedSiglip, texts: Sequence[str]) -> Floats:
    """L texts to (L, D) float32 of length one, by the text tower of a SigLIP; equal texts are computed once."""
    distinct = sorted(set(texts))
    device = loaded.module.logit_scale.device
    vectors = np.zeros((len(distinct), loaded.module.config.vision.width), dtype=np.float32)
    limit_torch_threads()
    with torch.inference_mode():
        for start in range(0, len(distinct), _PADDED_AT_ONCE):
            tokens = loaded.tokenizer(distinct[start : start + _PADDED_AT_ONCE]).to(device)
            embedded = F.normalize(loaded.module.text(tokens), dim=-1)
            vectors[start : start + _PADDED_AT_ONCE] = embedded.cpu().numpy()
    place_of = {text: place for place, text in enumerate(distinct)}
    return vectors[[place_of[text] for text in texts]]


def build_labels(
    model: Model, taxa: Sequence[Taxon], *, text_type: TextType = "taxon_com", prompts: Sequence[str] | None = None
) -> LabelSpace:
    """The label space of these taxa, each phrased as `text_type`.

    With `prompts`, what stands between "a photo of" and the full stop is put into each of them.
    """
    if not taxa:
        raise EmptyInput("a label space needs at least one taxon")
    texts = phrases(taxa, text_type, is_bare=prompts is not None)
    vectors = encode_texts(model, texts, prompts=prompts)
    return LabelSpace(texts=[taxon.scientific_name for taxon in taxa], vectors=vectors, model=model.id, taxa=taxa)


def phrases(taxa: Sequence[Taxon], text_type: TextType, *, is_bare: bool) -> list[str]:
    """Each taxon as a sentence, or bare: what stands between "a photo of" and the full stop."""
    texts = [phrase(taxon, text_type) for taxon in taxa]
    return [_bare(text) for text in texts] if is_bare else texts


def _bare(text: str) -> str:
    inner = text.removeprefix("a photo of ")
    return inner.removesuffix(".") if inner != text else text


def _encode(model: Model, texts: Sequence[str], prompts: Sequence[str] | None) -> Floats:
    length = model.config.text.context_length
    if prompts is None:
        rows = token_rows(model.tokenizer, texts, length)
    else:
        rows = prompted_rows(model.tokenizer, texts, prompts, context_length=length)
    distinct, places = sort_rows(rows)
    with encoding(model) as device:
        vectors = torch.empty((len(distinct), model.config.embed_dim), device=device)
        for here, tree in pack(distinct, TreeSize.on(device)):
            vectors[here] = F.normalize(model.tree_embeddings(tree.to(device)).float(), dim=-1)
        each = vectors[torch.from_numpy(places).to(device)]
        if prompts is not None:
            each = F.normalize(each.view(len(texts), len(prompts), -1).mean(dim=1), dim=-1)
        found: Floats = each.cpu().numpy()
    return found
