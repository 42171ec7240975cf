"""The processes that train one model together, as a loss sees them: who am I, how many, and everybody's rows."""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor


class World(Protocol):
    """The processes of one run; each holds as many rows of a batch as any other."""

    @property
    def rank(self) -> int:
        """This process's place, from 0."""

    @property
    def size(self) -> int:
        """How many processes there are."""

    def gather(self, x: Tensor) -> Tensor:
        """Every process's `x`, (b, ...), in the order of their ranks: (size * b, ...).

        Differentiable: what flows back to a row is the sum over the processes of what each one's
        loss says of it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """One process, which holds all there is."""

    rank: int = 0
    size: int = 1

    def gather(self, x: Tensor) -> Tensor:
        return x


ALONE = Alone()


@dataclass(frozen=True, slots=True)
class Processes:
    """The default group of torch.distributed, over gloo or NCCL."""

    @property
    def rank(self) -> int:
        return dist.get_rank()

    @property
    def size(self) -> int:
        return dist.get_world_size()

    def gather(self, x: Tensor) -> Tensor:
        gathered: Tensor = _Gather.apply(x)  # type: ignore[no-untyped-call]
        return gathered


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.contiguous()
        gathered = x.new_empty((dist.get_world_size(), *x.shape))
        dist.all_gather(list(gathered.unbind()), x)
        return gathered.flatten(0, 1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, flowing: Tensor) -> Tensor:
        flowing = flowing.reshape(dist.get_world_size(), -1, *flowing.shape[1:]).contiguous()
        if flowing.is_cuda:  # over NCCL
            summed = torch.empty_like(flowing[0])
            dist.reduce_scatter_tensor(summed, flowing)
            return summed
        flowing = flowing.clone()  # gloo has no reduce_scatter
        dist.all_reduce(flowing)
        return flowing[dist.get_rank()]
