"""Bodies as flat images, for the tests of bodies and skins: no scene, no camera, every body at one scale."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from thuja.biosphere.bodies import body
from thuja.biosphere.colours import colour_pair
from thuja.biosphere.scene import Ailments, Specimen
from thuja.biosphere.shapes import Body, Stance, Tone
from thuja.biosphere.skin import Skin, paint
from thuja.biosphere.traits import TRAITS, Looks, Trait

SIDE = 288
"""Fine pixels; two to a picture pixel."""
SCALE = 150
"""Fine pixels to one body unit: about that of a whole view of 128 pixels."""
STANCE = Stance(gait=1.0, curl=0.2)

_AT = ((np.arange(SIDE) - SIDE / 2) / SCALE).astype(np.float32)
X, Y = np.meshgrid(_AT, -_AT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """A body's tones (SIDE, SIDE) and its smoothed heights, in the units of `Part.height`."""

    body: Body
    tones: npt.NDArray[np.uint8]
    heights: npt.NDArray[np.float32]


def plain_looks(plan: str, **own: object) -> Looks:
    """Looks in the middle of every range."""
    values: dict[str, object] = {name: trait.states[0] if trait.states else 0.5 for name, trait in TRAITS.items()}
    values |= {"limb_count": 4, "ocelli": 2, "pattern": "spots", "mouth": "pointed", "limb_tip": "round"}
    values |= {"chroma": 0.8, "hue": 0.1, "collar_width": 0.3, "midline_width": 0.3}
    return Looks(body_plan=plan, **(values | own))  # type: ignore[arg-type]


def random_looks(plan: str, generator: np.random.Generator) -> Looks:
    """Looks drawn evenly from every range."""
    values: dict[str, object] = {}
    for name, trait in TRAITS.items():
        known = known_values(trait)
        values[name] = known[int(generator.integers(len(known)))] if trait.is_discrete else float(generator.random())
    return Looks(body_plan=plan, **values)  # type: ignore[arg-type]


def known_values(trait: Trait) -> tuple[object, ...]:
    """All states or counts of a trait, or the two ends of its range."""
    return trait.states or trait.counts or (0.0, 1.0)


def specimen_of(looks: Looks) -> Specimen:
    """An adult of those looks."""
    return Specimen(
        looks=looks,
        stage="adult",
        sex="female",
        season="summer",
        ailments=Ailments(),
        is_reversed=False,
        coat_seed=3,
    )


def flatten(looks: Looks) -> Flat:
    """The body drawn flat."""
    own = body(looks, STANCE)
    tones, heights = Image.new("L", (SIDE, SIDE)), Image.new("L", (SIDE, SIDE))
    tone_pen, height_pen = ImageDraw.Draw(tones), ImageDraw.Draw(heights)
    for part in own.parts:
        corners = (part.outline * (SCALE, -SCALE) + SIDE / 2).ravel().tolist()
        tone_pen.polygon(corners, fill=int(part.tone))
        height_pen.polygon(corners, fill=int(60 + 195 * part.height))
    soft = np.asarray(heights.filter(ImageFilter.BoxBlur(4)).filter(ImageFilter.BoxBlur(4)), dtype=np.float32)
    return Flat(body=own, tones=np.asarray(tones), heights=soft / 195)


def skin_of(looks: Looks, flat: Flat) -> Skin:
    """The skin of that body."""
    return paint(specimen_of(looks), flat.tones, (X, Y))


def lit(looks: Looks) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """The body in colour and light on grey, (S, S, 3) picture pixels, and where it lies (S, S)."""
    flat = flatten(looks)
    skin = skin_of(looks, flat)
    first, second = colour_pair(looks)
    colours = first + skin.share[..., None] * (second - first)
    colours[flat.tones == Tone.PUPIL] = 0.05
    colours[flat.tones == Tone.WHITE] = 0.95
    heights = flat.heights if skin.relief is None else flat.heights + skin.relief
    slope = np.zeros_like(heights)
    slope[1:-1, 1:-1] = heights[1:-1, :-2] - heights[1:-1, 2:] + heights[:-2, 1:-1] - heights[2:, 1:-1]
    colours += 2 * colours * (1 - colours) * np.clip(6 * slope, -0.5, 0.5)[..., None]
    colours[flat.tones == 0] = 0.72
    half = SIDE // 2
    return (
        np.asarray(colours.reshape(half, 2, half, 2, 3).mean(axis=(1, 3)), dtype=np.float32),
        (flat.tones > 0).reshape(half, 2, half, 2).any(axis=(1, 3)),
    )
