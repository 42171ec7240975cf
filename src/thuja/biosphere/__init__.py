"""A simulated living world with known truth: a world, a renderer and a writer, each usable alone.

`World.make` turns a seed into a tree, taxa, traits and counts; `Sighting.of` turns a species and a
picture's number into a specimen and a scene; `draw` turns those into a picture; `write_world` puts
all pictures on disk. `swapped` draws a sighting again with one thing exchanged.
"""

from thuja.biosphere.caption import caption
from thuja.biosphere.config import CLEAN, WorldConfig, knobs_of
from thuja.biosphere.draw import draw, silhouette
from thuja.biosphere.roles import Role
from thuja.biosphere.scene import Ailments, Camera, Scene, Specimen, Style
from thuja.biosphere.sighting import Observation, Sighting, specimen_of
from thuja.biosphere.swaps import Swap, swap_of, swapped
from thuja.biosphere.traits import TRAITS, Looks, Trait, View, visibility
from thuja.biosphere.within import Condition
from thuja.biosphere.world import Species, World
from thuja.biosphere.writer import WriteConfig, read_config, write_world

__all__ = [
    "CLEAN",
    "TRAITS",
    "Ailments",
    "Camera",
    "Condition",
    "Looks",
    "Observation",
    "Role",
    "Scene",
    "Sighting",
    "Species",
    "Specimen",
    "Style",
    "Swap",
    "Trait",
    "View",
    "World",
    "WorldConfig",
    "WriteConfig",
    "caption",
    "draw",
    "knobs_of",
    "read_config",
    "silhouette",
    "specimen_of",
    "swap_of",
    "swapped",
    "visibility",
    "write_world",
]
