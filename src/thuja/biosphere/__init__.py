"""A simulated living world with known truth: a world, a renderer and a writer, each usable alone.

`World.make` turns a seed into a tree, taxa, traits and counts; `Sighting.of` turns a species and a
picture's number into a specimen and a scene; `draw` turns those into a picture; `write_world` puts
all pictures on disk.
"""

from thuja.biosphere.caption import caption
from thuja.biosphere.draw import draw
from thuja.biosphere.sighting import Scene, Sighting, Specimen
from thuja.biosphere.world import Species, World, WorldConfig
from thuja.biosphere.writer import WriteConfig, write_world

__all__ = [
    "Scene",
    "Sighting",
    "Species",
    "Specimen",
    "World",
    "WorldConfig",
    "WriteConfig",
    "caption",
    "draw",
    "write_world",
]
