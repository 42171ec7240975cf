"""How traits come about along the tree: liabilities, which every trait is read off from.

A liability is a number that is standard normal over worlds. A share is the logistic curve of its one
liability; a count is which equal part of the normal it lies in; a discrete trait has a liability for
each of its states, and the largest wins. So all traits, whatever their kind, evolve by one model
(the threshold model: Felsenstein 2012, doi:10.1086/663681, here with one liability a state).
"""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from thuja.biosphere.roles import Role
from thuja.biosphere.traits import HABITATS, TRAITS, Looks, Trait
from thuja.biosphere.tree import Floats, Ints, Tree

STEEPNESS: Final = 1.7
"""share = 1 / (1 + exp(-1.7 z)): the logistic curve that stands for the normal's."""


def _columns() -> Mapping[str, slice]:
    found, start = {}, 0
    for name, trait in TRAITS.items():
        found[name] = slice(start, start + trait.dimensions)
        start += trait.dimensions
    return found


COLUMNS: Final = _columns()
"""Where each trait's liabilities stand among the L columns."""
WIDTH: Final = max(columns.stop for columns in COLUMNS.values())
"""L, the number of liabilities."""


def columns_of(names: list[str]) -> Ints:
    """The columns of these traits, in order."""
    return np.array(
        [place for name in names for place in range(COLUMNS[name].start, COLUMNS[name].stop)], dtype=np.int64
    )


def looks_of(liabilities: Floats, body_plan: str) -> Looks:
    """What liabilities (L,) look like."""
    values: dict[str, Any] = {name: value_of(trait, liabilities[COLUMNS[name]]) for name, trait in TRAITS.items()}
    return Looks(body_plan=body_plan, **values)


def value_of(trait: Trait, liabilities: Floats) -> str | int | float:
    """The value that a trait's own liabilities give."""
    if trait.states:
        return trait.states[int(np.argmax(liabilities))]
    if trait.counts:
        return trait.counts[int(np.searchsorted(steps(trait), liabilities[0]))]
    return float(1 / (1 + np.exp(-STEEPNESS * liabilities[0])))


def steps(trait: Trait) -> list[float]:
    """The liabilities at which a count goes up by one: equal parts of the normal."""
    share = 1 / len(trait.counts)
    return [NormalDist().inv_cdf(share * number) for number in range(1, len(trait.counts))]


def brownian(tree: Tree, width: int, generator: np.random.Generator) -> Floats:
    """Brownian motion from 0 at the root: (S, width) at the tips, each of variance 1."""
    values = generator.standard_normal((len(tree.parent), width)) * np.sqrt(tree.death - tree.birth)[:, None]
    for branch, parent in enumerate(tree.parent.tolist()):  # a parent is born, and so numbered, before its children
        if parent >= 0:
            values[branch] += values[parent]
    tips: Floats = values[tree.tips]
    return tips


def markov(tree: Tree, states: int, rate: float, *, generator: np.random.Generator) -> Ints:
    """A discrete state (S,) at the tips: at events of that rate a lineage's state is drawn anew from all."""
    changes = generator.random(len(tree.parent)) < 1 - np.exp(-rate * (tree.death - tree.birth))
    draws = generator.integers(states, size=len(tree.parent))
    found = np.zeros(len(tree.parent), dtype=np.int64)
    for branch, parent in enumerate(tree.parent.tolist()):
        found[branch] = draws[branch] if parent < 0 or changes[branch] else found[parent]
    return found[tree.tips]


def inherited(tree: Tree, width: int, signal: float, *, generator: np.random.Generator) -> Floats:
    """Liabilities (S, width) of Pagel's lambda `signal`: that share of the variance is ancestry's, the rest is own."""
    own = generator.standard_normal((len(tree.tips), width))
    return np.asarray(np.sqrt(signal) * brownian(tree, width, generator) + np.sqrt(1 - signal) * own)


def pulled(residual: Floats, habitat: Ints, strength: float, *, generator: np.random.Generator) -> Floats:
    """Liabilities drawn to the optimum of the species' habitat, which has `strength` of their variance.

    Each column has its own optima, of mean 0 and variance 1 over the species, whatever the habitats' sizes.
    """
    optima = generator.standard_normal((len(HABITATS), residual.shape[1]))[habitat]  # (S, width)
    optima -= optima.mean(axis=0)
    spread = optima.std(axis=0)
    optima = np.divide(optima, spread, out=np.zeros_like(optima), where=spread > 0)
    return np.asarray(np.sqrt(1 - strength) * residual + np.sqrt(strength) * optima)


def visible_design(looks: Sequence[Looks], roles: Mapping[str, Role]) -> Floats:
    """What can be seen of species (S, P), as columns for a regression: shares as liabilities, counts, a column a state.

    Noise traits are left out, as species do not differ in them, and so are constants.
    """
    columns: list[Floats] = []
    for name in names_of(roles, Role.DIAGNOSTIC, Role.CONVERGENT, Role.DECOY):
        values = [getattr(one, name) for one in looks]
        if TRAITS[name].states:
            columns += [
                np.array([value == state for value in values], dtype=float) for state in TRAITS[name].states[1:]
            ]
        elif TRAITS[name].counts:
            columns.append(np.array(values, dtype=float))
        else:
            inside = np.clip(np.array(values, dtype=float), 1e-9, 1 - 1e-9)
            columns.append(np.log(inside / (1 - inside)) / STEEPNESS)
    design = np.stack(columns, axis=1)
    return np.asarray(design[:, np.ptp(design, axis=0) > 0])


def hidden(visible: Floats, shares: tuple[float, ...], generator: np.random.Generator) -> Floats:
    """Ecological variables (S, H) that are never drawn; what is visible (S, P) accounts for `shares` of their variance.

    Each is a random mix of the visible columns plus a rest of the species' own that, over the species
    of the world, is orthogonal to all of them: so of a species not met before, neither its looks nor the
    tree can tell more. Where species are fewer than twice the columns the rest is orthogonal to the mix
    alone: the mix still has its share, but a regression on all columns would fit what it likes.
    """
    species, columns = visible.shape
    found = np.zeros((species, len(shares)))
    standard = np.stack([_standard(column) for column in visible.T], axis=1) if columns else visible
    for place, wanted in enumerate(shares):
        mix = _standard(standard @ generator.standard_normal(columns)) if columns else np.zeros(species)
        known = np.column_stack([np.ones(species), visible if species > 2 * columns else mix])
        rest: Floats = np.asarray(generator.standard_normal(species))
        rest = _standard(rest - known @ np.linalg.lstsq(known, rest, rcond=None)[0])
        found[:, place] = np.sqrt(wanted) * mix + np.sqrt(1 - wanted) * rest
    return found


def _standard(values: Floats) -> Floats:
    centred = values - values.mean()
    spread = centred.std()
    return np.asarray(centred / spread if spread > 1e-9 else np.zeros_like(centred))


def names_of(roles: Mapping[str, Role], *wanted: Role) -> list[str]:
    """The traits of these roles, in the order of TRAITS."""
    return [name for name in TRAITS if roles[name] in wanted]
