"""The estimate of a step's memory against what autograd keeps, and the micro-batches that it chooses."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from thuja.errors import UsageError
from thuja.images import Preparation
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, TrunkConfig, VisionConfig
from thuja.model.shapes import SHAPES
from thuja.train.blocks import checkpoint_blocks
from thuja.train.frozen import freeze
from thuja.train.memory import GIB, Workload, estimate, fitted, free_memory, out_of_memory
from thuja.train.precision import Precision
from thuja.train.tune import Distill, Tune

SMALL = ModelConfig(
    embed_dim=64,
    vision=VisionConfig(image_size=96, patch_size=16, width=192, layers=4, head_width=32),
    text=TextConfig(context_length=32, vocab_size=600, width=128, heads=4, layers=4),
)
IMAGES, TEXTS, TOKENS = 6, 5, 20


def kept_bytes(function: Callable[[], Tensor], module: nn.Module) -> int:
    """Bytes that autograd keeps for the backward, beside the parameters and their 16-bit copies."""
    known = {tuple(parameter.shape) for parameter in module.parameters()}
    known |= {tuple(reversed(shape)) for shape in known}
    kept: dict[int, tuple[int, Tensor]] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if not (tensor.ndim > 1 and tuple(tensor.shape) in known):
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # the tensor holds its storage's address
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        function()
    return sum(size for size, _ in kept.values())


def drawn(config: ModelConfig) -> Model:
    tokenizer = Tokenizer.train(["kingdom phylum class order family genus species"], 600)
    preparation = Preparation(size=config.vision.image_size, mode="squash")
    return Model.create(config, tokenizer, preparation, generator=torch.Generator().manual_seed(0)).train()


@pytest.mark.parametrize("precision", ["fp32", "amp_bf16", "pure_bf16"])
@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("pool", ["token", "mean"])
def test_estimated_activations_are_what_autograd_keeps(precision: str, recompute: bool, pool: str) -> None:
    config = replace(SMALL, vision=replace(SMALL.vision, pool=pool))
    work = Workload(
        config=config,
        images=(IMAGES,),
        texts=TEXTS,
        text_length=TOKENS,
        precision=Precision(name=precision),
        recompute=recompute,
    )
    model = drawn(config)
    work.precision.cast(model)
    if recompute:
        checkpoint_blocks(model)
    images, tokens = torch.randn(IMAGES, 3, 96, 96), torch.ones(TEXTS, TOKENS, dtype=torch.int64)
    with work.precision.autocast():
        image_bytes = kept_bytes(lambda: model.image_features(images), model)
        text_bytes = kept_bytes(lambda: model.encode_text(tokens), model)
    estimated = estimate(work)
    assert estimated.images == pytest.approx(image_bytes, rel=0.15)
    assert estimated.texts == pytest.approx(text_bytes, rel=0.15)


@pytest.mark.parametrize(
    "tune", [Tune(method="lora"), Tune(method="last", layers=2), Tune(method="last", layers=2, towers="image")]
)
def test_of_frozen_blocks_is_kept_what_the_gradient_passes_alone(tune: Tune) -> None:
    model = drawn(SMALL)
    freeze(model, tune, torch.Generator().manual_seed(0))
    images, tokens = torch.randn(IMAGES, 3, 96, 96), torch.ones(TEXTS, TOKENS, dtype=torch.int64)
    work = Workload(config=SMALL, images=(IMAGES,), texts=TEXTS, text_length=TOKENS, tune=tune)
    estimated = estimate(work)
    assert estimated.images == pytest.approx(kept_bytes(lambda: model.image_features(images), model), rel=0.15)
    embeddings = 2 * TEXTS * SMALL.embed_dim * 4
    text_bytes = kept_bytes(lambda: model.encode_text(tokens), model)
    assert estimated.texts - embeddings == pytest.approx(text_bytes, rel=0.15)


def test_old_names_are_counted_beside_the_texts() -> None:
    work = Workload(config=SMALL, images=(IMAGES,), texts=TEXTS, text_length=TOKENS)
    held = replace(work, distill=Distill(weight=1.0, names=3 * TEXTS))
    assert estimate(held).texts == 4 * estimate(work).texts
    assert estimate(replace(held, distill=Distill(names=9))).texts == estimate(work).texts


def test_a_trunks_activations_are_what_autograd_keeps() -> None:
    config = ModelConfig(embed_dim=64, vision=TrunkConfig(image_size=96), text=SMALL.text)
    work = Workload(config=config, images=(IMAGES,), texts=0)
    model = drawn(config)
    images = torch.randn(IMAGES, 3, 96, 96)
    assert estimate(work).images == pytest.approx(kept_bytes(lambda: model.image_features(images), model), rel=0.15)
    assert estimate(replace(work, trains_images=False)).images == IMAGES * 1280 * 4


def test_weights_gradients_and_moments_are_counted_in_their_format() -> None:
    parameters = sum(parameter.numel() for parameter in drawn(SMALL).parameters())
    work = Workload(config=replace(SMALL, text=replace(SMALL.text, vocab_size=600)), images=(IMAGES,), texts=TEXTS)
    full = estimate(work)
    assert (full.weights, full.gradients, full.optimizer) == (4 * parameters, 4 * parameters, 8 * parameters)
    half = estimate(replace(work, precision=Precision(name="pure_bf16")))
    assert half.weights * 2 == full.weights
    assert half.optimizer * 2 == full.optimizer


def test_fsdp2_holds_a_part_of_what_ddp_holds() -> None:
    work = Workload(config=SHAPES["ViT-H-14"], images=(64,), texts=64, processes=8, engine="ddp")
    whole, part = estimate(work), estimate(replace(work, engine="fsdp2"))
    assert part.optimizer < 0.25 * whole.optimizer
    assert part.images == whole.images


@settings(deadline=None, max_examples=40)
@given(
    shape=st.sampled_from(["ViT-B-16", "ViT-L-14"]),
    images=st.integers(1, 100_000),
    gib=st.integers(20, 200),
    recompute=st.booleans(),
)
def test_the_chosen_micro_batch_fits_and_more_memory_chooses_no_smaller_one(
    shape: str, images: int, gib: int, recompute: bool
) -> None:
    work = Workload(config=SHAPES[shape], images=(images,), texts=images, recompute=recompute)
    chosen, larger = fitted(work, gib * GIB), fitted(work, 2 * gib * GIB)
    assert estimate(chosen).total <= gib * GIB
    assert max(larger.passes) >= max(chosen.passes)


def test_what_cannot_fit_is_refused_with_what_helps() -> None:
    work = Workload(config=SHAPES["ViT-H-14"], images=(8,), texts=8)
    with pytest.raises(UsageError, match=r"one image at a time takes \d+\.\d\d GiB, and there are 8\.00 GiB"):
        fitted(work, 8 * GIB)


def test_the_second_paper_fits_one_large_gpu_and_its_losses_grow_with_the_batch_alone() -> None:
    amp = Precision(name="amp_bf16")
    work = Workload(config=SHAPES["ViT-L-14"], images=(90_112, 10_240), texts=100_352, precision=amp, recompute=True)
    assert fitted(work, 125 * GIB).micro_batch >= 512
    # On a processor, whose tiles are small: the double batch takes the double, and not four times as much.
    assert estimate(replace(work, images=(180_224, 10_240))).losses == pytest.approx(
        2 * estimate(work).losses, rel=0.01
    )


def test_the_sentence_of_a_full_device_names_a_micro_batch_that_is_smaller() -> None:
    work = Workload(config=SMALL, images=(1000,), texts=10, micro_batch=512)
    error = out_of_memory(work, torch.device("cpu"))
    assert "out of memory at a micro-batch of 512 on cpu" in error.message
    assert error.hint == "--micro-batch 256"
    assert out_of_memory(replace(work, micro_batch=300), torch.device("cpu")).hint == "--micro-batch 256"


def test_this_machine_has_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = free_memory(torch.device("cpu"))
    assert alone > 2**28
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert free_memory(torch.device("cpu")) < alone / 2
