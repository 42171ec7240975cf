"""Spaces built so that the answer is known: what is measured of them, and what is said of it."""

import numpy as np
import pytest
from tests.analyze.spaces import means_along, partial_space, random_space, space_of

from thuja.analyze import Finding, Space, Verdict
from thuja.analyze.within import Within, WithinSettings, measure_within
from thuja.structure.consistency import CONSISTENCY
from thuja.structure.contrast import SHARE as STEP_SHARE
from thuja.structure.decoding import INSIDE, MEASURE, OUTSIDE, DecodingSettings
from thuja.structure.prototypes import PROTOTYPE_SHARE
from thuja.structure.span import axes_of
from thuja.structure.variation import DEBIASED, Draws

STAGE = "life_stage: adult ~ young"
RANDOM, MATCHED = "random subspaces of as many dimensions", "subspaces drawn from the spectrum of all variance"
QUICK = WithinSettings(
    confusables=3,
    temperature=1.0,
    is_unit=False,
    others=3,
    flips=99,
    draws=Draws(halves=3, subspaces=39),
    decoding=DecodingSettings(folds=2, permutations=0),
)


def measured(space: Space, factors: list[str] | None = None, *, seed: int = 0) -> Within:
    return measure_within(space, factors or [], np.random.default_rng(seed), settings=QUICK)


def find(section: Within, measure: str, control: str = "") -> Finding:
    return next(one for one in section.findings if one.measure == measure and control in one.control)


@pytest.fixture(scope="module")
def orthogonal() -> Within:
    return measured(partial_space(0.0), ["life_stage"])


@pytest.fixture(scope="module")
def entangled() -> Within:
    return measured(partial_space(1.0), ["life_stage"])


def test_orthogonal_by_construction_is_about_nothing_and_holds_against_both_nulls(orthogonal: Within) -> None:
    for control in (RANDOM, MATCHED):
        found = find(orthogonal, DEBIASED, control)
        assert abs(found.value.value) < 0.01
        assert found.verdict is Verdict.HOLDS
        assert found.p_value == 1 / 40 if control == RANDOM else found.p_value <= 0.05
    assert find(orthogonal, DEBIASED, RANDOM).against.value == pytest.approx(11 / 48)


def test_entangled_by_construction_is_about_one_and_fails(entangled: Within) -> None:
    found = find(entangled, DEBIASED, RANDOM)
    assert found.value.value == pytest.approx(1, abs=0.01)
    assert found.verdict is Verdict.FAILS
    assert find(entangled, DEBIASED, MATCHED).verdict is Verdict.UNDECIDED  # all variance is in these axes


@pytest.mark.parametrize("dial", [0.25, 0.5, 0.75])
def test_the_share_is_the_dial(dial: float) -> None:
    found = find(measured(partial_space(dial)), DEBIASED, RANDOM)
    assert found.value.value == pytest.approx(dial, abs=0.03)


def test_random_isotropic_is_its_share_of_the_dimensions_and_undecided() -> None:
    found = find(measured(random_space(5)), DEBIASED, RANDOM)
    assert found.value.value / (11 / 48) == pytest.approx(1, abs=0.07)
    assert found.verdict is Verdict.UNDECIDED


def test_the_levels_differ_beside_the_species_or_along_them(orthogonal: Within, entangled: Within) -> None:
    assert abs(find(orthogonal, STEP_SHARE, RANDOM).value.value) < 0.01
    assert find(orthogonal, STEP_SHARE, RANDOM).verdict is Verdict.HOLDS
    assert find(entangled, STEP_SHARE, RANDOM).value.value == pytest.approx(1, abs=0.01)
    assert find(entangled, STEP_SHARE, RANDOM).verdict is Verdict.FAILS


def test_what_is_kept_outside_the_span_can_be_told_there_and_what_is_not_cannot() -> None:
    """Free is not preserved: both spaces leave all of the complement free, and only one keeps the levels in it."""
    outside = f"{MEASURE} {OUTSIDE}"
    space = partial_space(0.0, seed=1)
    assert find(measured(space, ["life_stage"]), outside).value.value > 0.95
    is_young = np.array([one == "young" for one in space.columns["life_stage"]])
    vectors = space.vectors.copy()
    vectors[:, -1] -= np.where(is_young, 1.0, -1.0)
    lost = Space(vectors=vectors, taxa=space.taxa, columns=space.columns)
    found = measured(lost, ["life_stage"])
    assert find(found, DEBIASED, RANDOM).verdict is Verdict.HOLDS
    assert find(found, outside).value.value == pytest.approx(0.5, abs=0.1)
    assert find(found, f"{MEASURE} {INSIDE}").value.value == pytest.approx(0.5, abs=0.1)
    assert any("not seen to differ" in note for note in found.notes)


def test_a_difference_in_one_direction_is_consistent_and_one_that_turns_from_species_to_species_is_not(
    orthogonal: Within,
) -> None:
    found = find(orthogonal, CONSISTENCY)
    assert found.value.value == pytest.approx(1, abs=0.02)
    assert (found.verdict, found.p_value) == (Verdict.HOLDS, 0.01)
    space = partial_space(0.0)
    is_young = np.array([one == "young" for one in space.columns["life_stage"]])
    turns = np.random.default_rng(0).standard_normal((12, 48)) / np.sqrt(12)
    vectors = space.vectors + np.where(is_young, 1.0, -1.0)[:, None] * turns[space.species]
    vectors[:, -1] -= np.where(is_young, 1.0, -1.0)
    other = measured(Space(vectors=vectors, taxa=space.taxa, columns=space.columns), ["life_stage"])
    assert abs(find(other, CONSISTENCY).value.value) < 0.1
    assert find(other, CONSISTENCY).verdict is not Verdict.HOLDS


def test_prototypes_have_a_span_of_their_own() -> None:
    """Texts along the last axes, where all variation lies, while the images' species differ along the first."""
    space = partial_space(0.0)
    generator = np.random.default_rng(0)
    texts = means_along(12, 11, 48, generator, apart=1.0)[:, ::-1]
    number = space.species
    found = measured(space_of(space.vectors, number, prototypes=texts))
    prototypes = find(found, PROTOTYPE_SHARE, RANDOM)
    basis = axes_of(texts / np.linalg.norm(texts, axis=1, keepdims=True))
    means = np.stack([space.vectors[number == one].mean(axis=0) for one in range(12)])
    rests = space.vectors - means[number]
    assert prototypes.value.value == pytest.approx(((rests @ basis) ** 2).sum() / (rests**2).sum())
    assert prototypes.verdict is Verdict.FAILS
    assert find(found, DEBIASED, RANDOM).verdict is Verdict.HOLDS
