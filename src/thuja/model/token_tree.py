"""Texts as the tree of their prefixes: what two texts begin with alike is one path, computed once.

A causal tower's position depends on what stands before it and on nothing else, so equal beginnings
have equal keys, values and outputs in every layer.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTree:
    """M nodes in depth-first order, one a distinct prefix, cut into B blocks of N = M / B queries.

    Node k is an ancestor of node j, or j itself, when k <= j < the end of k's subtree: so a block
    needs as keys its own nodes and the path above its first one, K in all.
    """

    tokens: Tensor
    """(M,) token ids."""
    positions: Tensor
    """(M,) depths below the root: the positions in every text that passes through."""
    keys: Tensor
    """(B, K) the nodes that a block attends to."""
    stops: Tensor
    """(B, K) where each key's subtree ends; 0 for a key that only fills the row."""
    ends: Tensor
    """(L,) each text's end-of-text node."""

    def to(self, device: torch.device) -> "TokenTree":
        """The same tree on another device."""
        names = ("tokens", "positions", "keys", "stops", "ends")
        return TokenTree(**{name: getattr(self, name).to(device, non_blocking=True) for name in names})

    def mask(self) -> Tensor:
        """(B, 1, N, K): whether a node attends to a key of its block."""
        nodes = torch.arange(len(self.tokens), device=self.keys.device).view(len(self.keys), -1, 1)
        attends: Tensor = (self.keys[:, None, :] <= nodes) & (nodes < self.stops[:, None, :])
        return attends.unsqueeze(1)
