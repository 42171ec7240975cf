"""Pictures shown whole and in part, each part as numbers: what a probe can read of the truth, and from where."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.biosphere.config import WorldConfig
from thuja.biosphere.draw import draw, silhouette
from thuja.biosphere.scene import Camera, Scene
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.swaps import Swap, swapped
from thuja.biosphere.traits import NEUTRAL
from thuja.biosphere.world import World, world_of
from thuja.errors import EmptyInput
from thuja.jobs import spread, track

Encoder = Callable[[Sequence[Image.Image]], npt.NDArray[np.floating]]
"""Turns N pictures into N vectors (N, D)."""
Features = npt.NDArray[np.float64]

RAW: Final = "raw pixels"
SPECTRUM: Final = "spectrum"
MOST: Final = 3000
"""Species that are asked about at the most."""
_SIDE = 32
_CHUNK = 32
_ALONE = 5
"""What the pose of an organism by itself is seeded for, beside what swaps are."""


class Shown(StrEnum):
    """What of a sighting is drawn. The organism and its silhouette stand by themselves (`alone`). The last six are
    for the swap test: nothing stands in front of the specimen, on its species' ground or on another habitat's;
    whole, without it, or it alone cut out of the picture."""

    PICTURE = "picture"
    ORGANISM = "organism only"
    BACKGROUND = "background only"
    SILHOUETTE = "silhouette only"
    OWN = "picture, own ground"
    OTHER = "picture, other ground"
    OWN_BACKGROUND = "background, own ground"
    OTHER_BACKGROUND = "background, other ground"
    OWN_CUT = "organism cut out, own ground"
    OTHER_CUT = "organism cut out, other ground"


def draw_sample(world: World, images: int, generator: np.random.Generator) -> list[Sighting]:
    """About that many sightings, as many of each species; of fewer species where they would be under six each.

    They are one an individual, so that no test picture has a companion in training, and each is the first of its
    observation, so that cameras are met about as often as `World.camera_shares` says. Raises EmptyInput where a world
    has no individuals to compare.
    """
    count = min(len(world.species), max(2, images // 6), MOST)
    chosen = np.sort(generator.permutation(len(world.species))[:count])
    found = [one for number in chosen for one in _individuals(world, int(number), images // count, generator=generator)]
    if len({one.species.number for one in found if one.species}) < 2 or len(found) < 2 * count:
        raise EmptyInput(
            f"a card needs several individuals of several species, and found {len(found)} of {count} species",
            hint="make a world with more --images",
        )
    return found


def _individuals(world: World, species: int, wanted: int, *, generator: np.random.Generator) -> list[Sighting]:
    """Sightings of a species that something is on, of as many individuals as are wanted or there."""
    found: dict[int, Sighting] = {}
    for number in generator.permutation(world.species[species].images):
        if len(found) == wanted:
            break
        sighting = Sighting.of(world, species, int(number))
        if not sighting.frame and not sighting.scene.is_empty:
            found.setdefault(sighting.observation.individual, sighting)
    return list(found.values())


def features_of(
    sightings: Sequence[Sighting],
    config: WorldConfig,
    encoders: Mapping[str, Encoder],
    *,
    size: int,
    workers: int = 1,
) -> dict[tuple[Shown, str], Features]:
    """Every way of showing all sightings, as features (N, D): raw pixels, the spectrum, and each encoder's."""
    known: dict[str, Encoder] = {RAW: raw_pixels, SPECTRUM: spectrum, **encoders}
    found: dict[tuple[Shown, str], list[Features]] = {(shown, name): [] for shown in Shown for name in known}
    numbers = [(one.species.number, one.number) for one in sightings if one.species]
    parts = [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
    drawn = spread(partial(_draw_all, config, size), parts, workers=workers)
    for pictures in track(drawn, total=len(parts), label="card", unit="parts"):
        for shown, pixels in pictures.items():
            images = [Image.fromarray(one) for one in pixels]
            for name, encoder in known.items():
                found[shown, name].append(np.asarray(encoder(images), dtype=np.float64))
    return {key: np.concatenate(rows) for key, rows in found.items()}


def _draw_all(config: WorldConfig, size: int, numbers: Sequence[tuple[int, int]]) -> dict[Shown, npt.NDArray[np.uint8]]:
    """All ways of showing these pictures, (n, size, size, 3) each."""
    world = world_of(config)
    shown = [dict(ways_of(world, Sighting.of(world, species, number), size)) for species, number in numbers]
    return {way: np.stack([np.asarray(one[way]) for one in shown]) for way in Shown}


def ways_of(world: World, sighting: Sighting, size: int) -> Iterator[tuple[Shown, Image.Image]]:
    """One sighting shown in every way."""
    specimen, scene = sighting.specimen, sighting.scene
    yield Shown.PICTURE, draw(specimen, scene, size)
    yield Shown.ORGANISM, draw(specimen, alone(scene), size)
    yield Shown.BACKGROUND, draw(specimen, replace(scene, is_empty=True), size)
    yield Shown.SILHOUETTE, silhouette(specimen, alone(scene), size).convert("RGB")
    grey = Image.new("RGB", (size, size), (128, 128, 128))
    for swap, whole, background, cut in (
        (Swap(ground="own"), Shown.OWN, Shown.OWN_BACKGROUND, Shown.OWN_CUT),
        (Swap(ground="other"), Shown.OTHER, Shown.OTHER_BACKGROUND, Shown.OTHER_CUT),
    ):
        moved = replace(swapped(world, sighting, swap).scene, occluders=0, stamp="")
        picture = draw(specimen, moved, size)
        yield whole, picture
        yield background, draw(specimen, replace(moved, is_empty=True), size)
        yield cut, Image.composite(picture, grey, silhouette(specimen, moved, size))


def alone(scene: Scene) -> Scene:
    """The scene with the organism by itself, and nothing that follows the camera, and so the order, but the view.

    No ground, nothing in front, clear air, one size, place and light; heading and side are drawn alike for
    all cameras. The view stays, since it decides which traits are there to be seen.
    """
    generator = np.random.default_rng([scene.seed, _ALONE])
    return replace(
        scene,
        habitat=NEUTRAL,
        camera=Camera.PHONE,
        place=(0.5, 0.5),
        fill=0.85,
        angle=float(generator.uniform(-30, 30)),
        is_mirrored=bool(generator.integers(2)),
        foreshortening=0.9,
        light_strength=0.85,
        haze=0.0,
        occluders=0,
        blur=0.0,
        noise=0.0,
        stamp="",
        is_dark=False,
    )


def raw_pixels(images: Sequence[Image.Image]) -> Features:
    """RGB at 32 x 32 (N, 3072)."""
    small = [image.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR) for image in images]
    return np.stack([np.asarray(one, dtype=np.float64).reshape(-1) / 255 for one in small])


def spectrum(images: Sequence[Image.Image]) -> Features:
    """How much of each coarseness and direction there is in a picture (N, 80), whatever its colours and places.

    The logarithm of the power of the grey picture in 10 rings of frequency by 8 directions: what texture
    is, and what a linear reading of pixels cannot see.
    """
    side = 64
    grey = [image.convert("L").resize((side, side), Image.Resampling.BILINEAR) for image in images]
    pixels = np.stack([np.asarray(one, dtype=np.float64) for one in grey])
    window = np.hanning(side)[:, None] * np.hanning(side)
    centred = (pixels - pixels.mean(axis=(1, 2), keepdims=True)) * window
    power = np.abs(np.fft.fft2(centred)) ** 2  # (N, 64, 64)
    y, x = np.meshgrid(np.fft.fftfreq(side, 1 / side), np.fft.fftfreq(side, 1 / side), indexing="ij")
    radius, heading = np.hypot(x, y), np.arctan2(y, x) % np.pi
    rings = np.digitize(radius, np.geomspace(1, side / 2, 11)) - 1
    cells = rings * 8 + np.minimum((heading / np.pi * 8).astype(int), 7)
    found = np.zeros((len(pixels), 80))
    for cell in range(80):
        inside = power[:, cells == cell]
        if inside.shape[1]:
            found[:, cell] = np.log(inside.mean(axis=1) + 1.0)
    return found
