"""The model and all else that learns, from one step's batch to its losses.

Everything is in `forward`, so that DDP and FSDP2 see every use of a weight. A batch larger than
memory goes through the towers in micro-batches whose activations are not kept but computed again
in the backward pass (gradient caching, arXiv:2101.06983): the losses see the whole batch at once,
and their gradients are those of the whole batch.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from thuja.model import Model, TokenTree
from thuja.model.prefixes import TreeSize, pack, sort_rows
from thuja.model.token_rows import TokenRows
from thuja.model.vit import VisionTransformer
from thuja.taxonomy import RANKS
from thuja.train.batch import Batch, Lesson, Share
from thuja.train.distill import Teacher
from thuja.train.drawing import ABSENT, Floats
from thuja.train.loss import (
    Keys,
    LevelTexts,
    Prototypes,
    clip_loss,
    cross_entropy_loss,
    hierarchical_cross_entropy_loss,
    level_loss,
    sigmoid_loss,
)
from thuja.train.pictures import crop
from thuja.train.precision import Precision
from thuja.train.recipe import WITHOUT_TEXT, Objective, Recipe
from thuja.train.sentences import share_sentences
from thuja.train.supervised import supervised_contrastive_loss
from thuja.train.world import ALONE, World

DISTILLED = "distill"
"""The name of a stream's distance from the start model among its losses."""
SIGMOID_BIAS = -10.0
SIGMOID_SCALE = 10.0
"""Where SigLIP starts: almost every pair is a wrong one (arXiv:2303.15343, section 3.2)."""

NODES_A_TOKEN = 0.75
"""How many nodes of a tree keep as much memory as one token of plain texts: a node's block also keeps its keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """How a batch goes through the towers; the result is the same whatever it says.

    `micro_batch` images go through at once (all, where None), and as many texts at once as keep
    about what `text_tokens` tokens would, each text read for itself. The activations of the last
    `kept` micro-batches stay in memory, those of the others are computed again.
    """

    micro_batch: int | None = None
    text_tokens: int | None = None
    kept: int = 1
    precision: Precision = field(default_factory=Precision)
    tile: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The clades that the losses without text tell apart: sorted keys at each rank."""

    keys: Sequence[Tensor] = field(default_factory=tuple)

    def numbers(self, image_keys: Tensor) -> Tensor:
        """(b, 7) clade keys to class numbers, ABSENT where the rank is missing or not in the training data."""
        columns = []
        for column, known in zip(image_keys.T.contiguous(), self.keys, strict=True):
            if not len(known):
                columns.append(torch.full_like(column, ABSENT))
                continue
            at = torch.searchsorted(known, column).clamp(max=len(known) - 1)
            columns.append(torch.where(known[at] == column, at, ABSENT))
        return torch.stack(columns, dim=1)


class Learner(nn.Module):
    """A model with what its losses add to it: prototypes of classes, and the sigmoid loss's bias."""

    def __init__(
        self,
        model: Model,
        recipe: Recipe,
        *,
        classes: Mapping[str, Classes] | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        self.classes = classes or {}
        self.world: World = ALONE
        self.passes = Passes()
        self.teacher: Teacher | None = None
        self.biases = nn.ParameterDict()
        self.prototypes = nn.ModuleDict()
        self._objectives: dict[str, dict[str, Objective]] = {
            stream.name: {objective.name: objective for objective in stream.objectives} for stream in recipe.streams
        }
        for stream, objective in self.objectives():
            name = f"{stream}_{objective.name}"
            if objective.loss == "sigmoid":
                self.biases[name] = nn.Parameter(torch.tensor(SIGMOID_BIAS))
            elif objective.loss in WITHOUT_TEXT and objective.loss != "supervised_contrastive":
                assert generator is not None, "prototypes are drawn"
                self.prototypes[name] = self._prototypes(objective, self.classes[stream], generator)

    def objectives(self) -> Iterator[tuple[str, Objective]]:
        """Every objective with its stream's name."""
        for stream, known in self._objectives.items():
            for objective in known.values():
                yield stream, objective

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Each objective's loss on its own, by `stream/objective`; `weighed` sums them.

        A loss is scaled so that the mean over processes of its gradients is the whole batch's.
        """
        with self.passes.precision.autocast():
            texts = self._texts(batch.tokens) if batch.tokens else None  # (L, D)
            losses = {}
            for place, share in enumerate(batch.shares):
                features = self._features(share, seed=(batch.step, place))  # (b, F)
                for lesson in share.lessons:
                    losses[f"{share.name}/{lesson.name}"] = self._loss(share.name, lesson, features, texts=texts)
                if self.teacher is not None:
                    losses[f"{share.name}/{DISTILLED}"] = self._distance(self.teacher, share, features)
            if self.teacher is not None and self.teacher.names is not None:
                draw = (self.recipe.seed, 2, batch.step)  # the same in every process
                losses[f"old names/{DISTILLED}"] = self.teacher.names_loss(self.model, self.teacher.names, draw=draw)
        return losses

    def _distance(self, teacher: Teacher, share: Share, features: Tensor) -> Tensor:
        """How far a stream's images are from where the start model puts them."""
        pieces = self._pieces(share)
        taught = torch.cat([teacher.embed(self.model, self._cropped(share, *piece)) for piece in pieces])  # (b, D)
        return teacher.loss(self.model.project(features), taught, self.model.scale())

    def _features(self, share: Share, *, seed: tuple[int, int]) -> Tensor:
        """(b, F) features of a stream's images; a frozen trunk's are given."""
        device = self.model.logit_scale.device
        if share.boxes is None:
            return share.images.to(device)

        def look(first: int, last: int) -> Tensor:
            images = self._cropped(share, first, last)
            visual = self.model.visual
            if isinstance(visual, VisionTransformer) and visual.config.patch_dropout:
                begin = self.world.rank * len(share.images)
                lots = lots_of(begin + first, begin + last, visual.config.grid**2, seed=(self.recipe.seed, 3, *seed))
                visual.lots = torch.from_numpy(lots).float()
            return self.model.image_features(images)

        return torch.cat(list(self._passed(look, self._pieces(share))))

    def _pieces(self, share: Share) -> list[tuple[int, int]]:
        """The first and last image of each micro-batch."""
        count = len(share.images)
        size = self.passes.micro_batch or count
        return [(first, min(first + size, count)) for first in range(0, count, size)]

    def _cropped(self, share: Share, first: int, last: int) -> Tensor:
        """(b, 3, S, S) images of a micro-batch, as the tower takes them."""
        assert share.boxes is not None
        return crop(
            share.images[first:last].to(self.model.logit_scale.device, non_blocking=True),
            share.boxes[first:last],
            preparation=self.model.preparation,
            interpolation=self.recipe.augmentation.interpolation,
        )

    def _texts(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """(L, D) embeddings of length one of the distinct texts, what they begin with alike run once."""
        device = self.model.logit_scale.device
        size = TreeSize.on(device)
        if self.passes.text_tokens is not None:
            nodes = max(1, min(size.nodes, int(self.passes.text_tokens * NODES_A_TOKEN)))
            size = replace(size, nodes=nodes)
        rows, place_of = sort_rows(TokenRows.of(self.model.tokenizer, tokens))
        trees = self._evened([tree for _, tree in pack(rows, size)])

        def read(first: int, last: int) -> Tensor:
            assert last == first + 1, "a tree is a pass"
            return F.normalize(self.model.tree_embeddings(trees[first].to(device)), dim=-1)

        embedded = torch.cat(list(self._passed(read, list(pairwise(range(len(trees) + 1))))))
        return embedded[torch.from_numpy(place_of).to(device)]

    def _evened(self, trees: list[TokenTree]) -> list[TokenTree]:
        """As many trees as the process with most has, because FSDP2's processes call a tower equally often.

        A process that lacks some reads its smallest again, and nothing flows back to that.
        """
        if self.world.size == 1:
            return trees
        count = torch.tensor([len(trees)], device=self.model.logit_scale.device)
        missing = int(self.world.gather(count).max()) - len(trees)
        return trees + [min(trees, key=lambda tree: len(tree.tokens))] * missing

    def _passed(self, function: Callable[[int, int], Tensor], pieces: Sequence[tuple[int, int]]) -> Iterator[Tensor]:
        """The function of each piece in turn; those before the last `kept` leave no activations behind."""
        is_limited = self.passes.micro_batch is not None and len(pieces) > self.passes.kept
        computed_again = len(pieces) - self.passes.kept if is_limited else 0
        for place, (first, last) in enumerate(pieces):
            if place < computed_again and torch.is_grad_enabled():
                out = checkpoint(function, first, last, use_reentrant=False, preserve_rng_state=False)
                assert isinstance(out, Tensor)
                yield out
            else:
                yield function(first, last)

    def _loss(self, stream: str, lesson: Lesson, features: Tensor, *, texts: Tensor | None) -> Tensor:
        objective, name = self._objectives[stream][lesson.name], f"{stream}_{lesson.name}"
        device = features.device
        if objective.loss in WITHOUT_TEXT:
            if objective.loss == "supervised_contrastive":
                image = self.model.project(features, objective.head)
                species, scale = lesson.image_keys[:, -1].to(device), self.model.scale(objective.head)
                return supervised_contrastive_loss(image, species, scale, world=self.world)
            numbers = self.classes[stream].numbers(lesson.image_keys).to(device)  # (b, 7)
            return self._class_loss(objective, name, features, numbers=numbers)
        image_keys = lesson.image_keys.to(device)
        assert texts is not None
        image = self.model.project(features, objective.head)  # (b, D)
        text = texts[lesson.text_of.to(device)]  # (b, D), or (U, D)
        scale = self.model.scale(objective.head)
        keys, levels = lesson.keys.to(device), lesson.levels.to(device)
        if objective.loss == "levels":
            said = LevelTexts(vectors=text, keys=keys, level=levels)
            return level_loss(image, said, scale, image_keys=image_keys, world=self.world, tile=self.passes.tile)
        is_silent = keys == ABSENT  # an image without a text takes no part
        if objective.loss == "multi_positive":
            image_keys = torch.where(is_silent[:, None], ABSENT, image_keys)
        else:  # each image's own text is the only true one
            own = torch.arange(len(image), device=device) + self.world.rank * len(image)
            keys = torch.where(is_silent, ABSENT, own)
            image_keys, levels = keys[:, None], torch.zeros_like(levels)
        pairs, tile = Keys(image=image_keys, text=keys, level=levels), self.passes.tile
        if objective.loss == "multi_positive":
            pairs = share_sentences(pairs, image_keys[:, -1], self.world)
        if objective.loss == "sigmoid":
            return sigmoid_loss(image, text, scale, bias=self.biases[name], keys=pairs, world=self.world, tile=tile)
        return clip_loss(image, text, scale, keys=pairs, world=self.world, tile=tile)

    def _class_loss(self, objective: Objective, name: str, features: Tensor, *, numbers: Tensor) -> Tensor:
        """The losses that know taxa by number; an image counts where it is named to the species, or at every rank."""
        heads = self.prototypes[name]
        assert isinstance(heads, nn.ModuleList)
        embedded = self.model.project(features, objective.head, normalize=objective.loss == "cosine_cross_entropy")
        prototypes = [head for head in heads if isinstance(head, Prototypes)]
        if objective.loss == "hierarchical_cross_entropy":
            return hierarchical_cross_entropy_loss(embedded, prototypes, numbers, world=self.world)
        return cross_entropy_loss(embedded, prototypes[0], numbers[:, -1], world=self.world)

    def _prototypes(self, objective: Objective, classes: Classes, generator: torch.Generator) -> nn.ModuleList:
        counts = [len(known) for known in classes.keys]
        assert len(counts) == len(RANKS), "the losses without text need the classes of the training data"
        wanted = counts if objective.loss == "hierarchical_cross_entropy" else counts[-1:]
        kind: Literal["linear", "cosine"] = "cosine" if objective.loss == "cosine_cross_entropy" else "linear"
        dim = self.model.config.embed_dim
        return nn.ModuleList(Prototypes(max(count, 1), dim, kind=kind, generator=generator) for count in wanted)


def weighed(losses: Mapping[str, Tensor], recipe: Recipe) -> Tensor:
    """The weighted sum of the losses of a step; the one objective of a batch of one text type counts whole."""
    terms = []
    for stream in recipe.streams:
        for objective in stream.objectives:
            loss = losses.get(f"{stream.name}/{objective.name}")
            if loss is not None:
                terms.append(loss if stream.per_batch else loss * objective.weight)
    terms += [loss * recipe.distill.weight for name, loss in losses.items() if name.endswith(f"/{DISTILLED}")]
    return torch.stack(terms).sum()


def lots_of(first: int, last: int, patches: int, *, seed: Sequence[int]) -> Floats:
    """(last - first, patches) numbers from 0 to 1: those rows of one draw for the whole batch, whoever asks for them.

    >>> whole = lots_of(0, 8, 5, seed=(1,))
    >>> bool((lots_of(6, 8, 5, seed=(1,)) == whole[6:]).all())
    True
    """
    bits = np.random.PCG64(np.random.SeedSequence(seed))
    bits.advance(first * patches)  # a number in float64 takes one step of the generator
    return np.random.Generator(bits).random((last - first, patches))


def classes_of(keys: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> Classes:
    """The classes of (N, 7) clade keys of training images: the distinct ones at each rank."""
    return Classes(keys=[torch.from_numpy(np.unique(column[column != ABSENT])) for column in keys.T])
