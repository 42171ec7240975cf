"""The measures of a world that need no picture: what its knobs asked for, and what came of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thuja.biosphere.evolution import visible_design
from thuja.biosphere.probes import Split, explained, from_kin_in_folds, ridge_regression
from thuja.biosphere.scene import Camera
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.signal import Ancestry
from thuja.biosphere.sites import img_type
from thuja.biosphere.traits import HABITATS
from thuja.biosphere.world import World
from thuja.taxonomy import RANKS, Rank


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenRow:
    """One hidden variable: the share of its variance that visible traits were to have, and what is found.

    `known` is the R2 of a regression on all traits as they are drawn, over all species; `left_out`, by ridge
    regression, and `kin`, by kin alone, are of species left out, among those whose ancestry is reckoned with.
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


def hidden_rows(world: World, ancestry: Ancestry, folds: Sequence[Split]) -> tuple[HiddenRow, ...]:
    """What visible traits and kin tell of each hidden variable; the folds are of the ancestry's species."""
    hidden = np.array([species.hidden for species in world.species])
    drawn = visible_design([species.looks for species in world.species], world.roles)
    design = np.column_stack([np.ones(len(drawn)), drawn])
    order = np.concatenate([fold.test for fold in folds])
    by_kin = from_kin_in_folds(hidden[ancestry.species], ancestry, folds)
    rows = []
    for place, asked in enumerate(world.config.hidden):
        truth = hidden[:, place]
        among = truth[ancestry.species]
        fitted = design @ np.linalg.lstsq(design, truth, rcond=None)[0]
        said = np.concatenate([ridge_regression(drawn[ancestry.species], among, fold) for fold in folds])
        rows.append(
            HiddenRow(
                asked=asked,
                known=explained(fitted, truth),
                left_out=explained(said, among[order]),
                kin=explained(by_kin[:, place], among),
            )
        )
    return tuple(rows)


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
