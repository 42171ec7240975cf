"""Whether heat maps point at what the score hangs on, and in a simulated world at what was exchanged.

    python benchmarks/predict_why.py RUN DATA [--world WORLD] [--images 100]

Of each test picture the contrast is the model's best answer against its second. *Deletion* covers places with the
picture's mean colour, the map's greatest first, *insertion* uncovers them on a blurred picture; told is the mean of
the contrast (a difference of cosines) over all steps, in hundredths: the lower and the higher, the better. Occlusion
covers one place after the other, and is what a map approximates: it costs a pass for each place.

With a world, each picture is drawn once more with one local trait exchanged (another tail, mouth, ornament, limb tip or
number of eyespots), and the contrast is the vector of the picture less that of the other: all that tells them apart is
there. Told is how often the map's greatest place is one that the exchange changed, and how well its values part those
places from the rest of the organism (area under the ROC curve, 0.5 is chance).
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from thuja.biosphere.draw import draw, silhouette
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.swaps import Swap, swapped
from thuja.biosphere.traits import TRAITS
from thuja.biosphere.world import World, world_of
from thuja.biosphere.writer import read_config
from thuja.images import decode
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.attribution import Attribution
from thuja.model.transformer import Block
from thuja.model.vit import VisionTransformer
from thuja.shards import Sample, list_shards, read_shard

Floats = npt.NDArray[np.float32]
STEPS = 8
BATCH = 32
CHANGED = 8.0
"""Grey levels, over a place's mean, from which on two drawings differ there."""
LOCAL = ("tail", "mouth", "ornament", "limb_tip", "ocelli")
"""Traits that are drawn in one part of the body."""


@dataclass(frozen=True)
class Pictures:
    """N test pictures, prepared, with the contrast of each: its two best labels."""

    samples: Sequence[Sample]
    pixels: Tensor
    best: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    directions: Tensor


class Maker:
    """Every way to make a map (N, grid, grid) of pictures and directions."""

    def __init__(self, model: Model) -> None:
        self.model = model
        side = model.config.vision.image_size
        self.grid = model.config.vision.grid if isinstance(model.visual, VisionTransformer) else side // 32
        self.ways: dict[str, Callable[[Tensor, Tensor], Tensor]] = {}
        if isinstance(model.visual, VisionTransformer):
            self.ways["attention, all blocks (ours)"] = self.ours("attention")
            self.ways["patch similarity"] = self.ours("patches")
            self.ways["rollout of gradient x attention, rectified"] = self.rollout
        else:
            self.ways["last map x gradient (ours)"] = self.ours("attention")
        self.ways["gradient x pixel"] = self.saliency
        self.ways["occlusion"] = self.occlusion
        self.ways["centre of the picture"] = self.centre
        self.ways["random"] = self.random

    def ours(self, way: str) -> Callable[[Tensor, Tensor], Tensor]:
        attribution = Attribution(self.model, way=way)  # type: ignore[arg-type]
        return lambda images, towards: torch.from_numpy(attribution.maps(images.numpy(), towards.numpy()))

    def score(self, images: Tensor, towards: Tensor) -> Tensor:
        return (self.model.encode_image(images) * towards).sum(dim=-1)

    def rollout(self, images: Tensor, towards: Tensor) -> Tensor:
        """Chefer et al., arXiv:2103.15679: what is below zero is left out, and blocks are multiplied."""
        tower = self.model.visual
        assert isinstance(tower, VisionTransformer)
        x, attentions = tower.tokens(images), []
        for block in tower.transformer.resblocks:
            assert isinstance(block, Block)
            q, k, v = block.attn.split(block.attn.project_in(block.ln_1(x)))
            attentions.append((q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(dim=-1))
            x = x + block.attn.out_proj((attentions[-1] @ v).transpose(1, 2).flatten(2))
            x = x + block.mlp(block.ln_2(x))
        x = tower.ln_post(x)
        features = x[:, 0] if tower.config.pool == "token" else x[:, 1:].mean(dim=1)
        gradients = torch.autograd.grad((self.model.project(features) * towards).sum(), attentions)
        spread = torch.eye(x.shape[1]).repeat(len(x), 1, 1)
        for attention, gradient in zip(attentions, gradients, strict=True):
            spread = spread + (attention * gradient).clamp(min=0).mean(dim=1).detach() @ spread
        rows = spread[:, 0, 1:] if tower.config.pool == "token" else spread[:, 1:, 1:].mean(dim=1)
        return rows.reshape(-1, self.grid, self.grid)

    def saliency(self, images: Tensor, towards: Tensor) -> Tensor:
        images = images.clone().requires_grad_()
        [gradient] = torch.autograd.grad(self.score(images, towards).sum(), images)
        change = (gradient * (images - mean_of(images))).sum(dim=1, keepdim=True).detach()
        return F.adaptive_avg_pool2d(change, self.grid)[:, 0]

    @torch.no_grad()
    def occlusion(self, images: Tensor, towards: Tensor) -> Tensor:
        before, mean, lost = self.score(images, towards), mean_of(images), []
        for place in range(self.grid**2):
            cover = torch.zeros(1, 1, self.grid, self.grid)
            cover.view(-1)[place] = 1
            lost.append(before - self.score(images.lerp(mean, spread_over(cover, images)), towards))
        return torch.stack(lost, dim=1).view(-1, self.grid, self.grid)

    def centre(self, images: Tensor, towards: Tensor) -> Tensor:
        line = torch.arange(self.grid) - (self.grid - 1) / 2
        away = line[:, None] ** 2 + line**2
        return (away.max() - away).expand(len(images), -1, -1)

    def random(self, images: Tensor, towards: Tensor) -> Tensor:
        return torch.rand(len(images), self.grid, self.grid, generator=torch.Generator().manual_seed(0))


def mean_of(images: Tensor) -> Tensor:
    return images.mean(dim=(2, 3), keepdim=True).expand_as(images)


def blurred(images: Tensor) -> Tensor:
    """Under a Gaussian of an eighth of the side."""
    side = images.shape[-1]
    reach = side // 4
    line = torch.exp(-(torch.arange(-reach, reach + 1).float() ** 2) / (2 * (side / 8) ** 2))
    line /= line.sum()
    padded = F.pad(images, (reach,) * 4, mode="reflect").flatten(0, 1)[:, None]
    once = F.conv2d(padded, line.view(1, 1, 1, -1))
    return F.conv2d(once, line.view(1, 1, -1, 1)).view_as(images)


def spread_over(places: Tensor, images: Tensor) -> Tensor:
    return F.interpolate(places, size=images.shape[-2:], mode="nearest")


def read_pictures(model: Model, labels: LabelSpace, data: Path, count: int) -> Pictures:
    """Test pictures from all over the shards, the same at every call."""
    samples = [sample for path in list_shards(data / "shards", "test") for sample in read_shard(path)]
    chosen = np.random.default_rng(0).permutation(len(samples))[:count]
    samples = [samples[place] for place in chosen.tolist()]
    pixels = torch.from_numpy(np.stack([model.preparation(decode(sample.image)) for sample in samples]))
    vectors = torch.from_numpy(np.asarray(labels.vectors, dtype=np.float32))
    with torch.no_grad():
        cosines = torch.cat([model.encode_image(part) @ vectors.T for part in pixels.split(BATCH)])
    top = cosines.topk(2, dim=1).indices
    return Pictures(samples, pixels, top[:, 0].numpy(), top[:, 1].numpy(), vectors[top[:, 0]] - vectors[top[:, 1]])


@torch.no_grad()
def curves(maker: Maker, pictures: Pictures, maps: Tensor) -> tuple[float, float]:
    """Means over steps and pictures of the contrast, deleting and inserting, in hundredths."""
    order = maps.flatten(1).argsort(dim=1, descending=True, stable=True)
    ranks = order.argsort(dim=1).view_as(maps)[:, None]  # (N, 1, grid, grid)
    deleted, inserted = [], []
    for step in range(STEPS + 1):
        places = (ranks < round(step / STEPS * maps[0].numel())).float()
        for part, towards, chosen in zip(
            pictures.pixels.split(BATCH), pictures.directions.split(BATCH), places.split(BATCH), strict=True
        ):
            cover = spread_over(chosen, part)
            deleted.append(maker.score(part.lerp(mean_of(part), cover), towards))
            inserted.append(maker.score(blurred(part).lerp(part, cover), towards))
    return 100 * float(torch.cat(deleted).mean()), 100 * float(torch.cat(inserted).mean())


@dataclass(frozen=True)
class Exchanged:
    """N pictures with one trait exchanged: the contrast of each, which places changed, which hold the organism."""

    pixels: Tensor
    directions: Tensor
    is_changed: npt.NDArray[np.bool_]
    is_body: npt.NDArray[np.bool_]


def exchanged(model: Model, world: World, samples: Sequence[Sample], grid: int) -> Exchanged:
    generator = np.random.default_rng(0)
    pairs, changes, bodies = [], [], []
    for sample in samples:
        sighting = Sighting.of(world, *map(int, str(sample.record.traits["address"]).split("-")))
        trait = TRAITS[LOCAL[int(generator.integers(len(LOCAL)))]]
        values = [value for value in trait.states or trait.counts if value != sample.record.traits[trait.name]]
        other = swapped(world, sighting, Swap(trait=(trait.name, values[int(generator.integers(len(values)))])))
        size = decode(sample.image).width
        pair = [draw(one.specimen, one.scene, size) for one in (sighting, other)]
        first, second = (np.asarray(image, np.float32) for image in pair)
        change = means_of(np.abs(first - second).mean(axis=-1), grid)
        if change.max() < CHANGED:
            continue  # this view hides the trait
        shapes = [np.asarray(silhouette(one.specimen, one.scene, size), np.float32) for one in (sighting, other)]
        pairs.append([model.preparation(image) for image in pair])
        changes.append(change >= CHANGED)
        bodies.append((means_of(np.maximum(*shapes), grid) > 0.3 * 255) | changes[-1])
    firsts, seconds = (torch.from_numpy(np.stack(images)) for images in zip(*pairs, strict=True))
    with torch.no_grad():
        parts = zip(firsts.split(BATCH), seconds.split(BATCH), strict=True)
        directions = torch.cat([model.encode_image(one) - model.encode_image(other) for one, other in parts])
    return Exchanged(firsts, directions, np.stack(changes), np.stack(bodies))


def found(maps: Tensor, truth: Exchanged) -> tuple[float, float]:
    """How often the greatest place is a changed one, and how well values part changed places of the organism."""
    values = maps.numpy().reshape(len(maps), -1)
    is_changed, is_body = (places.reshape(len(maps), -1) for places in (truth.is_changed, truth.is_body))
    pointed = is_changed[np.arange(len(values)), values.argmax(axis=1)]
    areas = [area(value[body], change[body]) for value, body, change in zip(values, is_body, is_changed, strict=True)]
    return float(pointed.mean()), float(np.nanmean(areas))


def means_of(image: Floats, grid: int) -> Floats:
    return F.adaptive_avg_pool2d(torch.from_numpy(image)[None, None], grid)[0, 0].numpy()


def area(scores: Floats, is_it: npt.NDArray[np.bool_]) -> float:
    """Under the ROC curve: how often a place that is it has more than one that is not."""
    some, others = scores[is_it], scores[~is_it]
    if not len(some) or not len(others):
        return float("nan")
    return float(((some[:, None] > others) + 0.5 * (some[:, None] == others)).mean())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--world", type=Path)
    parser.add_argument("--images", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = Model.load(arguments.run)
    labels = LabelSpace.load(arguments.run / "model" / "labels")
    pictures = read_pictures(model, labels, arguments.data, arguments.images)
    maker = Maker(model)
    world = world_of(read_config(arguments.world)) if arguments.world else None
    truth = exchanged(model, world, pictures.samples, maker.grid) if world else None
    right = np.mean([labels.taxa[b] == s.record.taxon for b, s in zip(pictures.best, pictures.samples, strict=True)])
    with torch.no_grad():
        whole = torch.cat([maker.score(*pair) for pair in zip(*split(pictures), strict=True)]).mean()
        plain = torch.cat(
            [maker.score(mean_of(part), towards) for part, towards in zip(*split(pictures), strict=True)]
        ).mean()
    print(
        f"{model.id}: {len(pictures.samples)} pictures, {right:.1%} named rightly, {maker.grid} x {maker.grid} places"
    )
    print(f"contrast of the whole picture {100 * whole:.2f}, of its mean colour {100 * plain:.2f}")
    print("\n| map | deletion | insertion | both | s a picture | points at the exchange | parts it from the rest |")
    print("|---|---|---|---|---|---|---|")
    for name, way in maker.ways.items():
        started = time.perf_counter()
        maps = torch.cat([way(*pair) for pair in zip(*split(pictures), strict=True)])
        seconds = (time.perf_counter() - started) / len(maps)
        deletion, insertion = curves(maker, pictures, maps)
        told = "– | –"
        if truth is not None:
            again = zip(truth.pixels.split(BATCH), truth.directions.split(BATCH), strict=True)
            pointed, parted = found(torch.cat([way(*pair) for pair in again]), truth)
            told = f"{pointed:.0%} | {parted:.2f}"
        both = insertion - deletion
        print(f"| {name} | {deletion:.2f} | {insertion:.2f} | {both:.2f} | {seconds:.4f} | {told} |", flush=True)
    if truth is not None:
        share = truth.is_changed.mean()
        print(f"\n{len(truth.is_changed)} exchanges, which changed {share:.0%} of the places of their pictures")


def split(pictures: Pictures) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    return pictures.pixels.split(BATCH), pictures.directions.split(BATCH)


if __name__ == "__main__":
    main()
