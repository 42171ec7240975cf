"""The section on spaces whose answer is known: of the tree, of noise, of what others see, of too little."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from tests.analyze.tree.making import by_measure, drifted, grown, space_of

from thuja.analyze import Phylogeny, Prototypes, Space, Verdict
from thuja.analyze.tree import TreeSettings, tree_section
from thuja.errors import ThujaError, UnknownName, UsageError
from thuja.taxonomy import Rank, Taxon

QUICK = TreeSettings(replicates=200, permutations=49, shuffles=39, is_drawn=False)
NUMBERS = ("Spearman", "Kendall", "with rank steps", "share of clades", "Jaccard")


def study(space, seed=0, **options):
    return tree_section(space, np.random.default_rng(seed), settings=replace(QUICK, **options))


@pytest.fixture(scope="module")
def known():
    """A space that drifted along the tree, beside one that knows none, with texts of the first."""
    generator = np.random.default_rng(0)
    tree, taxa = grown(60)
    means = drifted(tree, generator)
    noise = generator.normal(size=(120, 30)).astype(np.float32)
    space = space_of(
        means,
        taxa,
        generator,
        controls={"noise": noise},
        prototypes=Prototypes(taxa=taxa, vectors=means + 0.3 * generator.normal(size=means.shape)),
    )
    return tree, taxa, means, study(space, is_drawn=True)


def test_a_space_that_drifted_along_the_tree_holds_against_chance_and_control(known):
    _, _, _, section = known
    for word in NUMBERS:
        for control in ("noise", None):
            findings = [one for one in by_measure(section, word, of="images") if control in (None, one.control)]
            assert findings
            assert {one.verdict for one in findings} == {Verdict.HOLDS}, word
    assert by_measure(section, "share of clades", of="images")[0].value.value > 0.8
    species = by_measure(section, "share of images", of="species", control="a random other image")[0]
    assert species.value.value == 1.0
    assert species.against.value == pytest.approx(1 / 119)


def test_an_effect_is_the_difference_of_its_two_numbers(known):
    _, _, _, section = known
    for finding in section.findings:
        if finding.effect is not None:
            assert finding.effect.value == pytest.approx(finding.value.value - finding.against.value)
            assert finding.effect.low <= finding.effect.value <= finding.effect.high


def test_texts_are_held_against_the_tree_and_against_images(known):
    _, _, _, section = known
    assert by_measure(section, "Spearman's correlation over pairs", of="texts")[0].verdict == Verdict.HOLDS
    alike = by_measure(section, "Spearman's correlation of the two sides", control="no relation", of="images and texts")
    assert alike[0].value.value > 0.7
    beyond = by_measure(section, "partial", control="noise", of="images and texts")[0]
    assert beyond.verdict == Verdict.HOLDS
    assert any(table.name == "tree_species_neighbours" and table.rows for table in section.tables)


def test_figures_and_tables_are_there_with_numbers(known):
    _, _, _, section = known
    assert [figure.name for figure in section.figures] == [
        "tree_neighbours", "tree_distances", "tree_tanglegram", "tree_tanglegram_texts",
    ]  # fmt: skip
    assert all("<svg" in figure.drawing for figure in section.figures)
    for table in section.tables:
        assert {len(row) for row in table.rows} == {len(table.columns)}, table.name
    assert len({table.name for table in section.tables}) == len(section.tables)
    assert any("60 species of 2 images" in note and "18 families" in note for note in section.notes)


def test_noise_is_not_found_to_follow_the_tree():
    """Of 20 spaces that know no tree, few correlations are called a finding: 1 in 40 on this side is expected."""
    _, taxa = grown(40)
    called = 0
    for seed in range(20):
        space = space_of(np.random.default_rng(seed).normal(size=(40, 8)), taxa, np.random.default_rng(seed))
        section = study(space, seed, replicates=100, permutations=2, shuffles=19)
        called += by_measure(section, "Kendall")[0].verdict == Verdict.HOLDS
        assert abs(by_measure(section, "Kendall")[0].value.value) < 0.2
    assert called <= 4


def test_a_model_worse_than_its_control_fails(known):
    _, taxa, means, _ = known
    generator = np.random.default_rng(1)
    space = space_of(generator.normal(size=(60, 20)), taxa, generator, images=1)
    section = study(replace(space, controls={"knows": means}))
    for word in NUMBERS:
        assert by_measure(section, word, control="knows")[0].verdict == Verdict.FAILS, word


def test_the_tree_that_a_space_follows_is_told_where_two_part():
    """A third of the labels lie; the space drifted along the true tree, and the control is one of the labels."""
    generator = np.random.default_rng(0)
    tree, taxa = grown(60)
    moved = generator.permutation(60)[:20]
    labels = list(taxa)
    for place, other in zip(moved, np.roll(moved, 1), strict=True):
        labels[place] = replace(taxa[other], species=f"moved{place}")
    order = [int(taxon.species.removeprefix("moved")) if "moved" in taxon.species else place
             for place, taxon in enumerate(labels)]  # fmt: skip
    assert order == list(range(60))
    wrong = np.arange(60)
    wrong[moved] = np.roll(moved, 1)
    means = drifted(tree, generator)
    space = space_of(means, labels, generator, images=1, controls={"labels": means[wrong]})
    section = study(space, phylogeny=Phylogeny.of_tree(tree, labels))
    assert by_measure(section, "phylogeny beyond", control="no relation")[0].verdict == Verdict.HOLDS
    assert by_measure(section, "phylogeny beyond", control="labels")[0].verdict == Verdict.HOLDS
    assert by_measure(section, "taxonomy beyond", control="labels")[0].verdict == Verdict.FAILS
    triples = by_measure(section, "triples", control="either")[0]
    assert triples.value.value > 0.85
    assert by_measure(section, "triples", control="labels")[0].against.value < 0.2
    pairs = next(table for table in section.tables if table.name == "tree_parted_pairs")
    for *_, labelled, true, seen in pairs.rows[:5]:
        assert abs(seen - true) < abs(seen - labelled)


def test_each_value_of_a_column_is_studied_apart(known):
    _, taxa, means, _ = known
    generator = np.random.default_rng(0)
    shifted = np.where(np.arange(120) % 2 == 0, 3.0, -3.0)[:, None] * generator.normal(size=(1, means.shape[1]))
    vectors = np.repeat(means, 2, axis=0) + shifted
    space = Space(
        vectors=vectors.astype(np.float16),
        taxa=[taxon for taxon in taxa for _ in range(2)],
        columns={"camera": ["museum", "field"] * 59 + ["rare", None]},
    )
    section = study(space, by="camera", permutations=9, shuffles=9)
    share = by_measure(section, "same camera", control="a random other image")[0]
    assert share.value.value > 0.95
    assert share.against.value == pytest.approx(0.5, abs=0.02)
    for label in ("museum", "field"):
        assert by_measure(section, "Kendall", of=f"images, camera {label}")[0].value.value > 0.3
    assert any("camera rare: 1 image, too few" in note for note in section.notes)
    assert len({table.name for table in section.tables}) == len(section.tables)


def test_one_species_has_no_tree():
    section = study(Space(vectors=np.eye(4), taxa=[Taxon(genus="Corvus", species="corax")] * 4))
    assert section.reason == "All 4 images are of one species (Corvus corax): there is no tree."
    assert not section.findings


def test_images_without_names_have_no_tree():
    assert study(Space(vectors=np.eye(3), taxa=[Taxon()] * 3)).reason == "None of 3 images is named at any rank."
    assert study(Space(vectors=np.eye(1), taxa=[Taxon(genus="a")])).reason.startswith("There is 1 image")


def test_one_image_a_species_leaves_out_the_rank_of_species():
    tree, taxa = grown(30)
    generator = np.random.default_rng(0)
    section = study(space_of(drifted(tree, generator), taxa, generator, images=1))
    assert not by_measure(section, "share of images", of="species")
    assert by_measure(section, "share of images", of="family")
    assert by_measure(section, "Kendall")[0].verdict == Verdict.HOLDS


def test_constant_and_empty_vectors_are_told_and_not_measured():
    _, taxa = grown(12)
    flat = study(Space(vectors=np.ones((12, 5)), taxa=taxa))
    assert flat.reason == "the vectors of the model are all alike, so that nothing can be measured of them."
    nought = np.random.default_rng(0).normal(size=(12, 5))
    nought[3] = 0
    assert study(Space(vectors=nought, taxa=taxa)).reason.startswith("1 of 12 vectors of the model are nought")
    space = Space(vectors=np.eye(12), taxa=taxa, controls={"grey": np.ones((12, 2)), "dark": nought})
    section = study(replace(space, vectors=np.random.default_rng(1).normal(size=(12, 5))))
    assert {one.control for one in section.findings}.isdisjoint({"grey", "dark"})
    assert any('the control "grey" are all alike' in note for note in section.notes)
    assert any('1 of 12 vectors of the control "dark"' in note for note in section.notes)


def test_vectors_that_are_no_numbers_are_refused():
    with pytest.raises(ThujaError, match="1 of 2 image vectors are not numbers"):
        study(Space(vectors=np.array([[1.0, 0], [np.nan, 1]]), taxa=[Taxon(genus="a")] * 2))


def test_two_genera_are_measured_and_left_undecided_where_units_are_few():
    generator = np.random.default_rng(0)
    taxa = [Taxon(genus=genus, species=f"{genus}{number}") for genus in "ab" for number in range(3)]
    means = np.repeat(np.eye(2, 8), 3, axis=0) + 0.01 * generator.normal(size=(6, 8))
    section = study(space_of(means, taxa, generator))
    tau = by_measure(section, "Kendall")[0]
    assert "at most 0.775" in tau.note  # of 10 pairs of others 4 are equally near: sqrt(.6)
    assert tau.value.value > 0.5
    assert tau.verdict == Verdict.UNDECIDED
    assert "6 clades says little" in tau.note
    genus = by_measure(section, "share of clades")[0]
    assert genus.value.value == 1.0


def test_species_that_are_equally_near_have_neighbours_only():
    generator = np.random.default_rng(0)
    taxa = [Taxon(genus="a", species=f"s{number}") for number in range(9)]
    section = study(space_of(generator.normal(size=(9, 8)), taxa, generator))
    assert {finding.of for finding in section.findings} == {"species"}, "at genus nobody can be wrong"
    assert any("equally near" in note for note in section.notes)


def test_incomplete_lineages_are_measured_as_far_as_they_are_named():
    tree, taxa = grown(40)
    generator = np.random.default_rng(0)
    cut = [
        replace(taxon, family=taxon.family if number % 3 else "", class_=taxon.class_ if number % 5 else "")
        for number, taxon in enumerate(taxa)
    ]
    space = space_of(drifted(tree, generator), cut, generator)
    unnamed = [Taxon(kingdom="k0"), Taxon(), *space.taxa[2:]]
    section = study(replace(space, taxa=unnamed))
    assert by_measure(section, "Kendall")[0].verdict == Verdict.HOLDS
    assert any("of 2 images no species is named" in note for note in section.notes)
    assert any("79 of 79 images with a lineage" in note for note in section.notes)


def test_images_of_one_individual_are_no_neighbours_of_each_other():
    _, taxa = grown(20)
    generator = np.random.default_rng(0)
    space = space_of(generator.normal(size=(20, 8)), taxa, generator)
    alone = study(replace(space, groups=np.repeat(np.arange(20), 2)))
    assert not by_measure(alone, "share of images", of="species"), "no other individual of its species"
    assert by_measure(study(space), "share of images", of="species")[0].value.value == 1.0


def test_five_thousand_species_are_sampled_by_units_and_fit_in_memory():
    generator = np.random.default_rng(0)
    taxa = [Taxon(kingdom="K", family=f"f{number // 20}", genus=f"g{number // 5}", species=f"s{number}")
            for number in range(5000)]  # fmt: skip
    space = Space(vectors=generator.normal(size=(5000, 64)).astype(np.float16), taxa=taxa)
    tracemalloc.start()
    try:
        section = study(
            space, species=600, anchors=50, queries=400, permuted=60, permutations=9, shuffles=2, replicates=50
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 300e6
    assert any(
        "Distances and trees are of 600 species, in whole families drawn at random" in one for one in section.notes
    )
    assert any(one.startswith("400 of 5,000 images") for one in section.notes)
    steps = next(table for table in section.tables if table.name == "tree_distance_by_rank_images")
    pairs = {row[1]: row[2] for row in steps.rows}
    assert pairs["genus"] == 600 * 4 / 2, "kin of the chosen species are in"


def test_the_same_seed_gives_the_same_section():
    tree, taxa = grown(16)
    space = space_of(drifted(tree, np.random.default_rng(0)), taxa, np.random.default_rng(0))
    first, second = study(space, 5), study(space, 5)
    assert first == second


def test_a_wrong_request_is_refused():
    space = Space(vectors=np.eye(2), taxa=[Taxon(genus="a"), Taxon(genus="b")])
    with pytest.raises(UnknownName, match="unknown column"):
        study(space, by="camera")
    with pytest.raises(UsageError, match="species must be 2 or more"):
        TreeSettings(species=1)


def test_the_unit_asked_for_is_the_unit_told():
    tree, taxa = grown(60)
    generator = np.random.default_rng(0)
    section = study(space_of(drifted(tree, generator), taxa, generator, images=1), unit=Rank.ORDER)
    assert "Intervals redraw clades (orders)" in section.about


def test_what_two_images_say_is_left_undecided():
    """A share of nought of two images was once said to fail, since every redraw gives nought."""
    generator = np.random.default_rng(0)
    _, taxa = grown(40)
    taxa[1] = taxa[0]
    vectors = generator.normal(size=(40, 8))
    vectors[1] = -vectors[0]
    species = by_measure(study(Space(vectors=vectors, taxa=taxa)), "share of images", of="species")[0]
    assert species.value.value == 0
    assert species.verdict == Verdict.UNDECIDED
    assert "2 of 40 images can be right; an interval over 1 clades says little" in species.note
