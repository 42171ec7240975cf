"""Starts the tools that thuja is measured against, where torchvision's CUDA operators are missing.

    python benchmarks/peers.py bioclip embed photo.jpg --model hf-hub:imageomics/bioclip
    python benchmarks/peers.py open_clip_train --train-data shards/{000000..000003}.tar --model ViT-B-32

torchvision from a package index looks two operators up that only its CUDA library defines; declaring
them is enough for open_clip, timm and pybioclip, which never call them.
"""

import sys
from functools import partial

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
    declare_operators()
    if name == "bioclip":
        from bioclip.__main__ import main as bioclip

        sys.argv = ["bioclip", *words]
        bioclip()
    elif name == "open_clip_train":
        from open_clip_train import data
        from open_clip_train.main import main as open_clip_train

        # webdataset 1.0 marks the end of each shard by an empty sample, which open_clip_train 3.3 cannot read.
        data.tar_file_expander = partial(data.tar_file_expander, eof_value=None)
        open_clip_train(words)
    else:
        sys.exit(f"unknown peer: {name}")


if __name__ == "__main__":
    main()
