"""The measures of a world that need no picture: what its knobs asked for, and what came of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.biosphere.evolution import columns_of, names_of
from thuja.biosphere.probes import Split, explained, from_kin, ridge_regression
from thuja.biosphere.roles import Role
from thuja.biosphere.scene import Camera
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.signal import Ancestry, blomberg_k, habitat_effect, pagel_lambda
from thuja.biosphere.sites import img_type
from thuja.biosphere.traits import HABITATS, TRAITS
from thuja.biosphere.world import World
from thuja.taxonomy import RANKS, Rank

ROLES: Final = (Role.DIAGNOSTIC, Role.CONVERGENT, Role.DECOY)
"""The roles that differ between species; noise is 0 for all."""
SIGNIFICANT: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """One role's traits, as means over their liabilities.

    `signal_asked` is the knob, held against `signal`, Pagel's lambda beside what the role's own habitat gives
    (the shadow habitat for decoys); `k` is Blomberg's. `habitat_asked` is held against `habitat`, the share of the
    variance that the habitat has beyond ancestry, and `habitat_found` is how many liabilities in a hundred it is
    significant for (5 by chance); `shadow` is the share that the shadow habitat has. `kin` is the R2 by which kin
    foretell the traits of species left out.
    """

    role: str
    traits: int
    named: int
    signal_asked: float
    signal: float
    k: float
    habitat_asked: float
    habitat: float
    habitat_found: float
    shadow: float
    kin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenRow:
    """One hidden variable: the share of its variance that visible traits were to have, and what is found.

    `known` is the R2 of a regression on all drawn traits' liabilities over all species, `left_out` that on species
    left out, by ridge regression; `kin` that by kin alone.
    """

    asked: float
    known: float
    left_out: float
    kin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRow:
    """A share of pictures, species or genera: what was asked for (None: nothing), and what is found."""

    of: str
    asked: float | None
    found: float


def role_rows(world: World, ancestry: Ancestry, folds: Sequence[Split]) -> tuple[RoleRow, ...]:
    """What every role's traits follow."""
    habitat = np.array([HABITATS.index(species.habitat) for species in world.species])
    shadow = np.array([HABITATS.index(species.shadow_habitat) for species in world.species])
    rows = []
    for role in ROLES:
        names = names_of(world.roles, role)
        values = world.liabilities[:, columns_of(names)]
        effects = [habitat_effect(column, habitat, ancestry) for column in values.T]
        shadows = [habitat_effect(column, shadow, ancestry) for column in values.T]
        own = {Role.CONVERGENT: [one.lambda_ for one in effects], Role.DECOY: [one.lambda_ for one in shadows]}
        is_matched = role is not Role.DIAGNOSTIC
        rows.append(
            RoleRow(
                role=role.value,
                traits=len(names),
                named=sum(TRAITS[name].is_named for name in names),
                signal_asked=world.config.matched_signal if is_matched else world.config.signal,
                signal=float(np.mean(own.get(role, pagel_lambda(values, ancestry)))),
                k=float(np.mean(blomberg_k(values, ancestry))),
                habitat_asked=world.config.convergence if role is Role.CONVERGENT else 0.0,
                habitat=float(np.mean([one.share for one in effects])),
                habitat_found=float(np.mean([one.p_value < SIGNIFICANT for one in effects])),
                shadow=float(np.mean([one.share for one in shadows])),
                kin=_kin(values, ancestry, folds),
            )
        )
    return tuple(rows)


def hidden_rows(world: World, ancestry: Ancestry, folds: Sequence[Split]) -> tuple[HiddenRow, ...]:
    """What visible traits and kin tell of each hidden variable."""
    hidden = np.array([species.hidden for species in world.species])
    drawn = world.liabilities[:, world.liabilities.std(axis=0) > 0]
    design = np.column_stack([np.ones(len(drawn)), drawn])
    rows = []
    for place, asked in enumerate(world.config.hidden):
        truth = hidden[:, place]
        fitted = design @ np.linalg.lstsq(design, truth, rcond=None)[0]
        said = np.concatenate([ridge_regression(drawn, truth, fold) for fold in folds])
        order = np.concatenate([fold.test for fold in folds])
        rows.append(
            HiddenRow(
                asked=asked,
                known=explained(fitted, truth),
                left_out=explained(said, truth[order]),
                kin=_kin(truth[:, None], ancestry, folds),
            )
        )
    return tuple(rows)


def _kin(values: np.ndarray, ancestry: Ancestry, folds: Sequence[Split]) -> float:
    said = np.concatenate([from_kin(values, ancestry, fold) for fold in folds])
    return explained(said, values[np.concatenate([fold.test for fold in folds])])


def share_rows(world: World, sightings: Sequence[Sighting]) -> tuple[ShareRow, ...]:
    """Labels, cameras and grounds of sightings drawn at random from all; labels and names of species and genera.

    Of a burst its first frame counts, since the knobs are of observations.
    """
    config, pictures = world.config, [one for one in sightings if one.species and not one.frame]
    faults = Counter(sighting.observation.label.fault.partition(":")[0] for sighting in pictures)
    cameras = Counter(sighting.observation.camera for sighting in pictures)
    whole = world.camera_shares.mean(axis=0)
    home = [s.observation.site.habitat == s.species.habitat for s in pictures if s.species]
    at_home = config.home + (1 - config.home) / len(HABITATS)
    genera = world.labelling.groups[Rank.GENUS]
    names = Counter(dict(zip(genera.tolist(), (s.taxon.genus for s in world.species), strict=True)).values())
    shared = sum(count for count in names.values() if count > 1)
    labels = {"family only": config.family_only, "wrong": config.wrong, "dirty": config.dirty}
    return (
        *(
            ShareRow(of=f"labels: {name}", asked=asked, found=faults[name] / len(pictures))
            for name, asked in labels.items()
        ),
        *(
            ShareRow(of=f"camera: {camera.value}", asked=float(whole[place]), found=cameras[camera] / len(pictures))
            for place, camera in enumerate(Camera)
        ),
        ShareRow(of="at a site of the species' habitat", asked=at_home, found=float(np.mean(home))),
        ShareRow(
            of="ill", asked=config.ill, found=float(np.mean([bool(s.observation.condition.ailment) for s in pictures]))
        ),
        ShareRow(
            of="species whose label parts from the tree",
            asked=config.misplaced,
            found=float(np.mean([bool(species.misplaced) for species in world.species])),
        ),
        ShareRow(of="genera that share their name", asked=None, found=shared / names.total()),
        ShareRow(of="genera of one species", asked=None, found=_monotypic(world, Rank.GENUS)),
        ShareRow(of="families of one species", asked=None, found=_monotypic(world, Rank.FAMILY)),
    )


def _monotypic(world: World, rank: Rank) -> float:
    return float(np.mean(np.unique(world.labelling.groups[rank], return_counts=True)[1] == 1))


def counts_of(world: World) -> dict[str, int]:
    """How many there are of each thing, and of pictures of the rarest, the median and the commonest species."""
    images = sorted(species.images for species in world.species)
    ranks = {
        f"{rank.label} groups": len(np.unique(row)) for rank, row in zip(RANKS, world.labelling.groups, strict=False)
    }
    return {
        "species": len(world.species),
        **ranks,
        "pictures": world.images,
        "blank frames": world.blanks,
        "pictures of the rarest species": images[0],
        "pictures of the median species": images[len(images) // 2],
        "pictures of the commonest species": images[-1],
        "sites": len(world.sites),
        "observers": len(world.observers),
        "body plans": len({species.looks.body_plan for species in world.species}),
    }


def kinds_of(sightings: Sequence[Sighting]) -> Mapping[str, float]:
    """The share of each `img_type` among pictures, the commonest first."""
    kinds = Counter(
        img_type(sighting.observation.camera, sighting.specimen.looks.body_plan)
        for sighting in sightings
        if sighting.species
    )
    return {kind: count / kinds.total() for kind, count in kinds.most_common()}
