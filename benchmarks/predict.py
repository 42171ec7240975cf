"""`thuja predict` beside pybioclip, on the same weights, the same label files in the published layout, the same photos.

    python benchmarks/predict.py PHOTOS [equal whole scoring] [--shape ViT-B-16] [--count 500] [--labels 867455]

    equal    the same probabilities and answers: all ranks, custom labels, bins, a subset; in float32
    whole    `thuja predict` against `bioclip predict`: whole processes, their wall time and memory
    scoring  vectors to answers alone, for one rank and for all seven, and the share of the matrix rate

PHOTOS is a folder of images. Models and labels are made once, in --work; benchmarks/published_labels.py says how.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import predict_equal
import predict_scoring
import predict_whole
from predict_run import Run
from thuja.images.finding import find_images

PARTS: dict[str, Callable[[Run], None]] = {
    "equal": predict_equal.main,
    "whole": predict_whole.main,
    "scoring": predict_scoring.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--shape", default="ViT-B-16")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--labels", type=int, default=867_455)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "thuja-benchmarks")
    said = parser.parse_args()
    unknown = set(said.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; {', '.join(PARTS)}")
    found = find_images([said.photos])
    step = max(1, len(found) // said.count)
    run = Run(photos=found[::step][: said.count], shape=said.shape, labels=said.labels, work=said.work)
    print(f"{len(run.photos)} photos, {run.shape}, {run.labels:,} labels, load {os.getloadavg()[0]:.1f}", flush=True)
    for part in said.parts:
        print(f"--- {part}", flush=True)
        PARTS[part](run)


if __name__ == "__main__":
    main()
