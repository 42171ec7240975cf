"""Naming at every rank: by the rank's text, by the species posterior summed up the tree, or from the top down.

ladder = Ladder.build(species, build_labels)
found = measure_ways(vectors, taxa, ladder, scale=scale)
for grid in grids(found.rows):
    print(grid.title)
"""

from thuja.evaluate.hierarchical.clade_size import (
    CladeShares,
    SizeBias,
    shares_of_answers,
    shares_of_mass,
    size_bias,
)
from thuja.evaluate.hierarchical.compared import Row, compare, grids
from thuja.evaluate.hierarchical.ladder import Ladder
from thuja.evaluate.hierarchical.measured import (
    Bias,
    Hierarchical,
    measure_view,
    measure_ways,
    name_by_fitted_sizes,
    text_builder,
)
from thuja.evaluate.hierarchical.size_prior import fit_powers, likeliest_power
from thuja.evaluate.hierarchical.ways import (
    Naming,
    Paths,
    name_by_species,
    name_by_sums,
    name_by_text,
    name_top_down,
)

__all__ = [
    "Bias",
    "CladeShares",
    "Hierarchical",
    "Ladder",
    "Naming",
    "Paths",
    "Row",
    "SizeBias",
    "compare",
    "fit_powers",
    "grids",
    "likeliest_power",
    "measure_view",
    "measure_ways",
    "name_by_fitted_sizes",
    "name_by_species",
    "name_by_sums",
    "name_by_text",
    "name_top_down",
    "shares_of_answers",
    "shares_of_mass",
    "size_bias",
    "text_builder",
]
