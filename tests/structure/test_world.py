"""The simulated world, where it is set whether the young of a species look like another one: the signs come out.

Vectors are the true liabilities of specimens, so that nothing stands between the knob and the measure.
"""

import numpy as np
import pytest

from thuja.biosphere import CLEAN, Condition, World, WorldConfig
from thuja.biosphere.scene import SEXES, STAGES
from thuja.structure import Contrast, Row, Specimens, StructureSettings, measure_structure
from thuja.structure.contrast import BETWEEN, SHARE
from thuja.structure.decoding import INSIDE, MEASURE, OUTSIDE, DecodingSettings
from thuja.structure.span import axes_of, squared
from thuja.structure.variation import Draws

EACH = 12
YOUNG = Contrast(factor="life_stage", first="adult", second="juvenile")
SEX = Contrast(factor="sex", first="female", second="male")


def world_of(overlap: float) -> World:
    return World.make(WorldConfig(seed=5, species=20, images=4, overlap=overlap, **CLEAN))


def measured(overlap: float) -> dict[tuple[Contrast, str], Row]:
    """Adult females, juvenile ones and adult males of 20 species, with little noise of individuals."""
    world = world_of(overlap)
    generator = np.random.default_rng(0)
    vectors, species, stages, sexes = [], [], [], []
    for number in range(20):
        for stage, sex in ((STAGES[-1], SEXES[0]), (STAGES[0], SEXES[0]), (STAGES[-1], SEXES[1])):
            mean = world.mean(number, Condition(stage=stage, sex=sex))
            vectors.append(mean + 0.3 * generator.standard_normal((EACH, len(mean))))
            species += [number] * EACH
            stages += [stage if sex == SEXES[0] else ""] * EACH
            sexes += [sex if stage == STAGES[-1] else ""] * EACH
    specimens = Specimens(species=np.array(species), factors={"life_stage": np.array(stages), "sex": np.array(sexes)})
    settings = StructureSettings(
        contrasts=(YOUNG, SEX),
        is_unit=False,
        draws=Draws(halves=3, subspaces=10),
        decoding=DecodingSettings(folds=4, permutations=0),
    )
    found = measure_structure(np.concatenate(vectors), specimens, settings=settings)
    return {
        (contrast, measure): found.find(str(contrast), measure)
        for contrast in (YOUNG, SEX)
        for measure in (SHARE, BETWEEN, f"{MEASURE} {INSIDE}", f"{MEASURE} {OUTSIDE}")
    }


@pytest.fixture(scope="module")
def beside() -> dict[tuple[Contrast, str], Row]:
    return measured(0.0)


@pytest.fixture(scope="module")
def along() -> dict[tuple[Contrast, str], Row]:
    return measured(1.0)


@pytest.mark.parametrize("contrast", [YOUNG, SEX])
def test_stage_and_sex_lie_beside_the_species_at_overlap_0(contrast: Contrast, beside) -> None:
    row = beside[contrast, SHARE]
    assert row.model.high < 0.05 < row.random.value
    assert beside[contrast, BETWEEN].model.low > 0
    assert beside[contrast, f"{MEASURE} {OUTSIDE}"].model.value > 0.95
    assert beside[contrast, f"{MEASURE} {INSIDE}"].model.value < 0.8


def test_the_young_of_one_species_look_like_another_at_overlap_1(along) -> None:
    """Species lie halfway between their levels: where A and B are each other's partners, their means coincide."""
    world = world_of(1.0)
    young, old = (
        np.stack([world.mean(number, Condition(stage=stage)) for number in range(20)])
        for stage in (STAGES[0], STAGES[-1])
    )
    row = along[YOUNG, SHARE]
    known = int(row.note.split()[1])
    basis = axes_of((young + old) / 2)[:, :known]
    true = squared(young - old, basis).sum() / squared(young - old).sum()
    assert row.model.value == pytest.approx(true, abs=0.05)
    assert row.model.low > 2 * row.random.value


def test_the_difference_is_as_long_at_either_end_of_the_dial(beside, along) -> None:
    """The root mean square is set; species differ in how far their partners are."""
    for contrast in (YOUNG, SEX):
        assert along[contrast, BETWEEN].model.value == pytest.approx(beside[contrast, BETWEEN].model.value, rel=0.05)
