"""Support sets: embeddings of museum images of known classes, and the prototypes that stand for each class."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.embeddings import normalized
from thuja.errors import BadFile, EmptyInput, ImageError, UsageError
from thuja.images import read_image

Array = npt.NDArray[np.float32]
Embed = Callable[[Sequence[Image.Image]], npt.NDArray[np.floating[Any]]]
"""From RGB images to (N, D) embeddings. Importable, or a frozen dataclass with `__call__`."""

ANY = "any"
"""The support set for museum images of a kind that has none of its own."""
_PARTS = {"specimen": True, "other": False}
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif")
_BATCH = 32
_ROUNDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportSet:
    """(N, D) embeddings of length one, each with its class, and whether that class shows a specimen."""

    embeddings: Array
    classes: tuple[str, ...]
    is_specimen: tuple[bool, ...]

    def __post_init__(self) -> None:
        assert len(self.embeddings) == len(self.classes) == len(self.is_specimen)

    def prototypes(self, count: int) -> "SupportSet":
        """At most `count` middles of each class, by k-means on the sphere; the same every time."""
        middles, classes, flags = [], [], []
        names = np.asarray(self.classes)
        for name, flag in sorted(dict(zip(self.classes, self.is_specimen, strict=True)).items()):
            found = _middles(self.embeddings[names == name], count)
            middles.append(found)
            classes += [name] * len(found)
            flags += [flag] * len(found)
        return SupportSet(embeddings=np.concatenate(middles), classes=tuple(classes), is_specimen=tuple(flags))

    def nearest(self, embeddings: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.intp]:
        """(N,) the place of the nearest entry by cosine, for embeddings (N, D) of any length."""
        if embeddings.shape[1] != self.embeddings.shape[1]:
            sizes = (self.embeddings.shape[1], embeddings.shape[1])
            raise UsageError(
                f"an embedding of the support set has {sizes[0]} numbers, one of the model {sizes[1]}",
                hint="make the support set with the model that the filter uses",
            )
        places: npt.NDArray[np.intp] = (unit(embeddings) @ self.embeddings.T).argmax(axis=1)
        return places

    def write(self, path: Path) -> None:
        """As .npz with `embeddings`, `classes` and `is_specimen`."""
        temporary = path.with_name(path.name + ".tmp")
        with temporary.open("wb") as file:
            np.savez(file, embeddings=self.embeddings, classes=self.classes, is_specimen=self.is_specimen)
        temporary.rename(path)

    @classmethod
    def read(cls, path: Path) -> "SupportSet":
        """Raises UsageError where there is no file, BadFile where it is no support set."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                embeddings, classes, flags = (arrays[name] for name in ("embeddings", "classes", "is_specimen"))
        except FileNotFoundError as error:
            raise UsageError(
                f"no support set {path}", hint="make one with curate.filters.support.make_support"
            ) from error
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise BadFile(
                f"{path} is no support set: {error}", hint="embeddings, classes, is_specimen in .npz"
            ) from error
        if embeddings.ndim != 2 or not len(embeddings) or not len(embeddings) == len(classes) == len(flags):
            raise BadFile(f"{path} is no support set: {embeddings.shape} embeddings, {len(classes)} classes")
        return cls(
            embeddings=unit(embeddings),
            classes=tuple(str(name) for name in classes),
            is_specimen=tuple(bool(flag) for flag in flags),
        )


def read_supports(path: Path) -> Mapping[str, SupportSet]:
    """Support sets by the museum's kind: a file is for any; a folder holds `<kind>.npz`, and perhaps `any.npz`."""
    if not path.is_dir():
        return {ANY: SupportSet.read(path)}
    files = sorted(path.glob("*.npz"))
    if not files:
        raise EmptyInput(f"no support set in {path}", hint="expected any.npz, or Plant.npz, Insect.npz and so on")
    return {file.stem: SupportSet.read(file) for file in files}


def digest_of(path: Path) -> str:
    """SHA-256 over a support file, or over the names and files of a folder: a name says which kind a file is for."""
    if not path.is_dir():
        return sha256(path.read_bytes()).hexdigest()
    files = sorted(path.glob("*.npz"))
    lines = [f"{sha256(file.read_bytes()).hexdigest()} {file.name}\n" for file in files]
    return sha256("".join(lines).encode()).hexdigest()


def make_support(folder: Path, embed: Embed) -> SupportSet:
    """From `folder/specimen/<class>/*.jpg` and `folder/other/<class>/*.jpg`; files that do not decode are left out."""
    parts, classes, flags = [], [], []
    for part, flag in _PARTS.items():
        for kind in sorted(path for path in (folder / part).glob("*") if path.is_dir()):
            found = _embedded(sorted(path for path in kind.iterdir() if path.suffix.lower() in _SUFFIXES), embed)
            parts += found
            classes += [kind.name] * sum(map(len, found))
            flags += [flag] * sum(map(len, found))
    if not set(flags) >= {True, False}:
        raise EmptyInput(
            f"{folder} does not hold images of both specimens and other things",
            hint="folder/specimen/<class>/*.jpg and folder/other/<class>/*.jpg",
        )
    return SupportSet(embeddings=unit(np.concatenate(parts)), classes=tuple(classes), is_specimen=tuple(flags))


def _embedded(files: Sequence[Path], embed: Embed) -> list[Array]:
    images, found = [], []
    for file in files:
        try:
            images.append(read_image(file))
        except ImageError:
            continue
        if len(images) == _BATCH:
            found.append(np.asarray(embed(images), np.float32))
            images = []
    if images:
        found.append(np.asarray(embed(images), np.float32))
    return found


def unit(embeddings: npt.NDArray[np.floating[Any]]) -> Array:
    """Each row at length one; a row of zeros stays."""
    return np.asarray(normalized(embeddings), np.float32)


def _middles(points: Array, count: int) -> Array:
    """K-means on unit vectors, begun at the mean's nearest point and each time the farthest from those chosen."""
    chosen = [int((points @ points.mean(axis=0)).argmax())]
    while len(chosen) < min(count, len(points)):
        likeness = (points @ points[chosen].T).max(axis=1)
        farthest = int(likeness.argmin())
        if likeness[farthest] > 1 - 1e-6:
            break  # all others are copies of chosen ones
        chosen.append(farthest)
    middles = points[chosen]
    for _ in range(_ROUNDS):
        owner = (points @ middles.T).argmax(axis=1)
        groups = [points[owner == place] for place in range(len(middles))]
        moved = unit(
            np.stack([group.mean(axis=0) if len(group) else old for group, old in zip(groups, middles, strict=True)])
        )
        if np.allclose(moved, middles, atol=1e-7):
            break
        middles = moved
    return middles
