"""Captions for all pictures of a data set: asked for, checked, asked for again, and written down exactly once."""

from thuja.captions.make.guidance import GuidancePlan
from thuja.captions.make.job import Handed, Output, make, preview
from thuja.captions.make.settings import MakeSettings, Pace, Portion
from thuja.captions.make.summary import Summary

__all__ = ["GuidancePlan", "Handed", "MakeSettings", "Output", "Pace", "Portion", "Summary", "make", "preview"]
