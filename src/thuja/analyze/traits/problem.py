"""One trait made ready: its species, which clades are left out, the ancestry, and the traits simulated to match it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.ancestry import (
    Signal,
    ancestries,
    fit_category_signal,
    fit_signal,
    memberships,
    simulate_categories,
    simulate_values,
)
from thuja.analyze.traits.folds import LEAST_CLADES, Clades, choose_clades, choose_rank, clades_of
from thuja.analyze.traits.settings import TraitSettings
from thuja.analyze.traits.species import SpeciesTrait
from thuja.biosphere.signal import Ancestry

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

LEAST_SPECIES: Final = 8
LEAST_OF_A_CATEGORY: Final = 3
"""Species that a category must have, of two clades at the least: else it is never learnt when its clade is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A trait that can be analysed. `targets` (S, K) are its values, or memberships, each over its spread.

    `simulated` are draws of traits that know nothing but the tree, by choice of branch lengths, as targets (S, B K).
    """

    trait: SpeciesTrait
    clades: Clades
    ancestries: Mapping[str, Ancestry]
    signals: Mapping[str, Signal]
    targets: Floats
    simulated: Mapping[str, Floats]

    @property
    def width(self) -> int:
        """K, the columns that one trait has: 1, or the number of its categories."""
        return int(self.targets.shape[1])

    @property
    def categories(self) -> int:
        """The number of categories, 0 for numbers."""
        return len(self.trait.names)


def make_problem(trait: SpeciesTrait, generator: np.random.Generator, settings: TraitSettings) -> Problem | str:
    """The problem of a trait, or a sentence that says why it is none."""
    if len(trait.taxa) > settings.most:
        chosen = np.sort(generator.permutation(len(trait.taxa))[: settings.most])
        note = f"{settings.most:,} of {len(trait.taxa):,} species were drawn."
        trait = trait.among(chosen, note)
    reason = _unfit(trait)
    if reason:
        return reason
    if trait.is_category:
        trait = _without_rare(trait, settings)
        if len(trait.names) < 2:
            return (
                f"fewer than two categories have {LEAST_OF_A_CATEGORY} species or more, of two clades or more that can "
                "be left out in turn"
            )
    clades = choose_clades(trait.taxa, settings.left_out, generator, most=settings.folds)
    if clades is None:
        return (
            f"no rank from kingdom to genus parts the {len(trait.taxa)} species into {LEAST_CLADES} clades of which "
            "none has over two thirds of them, so there is nothing to predict for clades left out"
        )
    found = ancestries(trait.taxa, rho=settings.rho, phylogeny=settings.phylogeny)
    signals, simulated = {}, {}
    for name, ancestry in found.items():
        signals[name], simulated[name] = _simulate(trait, ancestry, generator, draws=settings.draws)
    return Problem(
        trait=trait,
        clades=clades,
        ancestries=found,
        signals=signals,
        targets=_targets(trait.values[:, None], len(trait.names)),
        simulated=simulated,
    )


def _unfit(trait: SpeciesTrait) -> str:
    if not trait.taxa:
        return "no species has a known value"
    distinct = np.unique(trait.values)
    if len(distinct) == 1:
        value = trait.names[int(distinct[0])] if trait.is_category else f"{distinct[0]:g}"
        return f'all {len(trait.taxa)} species with a known value have the same one, "{value}"'
    if len(trait.taxa) < LEAST_SPECIES:
        return f"{len(trait.taxa)} species have a known value, and the analysis needs {LEAST_SPECIES}"
    return ""


def _without_rare(trait: SpeciesTrait, settings: TraitSettings) -> SpeciesTrait:
    """The trait without categories of too few species or of one clade, until none is left that is."""
    while True:
        chosen = choose_rank(trait.taxa, settings.left_out)
        clades = np.arange(len(trait.taxa)) if chosen is None else clades_of(trait.taxa, chosen[0])[0]
        kept = [label for label in range(len(trait.names)) if _is_common(clades[trait.labels == label])]
        if len(kept) == len(trait.names) or not kept:
            return trait
        gone = [name for label, name in enumerate(trait.names) if label not in kept]
        is_kept = np.isin(trait.labels, kept)
        trait = trait.among(
            is_kept,
            f"{int((~is_kept).sum())} species are left out with their categories, which have fewer than "
            f"{LEAST_OF_A_CATEGORY} species or are of one clade only: {', '.join(gone)}.",
        )


def _is_common(clades: Indices) -> bool:
    return len(clades) >= LEAST_OF_A_CATEGORY and len(np.unique(clades)) > 1


def _simulate(
    trait: SpeciesTrait, ancestry: Ancestry, generator: np.random.Generator, *, draws: int
) -> tuple[Signal, Floats]:
    if trait.is_category:
        signal = fit_category_signal(trait.labels, ancestry, generator)
        lambdas = signal.draw(draws, generator)
        drawn = simulate_categories(trait.labels, lambdas, ancestry, generator=generator)
        return signal, _targets(drawn, len(trait.names))
    signal = fit_signal(trait.values, ancestry)
    return signal, _targets(simulate_values(signal, ancestry, draws=draws, generator=generator), 0)


def _targets(values: npt.NDArray[np.float64] | Indices, categories: int) -> Floats:
    """Values (S, T) or categories (S, T) as targets (S, T K), each over its spread."""
    if categories:
        wide = memberships(values.astype(np.int64), categories).reshape(len(values), -1)
        return np.asarray(wide / wide.std(axis=0))
    centred = values - values.mean(axis=0)
    return np.asarray(centred / centred.std(axis=0), dtype=np.float64)
