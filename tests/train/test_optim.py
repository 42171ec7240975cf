from itertools import pairwise

import pytest
import torch
from torch import nn

from thuja.train import Optimizer
from thuja.train.optim import build_optimizer, schedule


def test_gains_biases_and_temperatures_are_not_decayed() -> None:
    layers = nn.ModuleDict({"linear": nn.Linear(3, 2), "norm": nn.LayerNorm(2)})
    layers.register_parameter("logit_scale", nn.Parameter(torch.tensor(1.0)))
    optimizer = build_optimizer([(layers.named_parameters(), 1e-3)], Optimizer(weight_decay=0.2))
    decayed = {
        group["weight_decay"]: sorted(tuple(p.shape) for p in group["params"]) for group in optimizer.param_groups
    }
    assert decayed == {0.2: [(2, 3)], 0.0: [(), (2,), (2,), (2,)]}


def test_a_group_keeps_its_own_peak_and_frozen_weights_are_left_out() -> None:
    head, trunk = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    groups = [(head.named_parameters(), 1e-3), (trunk.named_parameters(), 1e-5)]
    assert [group["peak_lr"] for group in build_optimizer(groups, Optimizer()).param_groups] == [1e-3, 1e-5]
    trunk.requires_grad_(False)
    groups = [(head.named_parameters(), 1e-3), (trunk.named_parameters(), 1e-5)]
    assert [group["peak_lr"] for group in build_optimizer(groups, Optimizer()).param_groups] == [1e-3]


def test_the_schedule_climbs_to_one_and_falls_to_zero() -> None:
    shares = [schedule(step, total=100, warmup=10) for step in range(100)]
    assert shares[9] == 1.0
    assert all(a < b for a, b in pairwise(shares[:10]))
    assert all(a > b for a, b in pairwise(shares[10:]))
    assert shares[-1] == pytest.approx(0, abs=1e-3)


def test_fused_steps_are_plain_steps() -> None:
    settings = Optimizer(lr=1e-2)
    stepped = []
    for is_fused in (True, False):
        layer = nn.Linear(5, 4)
        nn.init.constant_(layer.weight, 0.5)
        nn.init.constant_(layer.bias, 0.1)
        optimizer = build_optimizer([(layer.named_parameters(), 1e-2)], settings)
        for group in optimizer.param_groups:
            group["fused"] = is_fused
        for step in range(5):
            optimizer.zero_grad()
            layer(torch.full((1, 5), step + 1.0)).square().sum().backward()
            optimizer.step()
        stepped.append(layer)
    torch.testing.assert_close(stepped[0].weight, stepped[1].weight, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(stepped[0].bias, stepped[1].bias, atol=1e-6, rtol=1e-6)
