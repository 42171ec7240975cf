"""Predictions in the forms that other systems take in: Darwin Core, Camtrap DP, iNaturalist's upload."""

from thuja.predict.outputs.exports.about import About
from thuja.predict.outputs.exports.camtrap_dp import CamtrapDp
from thuja.predict.outputs.exports.darwin_core import DarwinCore
from thuja.predict.outputs.exports.inaturalist import INaturalist

__all__ = ["About", "CamtrapDp", "DarwinCore", "INaturalist"]
