"""A map to walk about in: one HTML file with its points, columns and thumbnails, and nothing to fetch."""

from thuja.analyze.maps.interactive.pictures import Picture
from thuja.analyze.maps.interactive.space_map import SpaceMapSettings, write_map
from thuja.analyze.maps.interactive.writing import InteractiveSettings, WrittenMap, write_points

__all__ = ["InteractiveSettings", "Picture", "SpaceMapSettings", "WrittenMap", "write_map", "write_points"]
