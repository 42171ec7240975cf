"""The supervised contrastive loss against its formula, pair by pair."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from thuja.train import Recipe, train
from thuja.train.supervised import supervised_contrastive_loss


def test_it_is_the_formula_written_out() -> None:
    image = F.normalize(torch.randn(7, 5, generator=torch.Generator().manual_seed(0)).double(), dim=1)
    keys, scale = torch.tensor([4, 4, 9, 4, 2, 9, -1]), torch.tensor(3.0).double()
    terms = []
    for i in range(6):
        others = [a for a in range(6) if a != i]
        right = [a for a in others if keys[a] == keys[i]]
        if right:
            near = {a: 3.0 * float(image[i] @ image[a]) for a in others}
            every = torch.tensor(list(near.values()), dtype=torch.float64).logsumexp(0)
            terms.append(float(every) - sum(near[a] for a in right) / len(right))
    assert len(terms) == 5  # the fifth image is alone of its species
    assert float(supervised_contrastive_loss(image, keys, scale)) == pytest.approx(sum(terms) / 5, abs=1e-9)


def test_a_batch_without_a_pair_costs_nothing_and_teaches_nothing() -> None:
    image = F.normalize(torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), dim=1).requires_grad_()
    loss = supervised_contrastive_loss(image, torch.tensor([1, 2, -1]), torch.tensor(10.0))
    torch.autograd.backward(loss)
    assert float(loss.detach()) == 0
    assert image.grad is not None
    assert not image.grad.any()


def test_it_draws_pictures_of_a_species_together() -> None:
    image = torch.randn(8, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    keys, scale = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1]), torch.tensor(5.0)
    optimizer = torch.optim.SGD([image], lr=0.5)
    for _ in range(200):
        optimizer.zero_grad()
        torch.autograd.backward(supervised_contrastive_loss(F.normalize(image, dim=1), keys, scale))
        optimizer.step()
    near = F.normalize(image.detach(), dim=1) @ F.normalize(image.detach(), dim=1).T
    assert near[:4, :4].min() > 0.95
    assert near[:4, 4:].max() < -0.8


def test_a_recipe_is_taught_by_it(small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    stream = tiny_recipe.streams[0]
    taught = replace(stream, objectives=(replace(stream.objectives[0], loss="supervised_contrastive"),))
    recipe = replace(tiny_recipe, streams=(taught,), epochs=1)
    model = train(recipe, {stream.name: small_world}, tmp_path / "run")
    assert model.config.embed_dim == recipe.embed_dim
