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
from thuja.analyze.tree.distances import common_depths, means_by_species, pairwise_distances, tree_steps
from thuja.analyze.tree.order import (
    Mantel,
    Order,
    Stratum,
    anchor_order,
    anchor_taus,
    closer_share,
    mantel,
    strata,
    tau_ceilings,
)
from thuja.analyze.tree.redraws import Redraws, partial_correlation
from thuja.analyze.tree.section import tree_section
from thuja.analyze.tree.settings import Metric, TreeSettings
from thuja.analyze.tree.tangle import entanglement, untangle
from thuja.analyze.tree.two_trees import Parted

__all__ = [
    "Clades",
    "Found",
    "Mantel",
    "Metric",
    "Order",
    "Parted",
    "Redraws",
    "RobinsonFoulds",
    "Stratum",
    "TreeSettings",
    "anchor_order",
    "anchor_taus",
    "closer_share",
    "common_depths",
    "cophenetic",
    "entanglement",
    "find_clades",
    "grow",
    "mantel",
    "means_by_species",
    "pairwise_distances",
    "partial_correlation",
    "robinson_foulds",
    "shuffle_labels",
    "strata",
    "tau_ceilings",
    "tree_section",
    "tree_steps",
    "untangle",
]
