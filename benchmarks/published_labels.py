"""Label files in the layout of the published ones, of the true size, that random weights answer from as real ones do.

The image vectors of an untrained tower lie close to each other, and random labels would be all alike to them. So
labels are drawn in the directions in which the images differ, family by family and genus by genus, by so much that
a wanted number of species passes pybioclip's threshold at a logit scale of 100.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from random_models import REPOSITORIES, random_model, snapshot
from thuja.encode.label_sources import find_labels
from thuja.model import Model
from thuja.taxonomy import RANKS, Rank

Floats = npt.NDArray[np.float32]

SCALE = 100.0
MIN_PROB = 1e-9
"""The probability from which pybioclip counts a species at a rank above."""

_DIRECTIONS = 32
_CHUNK = 1 << 16
_SHARES = {Rank.ORDER: 0.5, Rank.FAMILY: 0.5, Rank.GENUS: 0.5, Rank.SPECIES: 0.5}
"""How much of a label's direction is its order's, its family's, its genus's and its own; squares add up to one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """How labels are drawn around images: (D,) the images' mean, and (R, D) the directions they differ in, scaled."""

    mean: Floats
    directions: Floats
    places: Floats  # (L, R), each label's place in these directions
    share: float = 0.0

    def vectors(self, start: int, stop: int) -> Floats:
        """The labels in this range: (T, D), of length one; the same each time."""
        generator = np.random.default_rng((7, start))
        towards = self.places[start:stop] @ self.directions
        towards *= self.share / np.linalg.norm(towards, axis=1, keepdims=True)
        noise = generator.standard_normal(towards.shape, dtype=np.float32)
        axis = self.mean / np.linalg.norm(self.mean)
        noise -= (noise @ axis)[:, None] * axis  # along the mean, a label would be nearer to all images alike
        noise *= np.sqrt(1 - self.share**2) / np.linalg.norm(noise, axis=1, keepdims=True)
        vectors: Floats = towards + noise
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def draw_lineages(count: int) -> list[list[object]]:
    """Species of the embedded backbone with seven ranks, in no order, as the file of names lists them."""
    rows = find_labels(["backbone"]).table
    whole = np.flatnonzero((rows.select(rank.label for rank in RANKS).to_numpy() != "").all(axis=1))
    chosen = np.random.default_rng(0).permutation(whole)[:count]
    table = rows[chosen].select(*(rank.label for rank in RANKS), "common").fill_null("")
    return [[list(row[:-1]), row[-1]] for row in table.iter_rows()]


def draw_labels(lineages: list[list[object]], images: Floats, *, passing: int) -> Drawing:
    """Labels around these (N, D) image vectors, of which about `passing` reach MIN_PROB for an image."""
    mean = images.mean(axis=0)
    _, spread, axes = np.linalg.svd(images - mean, full_matrices=False)
    kept = min(_DIRECTIONS, len(spread))
    generator = np.random.default_rng(5)
    places = np.zeros((len(lineages), kept), dtype=np.float32)
    for rank, share in _SHARES.items():
        number: dict[tuple[str, ...], int] = {}
        of = np.array([number.setdefault(tuple(names[0][: rank + 1]), len(number)) for names in lineages])  # type: ignore[index]
        places += np.float32(share) * generator.standard_normal((len(number), kept), dtype=np.float32)[of]
    directions = (axes[:kept] * (spread[:kept, None] / spread[0])).astype(np.float32)
    low, high = 0.0, 1.0
    for _ in range(9):
        share = (low + high) / 2
        drawing = Drawing(mean=mean, directions=directions, places=places, share=share)
        found = count_passing(drawing, images)
        low, high = (share, high) if found > passing else (low, share)
    print(
        f"labels: {share:.3f} of their length towards the images' differences, {found:,.0f} species pass {MIN_PROB:g}"
    )
    return drawing


def count_passing(drawing: Drawing, images: Floats) -> float:
    """The mean number of labels that reach MIN_PROB for an image, by the labels of the first chunk."""
    sample = drawing.vectors(0, min(_CHUNK, len(drawing.places)))
    logits = SCALE * (images @ sample.T).astype(np.float64)
    times = len(drawing.places) / len(sample)
    logits -= logits.max(axis=1, keepdims=True)
    weights = np.exp(logits)
    return float((weights / (times * weights.sum(axis=1, keepdims=True)) > MIN_PROB).sum(axis=1).mean() * times)


def write_published(folder: Path, lineages: list[list[object]], drawing: Drawing) -> None:
    """`txt_emb_species.npy`, float32 (D, L), and `txt_emb_species.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    matrix = np.lib.format.open_memmap(
        folder / "txt_emb_species.npy", mode="w+", dtype=np.float32, shape=(len(drawing.mean), len(lineages))
    )
    for start in range(0, len(lineages), _CHUNK):
        stop = min(start + _CHUNK, len(lineages))
        matrix[:, start:stop] = drawing.vectors(start, stop).T
    matrix.flush()
    (folder / "txt_emb_species.json").write_text(json.dumps(lineages, ensure_ascii=False), encoding="utf-8")


def scaled_model(shape: str, folder: Path) -> Path:
    """The random model of this shape with the logit scale that trained ones have."""
    path = folder / f"{shape}-scale-100"
    if not (path / "open_clip_config.json").is_file():
        model = Model.load(random_model(shape, folder))
        with torch.no_grad():
            model.logit_scale.fill_(np.log(SCALE))
        model.save(path, name=f"{shape.lower()}-scale-100")
    return path


def hub_with_labels(shape: str, folder: Path, *, images: Floats, count: int, passing: int = 10_000) -> Path:
    """A HF_HOME in which both tools find a model of this shape and `count` labels drawn around these images."""
    home = folder / f"hub-{count}" / shape
    weights, labels = REPOSITORIES[shape]
    model = snapshot(home, "models", weights)
    for file in scaled_model(shape, folder).iterdir():
        if not (model / file.name).exists():
            (model / file.name).symlink_to(file.resolve())
    data = snapshot(home, "datasets", labels) / "embeddings"
    if not (data / "txt_emb_species.json").is_file():
        lineages = draw_lineages(count)
        write_published(data, lineages, draw_labels(lineages, images, passing=passing))
    return home


def label_files(home: Path, shape: str) -> tuple[Path, Path]:
    """The matrix and the names in such a HF_HOME."""
    data = snapshot(home, "datasets", REPOSITORIES[shape][1]) / "embeddings"
    return data / "txt_emb_species.npy", data / "txt_emb_species.json"
