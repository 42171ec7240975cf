"""The theorem tested: what variation within species costs a contrastive loss, predicted and measured.

docs/theorem.md states and proves it. Functions take plain arrays; `theorem_section` puts all of it to a space.
"""

from thuja.analyze.theorem.costs import Costs, species_costs
from thuja.analyze.theorem.expansion import curved_cost, expected_cost, gradient, hessian, losses, weighted_covariance
from thuja.analyze.theorem.gram import GramFit, gram_fits, rank_steps
from thuja.analyze.theorem.predicted import Comparison, Matched, compare, match
from thuja.analyze.theorem.radius import Radius, certain_reach, cost_bounds, measure_radius
from thuja.analyze.theorem.section import theorem_section
from thuja.analyze.theorem.settings import TheoremSettings
from thuja.analyze.theorem.spectrum import LocalSpan, local_span, tail_bounds
from thuja.analyze.theorem.sphere import temperature_cost, temperature_expansion, temperature_slopes
from thuja.analyze.theorem.text_half import TextCosts, text_costs

__all__ = [
    "Comparison",
    "Costs",
    "GramFit",
    "LocalSpan",
    "Matched",
    "Radius",
    "TextCosts",
    "TheoremSettings",
    "certain_reach",
    "compare",
    "cost_bounds",
    "curved_cost",
    "expected_cost",
    "gradient",
    "gram_fits",
    "hessian",
    "local_span",
    "losses",
    "match",
    "measure_radius",
    "rank_steps",
    "species_costs",
    "tail_bounds",
    "temperature_cost",
    "temperature_expansion",
    "temperature_slopes",
    "text_costs",
    "theorem_section",
    "weighted_covariance",
]
