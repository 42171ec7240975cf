"""How hard a biosphere is: what a linear model, raw pixels and a small ViT make of its pictures.

    thuja biosphere make world --seed 0
    python benchmarks/biosphere_hardness.py world
    python benchmarks/biosphere_hardness.py world --train-minutes 10 --threads 1

Pixel baselines are cross-validated over five folds, each with every fifth picture of a species, so
that all pictures are tested; the ViT is tested on the first fold. A biosphere is fit for its purpose when the linear
probe on 32-pixel pictures stays under 3 x chance and the ViT passes 40 x chance in half an hour.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from PIL import Image
from torch import nn

PENALTIES = (1e-3, 1e-2, 1e-1)
FOLDS = 5


def load(folder: Path, size: int, label: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures (N, size, size, 3) in uint8 of all frames that something is on, their classes (N,), the folds (N,).

    The label is true: the species that a picture is of, or that species' genus, family, habitat, ....
    """
    with (folder / "table.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["is_empty"] == "False"]
    species = {row["scientific_name"]: row for row in pq.read_table(folder / "species.parquet").to_pylist()}
    pictures = np.empty((len(rows), size, size, 3), dtype=np.uint8)
    for place, row in enumerate(rows):
        with Image.open(folder / row["file"]) as image:
            pictures[place] = np.asarray(image.resize((size, size), Image.Resampling.BOX))
    names = [row["true_name"] for row in rows]
    classes = np.unique([str(species[name][label]) for name in names], return_inverse=True)[1]
    seen: dict[str, int] = {}
    folds = np.zeros(len(rows), dtype=np.int64)
    for place, name in enumerate(names):
        number = seen[name] = seen.get(name, -1) + 1
        folds[place] = number % FOLDS
    return pictures, classes, folds


def report(name: str, guesses: np.ndarray, truth: np.ndarray, count: int) -> None:
    """One line: top-1 and macro accuracy, each in per cent and in multiples of chance."""
    top1 = float((guesses == truth).mean())
    macro = float(np.mean([(guesses[truth == c] == c).mean() for c in np.unique(truth)]))
    print(f"{name:<42} {top1:7.2%} {top1 * count:6.1f} x   macro {macro:7.2%} {macro * count:6.1f} x", flush=True)


def linear_probe(train: torch.Tensor, train_classes: torch.Tensor, count: int, penalty: float) -> nn.Linear:
    """Multinomial logistic regression with an L2 penalty, by L-BFGS on the whole training set."""
    layer = nn.Linear(train.shape[1], count)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=60, history_size=10, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimiser.zero_grad()
        value = nn.functional.cross_entropy(layer(train), train_classes) + penalty * layer.weight.square().sum()
        value.backward()
        return float(value.detach())

    optimiser.step(loss)
    return layer


def probe(pictures: np.ndarray, classes: np.ndarray, folds: np.ndarray) -> None:
    """The pixel baselines: majority, nearest centroid, and the linear probe at each penalty."""
    count = int(classes.max()) + 1
    names = ["majority class", "nearest centroid", *(f"linear probe, penalty {penalty:g}" for penalty in PENALTIES)]
    guesses = {name: np.empty_like(classes) for name in names}
    y = torch.from_numpy(classes)
    for fold in range(FOLDS):
        is_test = folds == fold
        pixels = torch.from_numpy(pictures.reshape(len(pictures), -1)).float() / 255
        pixels = (pixels - pixels[~is_test].mean(0)) / pixels[~is_test].std()
        guesses["majority class"][is_test] = np.bincount(classes[~is_test]).argmax()
        centroids = torch.stack([pixels[~is_test][y[~is_test] == c].mean(0) for c in range(count)])
        guesses["nearest centroid"][is_test] = torch.cdist(pixels[is_test], centroids).argmin(1).numpy()
        for penalty, name in zip(PENALTIES, names[2:], strict=True):
            layer = linear_probe(pixels[~is_test], y[~is_test], count, penalty)
            guesses[name][is_test] = layer(pixels[is_test]).argmax(1).numpy()
    for name in names:
        report(name, guesses[name], classes, count)


class SmallViT(nn.Module):
    """Width 128, depth 6, 64-pixel pictures, patch 8: 1.2 M parameters, a class token."""

    def __init__(self, count: int, width: int = 128, depth: int = 6) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 8, 8)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.places = nn.Parameter(torch.randn(1, 65, width) * 0.02)
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, count))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, C) of images (B, 3, 64, 64)."""
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(tokens), -1, -1), tokens], 1) + self.places
        return self.head(self.blocks(tokens)[:, 0])


def train_vit(
    pictures: np.ndarray, classes: np.ndarray, is_test: np.ndarray, *, minutes: float, seed: int, seen_limit: int
) -> None:
    """Train for that time and report now and then; random crops and mirrors, AdamW, one cosine."""
    torch.manual_seed(seed)
    count = int(classes.max()) + 1
    images = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.25
    y = torch.from_numpy(classes)
    train = torch.from_numpy(np.flatnonzero(~is_test))
    model = SmallViT(count)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    started, step, seen, shown = time.monotonic(), 0, 0, 0.0
    while True:
        share = max((time.monotonic() - started) / (minutes * 60), seen / seen_limit)
        if share >= 1:
            break
        rate = 1e-3 * min(1.0, step / 100) * 0.5 * (1 + np.cos(np.pi * share))
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = train[torch.randint(len(train), (64,))]
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(augment(images[batch])), y[batch], label_smoothing=0.1).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step, seen = step + 1, seen + 64
        if share - shown > 0.2:
            shown = share
            evaluate(model, images[is_test], classes[is_test], f"ViT after {seen:,} pictures seen")
    clock = (time.monotonic() - started) / 60
    evaluate(model, images[is_test], classes[is_test], f"ViT, {seen:,} pictures seen in {clock:.1f} min")


def augment(images: torch.Tensor) -> torch.Tensor:
    """Mirrored at random, and shifted by up to 6 pixels."""
    flipped = torch.where(torch.rand(len(images), 1, 1, 1) < 0.5, images.flip(3), images)
    padded = nn.functional.pad(flipped, (6, 6, 6, 6), mode="reflect")
    corners = torch.randint(0, 13, (len(images), 2)).tolist()
    return torch.stack([image[:, t : t + 64, s : s + 64] for image, (t, s) in zip(padded, corners, strict=True)])


@torch.no_grad()
def evaluate(model: nn.Module, images: torch.Tensor, truth: np.ndarray, name: str) -> None:
    """One line of test accuracy."""
    guesses = torch.cat([model(part).argmax(1) for part in images.split(256)]).numpy()
    report(name, guesses, truth, int(truth.max()) + 1)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--label", default="scientific_name", help="which column of species.parquet to tell (family, habitat)"
    )
    parser.add_argument("--train-minutes", type=float, default=0.0)
    parser.add_argument("--train-pictures", type=int, default=10**9, help="stop after so many pictures seen")
    parser.add_argument("--no-probe", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if not options.no_probe:
        data = load(options.folder, 32, options.label)
        count = int(data[1].max()) + 1
        print(f"{len(data[0]):,} pictures, {count} classes by {options.label}; chance {1 / count:.2%}")
        probe(*data)
    if options.train_minutes:
        data = load(options.folder, 64, options.label)
        train_vit(
            data[0],
            data[1],
            data[2] == 0,
            minutes=options.train_minutes,
            seed=options.seed,
            seen_limit=options.train_pictures,
        )


if __name__ == "__main__":
    main()
