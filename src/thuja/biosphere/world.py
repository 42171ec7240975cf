"""A world: from one seed to a tree, its taxa, their traits, where they live and how many pictures each has."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from thuja.biosphere import evolution
from thuja.biosphere.bodies import HELD_OUT, KINGDOM_PLANS
from thuja.biosphere.christening import Called, christen
from thuja.biosphere.config import VERSION, WorldConfig
from thuja.biosphere.labelling import Labelling
from thuja.biosphere.roles import Role, deal
from thuja.biosphere.scene import Camera
from thuja.biosphere.sites import Observer, Site, camera_shares, make_observers, make_sites, ranges
from thuja.biosphere.traits import HABITATS, Looks
from thuja.biosphere.tree import Floats, Ints, Tree
from thuja.biosphere.within import Condition, Variation, noise_columns
from thuja.taxonomy import Rank, Taxon


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """One species: its number, its names, its looks (an adult female's in summer), its ecology, its pictures.

    `shadow_habitat` pulls decoys as `habitat` pulls convergent traits, and is never shown; `hidden` are the
    ecological variables that are never drawn. `misplaced` says why its label parts from the tree, if it does.
    """

    number: int
    taxon: Taxon
    common_es: str
    looks: Looks
    habitat: str
    shadow_habitat: str
    hidden: tuple[float, ...]
    misplaced: str
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A config and what it gives. Species are in order of number, which is that of the tree's tips.

    `clades` (6, S) are the true clades at each rank, kingdom to genus; `labelling` has the groups that species
    are named by; `liabilities` (S, L) are the species' means (evolution.py); `variation` what varies within each.
    `camera_shares` (S, 5) and `ranges` (S, sites) say what took its pictures, and where.
    """

    config: WorldConfig
    tree: Tree
    clades: Ints
    labelling: Labelling
    roles: Mapping[str, Role]
    liabilities: Floats
    variation: Variation
    species: tuple[Species, ...]
    sites: tuple[Site, ...]
    observers: tuple[Observer, ...]
    ranges: Floats
    camera_shares: Floats

    @classmethod
    def make(cls, config: WorldConfig) -> "World":
        """The world of these knobs; the same whenever and wherever it is made."""
        # A stream for each part, so that a knob of one changes nothing in another.
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence([config.seed, VERSION]).spawn(12)]
        tree = Tree.grow(config.species, streams[0], extinction=config.extinction, unevenness=config.unevenness)
        clades = np.stack([tree.clades(count) for count in config.groups])
        plans = _body_plans(clades, config, streams[1])
        roles = dict(deal(streams[2]))
        habitat = evolution.markov(tree, len(HABITATS), config.habitat_rate, generator=streams[3])
        shadow = evolution.markov(tree, len(HABITATS), config.habitat_rate, generator=streams[4])
        liabilities = _liabilities(
            tree, config, roles, pulls={Role.CONVERGENT: habitat, Role.DECOY: shadow}, generator=streams[5]
        )
        looks = [evolution.looks_of(row, plan) for row, plan in zip(liabilities, plans, strict=True)]
        labelling = Labelling.of(clades, tree, config.misplaced, streams[6])
        noise = evolution.names_of(roles, Role.NOISE)
        called = Called(clades=clades, groups=labelling.groups, looks=looks, untold=noise)
        names = christen(called, config, streams[7])
        hidden = evolution.hidden(evolution.visible_design(looks, roles), config.hidden, streams[8])
        counts = _counts(config, streams[9])
        places = make_sites(max(20, min(400, config.species // 2)), streams[10])
        species = [
            Species(
                number=number,
                taxon=names[number].taxon,
                common_es=names[number].common_es,
                looks=looks[number],
                habitat=HABITATS[habitat[number]],
                shadow_habitat=HABITATS[shadow[number]],
                hidden=tuple(round(float(value), 6) for value in hidden[number]),
                misplaced=labelling.reasons[number],
                images=int(counts[number]),
            )
            for number in range(config.species)
        ]
        return cls(
            config=config,
            tree=tree,
            clades=clades,
            labelling=labelling,
            roles=roles,
            liabilities=liabilities,
            variation=Variation.of(
                liabilities,
                clades[Rank.ORDER],
                noise_columns(roles),
                streams[11],
                overlap=config.overlap,
                individual=config.individual,
            ),
            species=tuple(species),
            sites=places,
            observers=make_observers(60, streams[10]),
            ranges=ranges(evolution.brownian(tree, 2, streams[10]), places),
            camera_shares=camera_shares(clades[Rank.ORDER], config.cameras, config.confounding, generator=streams[10]),
        )

    @property
    def blanks(self) -> int:
        """The number of camera-trap frames that nothing is on, beside the species' pictures."""
        if Camera.CAMERA_TRAP not in self.config.cameras:
            return 0
        return round(self.config.blank * self.config.species * self.config.images)

    @property
    def images(self) -> int:
        """The number of pictures in the world, blank frames counted."""
        return sum(species.images for species in self.species) + self.blanks

    def addresses(self) -> Ints:
        """All pictures (N, 2): a species' number, S for the blank frames at the end, and the picture's in it."""
        counts = [*(species.images for species in self.species), self.blanks]
        numbers = np.concatenate([np.arange(count) for count in counts])
        return np.stack([np.repeat(np.arange(len(counts)), counts), numbers], axis=1)

    def mean(self, species: int, condition: Condition) -> Floats:
        """The mean liabilities (L,) of specimens of a species in a condition."""
        return np.asarray(self.liabilities[species] + self.variation.shift(self.liabilities, species, condition))

    def looks(self, species: int, condition: Condition) -> Looks:
        """What the average specimen of a species in a condition looks like."""
        return evolution.looks_of(self.mean(species, condition), self.species[species].looks.body_plan)


@lru_cache(maxsize=2)
def world_of(config: WorldConfig) -> World:
    """The world of these knobs, made once in a process: it is cheaper to make than to send."""
    return World.make(config)


def _liabilities(
    tree: Tree,
    config: WorldConfig,
    roles: Mapping[str, Role],
    *,
    pulls: Mapping[Role, Ints],
    generator: np.random.Generator,
) -> Floats:
    """The species' mean liabilities (S, L), by role."""
    found = np.zeros((config.species, evolution.WIDTH))
    # Drawn for all columns and roles in any case, so that the knobs of one role leave the others as they are.
    own, matched = (
        evolution.inherited(tree, evolution.WIDTH, signal, generator=generator)
        for signal in (config.signal, config.matched_signal)
    )
    columns = evolution.columns_of(evolution.names_of(roles, Role.DIAGNOSTIC))
    found[:, columns] = own[:, columns]
    for role, states in pulls.items():
        columns = evolution.columns_of(evolution.names_of(roles, role))
        found[:, columns] = evolution.pulled(matched[:, columns], states, config.convergence, generator=generator)
    return found


def _body_plans(clades: Ints, config: WorldConfig, generator: np.random.Generator) -> list[str]:
    """Each tip's body plan: an order draws one from its kingdom's, none twice while others are left."""
    plans: list[str] = [""] * clades.shape[1]
    sizes = np.bincount(clades[Rank.KINGDOM])
    for place, kingdom in enumerate(np.argsort(-sizes, kind="stable")):
        pool: list[str] = []
        usual = KINGDOM_PLANS[place % len(KINGDOM_PLANS)]
        choices = usual if config.plans == "usual" else HELD_OUT
        for clade in np.unique(clades[Rank.ORDER, clades[Rank.KINGDOM] == kingdom]):
            if not pool:
                pool = [choices[i] for i in generator.permutation(len(choices))]
            plan = pool.pop()
            for tip in np.flatnonzero(clades[Rank.ORDER] == clade):
                plans[tip] = plan
    return plans


def _counts(config: WorldConfig, generator: np.random.Generator) -> Ints:
    """Pictures of each species (S,), in sum species * images exactly."""
    floor = (config.images + 1) // 2
    rest = (config.images - floor) * config.species
    # Shifted (Zipf-Mandelbrot), so that no species alone makes up more than some one per cent.
    weights = (np.arange(config.species) + 1 + 0.25 * config.species) ** -config.tail
    shares = generator.permutation(weights) / weights.sum() * rest
    counts = np.floor(shares).astype(np.int64)
    by_remainder = np.argsort(counts - shares, kind="stable")
    counts[by_remainder[: rest - int(counts.sum())]] += 1
    total: Ints = counts + floor
    return total
