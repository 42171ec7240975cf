"""Low-rank additions to the matrices of a model's blocks (LoRA, arXiv:2106.09685): added, switched off, merged, kept.

A matrix W (out, in) that stays as it is gets `alpha / rank * up @ down` beside it, up (out, rank)
and down (rank, in). `up` starts at zero, so a model begins as what it was.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.errors import BadFile, UsageError, WeightsMismatch
from thuja.model import Model
from thuja.model.transformer import Attention, Block, Matrix, draw
from thuja.model.weights import load_weights, save_weights
from thuja.train.tune import Tune

ADAPTERS = "adapters.safetensors"
"""The file that keeps the additions alone, beside a model that has them merged in."""


class LowRank(nn.Module):
    """x to scale * up @ down @ x, while it `is_on`."""

    def __init__(self, plain: Tensor, tune: Tune, generator: torch.Generator) -> None:
        super().__init__()
        outputs, inputs = plain.shape
        self.down = nn.Parameter(torch.empty(tune.rank, inputs))
        self.up = nn.Parameter(torch.zeros(outputs, tune.rank))
        self.scale = tune.alpha / tune.rank
        self.is_on = True
        draw(self.down, inputs**-0.5, generator)

    def added_to(self, out: Tensor, x: Tensor) -> Tensor:
        """`out` (..., outputs) with what this makes of `x` (..., inputs) added."""
        if not self.is_on:
            return out
        low = F.linear(x.to(self.down.dtype), self.down)  # (..., rank)
        return out + F.linear(low, self.up * self.scale)

    def product(self) -> Tensor:
        """(outputs, inputs): what merging adds to the weight."""
        return self.scale * (self.up @ self.down)


class AdaptedMatrix(Matrix):
    """A frozen matrix with a low-rank addition; the weight is the plain matrix's own."""

    def __init__(self, plain: Matrix, adapter: LowRank) -> None:
        nn.Module.__init__(self)  # not Linear's, which would draw a weight
        self.in_features, self.out_features = plain.in_features, plain.out_features
        self.weight, self.bias = plain.weight, plain.bias
        self.adapter = adapter

    def forward(self, input: Tensor) -> Tensor:
        """(..., W) to (..., V)."""
        return self.adapter.added_to(super().forward(input), input)


class AdaptedAttention(Attention):
    """An attention whose projection to queries, keys and values has a low-rank addition."""

    def __init__(self, plain: Attention, adapter: LowRank) -> None:
        nn.Module.__init__(self)  # not Attention's, which would make weights
        self.heads = plain.heads
        self.in_proj_weight, self.in_proj_bias = plain.in_proj_weight, plain.in_proj_bias
        self.out_proj = plain.out_proj
        self.adapter = adapter

    def project_in(self, x: Tensor) -> Tensor:
        """(..., W) to (..., 3 W)."""
        return self.adapter.added_to(super().project_in(x), x)


def add_adapters(module: nn.Module, tune: Tune, generator: torch.Generator) -> int:
    """Give every matrix of the blocks inside `module` an adapter, in place; returns how many it gave."""
    count = 0
    for block in [part for part in module.modules() if isinstance(part, Block)]:
        block.attn.out_proj = _adapted(block.attn.out_proj, tune, generator)
        block.attn = AdaptedAttention(block.attn, LowRank(block.attn.in_proj_weight, tune, generator))
        for name in ("c_fc", "c_proj"):
            plain = getattr(block.mlp, name)
            setattr(block.mlp, name, _adapted(plain, tune, generator))
        count += 4
    return count


def _adapted(plain: Matrix, tune: Tune, generator: torch.Generator) -> AdaptedMatrix:
    return AdaptedMatrix(plain, LowRank(plain.weight, tune, generator))


def adapters_of(module: nn.Module) -> dict[str, LowRank]:
    """Every adapter by the name of the weight that it is added to."""
    found = {}
    for name, part in module.named_modules():
        if isinstance(part, AdaptedMatrix):
            found[f"{name}.weight"] = part.adapter
        elif isinstance(part, AdaptedAttention):
            found[f"{name}.in_proj_weight"] = part.adapter
    return found


@contextmanager
def adapters_off(module: nn.Module) -> Iterator[None]:
    """Within it, the module computes what it did before it was adapted."""
    adapters = list(adapters_of(module).values())
    for adapter in adapters:
        adapter.is_on = False
    try:
        yield
    finally:
        for adapter in adapters:
            adapter.is_on = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """The additions alone, by the names that they have in an adapted model, and what they were made for.

    `start` is the id of the model that they are added to.
    """

    weights: Mapping[str, Tensor]
    start: str
    scale: float

    @classmethod
    def of(cls, state: Mapping[str, Tensor], tune: Tune, *, start: str) -> "Adapters":
        """Those in the state dict of an adapted model."""
        found = {name: weight for name, weight in state.items() if name.endswith(_ENDS)}
        return cls(weights=found, start=start, scale=tune.alpha / tune.rank)

    def merged(self, state: Mapping[str, Tensor], *, strength: float = 1.0) -> dict[str, Tensor]:
        """A state dict as a plain model's, every addition summed into its weight, `strength` times.

        Raises WeightsMismatch for a state without a weight that an addition is for.
        """
        plain = {name: weight for name, weight in state.items() if not name.endswith(_ENDS)}
        for name, up in self.weights.items():
            if name.endswith(_ENDS[0]):
                stem = name.removesuffix(_ENDS[0])
                target = next((stem + end for end in (".weight", ".in_proj_weight") if stem + end in plain), "")
                down = self.weights.get(stem + _ENDS[1])
                if not target or down is None or plain[target].shape != (len(up), down.shape[1]):
                    raise WeightsMismatch(f"the adapter {stem} does not fit the model")
                addition = self.scale * strength * (up.float() @ down.float())
                plain[target] = (plain[target].float() + addition).to(plain[target].dtype)
        return plain

    def save(self, folder: Path) -> None:
        """Write them beside the model that has them merged in."""
        save_weights(folder / ADAPTERS, self.weights, metadata={"start": self.start, "scale": repr(self.scale)})

    @classmethod
    def load(cls, file: Path) -> "Adapters":
        """Read what `save` wrote, from the file or its folder; raises BadFile."""
        file = file / ADAPTERS if file.is_dir() else file
        try:
            with safe_open(file, framework="pt") as opened:
                said = opened.metadata() or {}
                found = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  not a mapping
            return cls(weights=found, start=said["start"], scale=float(said["scale"]))
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise BadFile(f"{file} holds no adapters: {error}", hint="thuja finetune writes them") from error


_ENDS = (".adapter.up", ".adapter.down")


def apply_adapters(model: Model, file: Path, *, strength: float = 1.0) -> Model:
    """A start model with the adapters that a fine-tuning kept, merged in at `strength`.

    0 is the start model, 1 the fine-tuned one; what lies between trades one's knowledge for the
    other's (arXiv:2109.01903). Further heads stay the start model's. Raises BadFile, and UsageError
    where the adapters were made for another model.
    """
    adapters = Adapters.load(file)
    if adapters.start != model.id:
        raise UsageError(f"the adapters in {file} were made for {adapters.start}, not for {model.id}")
    return plain_model(model, adapters.merged(model.state_dict(), strength=strength))


def plain_model(model: Model, weights: Mapping[str, Tensor]) -> Model:
    """A model of the same shape with these weights, where they are."""
    with torch.device("meta"):
        plain = Model(model.config, model.tokenizer, model.preparation)
    load_weights(plain, {name: weight.detach() for name, weight in weights.items()})
    plain.id, plain.facts = model.id, model.facts
    return plain.eval()
