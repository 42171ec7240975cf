"""The whole table: a model beside its untrained tower, on the same images, and what cannot be measured."""

import numpy as np
import pytest

from thuja.errors import EmptyInput, ThujaError
from thuja.report import Report
from thuja.structure import COLUMNS, Specimens, Structure, StructureSettings, measure_structure
from thuja.structure.alignment import ALIGNMENT
from thuja.structure.contrast import FISHER
from thuja.structure.contrast import SHARE as STEP_SHARE
from thuja.structure.decoding import INSIDE, MEASURE, OUTSIDE, DecodingSettings
from thuja.structure.variation import DEBIASED, PART, SHARE, Draws

QUICK = StructureSettings(draws=Draws(halves=2, subspaces=4), decoding=DecodingSettings(folds=2, permutations=3))
SPECIES, EACH, WIDTH = 6, 12, 30
STAGE = "life_stage: adult ~ larva"


def world(seed: int = 0) -> tuple[np.ndarray, np.ndarray, Specimens]:
    """A model that keeps stage beside species, an untrained one to which both are one axis, and their labels."""
    generator = np.random.default_rng(seed)
    species = np.repeat(np.arange(SPECIES), EACH)
    is_larva = np.tile(np.arange(EACH) % 2 == 0, SPECIES)
    means = np.zeros((SPECIES, WIDTH))
    means[:, :5] = 6 * np.linalg.qr(generator.standard_normal((SPECIES, SPECIES)))[0][:, :5]
    model = 20 * np.eye(WIDTH)[-1] + means[species] + 0.5 * generator.standard_normal((len(species), WIDTH))
    untrained = model.copy()
    model[:, 10] += 3 * is_larva
    untrained[:, 0] += 3 * is_larva
    levels = {"life_stage": np.where(is_larva, "larva", "adult"), "sex": np.full(len(species), "")}
    return model.astype(np.float32), untrained.astype(np.float16), Specimens(species=species, factors=levels)


@pytest.fixture(scope="module")
def measured() -> Structure:
    model, untrained, specimens = world()
    return measure_structure(model, specimens, untrained=untrained, settings=QUICK)


def test_stage_lies_beside_species_in_the_model_and_along_them_in_the_untrained_tower(measured: Structure) -> None:
    assert (measured.images, measured.species, measured.left_out) == (SPECIES * EACH, SPECIES, 0)
    assert (measured.span, measured.known, measured.width) == (5, 5, WIDTH)
    assert not measured.is_saturated
    assert [(str(contrast), species) for contrast, species in measured.contrasts] == [(STAGE, SPECIES)]
    share = measured.find(STAGE, STEP_SHARE)
    assert share.model.value < 0.1
    assert share.untrained is not None
    assert share.untrained.value > 0.8
    assert share.difference is not None
    assert share.difference.value == pytest.approx(share.model.value - share.untrained.value)
    assert share.difference.high < -0.5
    inside, outside = (measured.find(STAGE, f"{MEASURE} {where}") for where in (INSIDE, OUTSIDE))
    assert outside.model.value > 0.9
    assert outside.untrained.value < inside.untrained.value
    assert measured.find(PART, DEBIASED).difference.high < 0
    assert measured.find(PART, ALIGNMENT).untrained.value > measured.find(PART, ALIGNMENT).model.value


def test_a_model_held_against_itself_differs_by_nothing_in_any_redraw() -> None:
    model, _, specimens = world()
    found = measure_structure(model, specimens, untrained=model, settings=QUICK)
    for row in found.rows:
        assert (row.difference.value, row.difference.low, row.difference.high) == (0, 0, 0)
        assert row.untrained == row.model


def test_the_same_seed_gives_the_same_table_and_another_scale_of_vectors_does_too(measured: Structure) -> None:
    model, untrained, specimens = world()
    again = measure_structure(model * 64, specimens, untrained=untrained, settings=QUICK)
    for row, other in zip(measured.rows, again.rows, strict=True):
        assert row.model.value == pytest.approx(other.model.value, rel=1e-5)


def test_the_table_fits_its_headings_and_a_report(measured: Structure) -> None:
    assert {len(row.cells()) for row in measured.rows} == {len(COLUMNS)}
    page = Report("Structure").section("Within species").table(COLUMNS, [row.cells() for row in measured.rows])
    assert STEP_SHARE in page.to_html()
    table = measured.to_table()
    assert table.num_rows == len(measured.rows)
    row = table.filter(np.array([one == FISHER for one in table["measure"].to_pylist()])).to_pylist()[0]
    assert row["model_low"] < row["model"] < row["model_high"]
    assert "72 images of 6 species" in measured.sentences()[0]


def test_without_an_untrained_tower_and_without_factors_the_rest_stands() -> None:
    model, _, specimens = world()
    found = measure_structure(model, Specimens(species=specimens.species), settings=QUICK)
    assert [row.measure for row in found.rows] == [SHARE, DEBIASED, ALIGNMENT]
    assert {row.untrained for row in found.rows} == {None}
    with pytest.raises(ThujaError, match="no measure"):
        found.find(STAGE, FISHER)


def test_species_that_fill_the_space_are_said_to() -> None:
    generator = np.random.default_rng(0)
    species = np.repeat(np.arange(20), 5)
    vectors = generator.standard_normal((100, 8)) + 3 * generator.standard_normal((20, 8))[species]
    settings = StructureSettings(draws=QUICK.draws, is_unit=False)
    found = measure_structure(vectors, Specimens(species=species), settings=settings)
    assert found.is_saturated
    assert found.find(PART, SHARE).model.value == pytest.approx(1)
    assert "span holds all variation of any model" in found.sentences()[-1]


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (lambda vectors: vectors[:-1], ThujaError, "a vector for each of 72 images"),
        (lambda vectors: np.where(np.arange(72)[:, None] == 3, np.nan, vectors), ThujaError, "1 of 72 image vectors"),
        (lambda vectors: np.repeat(vectors[::EACH], EACH, axis=0), ThujaError, "nothing varies within them"),
        (lambda vectors: np.zeros_like(vectors), ThujaError, "nothing varies within them"),
    ],
)
def test_vectors_that_cannot_be_measured_are_refused(spoil, error: type[Exception], said: str) -> None:
    model, _, specimens = world()
    with pytest.raises(error, match=said):
        measure_structure(spoil(model), specimens, settings=QUICK)


def test_one_species_is_refused_and_copies_of_one_image_in_some_species_are_not() -> None:
    model, _, specimens = world()
    with pytest.raises(EmptyInput, match="1 species"):
        measure_structure(model, Specimens(species=np.zeros(72, np.int64)), settings=QUICK)
    model[: 5 * EACH] = np.repeat(model[: 5 * EACH : EACH], EACH, axis=0)
    found = measure_structure(model, specimens, settings=QUICK)
    assert found.find(PART, SHARE).model.value < 0.5
