"""Whether traits show between species: predicted for clades left out, beyond ancestry, and held against controls."""

from thuja.analyze.traits.analysis import Analysis, Aside, Kin, analyse_trait
from thuja.analyze.traits.folds import Clades, choose_clades, choose_rank, clades_of
from thuja.analyze.traits.kin import from_kin_left_out
from thuja.analyze.traits.measure import Measured, Null, measure
from thuja.analyze.traits.problem import Problem, make_problem
from thuja.analyze.traits.ridge import Axes, Predictions, direction, predict_elsewhere, predict_left_out
from thuja.analyze.traits.section import trait_section
from thuja.analyze.traits.settings import Kind, TraitSettings
from thuja.analyze.traits.species import SpeciesTrait, species_means, species_trait

__all__ = [
    "Analysis",
    "Aside",
    "Axes",
    "Clades",
    "Kin",
    "Kind",
    "Measured",
    "Null",
    "Predictions",
    "Problem",
    "SpeciesTrait",
    "TraitSettings",
    "analyse_trait",
    "choose_clades",
    "choose_rank",
    "clades_of",
    "direction",
    "from_kin_left_out",
    "make_problem",
    "measure",
    "predict_elsewhere",
    "predict_left_out",
    "species_means",
    "species_trait",
    "trait_section",
]
