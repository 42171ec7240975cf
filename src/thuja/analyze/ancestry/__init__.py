"""What ancestry alone gives: covariances of a taxonomy, phylogenetic regression, traits simulated on the tree."""

from thuja.analyze.ancestry.covariances import (
    EQUAL_STEPS,
    GRAFEN,
    PHYLOGENY,
    ancestries,
    equal_steps,
    grafen,
    shared_ranks,
)
from thuja.analyze.ancestry.pgls import Pgls, Slopes, pgls, signals, slopes
from thuja.analyze.ancestry.simulate import (
    Signal,
    fit_category_signal,
    fit_signal,
    memberships,
    simulate_categories,
    simulate_values,
)

__all__ = [
    "EQUAL_STEPS",
    "GRAFEN",
    "PHYLOGENY",
    "Pgls",
    "Signal",
    "Slopes",
    "ancestries",
    "equal_steps",
    "fit_category_signal",
    "fit_signal",
    "grafen",
    "memberships",
    "pgls",
    "shared_ranks",
    "signals",
    "simulate_categories",
    "simulate_values",
    "slopes",
]
