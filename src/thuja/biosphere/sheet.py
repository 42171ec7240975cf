"""A contact sheet: species down the side; along the top their stages, sexes, ailments, cameras and swaps."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from thuja.biosphere.config import VERSION
from thuja.biosphere.draw import draw
from thuja.biosphere.field import Setting, scene_of
from thuja.biosphere.scene import Camera, Scene, Specimen, Style
from thuja.biosphere.sighting import specimen_of
from thuja.biosphere.traits import HABITATS, NEUTRAL, View
from thuja.biosphere.within import Condition
from thuja.biosphere.world import Species, World
from thuja.errors import UsageError
from thuja.jobs import atomic_path, require_writable

_SHEET: Final = 32
"""What a seed is for, beside those of sighting.py and of the writers."""
_GAP: Final = 3
_HEAD: Final = 34
_SIDE: Final = 128
_STAMPS: Final = {Camera.CAMERA_TRAP: "2031-05-17 09:12", Camera.MUSEUM: "No 004711"}
_INK, _PAPER = (40, 44, 40), (252, 252, 249)
Column = Callable[[World, Species, Scene], tuple[Specimen, Scene]]


def sheet(world: World, *, species: int = 12, cell: int = 96) -> Image.Image:
    """The sheet, RGB; species are taken evenly from the world. Raises UsageError for none, or more than there are."""
    if not 1 <= species <= len(world.species):
        raise UsageError(f"a sheet cannot show {species} species", hint=f"from 1 to the world's {len(world.species)}")
    columns = dict(_columns())
    step = cell + _GAP
    page = Image.new("RGB", (_SIDE + len(columns) * step, _HEAD + species * step), _PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(11)
    for place, title in enumerate(columns):
        pen.multiline_text((_SIDE + place * step, 4), title, fill=_INK, font=font, spacing=1)
    for row, number in enumerate(np.linspace(0, len(world.species) - 1, species).astype(int).tolist()):
        kind, top = world.species[number], _HEAD + row * step
        lines = [kind.taxon.genus, kind.taxon.species, kind.taxon.family, f"lives on {kind.habitat}"]
        pen.multiline_text((4, top + 8), "\n".join(lines), fill=_INK, font=font, spacing=3)
        scene = _plain_scene(world, kind)
        for place, column in enumerate(columns.values()):
            picture = draw(*column(world, kind, scene), cell)
            page.paste(picture, (_SIDE + place * step, top))
    return page


def _columns() -> Iterator[tuple[str, Column]]:
    """What each column is called, and what it draws."""
    yield "adult\nfemale", _as(Condition())
    yield "adult\nmale", _as(Condition(sex="male"))
    yield "sub-\nadult", _as(Condition(stage="subadult"))
    yield "juvenile", _as(Condition(stage="juvenile"))
    yield "winter\ncoat", _as(Condition(season="winter"))
    yield "other in-\ndividual", _as(Condition(), individual=1)
    for ailment in ("lesions", "parasites", "wear"):
        yield ailment, _as(Condition(ailment=ailment, severity=1.0))
    for camera in Camera:
        yield camera.value.replace("_", "\n"), _by(camera)
    yield "other\nhabitat", _seen(lambda kind, scene: replace(scene, habitat=_other(kind)))
    yield "neutral\nground", _seen(lambda kind, scene: replace(scene, habitat=NEUTRAL))
    yield "front", _seen(lambda kind, scene: replace(scene, view=View.FRONT))
    yield "rear", _seen(lambda kind, scene: replace(scene, view=View.REAR))
    yield "other\npose", _seen(lambda kind, scene: replace(scene, angle=scene.angle - 40, is_mirrored=True))
    yield "hatched", _seen(lambda kind, scene: replace(scene, style=Style.HATCHED))


def _as(condition: Condition, individual: int = 0) -> Column:
    return lambda world, kind, scene: (specimen_of(world, kind.number, individual, condition=condition), scene)


def _seen(change: Callable[[Species, Scene], Scene]) -> Column:
    return lambda world, kind, scene: (specimen_of(world, kind.number, 0, condition=Condition()), change(kind, scene))


def _by(camera: Camera) -> Column:
    def column(world: World, kind: Species, scene: Scene) -> tuple[Specimen, Scene]:
        site = next(site for site in world.sites if site.habitat == kind.habitat)
        setting = Setting(camera=camera, site=site, observer=world.observers[0], stamp=_STAMPS.get(camera, ""))
        generator = np.random.default_rng([world.config.seed, VERSION, _SHEET, kind.number])
        return specimen_of(world, kind.number, 0, condition=Condition()), scene_of(
            setting, kind.looks.body_plan, generator
        )

    return column


def _other(kind: Species) -> str:
    return HABITATS[(HABITATS.index(kind.habitat) + 2) % len(HABITATS)]


def _plain_scene(world: World, kind: Species) -> Scene:
    """A clear picture by a phone, on the species' own ground."""
    site = next(site for site in world.sites if site.habitat == kind.habitat)
    setting = Setting(camera=Camera.PHONE, site=site, observer=world.observers[0])
    generator = np.random.default_rng([world.config.seed, VERSION, _SHEET, kind.number, 1])
    scene = scene_of(setting, kind.looks.body_plan, generator)
    return replace(
        scene, view=View.WHOLE, fill=0.85, place=(0.5, 0.5), angle=8.0, is_mirrored=False, foreshortening=1.0,
        haze=0.08, occluders=0, blur=0.0, noise=0.01,
    )  # fmt: skip


def save_sheet(world: World, path: Path, *, species: int, cell: int) -> None:
    """Write the sheet into a PNG, JPEG or WebP file; raises UsageError for another suffix before it draws."""
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise UsageError(f"cannot write a sheet as {path.name}", hint="a name that ends in .png, .jpg or .webp")
    require_writable(path)
    page = sheet(world, species=species, cell=cell)
    with atomic_path(path) as temporary:
        page.save(temporary, format=Image.registered_extensions()[path.suffix.lower()], quality=85)
