"""A world: from one seed to a tree, its taxa, their traits and how many pictures each has."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from thuja.biosphere import coinage
from thuja.biosphere.bodies import KINGDOM_PLANS
from thuja.biosphere.traits import PATTERNS, Traits, evolve
from thuja.biosphere.tree import Ints, Tree
from thuja.errors import UsageError
from thuja.taxonomy import Rank, Taxon

VERSION = 1
"""Goes up whenever the same knobs give other names, traits, counts or pictures."""

_GROUPS = (Rank.KINGDOM, Rank.PHYLUM, Rank.CLASS, Rank.ORDER, Rank.FAMILY, Rank.GENUS)
_FIELDS = ("kingdoms", "phyla", "classes", "orders", "families", "genera")
_EXPONENTS = (0.21, 0.34, 0.44, 0.565, 0.7, 0.84)
"""Groups per rank as powers of the number of species: 200 species fall into 3, 6, 10, 20, 41, 86."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldConfig:
    """The knobs of a world. A number of groups left at 0 follows from the number of species.

    `images` is the mean number of pictures a species; half of it is every species' floor, the rest
    follows Zipf's law with exponent `tail` (0 gives all species the same).
    """

    seed: int = 0
    species: int = 200
    images: int = 40
    tail: float = 1.0
    kingdoms: int = 0
    phyla: int = 0
    classes: int = 0
    orders: int = 0
    families: int = 0
    genera: int = 0

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("species", 1), ("images", 1), ("tail", 0), *((f, 0) for f in _FIELDS)):
            value = getattr(self, name)
            if not least <= value < 2**31:
                raise UsageError(f"a world cannot have {name} {value}", hint=f"{name} is at least {least}")
        above = ("1", 1)
        for name, count in (*zip(_FIELDS, self.groups, strict=True), ("species", self.species)):
            if count < above[1]:
                raise UsageError(
                    f"a world of {count} {name} cannot have {above[1]} {above[0]}",
                    hint="each rank has at least as many groups as the rank above it",
                )
            above = (name, count)

    @property
    def groups(self) -> tuple[int, ...]:
        """The number of groups from kingdoms to genera."""
        counts: list[int] = []
        for name, exponent in zip(_FIELDS, _EXPONENTS, strict=True):
            asked: int = getattr(self, name)
            counts.append(asked or max(1, round(self.species**exponent)))
        # A number that nobody asked for gives way to those that somebody did.
        for level in range(1, len(counts)):
            if not getattr(self, _FIELDS[level]):
                counts[level] = max(counts[level], counts[level - 1])
        for level in reversed(range(len(counts))):
            below = counts[level + 1] if level + 1 < len(counts) else self.species
            if not getattr(self, _FIELDS[level]):
                counts[level] = min(counts[level], below)
        return tuple(counts)

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell worlds apart."""
        knobs = json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(knobs.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """One species: its number in the world, its place in the tree, its looks, its pictures."""

    number: int
    taxon: Taxon
    traits: Traits
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A config, the species it gives, in order of number, and the tree whose tips they are."""

    config: WorldConfig
    tree: Tree
    species: tuple[Species, ...]

    @classmethod
    def make(cls, config: WorldConfig) -> "World":
        """The world of these knobs; the same whenever and wherever it is made."""
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence([config.seed, VERSION]).spawn(5)]
        tree = Tree.grow(config.species, streams[0])
        clades = np.stack([tree.clades(count) for count in config.groups])  # (6, S), kingdom to genus
        taxa = _christen(clades, streams[1])
        traits = _displace(evolve(tree, _body_plans(clades, streams[2]), streams[2]), clades, streams[3])
        counts = _counts(config, streams[4])
        species = [
            Species(number=number, taxon=taxon, traits=looks, images=int(count))
            for number, (taxon, looks, count) in enumerate(zip(taxa, traits, counts, strict=True))
        ]
        return cls(config=config, tree=tree, species=tuple(species))

    @property
    def images(self) -> int:
        """The number of pictures in the world."""
        return sum(species.images for species in self.species)


def _christen(clades: Ints, generator: np.random.Generator) -> list[Taxon]:
    """Names for all groups and species. A family shares its stem with its first genus, as Corvidae with Corvus."""
    taken: set[str] = set()

    def new_stem() -> str:
        return coinage.unique(lambda: coinage.stem(generator), taken)

    genus_stems = {int(clade): new_stem() for clade in np.unique(clades[Rank.GENUS])}
    nouns = {
        int(c): coinage.unique(lambda: coinage.common_noun(generator), taken) for c in np.unique(clades[Rank.FAMILY])
    }
    names: list[dict[int, str]] = []
    for rank in _GROUPS[: Rank.GENUS]:
        names.append({})
        for clade in np.unique(clades[rank]):
            first = int(np.argmax(clades[rank] == clade))
            own = genus_stems[int(clades[Rank.GENUS, first])] if rank == Rank.FAMILY else new_stem()
            names[-1][int(clade)] = coinage.group(generator, own, rank, int(clades[Rank.KINGDOM, first]))
    names.append({clade: coinage.genus(generator, own) for clade, own in genus_stems.items()})
    taxa: list[Taxon] = []
    for tip in range(clades.shape[1]):
        noun = nouns[int(clades[Rank.FAMILY, tip])]
        above = [names[rank][int(clades[rank, tip])] for rank in _GROUPS]
        epithet = coinage.unique(lambda: coinage.epithet(generator), taken)
        common = coinage.unique(lambda: coinage.common_name(generator, noun), taken)  # noqa: B023 (called at once)
        taxa.append(Taxon.from_names([*above, epithet], common=common))
    return taxa


def _body_plans(clades: Ints, generator: np.random.Generator) -> list[str]:
    """Each tip's body plan: an order draws one from its kingdom's, none twice while others are left."""
    plans: list[str] = [""] * clades.shape[1]
    sizes = np.bincount(clades[Rank.KINGDOM])
    for place, kingdom in enumerate(np.argsort(-sizes, kind="stable")):
        pool: list[str] = []
        for clade in np.unique(clades[Rank.ORDER, clades[Rank.KINGDOM] == kingdom]):
            if not pool:
                choices = KINGDOM_PLANS[place % len(KINGDOM_PLANS)]
                pool = [choices[i] for i in generator.permutation(len(choices))]
            plan = pool.pop()
            for tip in np.flatnonzero(clades[Rank.ORDER] == clade):
                plans[tip] = plan
    return plans


_APART = 0.9
"""The least gap between the coats of two species of a family, where there is room for it."""


def _displace(traits: Sequence[Traits], clades: Ints, generator: np.random.Generator) -> list[Traits]:
    """Move species that look like an earlier one of their family: character displacement.

    Sister species of a random tree may have parted yesterday and be the same to the eye; in nature
    close kin that live side by side diverge in pattern and colour, and here they do too.
    """
    settled: list[Traits] = []
    families: dict[int, list[Traits]] = {}
    for looks, family in zip(traits, clades[Rank.FAMILY].tolist(), strict=True):
        kin = families.setdefault(family, [])
        best, best_gap = looks, min((_gap(looks, other) for other in kin), default=9.0)
        for attempt in range(30):
            if best_gap >= _APART:
                break
            moved = _recolour(looks, reach=0.3 + attempt / 30, generator=generator)
            gap = min(_gap(moved, other) for other in kin)
            if gap > best_gap:
                best, best_gap = moved, gap
        settled.append(best)
        kin.append(best)
    return settled


def _gap(first: Traits, second: Traits) -> float:
    """How far apart two species' coats are; hues half a turn apart are the same pair of colours."""
    turn = abs((first.hue - second.hue + 90) % 180 - 90) / 45
    return (
        turn
        + float(first.pattern != second.pattern)
        + abs(first.pattern_scale - second.pattern_scale)
        + 0.5 * abs(first.lightness - second.lightness)
    )


def _recolour(traits: Traits, *, reach: float, generator: np.random.Generator) -> Traits:
    moves = generator.uniform(-reach, reach, 3)
    pattern = PATTERNS[int(generator.integers(len(PATTERNS)))] if generator.random() < reach / 25 else traits.pattern
    return replace(
        traits,
        hue=float((traits.hue + 30 * moves[0]) % 360),
        pattern=pattern,
        pattern_scale=float(np.clip(traits.pattern_scale + moves[1], 0, 1)),
        lightness=float(np.clip(traits.lightness + 1.5 * moves[2], -1, 1)),
    )


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
