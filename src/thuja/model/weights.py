"""Weights as tensors by name: read from files that run no code, fitted into a model, written, identified."""

import hashlib
import struct
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from thuja.errors import BadFile, WeightsMismatch
from thuja.jobs import atomic_path

_RECORDS = ("module.", "_orig_mod.")
"""What DDP and torch.compile put before every name."""
_STATES = ("state_dict", "model")
"""Where a training checkpoint keeps the weights: open_clip's, and thuja's own."""
_BROKEN = (
    SafetensorError,
    UnpicklingError,
    zipfile.BadZipFile,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
)
"""What readers raise on broken bytes, found by changing bytes of whole files."""
_SAMPLE = 1024
"""Bytes of each tensor that a sample looks at."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name from safetensors, or from a pickle that holds nothing but tensors.

    The file is mapped, so a tensor is read when it is used. No file runs code: a pickle goes
    through torch's `weights_only`, a TorchScript archive is not opened. Raises BadFile.
    """
    try:
        if path.suffix == ".safetensors":
            loaded: object = load_file(path)
        else:
            is_zip = zipfile.is_zipfile(path)
            if is_zip:
                _refuse_script(path)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch's, about a pickle's protocol: what does not load is an error
                loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except _BROKEN as error:
        raise BadFile(
            f"cannot read the weights in {path}: {_reason(error)}",
            hint="weights are safetensors, or a pickle made of tensors alone",
        ) from error
    for key in _STATES:
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict) or not all(isinstance(weight, Tensor) for weight in loaded.values()):
        raise BadFile(f"{path} does not hold tensors by name")
    state = {_plain(str(name)): weight for name, weight in loaded.items()}
    # Some of open_clip's checkpoints hold a temperature as one number in a list.
    return {name: w.reshape(()) if "logit_scale" in name and w.numel() == 1 else w for name, w in state.items()}


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], *, dtype: torch.dtype = torch.float32) -> None:
    """Put weights into a module of the same names and shapes.

    A module that is only laid out (on the meta device) takes them in `dtype`, temperatures always
    in float32; another one keeps its own number format. Raises WeightsMismatch, naming what is
    missing, left over, or of another shape.
    """
    expected = module.state_dict()
    missing = sorted(expected.keys() - weights.keys())
    left_over = sorted(weights.keys() - expected.keys())
    shapes = [
        f"{name} is {tuple(weights[name].shape)}, expected {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    found = [
        f"{what}: {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        for what, names in (("missing", missing), ("left over", left_over), ("of another shape", shapes))
        if names
    ]
    if found:
        raise WeightsMismatch(f"the weights do not fit the model; {'; '.join(found)}")
    is_laid_out = any(tensor.is_meta for tensor in expected.values())
    if is_laid_out:  # nothing to copy into: the tensors become the parameters
        weights = {name: _converted(name, weight, dtype) for name, weight in weights.items()}
    module.load_state_dict(dict(weights), assign=is_laid_out)


def save_weights(path: Path, weights: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file, whole or not at all; `metadata` goes into its header."""
    tensors = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    with atomic_path(path) as temporary:
        mode = temporary.stat().st_mode
        save_file(tensors, temporary, metadata={"format": "pt", **(metadata or {})})
        temporary.chmod(mode)  # safetensors leaves a file that nobody else can read


def hash_of(path: Path) -> bytes:
    """The SHA-256 of a file. In a hub cache it is the name of the file that the snapshot links to."""
    blob = path.resolve().name
    if path.is_symlink() and len(blob) == 64 and set(blob) <= set("0123456789abcdef"):
        return bytes.fromhex(blob)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def hash_of_all(files: Sequence[Path]) -> str:
    """Twelve hexadecimal digits that tell these files from others: what a model's id ends in."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(hash_of(path))
    return digest.hexdigest()[:12]


def hash_of_tensors(weights: Mapping[str, Tensor], *, beginning: str = "") -> str:
    """Twelve hexadecimal digits of these tensors, their names, and a text before them."""
    digest = hashlib.sha256(beginning.encode())
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()[:12]


def sample_of(path: Path) -> str:
    """A hash of the beginning of each tensor in a safetensors file, and of all names and shapes.

    It tells a model's weights from others of the same shape in a few milliseconds, where a hash of
    the file takes seconds; a change beyond a tensor's first kilobyte alone passes unseen.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = file.read(size)
    digest.update(header)
    for name, tensor in sorted(load_file(path).items()):
        count = max(1, _SAMPLE // tensor.element_size())
        digest.update(name.encode())
        digest.update(tensor.flatten()[:count].view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def _converted(name: str, weight: Tensor, dtype: torch.dtype) -> Tensor:
    if not weight.is_floating_point():
        return weight
    # In bfloat16 the scale 100 would be 98.9.
    return weight.to(torch.float32 if name.endswith("logit_scale") else dtype)


def _reason(error: Exception) -> str:
    if isinstance(error, UnpicklingError | RuntimeError):
        # torch's own words begin with how to switch the guard off.
        return "it is broken, or holds other things than tensors"
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _refuse_script(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        is_script = any("/code/" in name for name in archive.namelist())
    if is_script:
        raise BadFile(
            f"{path} is a TorchScript archive, which runs code when it is opened, so thuja does not open it",
            hint="OpenAI's weights lie as safetensors on the hub: --model openai/ViT-B-16, openai/ViT-B-32, "
            "openai/ViT-L-14 or openai/ViT-L-14-336",
        )


def _plain(name: str) -> str:
    while name.startswith(_RECORDS):
        name = name.removeprefix(_RECORDS[0]).removeprefix(_RECORDS[1])
    return name
