"""One learner on many processes: shared out for a step, clipped as one, and its state as one plain dict.

The state has the same keys and whole tensors whatever the engine and the number of processes, so a
run saved by any of them goes on in any other.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from thuja.errors import WeightsMismatch
from thuja.model.transformer import Block
from thuja.train.parallel import Fleet

BLOCK_CALLS = ("forward", "run_first", "run_tree")
"""The ways that a tower calls a block."""

State = dict[str, Any]


def share(learner: nn.Module, fleet: Fleet, *, finds_unused: bool = False) -> nn.Module:
    """The learner as the processes train it together: call what comes back, its forward and no other.

    It is on the fleet's device already. After a backward, every process holds the mean of all
    processes' gradients (with FSDP2, its part of it). `finds_unused` is for learners of which a
    step leaves trained parameters out; FSDP2 needs no word of it.

    FSDP2 gathers and splits block by block. Parameters without a dimension (temperatures) and those
    of another number format than most stay whole on every process.
    """
    if fleet.engine == "none":
        return learner
    if fleet.engine == "ddp":
        ids = [fleet.device] if fleet.device.type == "cuda" else None
        return DistributedDataParallel(
            learner, device_ids=ids, find_unused_parameters=finds_unused, gradient_as_bucket_view=True
        )
    mesh = init_device_mesh(fleet.device.type, (fleet.world.size,))
    policy = MixedPrecisionPolicy(reduce_dtype=torch.float32)  # weights in bfloat16 still sum in float32
    whole = list(_kept_whole(learner))  # in an order that all processes share
    for block in blocks_of(learner):
        fully_shard(block, mesh=mesh, mp_policy=policy, ignored_params=set(whole))
        for name in BLOCK_CALLS[1:]:
            register_fsdp_forward_method(block, name)
    fully_shard(learner, mesh=mesh, mp_policy=policy, ignored_params=set(whole))
    for parameter in whole:
        dist.broadcast(parameter.detach(), 0)
        if parameter.requires_grad:
            parameter.register_post_accumulate_grad_hook(_average_gradient)  # type: ignore[no-untyped-call]
    return learner


def unshared(module: nn.Module) -> nn.Module:
    """The learner inside what `share` gave back."""
    inner: nn.Module = module.module if isinstance(module, DistributedDataParallel) else module
    return inner


def blocks_of(module: nn.Module) -> list[Block]:
    """Every transformer block, in the order of the towers."""
    return [part for part in module.modules() if isinstance(part, Block)]


def clip_gradients(parameters: Iterable[nn.Parameter], limit: float | None, *, scale: float = 1.0) -> Tensor:
    """Divide the gradients by `scale`, then shrink them to a total length of `limit`; returns the length before.

    The length is over all parameters and all processes' parts of them, in float32; 0-d, on the
    gradients' device. Parameters without a gradient are passed over.
    """
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return torch.zeros(())
    parts = [gradient.to_local() for gradient in gradients if isinstance(gradient, DTensor)]
    wholes = [gradient for gradient in gradients if not isinstance(gradient, DTensor)]
    squares = _squares(parts, gradients[0].device)
    if parts:
        dist.all_reduce(squares)
    norm = (squares + _squares(wholes, gradients[0].device)).sqrt() / scale
    factor = torch.ones_like(norm) if limit is None else (limit / (norm + 1e-6)).clamp(max=1.0)
    if limit is not None or scale != 1:
        for gradient in parts + wholes:
            gradient.mul_(factor / scale)
    return norm


def gather_state(module: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> State:
    """The learner's weights and the optimiser's state by parameter name, whole and on the processor.

    All processes call it; only rank 0 gets `{"model": {name: tensor}, "optimizer": {name: {...}}}`,
    the others an empty dict. Learning rates and decays are not in it: the recipe has them.
    """
    learner = unshared(module)
    state: State = {"model": {}, "optimizer": {}}
    for name, tensor in learner.state_dict().items():
        _keep(state["model"], name, tensor)
    if optimizer is not None:
        for name, parameter in learner.named_parameters():
            if parameter in optimizer.state:
                state["optimizer"][name] = {}
                for key, value in optimizer.state[parameter].items():
                    _keep(state["optimizer"][name], key, value)
    return state if _rank() == 0 else {}


def restore_state(module: nn.Module, optimizer: torch.optim.Optimizer | None, state: State) -> None:
    """Put what `gather_state` gave back in its place, whatever the engine now; `state` is rank 0's.

    Raises WeightsMismatch, in every process, for weights of other names or shapes.
    """
    learner = unshared(module)
    own = learner.state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in own.items()}
    saved = _told({name: tuple(tensor.shape) for name, tensor in state["model"].items()} if _rank() == 0 else None)
    odd = sorted(name for name in saved.keys() | shapes.keys() if saved.get(name) != shapes.get(name))
    if odd:
        raise WeightsMismatch(
            f"the checkpoint's weights do not fit this run's model: {odd[0]} is {saved.get(odd[0], 'absent')}, not "
            f"{shapes.get(odd[0], 'there')}",
            hint="resume with the recipe that the run began with",
        )
    with torch.no_grad():
        for name, tensor in own.items():
            _fill(tensor, state["model"][name] if state else None)
        if optimizer is not None:
            _restore_optimizer(learner, optimizer, state.get("optimizer"))


def gather_weights(module: nn.Module, prefix: str = "") -> dict[str, Tensor]:
    """The whole weights under `prefix`, on the processor, without the prefix: on rank 0; elsewhere none."""
    kept: dict[str, Tensor] = {}
    for name, tensor in unshared(module).state_dict().items():
        if name.startswith(prefix):
            _keep(kept, name.removeprefix(prefix), tensor)
    return kept if _rank() == 0 else {}


def _restore_optimizer(
    learner: nn.Module, optimizer: torch.optim.Optimizer, saved: Mapping[str, Mapping[str, Any]] | None
) -> None:
    """Fill the state of every parameter that has one saved; what has the parameter's shape is split as it is."""
    is_on_device = {
        parameter: bool(group.get("fused") or group.get("capturable"))
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    keys = _told({name: list(entries) for name, entries in saved.items()} if saved is not None else None)
    optimizer.state.clear()
    for name, parameter in learner.named_parameters():
        if name not in keys or parameter not in is_on_device:
            continue
        for key in keys[name]:
            value = saved[name][key] if saved is not None else None
            if key == "step":
                step = _told(float(value) if value is not None else None)
                place = parameter.device if is_on_device[parameter] else torch.device("cpu")
                optimizer.state[parameter][key] = torch.tensor(step, dtype=torch.float32, device=place)
            else:
                optimizer.state[parameter][key] = torch.empty_like(parameter, requires_grad=False)
                _fill(optimizer.state[parameter][key], value)


def _kept_whole(learner: nn.Module) -> Iterator[nn.Parameter]:
    """What FSDP2 cannot split: parameters of no dimension, and trained ones of a rare number format."""
    parameters = list(learner.parameters())
    sizes: dict[torch.dtype, int] = {}
    for parameter in parameters:
        sizes[parameter.dtype] = sizes.get(parameter.dtype, 0) + parameter.numel()
    usual = max(sizes, key=lambda dtype: sizes[dtype])
    for parameter in parameters:
        if parameter.ndim == 0 or (parameter.requires_grad and parameter.dtype != usual):
            yield parameter


def _average_gradient(parameter: Tensor) -> None:
    assert parameter.grad is not None
    dist.all_reduce(parameter.grad)
    parameter.grad /= dist.get_world_size()


def _squares(tensors: list[Tensor], device: torch.device) -> Tensor:
    """The sum of all squares, 0-d and in float32."""
    norms = [torch.linalg.vector_norm(tensor, dtype=torch.float32) for tensor in tensors]
    return torch.stack(norms).square().sum() if norms else torch.zeros((), device=device)


def _keep(into: dict[str, Any], name: str, value: Any) -> None:
    """Keep a copy of the whole tensor on rank 0; the others help to gather it."""
    if isinstance(value, DTensor):
        value = value.full_tensor()
    if _rank() == 0:
        into[name] = value.detach().to("cpu", copy=True) if isinstance(value, Tensor) else value


def _fill(tensor: Tensor, value: Tensor | None) -> None:
    """Copy rank 0's whole `value` into this process's tensor, or into its part of it."""
    if not _is_shared():
        assert value is not None
        tensor.copy_(value)
        return
    own = tensor.to_local() if isinstance(tensor, DTensor) else tensor
    whole = torch.empty(tensor.shape, dtype=tensor.dtype, device=own.device)
    if _rank() == 0:
        assert value is not None
        whole.copy_(value)
    if isinstance(tensor, DTensor):
        own.copy_(distribute_tensor(whole, tensor.device_mesh, tensor.placements).to_local())
    else:
        dist.broadcast(whole, 0)
        own.copy_(whole)


def _told(value: Any) -> Any:
    """Rank 0's value, in every process."""
    if not _is_shared():
        return value
    box = [value]
    dist.broadcast_object_list(box, 0)
    return box[0]


def _is_shared() -> bool:
    return dist.is_initialized()


def _rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0
