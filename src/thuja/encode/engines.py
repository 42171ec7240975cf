"""Image towers run by OpenVINO and ONNX Runtime, extras for processors.

The tower is exported once and kept in thuja's cache, under the hash of its weights. Nothing but the
features comes from the engine: heads are applied by torch, so that every head works with every engine.
"""

import importlib
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from thuja.encode.hardware import Hardware
from thuja.errors import UsageError
from thuja.jobs import atomic_path, cache_folder
from thuja.model import Model

Features = Callable[[Tensor], Tensor]

_OPSET = 17
_FORMAT = 1
"""Of the exported towers; it goes up when what is exported changes, so that old ones are not taken."""


def openvino_features(model: Model, hardware: Hardware) -> Features:
    """The image tower by OpenVINO, in fp32 or bf16; raises UsageError without the extra `openvino`."""
    openvino = _require("openvino", extra="openvino")
    _require("onnx", extra="openvino")  # torch exports by it
    path = _cached(model, "openvino.xml", _export_openvino)
    hints = {"fp32": "f32", "bf16": "bf16"}
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(path),
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": hints[hardware.precision],
            "INFERENCE_NUM_THREADS": hardware.threads or 1,
            "PERFORMANCE_HINT": "LATENCY",
        },
    )

    def features(images: Tensor) -> Tensor:
        return torch.from_numpy(compiled(images.numpy())[0])

    return features


def onnx_features(model: Model, hardware: Hardware) -> Features:
    """The image tower by ONNX Runtime in int8; raises UsageError without the extra `onnx`.

    Weights are quantised by the output channel, activations by the batch's own range.
    """
    runtime = _require("onnxruntime", extra="onnx")
    _require("onnx", extra="onnx")
    path = _cached(model, "int8.onnx", _export_int8)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = hardware.threads or 1
    options.log_severity_level = 3
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def features(images: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"images": images.numpy()})[0])

    return features


class _Tower(nn.Module):
    """What is exported: images to features."""

    def __init__(self, visual: Any) -> None:
        super().__init__()
        self.visual = visual

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.visual.features(images)
        return out


def _require(package: str, *, extra: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise UsageError(
            f"the package {package} is not installed", hint=f'pip install "thuja[{extra}]", or --engine torch'
        ) from error


def _cached(model: Model, kind: str, export: Callable[[Model, Path], None]) -> Path:
    """The exported tower's file, made when it is not there; its folder appears whole or not at all."""
    name = f"tower-{kind}"
    folder = cache_folder() / "engines" / f"{model.trunk_id}-{model.preparation.size}-{_FORMAT}-{kind}"
    if not (folder / name).is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{folder.name}.", dir=folder.parent) as temporary:
            made = Path(temporary) / "made"
            made.mkdir()
            export(model, made / name)
            try:
                made.rename(folder)
            except OSError:  # another process was faster: what it made is the same
                if not (folder / name).is_file():
                    raise
    return folder / name


def _export_openvino(model: Model, path: Path) -> None:
    # By ONNX and not by OpenVINO's own reader of torch modules, whose package reports its use over the network.
    openvino = importlib.import_module("openvino")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        source = Path(folder) / "tower.onnx"
        _export_onnx(model, source)
        openvino.save_model(openvino.Core().read_model(source), path, compress_to_fp16=False)


def _export_int8(model: Model, path: Path) -> None:
    quantization = importlib.import_module("onnxruntime.quantization")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, atomic_path(path) as temporary, _without_advice():
        source = Path(folder) / "tower.onnx"
        _export_onnx(model, source)
        quantization.quantize_dynamic(
            source,
            temporary,
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm"],
            extra_options={"MatMulConstBOnly": True},
        )


@contextmanager
def _without_advice() -> Iterator[None]:
    """The quantiser logs a page to read to the root logger; a user of `embed` cannot act on it."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)


def _export_onnx(model: Model, path: Path) -> None:
    size = model.preparation.size
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's, about shapes that do not change
        torch.onnx.export(
            _Tower(model.visual).eval(),
            (torch.zeros(2, 3, size, size),),
            str(path),
            dynamo=False,
            opset_version=_OPSET,
            input_names=["images"],
            output_names=["features"],
            dynamic_axes={"images": {0: "B"}, "features": {0: "B"}},
        )
