"""Maps of an embedding space: projections that take other rows, the papers' figures, and a page to walk about in."""

from thuja.analyze.maps.figures import map_figure, order_figure
from thuja.analyze.maps.interactive import InteractiveSettings, SpaceMapSettings, WrittenMap, write_map, write_points
from thuja.analyze.maps.projections import Method, Projection
from thuja.analyze.maps.section import MapSettings, map_section
from thuja.analyze.maps.species_figure import species_axes_figure
from thuja.analyze.maps.trust import trust_of_points
from thuja.analyze.maps.variation import SpeciesAxes, species_axes

__all__ = [
    "InteractiveSettings",
    "MapSettings",
    "Method",
    "Projection",
    "SpaceMapSettings",
    "SpeciesAxes",
    "WrittenMap",
    "map_figure",
    "map_section",
    "order_figure",
    "species_axes",
    "species_axes_figure",
    "trust_of_points",
    "write_map",
    "write_points",
]
