"""What part each trait plays in a world: dealt at random, so that no trait is always the answer."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import numpy as np

from thuja.biosphere.traits import TRAITS


class Role(StrEnum):
    """Diagnostic traits tell species apart; convergent ones answer to the habitat in unrelated lineages; decoys do the
    same to a habitat that nobody sees; noise varies within species only."""

    DIAGNOSTIC = "diagnostic"
    CONVERGENT = "convergent"
    DECOY = "decoy"
    NOISE = "noise"


_NAMED: Final = {Role.DIAGNOSTIC: 6, Role.CONVERGENT: 4, Role.DECOY: 4, Role.NOISE: 4}
_UNNAMED: Final = {Role.DIAGNOSTIC: 3, Role.CONVERGENT: 2, Role.DECOY: 2, Role.NOISE: 2}
_LEAST = 2
"""Every role has at least so many shares, and so many discrete traits."""


def deal(generator: np.random.Generator) -> Mapping[str, Role]:
    """A role for each trait: a third of each role is never named, and decoys match convergent traits in kind.

    Nine traits are diagnostic, six of each other role; a deal in which a role lacks shares or discrete
    traits, or decoys have not as many discrete ones as convergent traits, is dealt again.
    """
    while True:
        roles: dict[str, Role] = {}
        for is_named, sizes in ((True, _NAMED), (False, _UNNAMED)):
            names = [name for name, trait in TRAITS.items() if trait.is_named == is_named]
            slots = [role for role, size in sizes.items() for _ in range(size)]
            roles |= {
                names[int(place)]: role for place, role in zip(generator.permutation(len(names)), slots, strict=True)
            }
        kinds = Counter((role, TRAITS[name].is_discrete) for name, role in roles.items())
        if min(kinds[role, kind] for role in Role for kind in (True, False)) >= _LEAST and (
            kinds[Role.CONVERGENT, True] == kinds[Role.DECOY, True]
        ):
            return {name: roles[name] for name in TRAITS}
