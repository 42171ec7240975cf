"""What a run starts from: a model that is there, or weights by seed and a tokenizer learnt from the training names."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch

from thuja.errors import UsageError
from thuja.images import Preparation
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, TrunkConfig, VisionConfig
from thuja.model.config import HeadConfig
from thuja.model.efficientnet import MEAN, STD
from thuja.phrasing import CAPTION, Wording, phrase
from thuja.train.corpus import spread_evenly
from thuja.train.distill import Teacher
from thuja.train.drawing import ABSENT, clade_keys
from thuja.train.frozen import freeze
from thuja.train.learner import SIGMOID_SCALE, Classes, Learner, classes_of
from thuja.train.recipe import WITHOUT_TEXT, Recipe
from thuja.train.shape import ImageTower
from thuja.train.sources import Source

VOCABULARY_RECORDS = 100_000
"""Records of each stream whose words a vocabulary is learnt from, at most."""


def start_learner(recipe: Recipe, sources: Mapping[str, Source], *, wording: Wording = phrase) -> Learner:
    """The recipe's model with what its losses add; every weight that is drawn is drawn from the recipe's seed."""
    model = start_model(recipe, sources, wording=wording)
    generator = torch.Generator().manual_seed(recipe.seed + 1)
    learner = Learner(model, recipe, classes=_classes(recipe, sources), generator=generator)
    freeze(model, recipe.tune, generator)
    used = {objective.head for stream in recipe.streams for objective in stream.objectives}
    for name, head in model.heads.items():
        if name not in used:  # DDP waits for the gradient of everything that learns
            head.requires_grad_(requires_grad=False)
    learner.teacher = Teacher.of(model, recipe, wording=wording)
    return learner


def start_model(recipe: Recipe, sources: Mapping[str, Source], *, wording: Wording = phrase) -> Model:
    """The model that `recipe.start` names, with the recipe's heads, or one of the recipe's shape by its seed.

    Further heads start as copies of `taxonomy`, as in BioCLIP 2 and BioCAP. From scratch, the
    tokenizer sees the texts of the training data only: no name of a held-out species shapes it. A
    trunk comes with its ImageNet weights.
    """
    if recipe.start:
        model = _with_heads(Model.load(recipe.start), recipe.heads, recipe)
        if recipe.prepare:
            model.preparation = replace(model.preparation, mode=recipe.prepare)
        return model
    text = recipe.text
    tokenizer = Tokenizer.train(_training_texts(recipe, sources, wording), text.vocab_size)
    config = model_config(recipe, vocab_size=tokenizer.vocab_size)
    generator = torch.Generator().manual_seed(recipe.seed)
    model = Model.create(config, tokenizer, preparation_of(recipe.image), generator=generator)
    if recipe.image.trunk:
        model.load_imagenet()
    is_sigmoid = any(objective.loss == "sigmoid" for stream in recipe.streams for objective in stream.objectives)
    scale = SIGMOID_SCALE if is_sigmoid else 1 / recipe.initial_temperature
    with torch.no_grad():
        model.logit_scale.fill_(torch.tensor(scale).log())
    model.copy_taxonomy_to_heads()
    return model


def model_config(recipe: Recipe, *, vocab_size: int | None = None) -> ModelConfig:
    """The shape that the recipe gives, for a vocabulary of that size."""
    text = recipe.text
    return ModelConfig(
        embed_dim=recipe.embed_dim,
        vision=_vision(recipe.image),
        text=TextConfig(
            context_length=text.context_length,
            vocab_size=vocab_size or text.vocab_size,
            width=text.width,
            heads=text.heads,
            layers=text.layers,
        ),
        heads=recipe.heads,
    )


def _with_heads(model: Model, heads: tuple[HeadConfig, ...], recipe: Recipe) -> Model:
    """The same model with those further heads that it has not yet, and the recipe's patch dropout."""
    known = {head.name: head for head in model.config.heads}
    clashing = [head.name for head in heads if head.name in known and known[head.name] != head]
    if clashing:
        raise UsageError(f"{recipe.start} has a head {clashing[0]} of another kind than the recipe {recipe.name}")
    missing = tuple(head for head in heads if head.name not in known)
    vision = model.config.vision
    if isinstance(vision, VisionConfig):
        vision = replace(vision, patch_dropout=recipe.image.patch_dropout)
    if not missing and vision == model.config.vision:
        return model
    config = replace(model.config, vision=vision, heads=(*model.config.heads, *missing))
    grown = Model.create(config, model.tokenizer, model.preparation, generator=torch.Generator().manual_seed(0))
    state = grown.state_dict() | model.state_dict()
    grown.load_state_dict(state)
    _copy_taxonomy(grown, missing)
    grown.id, grown.facts = model.id, model.facts
    return grown


def _copy_taxonomy(model: Model, missing: tuple[HeadConfig, ...]) -> None:
    """Start these heads where `taxonomy` stands; heads that were there keep what they have learnt."""
    kept = {name: weight.clone() for name, weight in model.state_dict().items()}
    model.copy_taxonomy_to_heads()
    fresh = tuple(f"heads.{head.name}." for head in missing)
    copied = {name: weight for name, weight in model.state_dict().items() if name.startswith(fresh)}
    model.load_state_dict(kept | copied)


def _classes(recipe: Recipe, sources: Mapping[str, Source]) -> dict[str, Classes]:
    """The classes of each stream that a loss without text needs them for."""
    found = {}
    for stream in recipe.streams:
        if any(objective.loss in WITHOUT_TEXT for objective in stream.objectives):
            taxa = sources[stream.name].taxa
            if taxa is None:
                raise UsageError(
                    f"the stream {stream.name} is read as it comes, and its loss must know all taxa before it begins",
                    hint="train on a folder that thuja curate made",
                )
            keys = np.array([clade_keys(taxon) for taxon in taxa], dtype=np.int64)
            if (keys[:, -1] == ABSENT).all():
                raise UsageError(f"no image of the stream {stream.name} is named to the species")
            found[stream.name] = classes_of(keys)
    return found


def _training_texts(recipe: Recipe, sources: Mapping[str, Source], wording: Wording) -> Iterator[str]:
    """Every sentence that the run may draw: each taxon in each type, and each caption."""
    for stream in recipe.streams:
        source = sources[stream.name]
        kinds = {kind for objective in stream.objectives for kind in objective.texts.weights}
        rows = spread_evenly(len(source), VOCABULARY_RECORDS)
        records = source.records(rows) if source.taxa is None or CAPTION in kinds else []
        taxa = source.taxa if source.taxa is not None else sorted({record.taxon for record in records})
        for taxon in taxa:
            if taxon.rank is not None:
                yield from (wording(taxon, kind) for kind in sorted(kinds - {CAPTION}))
        if CAPTION in kinds:
            yield from (record.caption for record in records if record.caption)


def _vision(tower: ImageTower) -> VisionConfig | TrunkConfig:
    if tower.trunk:
        return TrunkConfig(trunk=tower.trunk, image_size=tower.image_size)
    return VisionConfig(
        image_size=tower.image_size,
        patch_size=tower.patch_size,
        width=tower.width,
        layers=tower.layers,
        head_width=tower.head_width,
        pool=tower.pool,
        patch_dropout=tower.patch_dropout,
    )


def preparation_of(tower: ImageTower) -> Preparation:
    """How pictures become the tower's input when the model is used."""
    if tower.trunk:
        # The trunk's own scale and interpolation, but the whole shorter side, where ImageNet's test
        # crops 87.5 % of it: organisms reach the edge, and open_clip has no word for the fraction.
        return Preparation(size=tower.image_size, mode="crop", mean=(MEAN,) * 3, std=(STD,) * 3)
    return Preparation(size=tower.image_size, mode="squash")
