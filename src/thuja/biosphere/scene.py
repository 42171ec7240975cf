"""What a picture is drawn from: a specimen, and the scene it is seen in. Plain frozen data."""

from dataclasses import dataclass
from enum import StrEnum

from thuja.biosphere.shapes import Stance
from thuja.biosphere.traits import Looks, View

STAGES = ("juvenile", "subadult", "adult")
SEXES = ("female", "male")
SEASONS = ("summer", "winter")


class Style(StrEnum):
    """How a picture is rendered: lit and shaded colours, or ink lines and hatching on paper."""

    SHADED = "shaded"
    HATCHED = "hatched"


class Camera(StrEnum):
    """What took a picture."""

    PHONE = "phone"
    CAMERA_TRAP = "camera_trap"
    MUSEUM = "museum"
    LABORATORY = "laboratory"
    DRONE = "drone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailments:
    """How ill a specimen looks, each from 0 (not at all) to 1: dark sores, clinging parasites, worn edges."""

    lesions: float = 0.0
    parasites: float = 0.0
    wear: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One individual at one time: its own looks, after stage, sex, season, health and chance.

    `is_reversed` says that it is of the form that wears colour 2 where others wear colour 1; `coat_seed`
    places its marks.
    """

    looks: Looks
    stage: str
    sex: str
    season: str
    ailments: Ailments
    is_reversed: bool
    coat_seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that is in a picture but the specimen. Lengths are shares of the frame, angles degrees.

    `habitat` is whose ground is seen, or "neutral"; `ground_seed` is that of the place, so that a fixed
    camera sees one ground, `seed` that of the moment. `place` is where in the free room the specimen
    stands, (0, 0) upper left to (1, 1) lower right; `fill` is the length of its longer side;
    `foreshortening` shortens it along its own axis. The light and the air between lay a `veil` of one
    colour over everything, with the weight `haze`. `stamp` is what the camera or the museum writes into
    the picture. `is_empty`: nobody is in the frame; `is_dark`: an infrared flash, so a picture in greys.
    """

    habitat: str
    camera: Camera
    style: Style
    view: View
    seed: int
    ground_seed: int
    place: tuple[float, float]
    fill: float
    angle: float
    is_mirrored: bool
    stance: Stance
    foreshortening: float
    light_heading: float
    light_strength: float
    veil: tuple[float, float, float]
    haze: float
    ground_hue: float
    ground_saturation: float
    ground_value: float
    ground_contrast: float
    occluders: int
    blur: float
    noise: float
    stamp: str = ""
    is_empty: bool = False
    is_dark: bool = False
