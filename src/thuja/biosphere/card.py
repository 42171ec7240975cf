"""The card of a world: ceilings and floors of every question that its pictures can be asked, and all its properties.

A score on a simulated world means little by itself. Between what chance, kin, the background and the raw
pixels give away and what Bayes' rule makes of all that is visible lies the room that a model has.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.card_bayes import CeilingRow, Reckoning, UnseenRow, ceiling_rows, unseen_rows
from thuja.biosphere.card_pictures import MOST, Encoder, draw_sample, features_of
from thuja.biosphere.card_scores import Asked, LeftOutRow, ProbeRow, SwapRow, left_out_rows, probe_rows, swap_rows
from thuja.biosphere.card_traits import RoleRow, TraitRow, role_rows, trait_rows
from thuja.biosphere.card_world import HiddenRow, ShareRow, counts_of, hidden_rows, kinds_of, share_rows
from thuja.biosphere.geometry import Geometry, expected_geometry, sampled_geometry
from thuja.biosphere.probes import Split
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.signal import Ancestry
from thuja.biosphere.world import World
from thuja.biosphere.writer import read_card, read_config
from thuja.errors import UsageError

Ints = npt.NDArray[np.int64]

LEAST: Final = 12
"""Pictures that a card takes at the least."""
_FEW: Final = 20
"""With fewer species than this nothing is said of ancestry."""
_MET: Final = 3000
"""Sightings that shares of labels and cameras are counted over; they are not drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All measures of a world; `knobs` are its config's, `pictures` how many were drawn, of `species` species.

    `ancestry` is how many species' ancestry is reckoned with: all, or some drawn at random where they are many.
    """

    fingerprint: str
    version: int
    size: int
    pictures: int
    species: int
    ancestry: int
    knobs: Mapping[str, Any]
    counts: Mapping[str, int]
    kinds: Mapping[str, float]
    ceilings: tuple[CeilingRow, ...]
    unseen: tuple[UnseenRow, ...]
    probes: tuple[ProbeRow, ...]
    left_out: tuple[LeftOutRow, ...]
    swaps: tuple[SwapRow, ...]
    roles: tuple[RoleRow, ...]
    traits: tuple[TraitRow, ...]
    hidden: tuple[HiddenRow, ...]
    expected: Geometry
    drawn: Geometry
    shares: tuple[ShareRow, ...]

    def to_dict(self) -> dict[str, Any]:
        """The card as plain values, as `card.json` holds them."""
        return asdict(self)


def make_card(
    folder: Path, *, encoders: Mapping[str, Encoder] | None = None, images: int = 1500, seed: int = 0, workers: int = 1
) -> Card:
    """The card of the world in a folder that `write_world` wrote, in folders or in shards.

    About `images` pictures are drawn again from their numbers, each in ten ways; `encoders` turn them into
    features, beside the raw pixels and the spectrum. Raises UsageError or BadFile where there is no
    world, EmptyInput where it has too few pictures.
    """
    if images < LEAST:
        raise UsageError(f"a card cannot be made of {images} pictures", hint=f"--images takes {LEAST} or more")
    config, written = read_config(folder), read_card(folder)
    world, generator = World.make(config), np.random.default_rng(seed)
    asked = Asked.of(world, draw_sample(world, images, generator), generator)
    features = features_of(asked.sightings, config, encoders or {}, size=int(written["size"]), workers=workers)
    met = _met(world, generator)
    reckoning = Reckoning.of(world, asked, met)
    ancestry, folds = None, []
    if len(world.species) >= _FEW:
        ancestry = Ancestry.of(world.tree, kin_of(len(world.species), asked.numbers, generator))
        folds = Split.folds(np.arange(len(ancestry.species)), generator)
    traits = trait_rows(world, ancestry, folds)
    return Card(
        fingerprint=config.fingerprint,
        version=int(written["version"]),
        size=int(written["size"]),
        pictures=len(asked.sightings),
        species=len(asked.numbers),
        ancestry=0 if ancestry is None else len(ancestry.species),
        knobs=asdict(config),
        counts=counts_of(world),
        kinds=kinds_of(met),
        ceilings=ceiling_rows(world, asked, reckoning),
        unseen=unseen_rows(world, asked, reckoning, ancestry=ancestry),
        probes=probe_rows(asked, features),
        left_out=()
        if ancestry is None or len(asked.numbers) < _FEW
        else left_out_rows(world, asked, features, ancestry=ancestry, generator=generator),
        swaps=swap_rows(asked, features),
        roles=role_rows(traits, config),
        traits=traits,
        hidden=() if ancestry is None else hidden_rows(world, ancestry, folds),
        expected=expected_geometry(world, generator),
        drawn=sampled_geometry(world, generator),
        shares=share_rows(world, met),
    )


def kin_of(count: int, asked: Ints, generator: np.random.Generator) -> Ints:
    """The species whose ancestry is reckoned with: all, or those asked about and others at random up to MOST."""
    others = np.setdiff1d(generator.permutation(count), asked, assume_unique=True)
    return np.sort(np.concatenate([asked, others[: max(0, MOST - len(asked))]]))


def _met(world: World, generator: np.random.Generator) -> list[Sighting]:
    """Sightings at random, as often of each species as there are pictures of it."""
    everything = world.addresses()
    chosen = generator.permutation(len(everything))[:_MET]
    return [Sighting.of(world, int(species), int(number)) for species, number in everything[np.sort(chosen)]]
