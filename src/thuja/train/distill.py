"""Holding a model near the one it starts from, on the pictures it learns from: no old pictures are needed.

The teacher is the start model's image tower, frozen, and some old names where they stood. Where LoRA
learns, the tower is the same weights with the adapters switched off; else it is a copy.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.errors import UsageError
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.published import find_model
from thuja.phrasing import Wording, phrase
from thuja.train.corpus import spread_evenly
from thuja.train.lora import adapters_of, adapters_off
from thuja.train.recipe import Recipe

LABELS = "labels"
"""The folder of a model's label space, beside its weights."""
OLD_NAMES = 512
"""Old names that a run draws from, at most, evenly spread over the label space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """M old names as token ids, and their (M, D) embeddings by the start model, of length one."""

    tokens: Sequence[Sequence[int]]
    vectors: Tensor


class Teacher:
    """The start model beside the one that learns, and what of it is to be kept.

    Not an `nn.Module`: it is part of no checkpoint, as the start model is on disk. Made before the
    model's first step.
    """

    def __init__(
        self, model: Model, recipe: Recipe, *, labels: Tensor | None = None, names: Names | None = None
    ) -> None:
        self.recipe, self.names = recipe, names
        self._labels = labels
        self._copy: nn.Module | None = None
        if not adapters_of(model.visual):
            self._copy = copy.deepcopy(model.visual).eval().requires_grad_(requires_grad=False)

    @classmethod
    def of(cls, model: Model, recipe: Recipe, *, wording: Wording = phrase) -> "Teacher | None":
        """What the recipe's `distill` asks for; raises UsageError where it wants labels and there are none."""
        distill = recipe.distill
        if not distill.weight:
            return None
        space = _old_labels(recipe) if distill.names or distill.of == "labels" else None
        labels = torch.from_numpy(space.vectors[:].astype("float32")) if space and distill.of == "labels" else None
        names = _old_names(model, recipe, space, wording=wording) if space and distill.names else None
        return cls(model, recipe, labels=labels, names=names)

    @torch.no_grad()
    def embed(self, model: Model, images: Tensor) -> Tensor:
        """(b, 3, S, S) prepared images to the start model's (b, D), of length one."""
        if self._copy is None:
            with adapters_off(model.visual), _at_rest(model.visual):
                return F.normalize(model.visual.project(model.visual.features(images)).float(), dim=-1)
        tower = self._copy.to(images.device)
        out: Tensor = tower(images)
        return F.normalize(out.float(), dim=-1)

    def loss(self, embedded: Tensor, taught: Tensor, scale: Tensor) -> Tensor:
        """The mean over (b, D) images of how far `embedded` is from `taught`, both of length one."""
        if self._labels is None:
            return embedding_distance(embedded, taught)
        self._labels = self._labels.to(embedded.device)
        return answer_divergence(embedded, taught, self._labels, scale=scale.detach())

    def names_loss(self, model: Model, names: Names, *, draw: Sequence[int]) -> Tensor:
        """The mean over some old names of how far they are from where they stood; `draw` says which, as a seed."""
        count = min(self.recipe.distill.names, len(names.tokens))
        rows = np.random.default_rng(draw).choice(len(names.tokens), count, replace=False).tolist()
        embedded = model.encode_text(model.tokenizer.pad([names.tokens[row] for row in rows]))
        return embedding_distance(embedded, names.vectors[rows].to(embedded.device))


@contextmanager
def _at_rest(tower: nn.Module) -> Iterator[None]:
    """The tower as it is when the model is used: no patch is dropped."""
    was = tower.training
    tower.eval()
    try:
        yield
    finally:
        tower.train(was)


def embedding_distance(embedded: Tensor, taught: Tensor) -> Tensor:
    """mean of 1 - cos(embedded, taught) over rows of length one."""
    return 1 - (embedded.float() * taught).sum(dim=1).mean()


def answer_divergence(embedded: Tensor, taught: Tensor, labels: Tensor, *, scale: Tensor) -> Tensor:
    """mean of KL(p_taught || p_embedded), p the softmax of scale * cosines with (K, D) labels (arXiv:1606.09282)."""
    own = F.log_softmax(scale * embedded.float() @ labels.T, dim=1)  # (b, K)
    theirs = F.log_softmax(scale * taught @ labels.T, dim=1)
    return F.kl_div(own, theirs, reduction="batchmean", log_target=True)


def _old_labels(recipe: Recipe) -> LabelSpace:
    if recipe.distill.labels:
        return LabelSpace.load(Path(recipe.distill.labels))
    folder = find_model(recipe.start) / LABELS
    if not folder.is_dir():
        raise UsageError(
            f"there are no labels beside {recipe.start}, whose answers or names are to be kept",
            hint="--set distill.labels=FOLDER, which thuja labels build makes, or --set distill.names=0",
        )
    return LabelSpace.load(folder)


@torch.no_grad()
def _old_names(model: Model, recipe: Recipe, space: LabelSpace, *, wording: Wording) -> Names:
    """Some of the old labels as the recipe words its own; labels without taxa stand as they are."""
    rows = spread_evenly(len(space), OLD_NAMES).tolist()
    texts = [wording(space.taxa[row], recipe.label_text) if space.taxa else space.texts[row] for row in rows]
    tokens = model.tokenizer.encode(texts, model.config.text.context_length)
    parts = [tokens[first : first + 64] for first in range(0, len(tokens), 64)]
    return Names(tokens=tokens, vectors=torch.cat([model.encode_text(model.tokenizer.pad(part)) for part in parts]))
