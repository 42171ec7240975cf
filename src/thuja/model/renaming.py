"""Weights under other people's names to weights under thuja's."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

Rules = Sequence[tuple[str, str]]
"""Regular expressions with what stands in their place, tried in this order, each on what the last one left."""

_QUERY: Final = re.compile(r"(.+\.)q_proj\.(weight|bias)")


def renamed(weights: Mapping[str, Tensor], rules: Rules, *, dropped: str = r"(?!)") -> dict[str, Tensor]:
    """The weights under the names that the rules make, less those whose own name begins as `dropped` says."""
    compiled = [(re.compile(pattern), ours) for pattern, ours in rules]
    named: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if re.match(dropped, name):
            continue
        for pattern, ours in compiled:
            name = pattern.sub(ours, name)
        named[name] = weight
    return named


def join_attention(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Queries, keys and values that lie apart as one matrix: `X.q_proj.weight` and two more are `X.in_proj_weight`.

    A set that is not whole stays as it is, and is named when the weights are loaded.
    """
    joined = dict(weights)
    for name in weights:
        if found := _QUERY.fullmatch(name):
            parts = [f"{found[1]}{letter}_proj.{found[2]}" for letter in "qkv"]
            if all(part in weights for part in parts):
                joined[f"{found[1]}in_proj_{found[2]}"] = torch.cat([joined.pop(part) for part in parts])
    return joined
