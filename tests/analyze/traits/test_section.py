"""The section of a trait: what it comes to where ecology is there, where it is not, and where nothing can be said."""

from dataclasses import replace

import numpy as np
import pytest
from tests.analyze.traits.worlds import World, along_tree

from thuja.analyze import Finding, Section, Space, Verdict
from thuja.analyze.traits import TraitSettings, trait_section
from thuja.errors import ThujaError, UnknownName, UsageError
from thuja.taxonomy import Rank, Taxon

QUICK = TraitSettings(draws=39, folds=5, replicates=200)


def finding(section: Section, claim: str) -> Finding:
    return next(one for one in section.findings if one.claim.startswith(claim))


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def ecological() -> Space:
    """Vectors that carry the tree and a habitat that knows no tree; a decoy of the same signal is not in them."""
    draw = np.random.default_rng(1)
    world = World.make(draw, orders=12)
    habitat = draw.integers(2, size=len(world.taxa))
    world.vectors[:, 0] += 4 * habitat
    decoy = draw.permutation(habitat)
    space = world.space(
        draw,
        images=4,
        habitat=[("sea", "land")[label] for label in habitat],
        decoy=[("yes", "no")[label] for label in decoy],
        depth=[float(value) for value in 2 * habitat + draw.standard_normal(len(habitat))],
        kind=[None] * len(habitat),
    )
    kinds = ["museum" if row % 2 else "field" for row in range(len(space))]
    untrained = draw.standard_normal((len(space), 6))
    constant = np.ones((len(space), 3))
    return replace(
        space, columns={**space.columns, "kind": kinds}, controls={"untrained": untrained, "blank": constant}
    )


def test_ecology_beyond_ancestry_holds_against_everything(ecological: Space) -> None:
    swapped = replace(ecological, vectors=ecological.vectors + 0.05, controls={})
    settings = replace(QUICK, decoys=("decoy",), stratum="kind", swapped={"neutral": swapped})
    section = trait_section(ecological, "habitat", generator(), settings=settings)
    assert section.reason == ""
    assert section.findings[0].claim == "habitat shows in the space beyond ancestry"
    assert section.findings[0].verdict is Verdict.HOLDS
    assert section.findings[0].value.value > 0.85
    assert section.findings[0].p_value == pytest.approx(1 / 40)
    assert finding(section, "tells more than untrained").verdict is Verdict.HOLDS
    assert finding(section, "told better than the decoy").verdict is Verdict.HOLDS
    assert finding(section, "holds on another background").verdict is Verdict.HOLDS
    assert finding(section, "tells more than the tree alone").verdict is Verdict.HOLDS
    strata = [one for one in section.findings if one.claim.endswith("from these images alone")]
    assert [one.of for one in strata] == ["habitat, kind field", "habitat, kind museum"]
    assert all(one.verdict is Verdict.HOLDS for one in strata)
    assert "The control blank gives all species the same mean vector and is left out." in section.notes
    assert [table.name for table in section.tables] == [
        "habitat-nulls",
        "habitat-regressions",
        "habitat-clades",
        "habitat-species",
    ]
    assert all(len(row) == len(table.columns) for table in section.tables for row in table.rows)
    assert [figure.name for figure in section.figures] == ["habitat-ordering", "habitat-predicted", "habitat-nulls"]
    assert all(str(figure.drawing).count("<svg") == 1 for figure in section.figures)


def test_a_background_that_says_the_habitat_does_not_count(ecological: Space) -> None:
    """On swapped grounds the habitat's dimension says the other habitat: what was learnt is the ground."""
    flipped = np.array(ecological.vectors)
    rows = np.array([value == "sea" for value in ecological.columns["habitat"]])
    flipped[rows, 0] += 4
    flipped[~rows, 0] -= 4
    settings = replace(QUICK, swapped={"swapped": replace(ecological, vectors=flipped, controls={})}, is_unit=False)
    section = trait_section(replace(ecological, controls={}), "habitat", generator(), settings=settings)
    assert finding(section, "told of clades left out").verdict is Verdict.HOLDS
    assert finding(section, "holds on another background").verdict is Verdict.FAILS
    assert section.findings[0].verdict is Verdict.FAILS
    assert "holds on another background" in section.findings[0].note


def test_a_trait_in_numbers_is_ordered_along_its_direction(ecological: Space) -> None:
    section = trait_section(replace(ecological, controls={}), "depth", generator(), settings=QUICK)
    order = finding(section, "species stand in order")
    assert order.measure == "Spearman's correlation"
    assert order.value.value > 0.3
    species = next(table for table in section.tables if table.name == "depth-species")
    scores = [row[species.columns.index("score")] for row in species.rows]
    assert scores == sorted(scores, reverse=True)
    assert "Held against no control, no decoy, no other background" in section.findings[0].note


def test_ecology_that_is_not_there_is_not_said_to_be() -> None:
    """One world of many: that one in twenty says so by chance is tested of two hundred."""
    draw = np.random.default_rng(3)
    world = World.make(draw, orders=12)
    values = along_tree(world.ancestry, 0.8, 1, draw)[:, 0]
    section = trait_section(world.space(draw, beak=values.tolist()), "beak", generator(), settings=QUICK)
    assert section.findings[0].verdict is not Verdict.HOLDS
    beyond = [one for one in section.findings if one.claim.endswith("beyond ancestry") and "Grafen" in one.of]
    assert beyond[0].p_value is not None
    assert beyond[0].p_value > 0.05


def test_the_same_seed_says_the_same(ecological: Space) -> None:
    one, other = (trait_section(ecological, "depth", generator(), settings=QUICK) for _ in range(2))
    assert one == other


BIRDS = [Taxon.from_names(["K", "P", "C", f"O{n // 4}", f"F{n // 2}", f"G{n}", "s"]) for n in range(16)]
ONE_CLADE = [Taxon.from_names(["K", "P", "C", "O", "F", "G", f"s{n}"]) for n in range(16)]


@pytest.mark.parametrize(
    ("taxa", "values", "reason"),
    [
        (BIRDS, [3.5] * 16, 'All 16 species with a known value have the same one, "3.5".'),
        (BIRDS, ["sea"] * 16, 'All 16 species with a known value have the same one, "sea".'),
        (BIRDS, [None] * 16, "No species has a known value. x is unknown of 16 of 16 images, and of 16 of 16 species."),
        (BIRDS[:2], [1.0, 2.0], "2 species have a known value, and the analysis needs 8."),
        (ONE_CLADE, list(range(16)), "No rank from kingdom to genus parts the 16 species into 4 clades"),
        (BIRDS, ["sea"] * 14 + ["land"] * 2, "Fewer than two categories have 3 species or more"),
        (BIRDS, ["sea"] * 12 + ["land"] * 4, "Fewer than two categories have 3 species or more"),
        ([Taxon(genus="G")] * 16, list(range(16)), "No species has a known value. 16 of 16 images are named to no"),
    ],
)
def test_a_trait_of_which_nothing_can_be_said_says_why(taxa: list[Taxon], values: list, reason: str) -> None:
    space = Space(vectors=np.random.default_rng(0).standard_normal((len(taxa), 4)), taxa=taxa, columns={"x": values})
    section = trait_section(space, "x", generator(), settings=QUICK)
    assert section.reason.startswith(reason)
    assert section.findings == ()


def test_constant_vectors_say_nothing() -> None:
    space = Space(vectors=np.ones((16, 4)), taxa=BIRDS, columns={"x": list(range(16))})
    assert trait_section(space, "x", generator()).reason == "The mean vectors of all species are the same."


def test_a_decoy_of_which_nothing_can_be_said_is_a_note(ecological: Space) -> None:
    space = replace(ecological, columns={**ecological.columns, "flat": [1.0] * len(ecological)}, controls={})
    section = trait_section(space, "depth", generator(), settings=replace(QUICK, decoys=("flat",)))
    assert any(note.startswith("flat: All ") for note in section.notes)
    assert not any("decoy" in one.claim for one in section.findings)
    assert section.findings[0].verdict is not Verdict.HOLDS
    assert "Not held against the decoy flat" in section.findings[0].note


def test_wrong_requests_are_refused(ecological: Space) -> None:
    with pytest.raises(UnknownName, match="habitats"):
        trait_section(ecological, "habitats", generator())
    with pytest.raises(UnknownName, match="shadow"):
        trait_section(ecological, "habitat", generator(), settings=TraitSettings(decoys=("shadow",)))
    with pytest.raises(UsageError, match="a species is none"):
        TraitSettings(left_out=Rank.SPECIES)
    with pytest.raises(UsageError, match="three folds or more, got 2"):
        TraitSettings(folds=2)
    narrow = replace(ecological, vectors=ecological.vectors[:, :5], controls={})
    with pytest.raises(ThujaError, match=r"have 5 dimensions, those of the space 16"):
        trait_section(ecological, "habitat", generator(), settings=replace(QUICK, swapped={"cut": narrow}))
