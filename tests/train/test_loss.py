"""Every loss against its formula written out as a matrix, and open_clip's; on one process and on two."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from thuja.errors import UnknownName, UsageError
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
from thuja.train.supervised import supervised_contrastive_loss
from thuja.train.world import Processes

Tiles = st.sampled_from([1, 3, 5, 64])


def batch(size: int, dim: int = 8, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images and texts (size, dim) at length one, a scale, a bias."""
    generator = torch.Generator().manual_seed(seed)
    image, text = (F.normalize(torch.randn(size, dim, generator=generator), dim=1) for _ in range(2))
    scale, bias = torch.tensor(14.3, requires_grad=True), torch.tensor(-10.0, requires_grad=True)
    return image.requires_grad_(), text.requires_grad_(), scale, bias


def lineages(size: int, seed: int, *, missing: float = 0.0) -> Tensor:
    """(size, 7) clades of a small tree, numbered afresh at each rank, deeper ranks splitting what is above."""
    generator = torch.Generator().manual_seed(seed)
    species = torch.randint(0, max(2, size // 2), (size,), generator=generator)
    keys = torch.stack([species // 2 ** (6 - level) for level in range(7)], dim=1)
    gone = torch.rand(size, 7, generator=generator) < missing
    return keys.masked_fill(gone, -1)


def drawn_keys(size: int, seed: int, *, missing: float = 0.0) -> Keys:
    """Each text speaks of its own image at a rank drawn for it; some texts and clades are missing."""
    generator = torch.Generator().manual_seed(seed + 1)
    image, level = lineages(size, seed, missing=missing), torch.randint(0, 7, (size,), generator=generator)
    return Keys(image=image, text=image[torch.arange(size), level], level=level)


def mask_of(keys: Keys) -> Tensor:
    """The (B, L) matrix of what is true of what, an absent text true of nothing."""
    return (keys.image[:, keys.level] == keys.text) & (keys.text >= 0)


def plain_contrast(logits: Tensor, mask: Tensor) -> Tensor:
    """Eq. 2 of arXiv:2004.11362 for the rows of a matrix: the mean over rows with a positive."""
    rows = [row.logsumexp(0) - row[true].mean() for row, true in zip(logits, mask, strict=True) if true.any()]
    return torch.stack(rows).mean() if rows else logits.sum() * 0


def plain_clip(image: Tensor, text: Tensor, scale: Tensor, keys: Keys) -> Tensor:
    images, texts = (keys.image >= 0).any(1), keys.text >= 0
    logits, mask = (scale * image @ text.T)[images][:, texts], mask_of(keys)[images][:, texts]
    return (plain_contrast(logits, mask) + plain_contrast(logits.T, mask.T)) / 2


def assert_same(ours: Tensor, plain: Tensor, *inputs: Tensor) -> None:
    """The values and the gradients agree to 1e-5."""
    torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-5)
    found, expected = (
        torch.autograd.grad(loss, inputs, retain_graph=True, materialize_grads=True) for loss in (ours, plain)
    )
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


@given(size=st.integers(1, 24), tile=Tiles, seed=st.integers(0, 99))
def test_clip_loss_and_its_gradient_are_open_clips(size: int, tile: int, seed: int) -> None:
    from open_clip.loss import ClipLoss

    image, text, scale, _ = batch(size, seed=seed)
    assert_same(clip_loss(image, text, scale, tile=tile), ClipLoss()(image, text, scale), image, text, scale)


@given(size=st.integers(1, 24), tile=Tiles, seed=st.integers(0, 99))
def test_sigmoid_loss_and_its_gradient_are_open_clips(size: int, tile: int, seed: int) -> None:
    from open_clip.loss import SigLipLoss

    image, text, scale, bias = batch(size, seed=seed)
    plain = SigLipLoss()(image, text, scale, bias)
    assert_same(sigmoid_loss(image, text, scale, bias=bias, tile=tile), plain, image, text, scale, bias)


@given(size=st.integers(1, 16), tile=Tiles, seed=st.integers(0, 99), missing=st.sampled_from([0.0, 0.3, 0.9, 1.0]))
def test_every_true_text_is_a_positive(size: int, tile: int, seed: int, missing: float) -> None:
    image, text, scale, _ = batch(size, seed=seed)
    keys = drawn_keys(size, seed, missing=missing)
    ours = clip_loss(image, text, scale, keys=keys, tile=tile)
    assert_same(ours, plain_clip(image, text, scale, keys), image, text, scale)


@given(size=st.integers(1, 16), tile=Tiles, seed=st.integers(0, 99), missing=st.sampled_from([0.0, 0.3, 0.9]))
def test_the_sigmoid_loss_asks_of_every_pair_whether_it_is_true(
    size: int, tile: int, seed: int, missing: float
) -> None:
    image, text, scale, bias = batch(size, seed=seed)
    keys = drawn_keys(size, seed, missing=missing)
    logits, sign = scale * image @ text.T + bias, 2.0 * mask_of(keys) - 1
    images, texts = (keys.image >= 0).any(1), keys.text >= 0
    plain = -F.logsigmoid(sign * logits)[images][:, texts].sum() / max(1, int(images.sum()))
    ours = sigmoid_loss(image, text, scale, bias=bias, keys=keys, tile=tile)
    assert_same(ours, plain, image, text, scale, bias)


def test_different_taxa_make_the_plain_loss() -> None:
    image, text, scale, _ = batch(12)
    one = torch.arange(12)
    keys = Keys(image=one[:, None], text=one, level=torch.zeros_like(one))
    assert_same(clip_loss(image, text, scale, keys=keys), clip_loss(image, text, scale), image, text, scale)


def test_a_taxons_own_text_is_never_pushed_away() -> None:
    """Two images of one species with one text: at the optimum the plain loss still has a gradient."""
    together = F.normalize(torch.ones(2, 4), dim=1).requires_grad_()
    scale, one = torch.tensor(10.0), torch.zeros(2, dtype=torch.int64)
    plain = clip_loss(together, together.detach().clone(), scale)
    shared = clip_loss(together, together.detach().clone(), scale, keys=Keys(image=one[:, None], text=one, level=one))
    assert plain.item() == pytest.approx(torch.log(torch.tensor(2.0)).item())
    assert torch.autograd.grad(shared, together)[0].abs().max() < 1e-5


def test_a_key_means_another_clade_in_another_column() -> None:
    """Genus 3 and species 3 are not one thing, and keys as large as int64 do not run over."""
    image, text, scale, _ = batch(3)
    huge = torch.iinfo(torch.int64).max
    keys = Keys(
        image=torch.tensor([[3, huge], [huge, 3], [3, 3]]),
        text=torch.tensor([3, 3, huge]),
        level=torch.tensor([0, 1, 1]),
    )
    assert mask_of(keys).tolist() == [[True, False, True], [False, True, False], [True, True, False]]
    assert_same(clip_loss(image, text, scale, keys=keys), plain_clip(image, text, scale, keys), image, text, scale)


def level_texts(keys: Tensor, dim: int, seed: int) -> LevelTexts:
    """One text for each clade that `keys` (B, 7) names; a clade's vector depends on rank and number alone."""
    pairs = sorted({(rank, int(key)) for row in keys for rank, key in enumerate(row.tolist()) if key >= 0})
    level, key = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).unbind(1)
    table = F.normalize(torch.randn(7, 64, dim, generator=torch.Generator().manual_seed(seed)), dim=2)
    return LevelTexts(vectors=table[level, key].requires_grad_(), keys=key, level=level)


def plain_levels(image: Tensor, texts: LevelTexts, scale: Tensor, image_keys: Tensor, weights: list[float]) -> Tensor:
    """arXiv:2606.21838 with a matrix for each rank."""
    total = image.sum() * 0
    for rank, weight in enumerate(weights):
        images, columns = image_keys[:, rank] >= 0, texts.level == rank
        if images.any():
            logits = scale * image[images] @ texts.vectors[columns].T
            mask = image_keys[images, rank][:, None] == texts.keys[columns]
            total = total + weight * (plain_contrast(logits, mask) + plain_contrast(logits.T, mask.T)) / 2
    return total


@settings(max_examples=15)
@given(size=st.integers(1, 16), tile=Tiles, seed=st.integers(0, 99), missing=st.sampled_from([0.0, 0.3, 1.0]))
def test_the_level_loss_compares_clades_of_one_rank(size: int, tile: int, seed: int, missing: float) -> None:
    image, _, scale, _ = batch(size, seed=seed)
    image_keys = lineages(size, seed, missing=missing)
    texts, weights = level_texts(image_keys, 8, seed), [1.0, 0.5, 0.0, 2.0, 1.0, 1.0, 3.0]
    ours = level_loss(image, texts, scale, image_keys=image_keys, weights=weights, tile=tile)
    assert_same(ours, plain_levels(image, texts, scale, image_keys, weights), image, texts.vectors, scale)


def test_a_clade_written_twice_counts_once() -> None:
    image, _, scale, _ = batch(6)
    image_keys = lineages(6, 0)
    once = level_texts(image_keys, 8, 0)
    twice = LevelTexts(
        vectors=torch.cat([once.vectors, once.vectors]),
        keys=torch.cat([once.keys, once.keys]),
        level=torch.cat([once.level, once.level]),
    )
    both = [level_loss(image, texts, scale, image_keys=image_keys) for texts in (once, twice)]
    assert_same(both[1], both[0], image, once.vectors, scale)


@given(size=st.integers(1, 12), classes=st.integers(1, 20), tile=Tiles, seed=st.integers(0, 99))
def test_linear_prototypes_make_torchs_cross_entropy(size: int, classes: int, tile: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(size, 5, generator=generator, requires_grad=True)
    target = torch.randint(-1, classes, (size,), generator=generator)
    heads = Prototypes(classes, 5, generator=generator)
    assert heads.bias is not None
    torch.nn.init.normal_(heads.bias, generator=generator)
    plain = F.cross_entropy(features @ heads.weight.T + heads.bias, target, ignore_index=-1, reduction="sum")
    plain = plain / max(1, int((target >= 0).sum()))
    ours = cross_entropy_loss(features, heads, target, tile=tile)
    assert_same(ours, plain, features, heads.weight, heads.bias)
    torch.testing.assert_close(heads(features), features @ heads.weight.T + heads.bias)


@given(size=st.integers(1, 12), classes=st.integers(1, 20), tile=Tiles, seed=st.integers(0, 99))
def test_cosine_prototypes_see_directions_only(size: int, classes: int, tile: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(size, 5, generator=generator, requires_grad=True)
    target = torch.randint(0, classes, (size,), generator=generator)
    heads = Prototypes(classes, 5, generator=generator, kind="cosine")
    assert heads.logit_scale is not None
    cosines = F.cosine_similarity(features[:, None], heads.weight[None], dim=2)
    plain = F.cross_entropy(cosines * heads.logit_scale.exp(), target)
    ours = cross_entropy_loss(features, heads, target, tile=tile)
    assert_same(ours, plain, features, heads.weight, heads.logit_scale)
    assert heads.logit_scale.exp().item() == pytest.approx(1 / 0.07, rel=1e-5)
    torch.testing.assert_close(heads(7 * features), heads(features))


def test_the_hierarchical_cross_entropy_is_the_sum_over_ranks() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(10, 5, generator=generator, requires_grad=True)
    targets = lineages(10, 0, missing=0.3)
    heads = [Prototypes(5, 5, generator=generator) for _ in range(7)]
    plain = torch.stack(
        [F.cross_entropy(head(features), targets[:, rank], ignore_index=-1) for rank, head in enumerate(heads)]
    ).sum()
    weights = [head.weight for head in heads]
    assert_same(hierarchical_cross_entropy_loss(features, heads, targets, tile=3), plain, features, *weights)


def test_a_loss_is_the_same_under_autocast_and_takes_half_precision() -> None:
    image, text, scale, bias = batch(20)
    keys = drawn_keys(20, 0, missing=0.2)
    narrow = image.to(torch.bfloat16), text.to(torch.bfloat16)
    losses: list[Callable[[Tensor, Tensor], Tensor]] = [
        lambda x, y: clip_loss(x, y, scale),
        lambda x, y: clip_loss(x, y, scale, keys=keys),
        lambda x, y: sigmoid_loss(x, y, scale, bias=bias, keys=keys),
    ]
    for loss in losses:
        expected = loss(narrow[0].float(), narrow[1].float())
        with torch.autocast("cpu", torch.bfloat16):
            found = loss(*narrow)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected)


class Largest(TorchDispatchMode):
    """Notes how many numbers the largest tensor holds that anything makes."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for each in made if isinstance(made, tuple | list) else [made]:
            if isinstance(each, Tensor):
                self.size = max(self.size, each.untyped_storage().nbytes() // each.element_size())
        return made


@pytest.mark.parametrize("name", ["clip", "multi-positive", "levels", "sigmoid", "sigmoid keys", "classes"])
def test_nothing_made_on_the_way_has_a_place_for_every_pair(name: str) -> None:
    """The largest tensor has a row an image, of D numbers or K keys; the matrix would be eight times that."""
    size, dim = 128, 16
    image, text, scale, bias = batch(size, dim)
    keys = drawn_keys(size, 0, missing=0.2)
    texts = level_texts(keys.image, dim, 0)
    heads = Prototypes(size, dim, generator=torch.Generator().manual_seed(0))
    losses: dict[str, Callable[[], Tensor]] = {
        "clip": lambda: clip_loss(image, text, scale, tile=32),
        "multi-positive": lambda: clip_loss(image, text, scale, keys=keys, tile=32),
        "levels": lambda: level_loss(image, texts, scale, image_keys=keys.image, tile=32),
        "sigmoid": lambda: sigmoid_loss(image, text, scale, bias=bias, tile=32),
        "sigmoid keys": lambda: sigmoid_loss(image, text, scale, bias=bias, keys=keys, tile=32),
        "classes": lambda: cross_entropy_loss(image, heads, torch.arange(size), tile=32),
    }
    with Largest() as largest:
        torch.autograd.backward(losses[name]())
    assert 0 < largest.size <= size * dim


def test_a_hot_scale_agrees_too() -> None:
    """At CLIP's ceiling of 100, with texts that match their images closely."""
    from open_clip.loss import ClipLoss

    image, noise, _, _ = batch(200, 64)
    text = F.normalize(image.detach() + 0.1 * noise.detach(), dim=1).requires_grad_()
    scale = torch.tensor(100.0, requires_grad=True)
    assert_same(clip_loss(image, text, scale, tile=32), ClipLoss()(image, text, scale), image, text, scale)


def test_what_does_not_fit_is_said() -> None:
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(UnknownName, match='unknown kind of prototypes: "round"'):
        Prototypes(3, 4, generator=generator, kind="round")  # type: ignore[arg-type]
    one = torch.zeros(3, dtype=torch.int64)
    with pytest.raises(UsageError, match="keys must be of shapes"):
        Keys(image=one, text=one, level=one)
    with pytest.raises(UsageError, match="each text needs its key and its rank: 2, 3 and 3"):
        LevelTexts(vectors=torch.zeros(2, 4), keys=one, level=one)
    texts = LevelTexts(vectors=torch.zeros(3, 4), keys=one, level=one)
    with pytest.raises(UsageError, match="2 weights for 7 ranks"):
        level_loss(torch.zeros(1, 4), texts, torch.ones(()), image_keys=one.new_zeros(1, 7), weights=[1.0, 2.0])
    with pytest.raises(UsageError, match="0 heads for targets of 7 ranks"):
        hierarchical_cross_entropy_loss(torch.zeros(1, 4), [], one.new_zeros(1, 7))


PER_PROCESS = 6
"""Images a process in the runs of two processes below."""


def learn(image: Tensor, text: Tensor, rows: slice, world: Processes | None) -> dict[str, Tensor]:
    """What one process makes of its rows of the batch: each loss, and its gradient for a shared weight.

    Inputs are taken through a matrix W, as towers are: W's gradient is what DDP would average.
    """
    arguments = {} if world is None else {"world": world}
    keys, targets = drawn_keys(2 * PER_PROCESS, 5, missing=0.3), lineages(2 * PER_PROCESS, 5, missing=0.3)
    targets[:, 3] = -1  # no lineage of the batch names an order
    targets[PER_PROCESS:] = -1  # nor any clade, in the second process
    own = Keys(image=keys.image[rows], text=keys.text[rows], level=keys.level[rows])
    bare = torch.full_like(targets, -1)[rows]
    texts = level_texts(targets[rows], 8, 5)
    generator = torch.Generator().manual_seed(1)
    heads = [Prototypes(6, 8, generator=generator) for _ in range(7)]
    matrix = torch.randn(8, 8, generator=generator, requires_grad=True)
    scale, bias = torch.tensor(9.0, requires_grad=True), torch.tensor(-2.0, requires_grad=True)
    x, y = (F.normalize(each[rows] @ matrix, dim=1) for each in (image.detach(), text.detach()))
    level = LevelTexts(vectors=F.normalize(texts.vectors.detach() @ matrix, dim=1), keys=texts.keys, level=texts.level)
    losses = {
        "clip": clip_loss(x, y, scale, tile=4, **arguments),
        "multi-positive": clip_loss(x, y, scale, keys=own, tile=4, **arguments),
        "levels": level_loss(x, level, scale, image_keys=targets[rows], tile=4, **arguments),
        "half absent": clip_loss(x, y, scale, keys=replace(own, image=targets[rows]), **arguments),
        "nothing": clip_loss(x, y, scale, keys=replace(own, image=bare, text=bare[:, 0]), **arguments),
        "sigmoid": sigmoid_loss(x, y, scale, bias=bias, tile=4, **arguments),
        "sigmoid keys": sigmoid_loss(x, y, scale, bias=bias, keys=own, tile=4, **arguments),
        "hierarchical": hierarchical_cross_entropy_loss(x, heads, targets[rows], tile=4, **arguments),
        "supervised": supervised_contrastive_loss(x, targets[rows, -1], scale, **arguments),
    }
    found = {}
    for name, loss in losses.items():
        parts = torch.autograd.grad(loss, [matrix, scale, bias], retain_graph=True, materialize_grads=True)
        found[name] = torch.cat([loss.detach().view(1), *[part.flatten() for part in parts]])
    return found


def one_of_two(rank: int, folder: str) -> None:
    """The whole life of one of two processes: its losses go to a file."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    image, text, _, _ = batch(2 * PER_PROCESS, seed=4)
    world = Processes()
    assert (world.rank, world.size) == (rank, 2)
    found = learn(image, text, slice(rank * PER_PROCESS, (rank + 1) * PER_PROCESS), world)
    torch.save(found, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_the_mean_of_two_processes_is_the_loss_of_the_whole_batch(tmp_path: Path) -> None:
    """Values, and gradients of a shared weight, the scale and the bias, as DDP averages them."""
    torch.multiprocessing.spawn(one_of_two, args=(str(tmp_path),), nprocs=2)
    halves = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    image, text, _, _ = batch(2 * PER_PROCESS, seed=4)
    for name, whole in learn(image, text, slice(None), None).items():
        torch.testing.assert_close(
            (halves[0][name] + halves[1][name]) / 2,
            whole,
            atol=1e-5,
            rtol=1e-5,
            msg=lambda m, name=name: f"{name}: {m}",
        )
