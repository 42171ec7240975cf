"""Roles are dealt anew in every world, evenly in name and kind."""

from collections import Counter

import numpy as np

from thuja.biosphere.roles import Role, deal
from thuja.biosphere.traits import TRAITS

DEALS = [deal(np.random.default_rng(seed)) for seed in range(200)]


def test_every_deal_has_nine_diagnostic_traits_and_six_of_each_other_role():
    for roles in DEALS:
        assert list(roles) == list(TRAITS)
        assert Counter(roles.values()) == {Role.DIAGNOSTIC: 9, Role.CONVERGENT: 6, Role.DECOY: 6, Role.NOISE: 6}


def test_a_third_of_each_role_is_never_named():
    for roles in DEALS:
        unnamed = Counter(role for name, role in roles.items() if not TRAITS[name].is_named)
        assert unnamed == {Role.DIAGNOSTIC: 3, Role.CONVERGENT: 2, Role.DECOY: 2, Role.NOISE: 2}


def test_decoys_are_of_the_kinds_that_convergent_traits_are_of():
    for roles in DEALS:
        kinds = Counter((role, TRAITS[name].is_discrete) for name, role in roles.items())
        assert kinds[Role.DECOY, True] == kinds[Role.CONVERGENT, True]
        assert min(kinds[role, kind] for role in Role for kind in (True, False)) >= 2


def test_any_trait_may_have_any_role():
    for name in TRAITS:
        assert {roles[name] for roles in DEALS} == set(Role)
