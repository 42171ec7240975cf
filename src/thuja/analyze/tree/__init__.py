"""How far a space conforms to the tree of life: distances, order, neighbours, the tree built from it, and two trees."""

from thuja.analyze.tree.clades import (
    Clades,
    Found,
    RobinsonFoulds,
    cophenetic,
    find_clades,
    grow,
    robinson_foulds,
    shuffle_labels,
)
from thuja.analyze.tree.distances import common_depths, distances, means_by_species, tree_steps
from thuja.analyze.tree.order import Mantel, Stratum, anchor_taus, closer_share, mantel, strata
from thuja.analyze.tree.redraws import Redraws, partial_correlation
from thuja.analyze.tree.section import tree_section
from thuja.analyze.tree.settings import Metric, Phylogeny, TreeSettings
from thuja.analyze.tree.tangle import entanglement, untangle
from thuja.analyze.tree.two_trees import Parted

__all__ = [
    "Clades",
    "Found",
    "Mantel",
    "Metric",
    "Parted",
    "Phylogeny",
    "Redraws",
    "RobinsonFoulds",
    "Stratum",
    "TreeSettings",
    "anchor_taus",
    "closer_share",
    "common_depths",
    "cophenetic",
    "distances",
    "entanglement",
    "find_clades",
    "grow",
    "mantel",
    "means_by_species",
    "partial_correlation",
    "robinson_foulds",
    "shuffle_labels",
    "strata",
    "tree_section",
    "tree_steps",
    "untangle",
]
