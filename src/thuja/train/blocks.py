"""What a tower's blocks may be given for training: less memory for more work, or the compiler.

Only how a block is called changes; parameters keep their names, and a copy of the model keeps both.
"""

from collections.abc import Callable
from functools import wraps
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from thuja.model.transformer import Block
from thuja.train.sharding import BLOCK_CALLS, blocks_of

Call = Callable[..., Any]


def checkpoint_blocks(module: nn.Module) -> None:
    """Keep of every block its input alone, and run it once more in the backward.

    About a third more work for a tenth of the activations. Before `share`, after `compile_blocks`.
    """
    for block in blocks_of(module):
        _wrap(block, _checkpointed)


def compile_blocks(module: nn.Module, *, backend: str = "inductor") -> None:
    """Compile the blocks, one graph for all of one shape. Before `checkpoint_blocks` and `share`.

    For GPUs: it fuses norms, GELU and sums. Texts come in many lengths, so lengths are left open.
    """
    compiled: dict[tuple[type, str], Call] = {}

    def compile_once(call: Call) -> Call:
        key = (type(module), call.__qualname__)
        if key not in compiled:
            compiled[key] = torch.compile(call, backend=backend)
        return compiled[key]

    for block in blocks_of(module):
        _wrap(block, compile_once)


def _wrap(block: Block, by: Callable[[Call], Call]) -> None:
    """Replace the ways to call one block. Bound methods are copied with their block, closures would not be."""
    for name in BLOCK_CALLS:
        setattr(block, name, MethodType(by(getattr(block, name).__func__), block))


def _checkpointed(call: Call) -> Call:
    @wraps(call)
    def run(*args: Any, **kwargs: Any) -> Any:
        return checkpoint(call, *args, use_reentrant=False, **kwargs)

    return run
