"""The card of a world: ceilings and floors of every question that its pictures can be asked, and all its properties.

A score on a simulated world means little by itself. Between what chance, kin, the background and the raw
pixels give away and what Bayes' rule makes of all that is visible lies the room that a model has.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from thuja.biosphere.card_pictures import Encoder, draw_sample, features_of
from thuja.biosphere.card_scores import (
    Asked,
    CeilingRow,
    LeftOutRow,
    ProbeRow,
    SwapRow,
    ceiling_rows,
    left_out_rows,
    probe_rows,
    swap_rows,
)
from thuja.biosphere.card_world import (
    HiddenRow,
    RoleRow,
    ShareRow,
    counts_of,
    hidden_rows,
    kinds_of,
    role_rows,
    share_rows,
)
from thuja.biosphere.geometry import Geometry, expected_geometry, sampled_geometry
from thuja.biosphere.probes import Split
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.signal import Ancestry
from thuja.biosphere.world import World
from thuja.biosphere.writer import read_card, read_config
from thuja.errors import UsageError

LEAST: Final = 12
"""Pictures that a card takes at the least."""
_FEW: Final = 20
"""With fewer species than this nothing is said of ancestry."""
_MET: Final = 3000
"""Sightings that shares of labels and cameras are counted over; they are not drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All measures of a world; `knobs` are its config's, `pictures` how many were drawn, of `species` species."""

    fingerprint: str
    version: int
    size: int
    pictures: int
    species: int
    knobs: Mapping[str, Any]
    roles: Mapping[str, str]
    counts: Mapping[str, int]
    kinds: Mapping[str, float]
    ceilings: tuple[CeilingRow, ...]
    probes: tuple[ProbeRow, ...]
    left_out: tuple[LeftOutRow, ...]
    swaps: tuple[SwapRow, ...]
    traits: tuple[RoleRow, ...]
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
    has_ancestry = len(world.species) >= _FEW
    ancestry = Ancestry.of(world.tree)
    folds = Split.folds(np.arange(len(world.species)), generator)
    return Card(
        fingerprint=config.fingerprint,
        version=int(written["version"]),
        size=int(written["size"]),
        pictures=len(asked.sightings),
        species=len(asked.numbers),
        knobs=asdict(config),
        roles={name: role.value for name, role in world.roles.items()},
        counts=counts_of(world),
        kinds=kinds_of(met),
        ceilings=ceiling_rows(world, asked),
        probes=probe_rows(asked, features),
        left_out=left_out_rows(world, asked, features, generator) if len(asked.numbers) >= _FEW else (),
        swaps=swap_rows(asked, features),
        traits=role_rows(world, ancestry, folds) if has_ancestry else (),
        hidden=hidden_rows(world, ancestry, folds) if has_ancestry else (),
        expected=expected_geometry(world, generator),
        drawn=sampled_geometry(world, generator),
        shares=share_rows(world, met),
    )


def _met(world: World, generator: np.random.Generator) -> list[Sighting]:
    """Sightings at random, as often of each species as there are pictures of it."""
    everything = world.addresses()
    chosen = generator.permutation(len(everything))[:_MET]
    return [Sighting.of(world, int(species), int(number)) for species, number in everything[np.sort(chosen)]]
