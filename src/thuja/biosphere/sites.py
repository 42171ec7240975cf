"""Where organisms are seen, by whom and by what: sites with a habitat, observers with habits, cameras."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.biosphere.scene import Camera
from thuja.biosphere.traits import HABITATS
from thuja.biosphere.tree import Floats, Ints

CAMERAS: Final = tuple(Camera)
_SHARES: Final = np.array([0.52, 0.14, 0.13, 0.13, 0.08])
"""How often each camera took a picture, over all orders."""
_NEAR: Final = 12.0
"""Degrees within which most of a species' sites lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place: its number, coordinates in degrees, habitat, and what a camera fixed there always sees."""

    number: int
    latitude: float
    longitude: float
    habitat: str
    ground_seed: int
    ground_hue: float
    ground_saturation: float
    ground_value: float
    ground_contrast: float

    @property
    def code(self) -> str:
        """How the site is written in tables and stamps."""
        return f"S{self.number:04d}"


def make_sites(count: int, generator: np.random.Generator) -> tuple[Site, ...]:
    """That many sites, the habitats in turn, so that each has its share."""
    return tuple(
        Site(
            number=number,
            latitude=round(float(generator.uniform(-60, 70)), 4),
            longitude=round(float(generator.uniform(-180, 180)), 4),
            habitat=HABITATS[number % len(HABITATS)],
            ground_seed=int(generator.integers(2**31)),
            ground_hue=float(generator.uniform(0, 360)),
            ground_saturation=float(generator.uniform(0.0, 0.6)),
            ground_value=float(generator.uniform(-0.26, 0.26)),
            ground_contrast=float(generator.uniform(0.08, 0.2)),
        )
        for number in range(count)
    )


def ranges(motion: Floats, sites: tuple[Site, ...]) -> Floats:
    """How often a species is seen at each site, (S, sites) rows of sum 1, from two walks along the tree (S, 2).

    Kin live near each other, as far as the walks leave them; habitats have no part in it, so at any site any
    species may be met, but mostly those whose range it lies in.
    """
    latitude = 55 * np.tanh(motion[:, :1])
    longitude = 120 * motion[:, 1:] % 360 - 180
    site_latitude = np.array([site.latitude for site in sites])
    site_longitude = np.array([site.longitude for site in sites])
    round_the_globe = np.abs((site_longitude - longitude + 180) % 360 - 180)
    distance = np.hypot(site_latitude - latitude, round_the_globe * np.cos(np.deg2rad(latitude)))
    weights = np.exp(-0.5 * (distance / (2 * _NEAR)) ** 2) + 0.002
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Who took pictures: a name, and how shaky and grainy theirs are beside others' (1 is the mean)."""

    name: str
    shake: float
    grain: float


def make_observers(count: int, generator: np.random.Generator) -> tuple[Observer, ...]:
    """That many observers."""
    habits = np.exp(generator.normal(0, 0.3, (count, 2)))
    return tuple(
        Observer(name=f"observer-{number:03d}", shake=float(shake), grain=float(grain))
        for number, (shake, grain) in enumerate(habits)
    )


def by_zipf(count: int) -> Floats:
    """The shares of `count` observers: the first takes most pictures, the n-th 1/n of that."""
    weights = 1 / np.arange(1, count + 1)
    return np.asarray(weights / weights.sum())


def camera_shares(orders: Ints, known: Sequence[str], confounding: float, *, generator: np.random.Generator) -> Floats:
    """How often each of CAMERAS took a species' pictures, (S, 5) rows of sum 1; those that are not `known` took none.

    `confounding` is the share that an order's own camera has beside the common mix, as nearly all of
    BIOSCAN's insects come from one laboratory.
    """
    shares = _SHARES * [camera in known for camera in CAMERAS]
    shares /= shares.sum()
    own = generator.choice(len(CAMERAS), p=shares, size=int(orders.max()) + 1)[orders]
    return np.asarray((1 - confounding) * shares + confounding * np.eye(len(CAMERAS))[own])


IMG_TYPES: Final[Mapping[Camera, str]] = {
    Camera.PHONE: "Citizen Science",
    Camera.CAMERA_TRAP: "Camera-trap",
    Camera.DRONE: "Unidentified",
    Camera.LABORATORY: "Unidentified",
}
"""TreeOfLife-200M's `img_type`; a museum's also says of what (`museum_type`)."""
BASES: Final[Mapping[Camera, str]] = {
    Camera.PHONE: "HUMAN_OBSERVATION",
    Camera.CAMERA_TRAP: "MACHINE_OBSERVATION",
    Camera.MUSEUM: "PRESERVED_SPECIMEN",
    Camera.LABORATORY: "MATERIAL_SAMPLE",
    Camera.DRONE: "MACHINE_OBSERVATION",
}
"""GBIF's `basisOfRecord`."""
_MUSEUM_KINDS: Final = {
    "mushroom": "Fungi", "flower": "Plant", "fern": "Plant", "cactus": "Plant", "palm": "Plant",
    "beetle": "Insect", "moth": "Insect",
    "bird": "Vertebrate Zoology - Birds", "fish": "Vertebrate Zoology - Fishes",
    "beast": "Vertebrate Zoology - Mammals", "serpent": "Vertebrate Zoology - Reptiles",
}  # fmt: skip


def img_type(camera: Camera, body_plan: str) -> str:
    """The `img_type` of a picture of that body plan."""
    if camera is Camera.MUSEUM:
        return f"Museum Specimen: {_MUSEUM_KINDS.get(body_plan, 'Invertebrate Zoology')}"
    return IMG_TYPES[camera]
