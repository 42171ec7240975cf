"""What varies within a species: stage, sex, season, health, the individual; how far that resembles other species.

Each axis moves a specimen's liabilities from those of an adult female in summer. A share 1 - overlap of
the squared step lies along a direction that no difference between species has: for stage, sex and
season among the noise traits, for health in the drawn ailments. The rest, the overlap, leads towards another
species: at overlap 1 the young of A look like adults of B, and its males wear the colours of C.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.biosphere.evolution import WIDTH, columns_of, names_of
from thuja.biosphere.roles import Role
from thuja.biosphere.scene import SEASONS, SEXES, STAGES, Ailments
from thuja.biosphere.traits import TRAITS
from thuja.biosphere.tree import Floats, Ints

AXES: Final = ("stage", "sex", "season", "health")
_COAT_AXES: Final = ("sex", "season", "health")
"""These change the coat alone: plumage, not bones."""
_YOUTH: Final = dict(zip(STAGES, (1.0, 0.5, 0.0), strict=True))
AILMENTS: Final = ("lesions", "parasites", "wear")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The state that a specimen is in; `severity` of its `ailment` ("" for none) from 0 to 1."""

    stage: str = STAGES[-1]
    sex: str = SEXES[0]
    season: str = SEASONS[0]
    ailment: str = ""
    severity: float = 0.0

    @property
    def steps(self) -> Floats:
        """How far along each of AXES (4,); the young show neither sex nor season yet."""
        youth = _YOUTH[self.stage]
        mature = 1 - youth
        return np.array([youth, mature * (self.sex == SEXES[1]), mature * (self.season == SEASONS[1]), self.severity])


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """The axes of one world.

    `own` (4, L) are unit directions among the noise traits (health's is zero: ailments are drawn);
    `partners` (4, S) the species that each species' axis leads towards; `masks` (4, L) the liabilities
    that may move towards it; `reach` (4,) the root mean square, over species, of the way there;
    `spread` (L,) the standard deviation among individuals.
    """

    overlap: float
    own: Floats
    partners: Ints
    masks: Floats
    reach: Floats
    spread: Floats

    @classmethod
    def of(
        cls,
        liabilities: Floats,
        groups: Ints,
        noise: Ints,
        generator: np.random.Generator,
        *,
        overlap: float,
        individual: float,
    ) -> "Variation":
        """Draw the axes for species of liabilities (S, L); partners are of the same group (S,), where it has others."""
        own = np.zeros((len(AXES), WIDTH))
        directions = np.linalg.qr(generator.standard_normal((len(noise), len(AXES) - 1)))[0]
        own[: len(AXES) - 1, noise] = directions.T
        masks = np.ones((len(AXES), WIDTH))
        masks[:, noise] = 0
        shape = columns_of([name for name, trait in TRAITS.items() if not trait.is_coat])
        for axis in _COAT_AXES:
            masks[AXES.index(axis), shape] = 0
        partners = np.stack([_partners(groups, generator) for _ in AXES])
        ways = (liabilities[partners] - liabilities) * masks[:, None, :]  # (4, S, L)
        spread = np.full(WIDTH, np.sqrt(individual))
        spread[noise] = 1.0
        return cls(
            overlap=overlap,
            own=own,
            partners=partners,
            masks=masks,
            reach=np.sqrt((ways**2).sum(axis=2).mean(axis=1)),
            spread=spread,
        )

    def shift(self, liabilities: Floats, species: int, condition: Condition) -> Floats:
        """How far (L,) a condition moves the mean of a species, given all species' liabilities (S, L)."""
        steps = condition.steps
        ways = (liabilities[self.partners[:, species]] - liabilities[species]) * self.masks  # (4, L)
        along = np.sqrt(self.overlap) * steps @ ways
        beside = np.sqrt(1 - self.overlap) * (steps * self.reach) @ self.own
        return np.asarray(along + beside)

    def ailments(self, condition: Condition) -> Ailments:
        """What of an ailment is drawn as such."""
        if not condition.ailment:
            return Ailments()
        return Ailments(**{condition.ailment: float(np.sqrt(1 - self.overlap) * condition.severity)})


def noise_columns(roles: dict[str, Role]) -> Ints:
    """The liabilities of noise traits."""
    return columns_of(names_of(roles, Role.NOISE))


def _partners(groups: Ints, generator: np.random.Generator) -> Ints:
    """For each species another of its group at random; of any group where it is alone, itself where it is all."""
    species = len(groups)
    found = np.arange(species)
    for group in np.unique(groups):
        inside = np.flatnonzero(groups == group)
        if len(inside) > 1:
            # A step of 1 to n - 1 round the ring of the group: never itself, and uniform over the others.
            steps = generator.integers(1, len(inside), size=len(inside))
            found[inside] = inside[(np.arange(len(inside)) + steps) % len(inside)]
        elif species > 1:
            found[inside] = (inside + generator.integers(1, species)) % species
    return found
