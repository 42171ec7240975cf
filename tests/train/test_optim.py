from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from thuja.train import Optimizer
from thuja.train.corpus import epoch_rows
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


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 5))
def test_every_epoch_draws_every_row_once(count: int, batch_size: int, seed: int) -> None:
    steps = -(-3 * count // batch_size)
    drawn = np.concatenate([epoch_rows(count, batch_size=batch_size, step=step, seed=seed) for step in range(steps)])
    for epoch in range(3):
        assert sorted(drawn[epoch * count : (epoch + 1) * count]) == list(range(count))
