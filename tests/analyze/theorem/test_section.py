"""The whole section: what it finds in spaces whose answer is known, and what it says of spaces that have none."""

from dataclasses import replace

import numpy as np
import pytest
from tests.analyze.theorem.clouds import complement_of, confusable, prototypes_of, space_of, taxa_of, units

from thuja.analyze import Finding, Prototypes, Section, Space, Verdict
from thuja.analyze.theorem import TheoremSettings, compare, match, species_costs, theorem_section
from thuja.errors import EmptyInput, UsageError
from thuja.taxonomy import Taxon

FAST = TheoremSettings(tau=0.25, temperatures=(0.01,), replicates=50, permutations=19)


def section_of(space: Space, settings: TheoremSettings = FAST) -> Section:
    return theorem_section(space, np.random.default_rng(0), settings=settings)


def finding(section: Section, of: str) -> Finding:
    (found,) = [each for each in section.findings if each.of.startswith(of) and "measured cost /" in each.measure]
    return found


@pytest.fixture(scope="module")
def mild() -> Section:
    return section_of(space_of(prototypes_of(16, 32), each=8, spread=0.02))


def test_where_deviations_are_small_the_theorem_holds(mild: Section) -> None:
    found = finding(mild, "about the mean")
    assert found.verdict is Verdict.HOLDS
    assert found.value.value == pytest.approx(1, abs=0.02)
    assert finding(mild, "of the text's half").verdict is Verdict.HOLDS


def test_at_a_hundredth_it_fails() -> None:
    space = space_of(confusable(64, 32), each=8, spread=0.16 / np.sqrt(32))
    found = finding(section_of(space, replace(FAST, tau=0.01)), "about the mean")
    assert found.verdict is Verdict.FAILS


def test_with_a_gap_p_at_the_prototype_fails_and_p_at_the_mean_holds() -> None:
    prototypes = prototypes_of(16, 32)
    section = section_of(space_of(prototypes, each=8, spread=0.02, gap=1.5 * prototypes[0]))
    assert finding(section, "about the mean").verdict is Verdict.HOLDS
    assert finding(section, "with p at the species' prototype").verdict is Verdict.FAILS


def test_variation_outside_the_span_is_told_as_such() -> None:
    prototypes, generator = prototypes_of(8, 32), np.random.default_rng(0)
    free = complement_of(prototypes)
    inside = np.linalg.svd(prototypes - prototypes.mean(axis=0))[2][:7]
    deviations = 0.2 * generator.standard_normal((80, free.shape[1])) @ free.T
    deviations += 0.001 * generator.standard_normal((80, 7)) @ inside
    taxa = taxa_of(8)
    space = Space(
        vectors=units(np.repeat(prototypes, 10, axis=0) + deviations),
        taxa=[taxon for taxon in taxa for _ in range(10)],
        prototypes=Prototypes(taxa=taxa, vectors=prototypes),
    )
    found = [each for each in section_of(space).findings if "share outside" in each.measure]
    assert [each.value.value > 0.95 for each in found] == [True, True]


def test_every_table_has_cells_for_its_columns_and_no_nan(mild: Section) -> None:
    names = [table.name for table in mild.tables]
    assert names == [
        "theorem_predicted",
        "theorem_why",
        "theorem_radius",
        "theorem_local",
        "theorem_species",
        "theorem_gram",
        "theorem_gram_steps",
    ]
    for table in mild.tables:
        assert table.rows
        for row in table.rows:
            assert len(row) == len(table.columns)
            assert not [cell for cell in row if isinstance(cell, float) and not np.isfinite(cell)]
    assert [figure.name for figure in mild.figures] == ["theorem_costs", "theorem_radius", "theorem_gram"]
    assert all(str(figure.drawing).startswith("<?xml") for figure in mild.figures)
    assert not any("mathdefault" in str(figure.drawing) for figure in mild.figures)


def test_the_same_seed_gives_the_same_section() -> None:
    space = space_of(prototypes_of(6, 8), each=5, spread=0.05)
    assert section_of(space).findings == section_of(space).findings


def test_half_precision_is_as_good() -> None:
    space = space_of(prototypes_of(6, 8), each=5, spread=0.1)
    ways = (space, replace(space, vectors=space.vectors.astype(np.float16)))
    found = [match(each, np.random.default_rng(0)) for each in ways]
    one, other = (species_costs(m.vectors, m.species, m.prototypes, own=m.own, tau=0.25) for m in found)
    np.testing.assert_allclose(other.measured, one.measured, rtol=5e-3)


def test_a_space_without_prototypes_has_a_reason() -> None:
    section = section_of(replace(space_of(prototypes_of(6, 8), each=5, spread=0.1), prototypes=None))
    assert section.reason == "this space has no text prototypes to hold images against"
    assert not section.findings


def test_prototypes_that_are_one_vector_have_a_reason() -> None:
    space = space_of(prototypes_of(6, 8), each=5, spread=0.1)
    same = Prototypes(taxa=taxa_of(6), vectors=np.ones((6, 8)))
    assert "all prototypes are the same vector" in section_of(replace(space, prototypes=same)).reason


def test_too_few_images_have_a_reason() -> None:
    space = space_of(prototypes_of(6, 8), each=3, spread=0.1)
    assert section_of(space).reason == (
        "no species has both a prototype and 5 images: 0 have no prototype, 6 too few images"
    )


def test_one_species_among_prototypes_is_measured_without_a_correlation() -> None:
    space = space_of(prototypes_of(6, 8), each=8, spread=0.05).select(np.arange(8))
    section = section_of(space)
    assert not section.reason
    assert finding(section, "about the mean").value.value == pytest.approx(1, abs=0.1)
    assert not [each for each in section.findings if "correlation of predicted" in each.measure]


def test_images_that_do_not_vary_are_told() -> None:
    section = section_of(space_of(prototypes_of(6, 8), each=5, spread=0.0))
    assert any("6 species have images that are all the same vector" in note for note in section.notes)
    assert not [each for each in section.findings if "measured cost" in each.measure]


def test_more_prototypes_than_dimensions_are_told_and_have_no_free_direction() -> None:
    section = section_of(space_of(prototypes_of(20, 6), each=6, spread=0.05))
    assert any("span every dimension" in note for note in section.notes)
    found = [each for each in section.findings if "share outside the 6 dimensions" in each.measure]
    assert [each.value.value for each in found] == pytest.approx([0, 0], abs=1e-9)


def test_where_images_are_mistaken_warmth_pays_and_has_no_share_of_the_cost() -> None:
    prototypes = prototypes_of(8, 16)
    space = space_of(np.roll(prototypes, 1, axis=0), each=8, spread=0.1)
    turned = replace(space, prototypes=Prototypes(taxa=taxa_of(8), vectors=prototypes))
    section = section_of(turned)
    assert any("being less sure pays" in note for note in section.notes)
    assert not [each for each in section.findings if each.of.startswith("predicted cost on the sphere")]


def test_a_soft_max_that_is_saturated_is_told() -> None:
    section = section_of(space_of(np.eye(8), each=6, spread=0.01), replace(FAST, tau=0.01))
    assert any("saturated" in note for note in section.notes)


def test_taxa_are_found_by_lineage_or_else_by_name_and_strangers_left_out() -> None:
    space = space_of(prototypes_of(6, 8), each=5, spread=0.1)
    bare = [Taxon(genus=taxon.genus, species=taxon.species) for taxon in taxa_of(6)]
    known = replace(space, prototypes=Prototypes(taxa=bare[:4], vectors=prototypes_of(4, 8)))
    found = match(known, np.random.default_rng(0))
    assert found.own.tolist() == [0, 1, 2, 3]
    assert found.notes == ("2 species without a prototype are left out.",)


def test_of_many_species_and_images_some_are_drawn() -> None:
    space = space_of(prototypes_of(6, 8), each=9, spread=0.1)
    found = match(space, np.random.default_rng(0), most_species=3, most_images=5)
    assert np.bincount(found.species).tolist() == [5, 5, 5]
    assert found.notes == ("Of 6 species 3 are drawn.",)


def test_nothing_to_match_is_an_error_of_its_own() -> None:
    with pytest.raises(EmptyInput, match="no species has both"):
        match(space_of(prototypes_of(2, 4), each=2, spread=0.1), np.random.default_rng(0))


def test_a_comparison_of_proportional_costs_has_slope_one_and_their_ratio() -> None:
    predicted = np.array([0.1, 0.2, 0.5, 1.0])
    found = compare(predicted, 1.3 * predicted)
    assert found.ratio == pytest.approx(1.3)
    assert found.slope == pytest.approx(1)
    assert found.spearman == pytest.approx(1)
    assert (found.close, found.counted) == (0, 4)


def test_a_comparison_of_nothing_says_nothing() -> None:
    found = compare(np.zeros(4), np.zeros(4))
    assert (found.ratio, found.median, found.slope, found.pearson, found.counted) == (None, None, None, None, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"tau": 0.0}, {"temperatures": (-1.0,)}, {"least": 1}, {"tolerance": 1.5}, {"replicates": 0}, {"most_images": 2}],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        TheoremSettings(**wrong)  # type: ignore[arg-type]
