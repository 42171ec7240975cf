"""The direction of a trait in an embedding space: found, tried on what it was not learnt on, and shown."""

from thuja.analyze.directions.learning import Learnt, learn
from thuja.analyze.directions.plan import Plan
from thuja.analyze.directions.planning import DirectionSettings, plan_of
from thuja.analyze.directions.ridge import cross_fit, direction
from thuja.analyze.directions.section import Direction, direction_section, find_direction, section_of
from thuja.analyze.directions.strip import Strip, StripSettings, strip
from thuja.analyze.directions.traits import Trait, read_trait

__all__ = [
    "Direction",
    "DirectionSettings",
    "Learnt",
    "Plan",
    "Strip",
    "StripSettings",
    "Trait",
    "cross_fit",
    "direction",
    "direction_section",
    "find_direction",
    "learn",
    "plan_of",
    "read_trait",
    "section_of",
    "strip",
]
