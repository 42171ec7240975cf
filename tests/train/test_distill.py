"""The start model as teacher: what its distance is, that it stays as it was, and that it holds the one that learns."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.train.organisms import living, sources_of, taxon
from torch.nn import functional as F

from thuja.encode import build_labels
from thuja.errors import UsageError
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.train import ImageTower, Recipe, TextTower, TrainOptions, train
from thuja.train.distill import Teacher, answer_divergence, embedding_distance
from thuja.train.frozen import freeze
from thuja.train.lora import adapters_of
from thuja.train.start import start_learner, start_model
from thuja.train.tune import Distill, Tune

NEAR = Distill(weight=1.0)
TUNES = [Tune(method="lora"), Tune(method="last", layers=1), Tune(towers="image")]


def unit(seed: int, *shape: int) -> torch.Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_the_distances_are_the_formulas_and_nothing_at_the_start() -> None:
    own, taught, labels = unit(0, 5, 8), unit(1, 5, 8), unit(2, 7, 8)
    cosines = torch.stack([one @ other for one, other in zip(own, taught, strict=True)])
    torch.testing.assert_close(embedding_distance(own, taught), (1 - cosines).mean())
    p, q = (10 * taught @ labels.T).softmax(1), (10 * own @ labels.T).softmax(1)
    torch.testing.assert_close(
        answer_divergence(own, taught, labels, scale=torch.tensor(10.0)), (p * (p / q).log()).sum(1).mean()
    )
    assert embedding_distance(own, own).item() == pytest.approx(0, abs=1e-6)
    assert answer_divergence(own, own, labels, scale=torch.tensor(10.0)).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("tune", TUNES, ids=["lora", "last", "full"])
def test_the_teacher_stays_what_the_model_was(tiny_model: Model, tune: Tune) -> None:
    images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        start = tiny_model.encode_image(images)
    freeze(tiny_model, tune, torch.Generator().manual_seed(1))
    teacher = Teacher(tiny_model, Recipe(name="x", start="y", distill=NEAR))
    with torch.no_grad():
        for parameter in tiny_model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1)
    assert not torch.allclose(tiny_model.encode_image(images), start, atol=1e-3)
    torch.testing.assert_close(teacher.embed(tiny_model, images), start)
    assert bool(adapters_of(tiny_model)) == (tune.method == "lora")


def test_a_teacher_sees_whole_pictures_while_its_pupil_drops_patches() -> None:
    """A LoRA teacher is the pupil's own tower, and once dropped patches with it."""
    recipe = Recipe(
        name="x",
        image=ImageTower(image_size=16, patch_size=4, width=16, layers=2, head_width=8, patch_dropout=0.75),
        text=TextTower(width=16, layers=1, heads=2, vocab_size=600),
        embed_dim=8,
    )
    model = start_model(recipe, sources_of(recipe, [living(12)]))
    images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    start = model.eval().encode_image(images).detach()
    freeze(model, Tune(method="lora"), torch.Generator().manual_seed(1))
    teacher = Teacher(model, replace(recipe, start="y", distill=NEAR))
    torch.testing.assert_close(teacher.embed(model.train(), images), start)
    assert model.visual.training


def test_what_is_distilled_stays_nearer_the_start(tiny_recipe: Recipe, tmp_path: Path) -> None:
    sources = sources_of(tiny_recipe, [living(48)])
    train(tiny_recipe, sources, tmp_path / "start", options=TrainOptions(steps=2))
    images = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    near = {}
    for weight in (0.0, 20.0):
        recipe = replace(
            tiny_recipe, start=str(tmp_path / "start"), distill=Distill(weight=weight), tune=Tune(method="lora")
        )
        tuned = train(recipe, sources, tmp_path / str(weight), options=TrainOptions(steps=6))
        with torch.inference_mode():
            start = Model.load(tmp_path / "start").encode_image(images)
            near[weight] = (start * tuned.eval().encode_image(images)).sum(1).mean().item()
    assert near[0.0] < near[20.0] < 1


def test_answers_are_kept_among_the_labels_beside_the_start_model(tiny_recipe: Recipe, tmp_path: Path) -> None:
    sources = sources_of(tiny_recipe, [living(48)])
    begun = train(tiny_recipe, sources, tmp_path / "start", options=TrainOptions(steps=2))
    recipe = replace(
        tiny_recipe, start=str(tmp_path / "start"), distill=Distill(of="labels", weight=1.0), tune=Tune(method="lora")
    )
    with pytest.raises(UsageError, match="no labels beside"):
        start_learner(recipe, sources)
    vectors = unit(0, 4, tiny_recipe.embed_dim).numpy()
    LabelSpace(texts=list("abcd"), vectors=vectors, model=begun.id).save(tmp_path / "start" / "model" / "labels")
    learner = start_learner(recipe, sources)
    assert learner.teacher is not None
    own, taught = unit(1, 3, tiny_recipe.embed_dim), unit(2, 3, tiny_recipe.embed_dim)
    expected = answer_divergence(own, taught, torch.from_numpy(vectors).half().float(), scale=torch.tensor(5.0))
    torch.testing.assert_close(learner.teacher.loss(own, taught, torch.tensor(5.0)), expected)


def test_tuning_without_a_start_model_is_refused() -> None:
    for changes in ({"tune": Tune(method="lora")}, {"distill": NEAR}):
        with pytest.raises(UsageError, match="for a start model"):
            replace(Recipe(name="x"), **changes)


def test_old_names_are_held_where_they_stood(tiny_recipe: Recipe, tmp_path: Path) -> None:
    sources = sources_of(tiny_recipe, [living(48)])
    begun = train(tiny_recipe, sources, tmp_path / "start", options=TrainOptions(steps=2)).eval()
    old = [taxon(number) for number in range(100, 120)]
    space = build_labels(begun, old)
    space.save(tmp_path / "start" / "model" / "labels")
    moved = {}
    for names in (0, 8):
        distill = Distill(weight=5.0, names=names)
        recipe = replace(tiny_recipe, start=str(tmp_path / "start"), distill=distill, tune=Tune(method="lora"))
        tuned = train(recipe, sources, tmp_path / str(names), options=TrainOptions(steps=6))
        moved[names] = 1 - (build_labels(tuned.eval(), old).vectors * space.vectors).sum(axis=1).mean()
    assert 0 < moved[8] < 0.8 * moved[0]


def test_the_names_of_a_step_are_drawn_by_its_seed_and_cost_nothing_at_the_start(
    tiny_recipe: Recipe, tmp_path: Path
) -> None:
    sources = sources_of(tiny_recipe, [living(48)])
    begun = train(tiny_recipe, sources, tmp_path / "start", options=TrainOptions(steps=2)).eval()
    build_labels(begun, [taxon(number) for number in range(20)]).save(tmp_path / "start" / "model" / "labels")
    recipe = replace(tiny_recipe, start=str(tmp_path / "start"), distill=Distill(weight=1.0, names=4))
    learner = start_learner(recipe, sources)
    teacher = learner.teacher
    assert teacher is not None
    assert teacher.names is not None
    with torch.no_grad():
        assert teacher.names_loss(learner.model, teacher.names, draw=(1,)).item() == pytest.approx(0, abs=1e-5)
        learner.model.text_projection.add_(torch.rand(tiny_recipe.text.width, tiny_recipe.embed_dim) * 0.1)
        losses = [teacher.names_loss(learner.model, teacher.names, draw=(seed,)).item() for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]
