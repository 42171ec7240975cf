"""Starts the tools that thuja is measured against, where torchvision's CUDA operators are missing.

    python benchmarks/peers.py bioclip embed photo.jpg --model hf-hub:imageomics/bioclip

torchvision from a package index looks two operators up that only its CUDA library defines; declaring
them is enough for open_clip, timm and pybioclip, which never call them.
"""

import sys

import torch

_LIBRARIES: list[torch.library.Library] = []  # an operator goes when its library is collected


def declare_operators() -> None:
    """Let torchvision's CUDA wheel import beside torch's CPU wheel."""
    if torch.version.cuda is not None or _LIBRARIES:
        return
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _LIBRARIES.append(library)


def main() -> None:
    name, *words = sys.argv[1:]
    if name != "bioclip":
        sys.exit(f"unknown peer: {name}")
    declare_operators()
    from bioclip.__main__ import main as bioclip

    sys.argv = ["bioclip", *words]
    bioclip()


if __name__ == "__main__":
    main()
