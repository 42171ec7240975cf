"""Curate: from sources of images to a catalog, shards and counts that add up."""

from thuja.curate.dry_run import DryRun
from thuja.curate.handed import Handed
from thuja.curate.opening import SourceCall, recipe_of
from thuja.curate.pipeline import curate, plan
from thuja.curate.recipe import CurateRecipe
from thuja.curate.recipe_file import load_recipe
from thuja.curate.resolving import Resolve, Resolved
from thuja.curate.sources.spec import SourceSpec
from thuja.curate.summary import CurateSummary

__all__ = [
    "CurateRecipe",
    "CurateSummary",
    "DryRun",
    "Handed",
    "Resolve",
    "Resolved",
    "SourceCall",
    "SourceSpec",
    "curate",
    "load_recipe",
    "plan",
    "recipe_of",
]
