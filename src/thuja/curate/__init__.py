"""Curate: from folders and tables of pictures to a catalog, shards and counts that add up."""

from thuja.curate.config import CurateConfig, Resolve, Resolved
from thuja.curate.pipeline import curate
from thuja.curate.sources import BIOSPHERE_BACKBONE, biosphere_table
from thuja.curate.summary import CurateSummary

__all__ = [
    "BIOSPHERE_BACKBONE",
    "CurateConfig",
    "CurateSummary",
    "Resolve",
    "Resolved",
    "biosphere_table",
    "curate",
]
