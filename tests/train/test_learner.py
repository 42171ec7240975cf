"""The learner: however a batch is cut, its losses and gradients are the whole batch's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.train.organisms import captioned, living, picture, sources_of

from thuja.images import Preparation
from thuja.model import Model
from thuja.model.config import HeadConfig
from thuja.phrasing import BIOCLIP_MIXTURE, CAPTIONS
from thuja.record import Record
from thuja.taxonomy import Taxon
from thuja.train import Corpus, ImageTower, Objective, Recipe, Stream, TextTower
from thuja.train.batch import Batch, Share
from thuja.train.learner import Learner, Passes, weighed
from thuja.train.placing import leaves_some_out
from thuja.train.recipe import LOSSES
from thuja.train.start import model_config, start_learner
from thuja.train.supply import Supply, collate


def recipe_of(*streams: Stream, **changes: object) -> Recipe:
    return replace(
        Recipe(
            name="tiny",
            image=ImageTower(image_size=16, patch_size=4, width=16, layers=2, head_width=8),
            text=TextTower(width=16, layers=1, heads=2, vocab_size=600),
            embed_dim=8,
            heads=(HeadConfig(name="replay"), HeadConfig(name="caption", has_own_temperature=True)),
            streams=streams,
        ),
        **changes,
    )


BOTH = (
    Objective(texts=BIOCLIP_MIXTURE, loss="multi_positive", ancestor_share=0.3),
    Objective(name="caption", texts=CAPTIONS, head="caption", weight=0.5),
)
REPLAY = Stream(name="replay", batch_size=6, objectives=(Objective(name="pairs", texts=CAPTIONS, head="replay"),))


def begun(recipe: Recipe, step: int = 0, corpora: Sequence[Corpus] = ()) -> tuple[Learner, Batch]:
    sources = sources_of(recipe, corpora or [living(40), captioned(20)][: len(recipe.streams)])
    supply = Supply(recipe=recipe, sources=sources)
    learner = start_learner(recipe, sources)
    parts = [supply(step, part) for part in range(supply.parts())]
    return learner, collate(supply, step, parts, tokenizer=learner.model.tokenizer, context_length=77)


def cut(share: Share, first: int, last: int) -> Share:
    """Some consecutive images of a stream's, with what is said of them one by one."""
    own = slice(first, last)
    assert share.boxes is not None
    lessons = [
        replace(
            one,
            text_of=one.text_of[own],
            keys=one.keys[own],
            levels=one.levels[own],
            image_keys=one.image_keys[own],
        )
        for one in share.lessons
    ]
    return replace(share, uuids=share.uuids[own], images=share.images[own], boxes=share.boxes[own], lessons=lessons)


def gradients(learner: Learner, batch: Batch, passes: Passes) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    learner.train().passes = passes
    learner.zero_grad(set_to_none=True)
    loss = weighed(learner(batch), learner.recipe)
    torch.autograd.backward(loss)
    return loss.detach(), {name: p.grad for name, p in learner.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("passes", [Passes(micro_batch=5), Passes(micro_batch=4, text_tokens=60, kept=2, tile=4)])
def test_a_batch_in_micro_batches_has_the_gradient_of_the_whole(passes: Passes) -> None:
    """Gradient caching: two streams, three objectives, dropped patches.

    The patches that are kept were once drawn for each micro-batch by itself, and no test had any dropped.
    """
    recipe = recipe_of(Stream(batch_size=16, objectives=BOTH), REPLAY)
    recipe = replace(recipe, image=replace(recipe.image, patch_dropout=0.5))
    learner, batch = begun(recipe)
    loss, whole = gradients(learner, batch, Passes())
    cached_loss, cached = gradients(learner, batch, passes)
    torch.testing.assert_close(cached_loss, loss, atol=1e-6, rtol=1e-6)
    assert cached.keys() == whole.keys()
    for name, gradient in whole.items():
        torch.testing.assert_close(cached[name], gradient, atol=2e-5, rtol=1e-4)


def test_micro_batches_keep_no_activations_of_those_before_the_last() -> None:
    learner, batch = begun(recipe_of(Stream(batch_size=32), heads=()))

    def kept_bytes(passes: Passes) -> int:
        learner.passes = passes
        seen: dict[int, int] = {}

        def note(tensor: torch.Tensor) -> torch.Tensor:
            seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            weighed(learner(batch), learner.recipe)
        return sum(seen.values())

    assert kept_bytes(Passes(micro_batch=4, text_tokens=40)) < 0.4 * kept_bytes(Passes())


def test_dropped_patches_are_the_same_when_computed_again() -> None:
    recipe = recipe_of(Stream(batch_size=16), heads=())
    recipe = replace(recipe, image=replace(recipe.image, patch_dropout=0.5))
    learner, batch = begun(recipe)
    _, first = gradients(learner, batch, Passes(micro_batch=4, kept=0))
    _, kept = gradients(learner, batch, Passes(micro_batch=4, kept=4))
    _, other = gradients(learner, replace(batch, step=1), Passes(micro_batch=4, kept=4))
    name = "model.visual.conv1.weight"
    torch.testing.assert_close(first[name], kept[name], atol=1e-6, rtol=1e-5)
    assert not torch.allclose(other[name], kept[name], atol=1e-4)


@dataclass(frozen=True, kw_only=True)
class Second:
    """The second of two processes, of which the first has the same rows."""

    rank: int = 1
    size: int = 2

    def gather(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, x])


def test_dropped_patches_are_the_same_in_a_share_as_in_the_whole() -> None:
    """They were once drawn by rank, so that two processes did not learn what one does."""
    recipe = recipe_of(Stream(batch_size=16), heads=())
    recipe = replace(recipe, image=replace(recipe.image, patch_dropout=0.5))
    learner, batch = begun(recipe)
    seen: list[torch.Tensor] = []
    features = learner.model.image_features
    learner.model.image_features = lambda images: (seen.append(features(images)), seen[-1])[1]  # type: ignore[method-assign]
    learner.train()(batch)
    learner.world = Second()
    learner(replace(batch, shares=[cut(batch.shares[0], 8, 16)]))
    torch.testing.assert_close(seen[1], seen[0][8:])


def test_classes_are_counted_where_whole_ranks_are_missing_and_by_stream() -> None:
    """Names of two words are enough for the losses without text, and each stream has its own classes.

    A rank that no image has was once an IndexError, and every stream had the classes of the first.
    """
    own = [
        Corpus(
            records=[
                Record(uuid=f"{genus}-{row}", path="", taxon=Taxon(genus=genus, species=f"alba{row % species}"))
                for row in range(12)
            ],
            read=picture,
        )
        for genus, species in (("Rosa", 3), ("Motacilla", 4))
    ]
    objectives = (
        Objective(name="flat", loss="cross_entropy"),
        Objective(name="ranks", loss="hierarchical_cross_entropy"),
    )
    recipe = recipe_of(
        Stream(batch_size=12, objectives=objectives), Stream(name="birds", batch_size=12, objectives=objectives)
    )
    learner, batch = begun(recipe, corpora=own)
    heads = {name: [len(head.weight) for head in part] for name, part in learner.prototypes.items()}
    assert heads == {
        "life_flat": [3],
        "life_ranks": [1, 1, 1, 1, 1, 1, 3],
        "birds_flat": [4],
        "birds_ranks": [1, 1, 1, 1, 1, 1, 4],
    }
    losses = learner(batch)
    assert losses["life/flat"].item() == pytest.approx(math.log(3), abs=0.5)
    assert losses["birds/flat"].item() == pytest.approx(math.log(4), abs=0.5)
    numbers = learner.classes["birds"].numbers(batch.shares[1].lessons[0].image_keys)
    assert numbers[:, :5].unique().tolist() == [-1]
    assert numbers[:, 6].unique().tolist() == [0, 1, 2, 3]


def test_the_order_of_a_step_is_told_alike_by_every_process() -> None:
    """It was once a hash of the first process's images: another number of processes told other letters."""
    recipe = recipe_of(Stream(batch_size=16), REPLAY)
    sources = sources_of(recipe, [living(40), captioned(20)])
    alone = Supply(recipe=recipe, sources=sources)
    for rank in range(2):
        both = Supply(recipe=recipe, sources=sources, rank=rank, size=2)
        assert [both.told_order(step) for step in range(3)] == [alone.told_order(step) for step in range(3)]
    assert len({alone.told_order(step) for step in range(3)}) == 3
    other = Supply(recipe=replace(recipe, seed=1), sources=sources)
    assert other.told_order(0) != alone.told_order(0)


@pytest.mark.gpu
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_the_same_on_a_gpu(loss: str) -> None:
    """Clades were once numbered by keys on the processor for images on the GPU, which raises."""
    learner, batch = begun(recipe_of(Stream(batch_size=16, objectives=(Objective(loss=loss),)), heads=()))
    expected = weighed(learner(batch), learner.recipe)
    found = weighed(learner.to("cuda")(batch), learner.recipe)
    torch.testing.assert_close(found.cpu(), expected, atol=1e-3, rtol=1e-3)


def test_a_trunk_that_learns_later_is_left_out_until_then_and_keeps_its_norms() -> None:
    """DDP was once not told, and died in the second step, while features were read in place of pictures.

    Statistics of a batch would be those of a micro-batch in one process.
    """
    recipe = recipe_of(Stream(batch_size=8), heads=())
    recipe = replace(recipe, image=ImageTower(trunk="tf_efficientnet_lite0", image_size=32), unfreeze_epochs=10)
    tokenizer = begun(recipe_of(Stream(batch_size=8), heads=()))[0].model.tokenizer
    config = model_config(recipe, vocab_size=tokenizer.vocab_size)
    model = Model.create(config, tokenizer, Preparation(size=32), generator=torch.Generator().manual_seed(0))
    learner = Learner(model, recipe).train()
    norms = [part for part in learner.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    assert norms
    assert not any(norm.training for norm in norms)
    assert all(norm.weight.requires_grad for norm in norms)
    assert leaves_some_out(learner)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns(loss: str) -> None:
    """Ten steps on one batch bring each loss down by a tenth at least."""
    recipe = recipe_of(Stream(batch_size=16, objectives=(Objective(loss=loss),)), heads=())
    learner, batch = begun(recipe)
    optimizer = torch.optim.AdamW(learner.parameters(), lr=5e-3)
    losses = []
    for _ in range(10):
        loss_now = weighed(learner(batch), recipe)
        losses.append(loss_now.item())
        optimizer.zero_grad()
        torch.autograd.backward(loss_now)
        optimizer.step()
    assert losses[-1] < 0.9 * losses[0]


def test_an_image_without_a_caption_is_left_out_of_what_captions_teach() -> None:
    """Half the images have none: the loss is that of the other half alone, and theirs is no gradient."""
    recipe = recipe_of(Stream(batch_size=8, objectives=(Objective(name="caption", texts=CAPTIONS),)), heads=())
    learner, batch = begun(recipe)
    (lesson,) = batch.shares[0].lessons
    keys = lesson.keys.clone()
    keys[4:] = -1
    silent = replace(batch, shares=[replace(batch.shares[0], lessons=[replace(lesson, keys=keys)])])
    half = cut(batch.shares[0], 0, 4)
    torch.testing.assert_close(
        weighed(learner(silent), recipe), weighed(learner(replace(batch, shares=[half])), recipe)
    )


def test_both_objectives_are_taught_from_one_pass_over_the_images() -> None:
    learner, batch = begun(recipe_of(Stream(batch_size=16, objectives=BOTH)))
    passes: list[int] = []
    learner.model.visual.register_forward_pre_hook(lambda *_: passes.append(1))
    features = learner.model.image_features
    learner.model.image_features = lambda images: (passes.append(len(images)), features(images))[1]  # type: ignore[method-assign]
    assert sorted(learner(batch)) == ["life/caption", "life/taxonomy"]
    assert passes == [16]


@given(
    words=st.lists(
        st.lists(st.sampled_from(["aves", "corvus", "pica", "x", "of"]), max_size=6), min_size=1, max_size=12
    )
)
@settings(max_examples=25)
def test_texts_read_as_trees_have_the_vectors_and_gradients_of_each_by_itself(words: list[list[str]]) -> None:
    learner, _ = LEARNER
    texts = list(dict.fromkeys(" ".join(some) for some in words))
    rows = learner.model.tokenizer.encode(texts, 77)
    weights = torch.randn(len(texts), 8, generator=torch.Generator().manual_seed(0))
    found = []
    for text_tokens, read in ((None, learner._texts), (8, learner._texts), (None, plainly)):
        learner.passes = Passes(text_tokens=text_tokens)
        learner.zero_grad(set_to_none=True)
        vectors = read(rows)
        torch.autograd.backward((vectors * weights).sum())
        taught = {name: p.grad for name, p in learner.named_parameters() if p.grad is not None}
        found.append((vectors.detach(), taught))
    plain = found.pop()
    for vectors, taught in found:
        torch.testing.assert_close(vectors, plain[0], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(taught, plain[1], atol=1e-5, rtol=1e-3)


LEARNER = begun(recipe_of(Stream(batch_size=16), heads=()))


def plainly(rows: list[list[int]]) -> torch.Tensor:
    model = LEARNER[0].model
    return torch.cat([model.encode_text(torch.tensor([row])) for row in rows])


def test_equal_texts_are_encoded_once() -> None:
    _, batch = begun(recipe_of(Stream(batch_size=32), heads=()))
    assert len(batch.tokens) == len({tuple(row) for row in batch.tokens}) < 32
    assert len(batch.shares[0].lessons[0].text_of) == 32
