"""Maps of an embedding space: projections that take other rows, the papers' figures, and a page to walk about in."""

from thuja.analyze.maps.figures import map_figure, order_figure
from thuja.analyze.maps.projections import Method, Projection
from thuja.analyze.maps.species_figure import species_axes_figure
from thuja.analyze.maps.trust import trust_of_points
from thuja.analyze.maps.variation import SpeciesAxes, species_axes

__all__ = [
    "Method",
    "Projection",
    "SpeciesAxes",
    "map_figure",
    "order_figure",
    "species_axes",
    "species_axes_figure",
    "trust_of_points",
]
