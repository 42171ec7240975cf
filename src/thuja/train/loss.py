"""The losses, each with its formula and its source, in memory that grows with the batch and not with its square.

Every one is a sum over all pairs, which tiles.py takes, less a sum over the positive pairs. The
second needs no matrix either: images meet the sum of the texts that bear one key, so it costs one
vector an image and a key. Over several processes each sums its own images against everybody's texts;
the mean over processes, of values and of gradients, is the loss of the whole batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from thuja.errors import UnknownName, UsageError
from thuja.model.model import MAX_SCALE
from thuja.train.tiles import both_logsumexps, row_logsumexp, row_softplus
from thuja.train.world import ALONE, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Which texts are true of which images: text j of image i where `image[i, level[j]] == text[j]`.

    `image` (B, K) int64 holds the K keys of an image, its seven clades or a single one, -1 where one
    is not known; an image of which none is known is absent. `text` (L,) int64 is the key that a text
    speaks of, -1 where there is no text, and `level` (L,) int64 in which of the K columns that key
    stands. Keys need be distinct within a column only.
    """

    image: Tensor
    text: Tensor
    level: Tensor

    def __post_init__(self) -> None:
        if self.image.ndim != 2 or self.text.ndim != 1 or self.level.shape != self.text.shape:
            shapes = ", ".join(str(list(each.shape)) for each in (self.image, self.text, self.level))
            raise UsageError(f"keys must be of shapes (B, K), (L,) and (L,), not {shapes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelTexts:
    """This process's texts of single ranks, one a clade: vectors (U, D), the clade's key (U,) and its rank (U,)."""

    vectors: Tensor
    keys: Tensor
    level: Tensor

    def __post_init__(self) -> None:
        if not len(self.vectors) == len(self.keys) == len(self.level):
            raise UsageError(
                f"each text needs its key and its rank: {len(self.vectors)}, {len(self.keys)} and {len(self.level)}"
            )


def clip_loss(
    image: Tensor,
    text: Tensor,
    scale: Tensor,
    *,
    keys: Keys | None = None,
    world: World = ALONE,
    tile: int | None = None,
) -> Tensor:
    """CLIP's loss: the mean of the cross-entropies from images to texts and from texts to images.

        L = (L_it + L_ti) / 2,   z_ij = s x_i.t_j
        L_it = mean_i [ log sum_j exp z_ij - mean_{j in P(i)} z_ij ],   L_ti = the same of z transposed

    `image` and `text` are (B, D) at length one, row by row, `scale` the inverse temperature. Without
    keys P(i) = {i}: arXiv:2103.00020, figure 3. With keys it is every text that is true of the image,
    and every image that a text is true of, as in supervised contrastive learning (arXiv:2004.11362,
    eq. 2): a text written for one raven then does not push another raven away. Absent texts and
    images stand in no sum; what has no positive stays a negative of others and is not averaged over.
    """
    with _exactly(image):
        texts = world.gather(text)
        if keys is None:
            own = torch.arange(len(image), device=image.device)[:, None] + world.rank * len(image)
            everybody = torch.arange(len(texts), device=image.device)
            keys = Keys(image=own, text=everybody, level=torch.zeros_like(everybody))
        else:
            keys = Keys(image=keys.image, text=world.gather(keys.text), level=world.gather(keys.level))
            image, texts, keys = _present(image, texts, keys)
        return _contrast(image, texts, scale, keys=keys, world=world, tile=tile)


def level_loss(
    image: Tensor,
    texts: LevelTexts,
    scale: Tensor,
    *,
    image_keys: Tensor,
    world: World = ALONE,
    weights: Sequence[float] | None = None,
    tile: int | None = None,
) -> Tensor:
    """One contrastive term a rank, in which clades are compared with clades of their own rank alone.

        L = sum_r w_r (L_it(r) + L_ti(r)) / 2

    L_it(r) and L_ti(r) are those of `clip_loss` between the images whose lineage names rank r and the
    distinct clades of the whole batch at r, one text a clade: an image's only positive is its clade,
    and a clade's target is spread evenly over its images. `image` is (B, D), `image_keys` (B, R) the
    images' clades, -1 where the lineage lacks the rank, `weights` (R,), 1 each by default. Over
    processes a clade that several have encoded counts once. Source: arXiv:2606.21838.
    """
    ranks = image_keys.shape[1]
    weights = [1.0] * ranks if weights is None else weights
    if len(weights) != ranks:
        raise UsageError(f"{len(weights)} weights for {ranks} ranks", hint="one weight a rank")
    with _exactly(image):
        vectors, keys, level = _distinct(texts, ranks, world)
        total = image.new_zeros((), dtype=torch.promote_types(image.dtype, torch.float32))
        for rank, weight in enumerate(weights):
            is_named, is_here = image_keys[:, rank] >= 0, level == rank
            at_rank = Keys(
                image=image_keys[is_named, rank : rank + 1], text=keys[is_here], level=torch.zeros_like(keys[is_here])
            )
            term = _contrast(image[is_named], vectors[is_here], scale, keys=at_rank, world=world, tile=tile)
            total = total + weight * term
        return total


def sigmoid_loss(
    image: Tensor,
    text: Tensor,
    scale: Tensor,
    *,
    bias: Tensor,
    keys: Keys | None = None,
    world: World = ALONE,
    tile: int | None = None,
) -> Tensor:
    """SigLIP's loss: every pair is a question of its own, true or not.

        L = -1/B sum_ij log sigmoid(y_ij z_ij),   z_ij = s x_i.t_j + b,   y_ij = 1 where positive, else -1

    B is the number of images present; the rest is as in `clip_loss`. Since log sigmoid(z) =
    z + log sigmoid(-z), the sum over all pairs need not know which are positive. Source:
    arXiv:2303.15343, algorithm 1.
    """
    with _exactly(image):
        texts = world.gather(text)
        if keys is None:
            paired = scale * _dots(image, text) + bias  # (B,)
        else:
            keys = Keys(image=keys.image, text=world.gather(keys.text), level=world.gather(keys.level))
            image, texts, keys = _present(image, texts, keys)
            groups = _Groups.of(keys)
            pulled = groups.pull(texts, (groups.of_images >= 0).to(_wide(texts).dtype))
            paired = scale * _dots(image, pulled) + bias * groups.texts_of_images()
        count = world.gather(image.new_tensor([len(image)], dtype=torch.int64)).sum().clamp(min=1)
        every = row_softplus(image, texts, scale, bias=bias, tile=tile)  # (B,)
        return (every - paired).sum() * world.size / count


class Prototypes(nn.Module):
    """One learnt vector a class, the head of the cross-entropy baselines.

    `linear`: logits w_c.x + b_c of features as they are. `cosine`: s cos(w_c, x), with a learnt s that
    starts at CLIP's 1/0.07 and is held below 100.
    """

    def __init__(
        self, count: int, dim: int, *, generator: torch.Generator, kind: Literal["linear", "cosine"] = "linear"
    ) -> None:
        super().__init__()
        if kind not in ("linear", "cosine"):
            raise UnknownName.of("kind of prototypes", kind, ["linear", "cosine"])
        self.is_cosine = kind == "cosine"
        self.weight = nn.Parameter(torch.randn(count, dim, generator=generator) * dim**-0.5)
        self.bias = None if self.is_cosine else nn.Parameter(torch.zeros(count))
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log()) if self.is_cosine else None

    def operands(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Rows x (B, D), columns w (C, D) and a scale s: the logits are s x.w, and the bias where there is one."""
        if self.logit_scale is None:
            return features, self.weight, self.weight.new_ones(())
        scale = self.logit_scale.exp().clamp(max=MAX_SCALE)
        return F.normalize(_wide(features), dim=1), F.normalize(self.weight, dim=1), scale

    def forward(self, features: Tensor) -> Tensor:
        """The logits (B, C) of features (B, D)."""
        x, columns, scale = self.operands(features)
        logits = scale * x @ columns.T
        return logits if self.bias is None else logits + self.bias


def cross_entropy_loss(
    features: Tensor, prototypes: Prototypes, target: Tensor, *, world: World = ALONE, tile: int | None = None
) -> Tensor:
    """Softmax cross-entropy over C classes: L = mean_i [ log sum_c exp z_ic - z_i,target(i) ].

    `features` is (B, D), `target` (B,) int64, -1 for an image that is left out. Never B x C at once.
    A baseline of BioCLIP's ablation (arXiv:2311.18803).
    """
    with _exactly(features):
        is_counted = target >= 0
        count = world.gather(is_counted.sum().view(1)).sum().clamp(min=1)
        x, columns, scale = prototypes.operands(features[is_counted])
        target, bias = target[is_counted], prototypes.bias
        every = row_logsumexp(x, columns, scale, bias=bias, tile=tile)  # (B,)
        paired = scale * _dots(x, columns[target])
        paired = paired if bias is None else paired + bias[target]
        return (every - paired).sum() * world.size / count


def hierarchical_cross_entropy_loss(
    features: Tensor, heads: Sequence[Prototypes], targets: Tensor, *, world: World = ALONE, tile: int | None = None
) -> Tensor:
    """The sum over ranks of `cross_entropy_loss`, a head each: `targets` is (B, R), -1 where a rank is missing.

    The other baseline of BioCLIP's ablation (arXiv:2311.18803).
    """
    if len(heads) != targets.shape[1]:
        raise UsageError(f"{len(heads)} heads for targets of {targets.shape[1]} ranks", hint="one head a rank")
    terms = [
        cross_entropy_loss(features, head, targets[:, rank], world=world, tile=tile) for rank, head in enumerate(heads)
    ]
    return torch.stack(terms).sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Groups:
    """Texts by what they speak of: a group is a key in its column."""

    of_texts: Tensor  # (m,)
    of_images: Tensor  # (n, K), -1 where no text speaks of it
    texts_in: Tensor  # (G,), how many

    @classmethod
    def of(cls, keys: Keys) -> "_Groups":
        """The groups of all texts, in an order that is the same for every process."""
        columns = keys.image.shape[1]
        known, place = torch.unique(keys.text, return_inverse=True)  # places, that times K does not overflow
        codes, of_texts, texts_in = torch.unique(place * columns + keys.level, return_inverse=True, return_counts=True)
        if not len(known):
            return cls(of_texts=of_texts, of_images=torch.full_like(keys.image, -1), texts_in=texts_in)
        place = torch.searchsorted(known, keys.image).clamp(max=len(known) - 1)  # (n, K)
        code = place * columns + torch.arange(columns, device=place.device)
        group = torch.searchsorted(codes, code).clamp(max=len(codes) - 1)
        is_spoken_of = (known[place] == keys.image) & (codes[group] == code)
        return cls(of_texts=of_texts, of_images=torch.where(is_spoken_of, group, -1), texts_in=texts_in)

    def texts_of_images(self) -> Tensor:
        """How many texts are true of each image, (n,)."""
        if not len(self.texts_in):
            return self.of_images.new_zeros(len(self.of_images))
        return torch.where(self.of_images >= 0, self.texts_in[self.of_images.clamp(min=0)], 0).sum(1)

    def images_in(self, world: World) -> Tensor:
        """How many images of all processes each group is true of, (G,)."""
        held = torch.bincount(self.of_images[self.of_images >= 0], minlength=len(self.texts_in))
        return world.gather(held).view(world.size, -1).sum(0)

    def pull(self, texts: Tensor, weight: Tensor) -> Tensor:
        """sum_k weight_ik (the sum of the texts in image i's group k), (n, D); `weight` is (n, K)."""
        if not len(texts):
            return _wide(texts).new_zeros(len(weight), texts.shape[1])
        wide = _wide(texts)
        sums = wide.new_zeros(len(self.texts_in), wide.shape[1]).index_add(0, self.of_texts, wide)  # (G, D)
        pulled = wide.new_zeros(len(weight), wide.shape[1])
        for column in range(weight.shape[1]):
            pulled = pulled + weight[:, column, None] * sums[self.of_images[:, column].clamp(min=0)]
        return pulled


def _contrast(image: Tensor, texts: Tensor, scale: Tensor, *, keys: Keys, world: World, tile: int | None) -> Tensor:
    """Both directions between own images (n, D) and all texts (m, D), none of them absent.

    A text's soft-max runs over everybody's images. Each process has the part of its denominator that
    its own images make; the parts are gathered, not the images, and each pair is computed once.
    """
    groups = _Groups.of(keys)
    own, part = both_logsumexps(image, texts, scale, tile=tile)  # (n,), (m,)
    of_texts = part if world.size == 1 else torch.logsumexp(world.gather(part).view(world.size, -1), dim=0)
    true_texts, images_in = groups.texts_of_images(), groups.images_in(world)  # (n,), (G,)
    is_image_counted, is_text_counted = true_texts > 0, images_in[groups.of_texts] > 0
    images = world.gather(is_image_counted.sum().view(1)).sum().clamp(min=1)
    texts_counted = is_text_counted.sum().clamp(min=1)
    by_image = own.new_ones(()) / (images * true_texts.clamp(min=1))  # (n,)
    by_group = own.new_ones(()) / (texts_counted * images_in.clamp(min=1))  # (G,)
    weight = by_image[:, None].expand(groups.of_images.shape)
    weight = weight + by_group[groups.of_images.clamp(min=0)] if len(by_group) else weight
    pulled = groups.pull(texts, torch.where(groups.of_images >= 0, weight, 0))
    paired = scale * _dots(image, pulled).sum()
    from_images = torch.where(is_image_counted, own, 0).sum() / images
    from_texts = torch.where(is_text_counted, of_texts, 0).sum() / texts_counted  # whole, on every process
    return ((from_images - paired) * world.size + from_texts) / 2


def _present(image: Tensor, texts: Tensor, keys: Keys) -> tuple[Tensor, Tensor, Keys]:
    """The images and texts that are there, and their keys."""
    has_key, has_text = (keys.image >= 0).any(1), keys.text >= 0
    kept = Keys(image=keys.image[has_key], text=keys.text[has_text], level=keys.level[has_text])
    return image[has_key], texts[has_text], kept


def _distinct(texts: LevelTexts, ranks: int, world: World) -> tuple[Tensor, Tensor, Tensor]:
    """Every process's texts, their keys and ranks, the first of each clade only."""
    vectors, keys, level = texts.vectors, texts.keys, texts.level
    if world.size > 1:
        most = int(world.gather(keys.new_tensor([len(keys)])).max())
        lacking = most - len(keys)
        vectors = world.gather(torch.cat([vectors, vectors.new_zeros(lacking, vectors.shape[1])]))
        keys = world.gather(torch.cat([keys, keys.new_full((lacking,), -1)]))
        level = world.gather(torch.cat([level, level.new_zeros(lacking)]))
    here = (keys >= 0).nonzero()[:, 0]
    _, place = torch.unique(keys[here], return_inverse=True)
    codes, group = torch.unique(place * ranks + level[here], return_inverse=True)
    first = here.new_full((len(codes),), len(keys)).scatter_reduce(0, group, here, "amin")
    return vectors[first], keys[first], level[first]


def _dots(x: Tensor, y: Tensor) -> Tensor:
    """x_i.y_i for every row i."""
    return (_wide(x) * _wide(y)).sum(1)


def _wide(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _exactly(x: Tensor) -> torch.autocast:
    """A block in which autocast narrows nothing: a loss is a difference of large sums."""
    return torch.autocast(x.device.type, enabled=False)
