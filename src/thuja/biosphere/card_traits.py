"""What traits follow, one by one and by role: ancestry, habitat, shadow habitat; and in which views they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.config import WorldConfig
from thuja.biosphere.evolution import COLUMNS, names_of
from thuja.biosphere.probes import Split, explained, from_kin_in_folds
from thuja.biosphere.roles import Role
from thuja.biosphere.seen import stated
from thuja.biosphere.signal import Ancestry, blomberg_k, habitat_effect, pagel_lambda
from thuja.biosphere.traits import HABITATS, TRAITS, Trait, View
from thuja.biosphere.world import World

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ROLES: Final = (Role.DIAGNOSTIC, Role.CONVERGENT, Role.DECOY)
"""The roles that differ between species; noise is 0 for all."""
SIGNIFICANT: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """What a trait's or a role's liabilities follow, in the mean.

    `signal` is Pagel's lambda beside what the role's own habitat gives (the shadow habitat for decoys); `k` is
    Blomberg's. `habitat` is the share of the variance that the habitat has beyond ancestry, and `habitat_found` is
    how many liabilities in a hundred it is significant for (5 by chance); `shadow` is the share that the shadow
    habitat has. `kin` is the R2 by which kin foretell species left out.
    """

    signal: float
    k: float
    habitat: float
    habitat_found: float
    shadow: float
    kin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitRow:
    """One trait: its part in the world, its kind, what it follows, and how well it is said to show in each view.

    `follows` is None for noise, which does not differ between species, and where species are too few. `shows` is
    the stated visibility by view, as a mean over the body plans of the world.
    """

    trait: str
    role: str
    is_named: bool
    kind: str
    follows: Follows | None
    shows: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """One role's traits and what they follow, beside the knobs that asked for it."""

    role: str
    traits: int
    named: int
    signal_asked: float
    habitat_asked: float
    follows: Follows


def trait_rows(world: World, ancestry: Ancestry | None, folds: Sequence[Split] = ()) -> tuple[TraitRow, ...]:
    """All traits, by the ancestry of some species, if it is known, and folds of these."""
    plans = sorted({species.looks.body_plan for species in world.species})
    follows = {} if ancestry is None else _followed(world, ancestry, folds)
    return tuple(
        TraitRow(
            trait=name,
            role=world.roles[name].value,
            is_named=trait.is_named,
            kind=_kind(trait),
            follows=follows.get(name),
            shows={view.value: float(np.mean([stated(trait, view, plan) for plan in plans])) for view in View},
        )
        for name, trait in TRAITS.items()
    )


def role_rows(traits: Sequence[TraitRow], config: WorldConfig) -> tuple[RoleRow, ...]:
    """What every role's traits follow, a trait counting as often as it has liabilities; none where that is unknown."""
    rows = []
    for role in ROLES:
        own = [(row, row.follows) for row in traits if row.role == role and row.follows is not None]
        if not own:
            continue
        weights = [TRAITS[row.trait].dimensions for row, _ in own]
        means = {
            field: float(np.average([getattr(follows, field) for _, follows in own], weights=weights))
            for field in Follows.__dataclass_fields__
        }
        rows.append(
            RoleRow(
                role=role.value,
                traits=len(own),
                named=sum(row.is_named for row, _ in own),
                signal_asked=config.signal if role is Role.DIAGNOSTIC else config.matched_signal,
                habitat_asked=config.convergence if role is Role.CONVERGENT else 0.0,
                follows=Follows(**means),
            )
        )
    return tuple(rows)


def _followed(world: World, ancestry: Ancestry, folds: Sequence[Split]) -> Mapping[str, Follows]:
    """What each trait but noise follows."""
    values = world.liabilities[ancestry.species]
    species = [world.species[number] for number in ancestry.species]
    habitat = np.array([HABITATS.index(one.habitat) for one in species])
    shadow = np.array([HABITATS.index(one.shadow_habitat) for one in species])
    by_kin = from_kin_in_folds(values, ancestry, folds)
    found = {}
    for name in names_of(world.roles, *ROLES):
        role, own = world.roles[name], values[:, COLUMNS[name]]
        effects = [habitat_effect(column, habitat, ancestry) for column in own.T]
        shadows = [habitat_effect(column, shadow, ancestry) for column in own.T]
        beside = {Role.CONVERGENT: [one.lambda_ for one in effects], Role.DECOY: [one.lambda_ for one in shadows]}
        signal = beside[role] if role in beside else pagel_lambda(own, ancestry)
        found[name] = Follows(
            signal=float(np.mean(signal)),
            k=float(np.mean(blomberg_k(own, ancestry))),
            habitat=float(np.mean([one.share for one in effects])),
            habitat_found=float(np.mean([one.p_value < SIGNIFICANT for one in effects])),
            shadow=float(np.mean([one.share for one in shadows])),
            kin=explained(by_kin[:, COLUMNS[name]], own),
        )
    return found


def _kind(trait: Trait) -> str:
    if trait.states:
        return f"{len(trait.states)} states"
    return f"count of {len(trait.counts)}" if trait.counts else "share"
