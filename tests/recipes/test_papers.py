"""The papers' recipes at a small size: losses and gradients are those of open_clip and of the public definitions.

The references are written out on open_clip's own towers: texts padded to the context length, every text encoded for
every image, losses over the whole matrix, text types and projectors as the public training code has them.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.train.organisms import captioned, living, sources_of
from torch import Tensor, nn

from thuja.recipes import find_recipe
from thuja.taxonomy import RANKS
from thuja.train import ImageTower, Recipe, TextTower
from thuja.train.batch import Batch
from thuja.train.learner import Learner, weighed
from thuja.train.pictures import crop
from thuja.train.start import start_learner
from thuja.train.supply import Supply, collate

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SIZES = {"life": 12, "replay": 6}


def small(name: str, **changes: object) -> Recipe:
    """The recipe on towers of two layers, from scratch, in float32."""
    recipe = find_recipe(name)
    return replace(
        recipe,
        start="",
        image=ImageTower(image_size=16, patch_size=8, width=24, layers=2, head_width=8),
        text=TextTower(width=24, layers=2, heads=3, vocab_size=620),
        embed_dim=12,
        streams=tuple(replace(stream, batch_size=SIZES[stream.name], **changes) for stream in recipe.streams),
        precision="fp32",
    )


def begun(recipe: Recipe, step: int = 0) -> tuple[Learner, Batch]:
    """The learner and one step's batch; no two heads alike, as after some training."""
    corpora = [living(24), captioned(12)][: len(recipe.streams)]
    sources = sources_of(recipe, corpora)
    learner = start_learner(recipe, sources)
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for head in learner.model.heads.values():
            head.proj.add_(0.1 * torch.randn(head.proj.shape, generator=generator))
            if head.logit_scale is not None:
                head.logit_scale.add_(0.3)
    supply = Supply(recipe=recipe, sources=sources)
    parts = [supply(step, part) for part in range(supply.parts())]
    model = learner.model
    length = model.config.text.context_length
    return learner, collate(supply, step, parts, tokenizer=model.tokenizer, context_length=length)


class Reference(nn.Module):
    """open_clip's CLIP with the public forks' second projector and second temperature."""

    def __init__(self, learner: Learner) -> None:
        import open_clip

        super().__init__()
        model = learner.model
        self.clip = open_clip.CLIP(**model.config.to_open_clip(own_tokenizer=False))
        own = {name: value for name, value in model.state_dict().items() if not name.startswith("heads.")}
        self.clip.load_state_dict(own)
        self.proj = self.clip.visual.proj
        self.clip.visual.proj = None
        self.second = nn.Parameter(next((head.proj.detach().clone() for head in model.heads.values()), torch.zeros(())))
        scales = [head.logit_scale for head in model.heads.values() if head.logit_scale is not None]
        self.second_scale = nn.Parameter(scales[0].detach().clone()) if scales else self.clip.logit_scale
        self.model = model

    def images(self, batch: Batch, stream: int, *, second: bool = False) -> Tensor:
        share = batch.shares[stream]
        kind = self.model.preparation
        assert share.boxes is not None
        pixels = crop(share.images, share.boxes, preparation=kind, interpolation="bicubic")
        return F.normalize(self.clip.encode_image(pixels) @ (self.second if second else self.proj), dim=-1)

    def texts(self, batch: Batch, stream: int, lesson: int = 0) -> Tensor:
        length = self.model.config.text.context_length
        tokens = self.model.tokenizer.pad(batch.tokens, length)
        return self.clip.encode_text(tokens[batch.shares[stream].lessons[lesson].text_of], normalize=True)


def plain_clip(image: Tensor, text: Tensor, log_scale: Tensor) -> Tensor:
    from open_clip.loss import ClipLoss

    loss: Tensor = ClipLoss()(image, text, log_scale.exp())
    return loss


def bioclip(reference: Reference, batch: Batch) -> Tensor:
    return plain_clip(reference.images(batch, 0), reference.texts(batch, 0), reference.clip.logit_scale)


def bioclip2(reference: Reference, batch: Batch) -> Tensor:
    """One contrastive loss a stream, the second through its own projector, one temperature, added."""
    replay = plain_clip(reference.images(batch, 1, second=True), reference.texts(batch, 1), reference.clip.logit_scale)
    return bioclip(reference, batch) + replay


def biocap(reference: Reference, batch: Batch) -> Tensor:
    """The expectation of the public code's loss over its six text types, one of which is the caption."""
    caption = plain_clip(reference.images(batch, 0, second=True), reference.texts(batch, 0, 1), reference.second_scale)
    return bioclip(reference, batch) * 5 / 6 + caption / 6


def biocap_caption_batch(reference: Reference, batch: Batch) -> Tensor:
    return plain_clip(reference.images(batch, 0, second=True), reference.texts(batch, 0), reference.second_scale)


def hierarchical(reference: Reference, batch: Batch) -> Tensor:
    """A rank at a time: soft-max over the distinct clades, and over the images for each clade; halves added."""
    (lesson,) = batch.shares[0].lessons
    image, text = reference.images(batch, 0), reference.texts(batch, 0)
    total = torch.zeros(())
    for rank in RANKS:
        at = lesson.levels == int(rank)
        logits = reference.clip.logit_scale.exp() * image @ text[at].T  # (B, U)
        is_own = lesson.image_keys[:, int(rank), None] == lesson.keys[at]
        to_text = -logits.log_softmax(dim=1)[is_own].mean()
        to_image = -torch.stack(
            [column[own].mean() for column, own in zip(logits.log_softmax(dim=0).T, is_own.T, strict=True)]
        ).mean()
        total = total + (to_text + to_image) / 2
    return total


CASES: Mapping[str, tuple[Recipe, int, Callable[[Reference, Batch], Tensor]]] = {
    "bioclip": (small("bioclip"), 0, bioclip),
    "bioclip as in the paper": (small("bioclip", per_batch=True), 3, bioclip),
    "bioclip2": (small("bioclip2"), 0, bioclip2),
    "bioclip25": (small("bioclip25"), 1, bioclip2),
    "biocap": (small("biocap"), 0, biocap),
    "biocap as in the paper, a caption batch": (small("biocap", per_batch=True), 19, biocap_caption_batch),
    "biocap as in the paper, a taxon batch": (small("biocap", per_batch=True), 0, bioclip),
    "hierarchical": (small("hierarchical"), 0, hierarchical),
}


@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradients_are_those_of_the_public_definition(case: str) -> None:
    recipe, step, definition = CASES[case]
    learner, batch = begun(recipe, step)
    reference = Reference(learner)
    ours, theirs = weighed(learner(batch), recipe), definition(reference, batch)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    torch.autograd.backward(ours)
    torch.autograd.backward(theirs)
    found = {name: parameter.grad for name, parameter in learner.model.named_parameters()}
    expected = {name: parameter.grad for name, parameter in reference.clip.named_parameters()}
    expected["visual.proj"] = reference.proj.grad
    for head in recipe.heads:
        expected[f"heads.{head.name}.proj"] = reference.second.grad
        if head.has_own_temperature:
            expected[f"heads.{head.name}.logit_scale"] = reference.second_scale.grad
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        other = expected[name]
        zero = torch.zeros(())
        torch.testing.assert_close(
            zero if gradient is None else gradient,
            zero.expand_as(gradient) if other is None and gradient is not None else (zero if other is None else other),
            atol=1e-5,
            rtol=1e-4,
            msg=lambda text, name=name: f"{name}: {text}",
        )


@pytest.mark.parametrize("step", [0, 1, 2, 7, 19])
def test_a_batch_of_one_type_has_the_type_that_the_public_code_draws(step: int) -> None:
    """`random.seed(step)`, then `random.choice` of the list as the launchers give it."""
    kinds = ["sci", "com", "taxon", "sci_com", "taxon_com", "caption"]
    source = random.Random(step)
    learner, batch = begun(small("biocap", per_batch=True), step)
    (lesson,) = batch.shares[0].lessons
    kind = source.choice(kinds)
    assert lesson.name == ("caption" if kind == "caption" else "taxonomy")
    text = learner.model.tokenizer.decode(batch.tokens[int(lesson.text_of[0])])
    number = int(batch.shares[0].uuids[0].split("-")[1])
    shown = {
        "sci": f"a photo of genus{number % 6 // 2} species{number % 6}.",
        "com": f"a photo of bird {number % 6}.",
        "caption": f"a bird of colour {number % 5}",
    }
    if kind in shown:
        assert text.replace(" ", "") == shown[kind].replace(" ", "")


def test_drawn_for_each_sample_every_type_meets_every_batch() -> None:
    recipe = replace(small("bioclip"), streams=(replace(small("bioclip").streams[0], batch_size=200),))
    sources = sources_of(recipe, [living(400)])
    part = Supply(recipe=recipe, sources=sources)(0, 0)
    texts = np.array(part.spoken[0].texts)
    has_common, has_lineage = (np.char.find(texts, word) >= 0 for word in (" bird ", "Animalia"))
    assert 0.5 < has_common.mean() < 0.7
    assert 0.3 < has_lineage.mean() < 0.5
