"""The section: controls paired on the same images, tables and figures, and a sentence for what cannot be told."""

from dataclasses import replace

import numpy as np
import pytest
from tests.analyze.spaces import partial_space, random_space, space_of

from thuja.analyze import Section, Space, Verdict
from thuja.analyze.within import WithinSettings, measure_within, within_section
from thuja.analyze.within.findings import noise_note
from thuja.errors import UnknownName, UsageError
from thuja.metrics.bootstrap import Interval
from thuja.structure.contrast import FISHER
from thuja.structure.contrast import SHARE as STEP_SHARE
from thuja.structure.decoding import INSIDE, MEASURE, OUTSIDE, DecodingSettings
from thuja.structure.local_share import LOCAL_ALIGNMENT, LOCAL_SHARE
from thuja.structure.variation import DEBIASED, NOTHING_KNOWN, SHARE, Draws

QUICK = WithinSettings(
    confusables=3,
    temperature=1.0,
    is_unit=False,
    others=3,
    flips=19,
    draws=Draws(halves=2, subspaces=4),
    decoding=DecodingSettings(folds=2, permutations=0),
)


def section_of(space: Space, factors: list[str] | None = None) -> Section:
    return within_section(space, factors or [], np.random.default_rng(0), settings=QUICK)


@pytest.fixture(scope="module")
def controlled() -> Section:
    """A model that keeps its variation beside the species, an untrained one that does not, and itself again."""
    model, untrained = partial_space(0.0), partial_space(1.0)
    controls = {"untrained": untrained.vectors.astype(np.float16), "itself": model.vectors, "flat": np.ones((288, 3))}
    return section_of(
        Space(vectors=model.vectors, taxa=model.taxa, columns=model.columns, controls=controls), ["life_stage"]
    )


def test_every_control_is_paired_with_the_model_and_itself_differs_by_nothing(controlled: Section) -> None:
    against = {(one.measure, one.control): one for one in controlled.findings if "in the control" in one.claim}
    for measure in (DEBIASED, STEP_SHARE):
        found = against[measure, "untrained"]
        assert found.effect.value == pytest.approx(-1, abs=0.02)
        assert found.effect.value == found.value.value - found.against.value
        assert found.verdict is Verdict.HOLDS
    for (measure, control), found in against.items():
        if control == "itself":
            assert (found.effect.low, found.effect.value, found.effect.high) == (0, 0, 0), measure
            assert found.verdict is (Verdict.DESCRIPTIVE if measure == SHARE else Verdict.UNDECIDED), measure
    assert against[FISHER, "untrained"].verdict is Verdict.UNDECIDED


def test_no_two_findings_have_the_same_claim_measure_part_and_control() -> None:
    """Shares by means of images and by texts once stood under one claim."""
    space = partial_space(0.5, species=8, each=12, width=16)
    texts = np.random.default_rng(0).standard_normal((8, 16))
    fitted = space_of(space.vectors, space.species, columns=space.columns, prototypes=texts)
    with_control = replace(fitted, controls={"untrained": space.vectors[::-1].copy()})
    found = measure_within(with_control, ["life_stage"], np.random.default_rng(0), settings=QUICK).findings
    assert len({(one.claim, one.measure, one.of, one.control) for one in found}) == len(found) > 30
    assert not {one.claim for one in found if "by text" in one.measure} & {
        one.claim for one in found if "by text" not in one.measure
    }


def test_where_halves_agree_on_no_direction_nothing_is_claimed_of_the_share() -> None:
    """A span of nothing holds a share of 0, which once passed for lying beside the species, or for a control's share.

    In noise halves agree on no direction; a model that does know directions is not held against its share of 0.
    """
    model = partial_space(0.5, species=6, each=12, width=16)
    noise = np.random.default_rng(0).standard_normal(model.vectors.shape)
    beside = replace(model, controls={"noise": noise})
    found = measure_within(beside, ["life_stage"], np.random.default_rng(0), settings=QUICK)
    assert not [one for one in found.findings if one.measure == DEBIASED and one.control == "noise"]
    assert f"noise: all within species, {DEBIASED}: {NOTHING_KNOWN} along which species differ." in found.notes
    alone = measure_within(replace(model, vectors=noise), ["life_stage"], np.random.default_rng(0), settings=QUICK)
    assert not {DEBIASED, f"{MEASURE} {INSIDE}", f"{MEASURE} {OUTSIDE}"} & {one.measure for one in alone.findings}
    assert f"all within species, {DEBIASED}: {NOTHING_KNOWN} along which species differ." in alone.notes


def test_a_share_of_a_wider_span_does_not_fail_against_that_of_a_narrower_one() -> None:
    """Of variation that is the same in all directions any span holds as much of it as it is wide."""
    narrow = random_space(0, axes=2, apart=3.0)
    wide = random_space(0, apart=3.0)
    beside = replace(wide, controls={"narrow": narrow.vectors})
    found = measure_within(beside, [], np.random.default_rng(0), settings=QUICK)
    paired = next(one for one in found.findings if (one.measure, one.control) == (DEBIASED, "narrow"))
    assert paired.effect.low > 0.1
    assert paired.verdict is Verdict.UNDECIDED
    assert paired.note == "narrow: of 2 of 11 directions: halves of the images agree on these"


def test_a_control_that_cannot_be_measured_is_left_out_with_a_sentence(controlled: Section) -> None:
    assert any(note.startswith("The control flat is left out: all images of each species") for note in controlled.notes)


def test_tables_fit_their_headings_and_no_cell_is_a_nan(controlled: Section) -> None:
    assert [table.name for table in controlled.tables] == ["within", "within-breadth", "within-spectra"]
    for table in controlled.tables:
        for row in table.rows:
            assert len(row) == len(table.columns)
            assert not any(isinstance(cell, float) and np.isnan(cell) for cell in row)
    breadth = {row[0]: row[1:] for row in controlled.tables[1].rows}
    assert set(breadth) == {"the model", "untrained", "itself"}
    assert breadth["the model"] == breadth["itself"]
    # 11 axes of variance nine, over S - 1 of S species; within, one of images and one of the two levels
    assert breadth["the model"][2] == pytest.approx(108 / 110, rel=0.01)


def test_figures_are_drawn_with_all_that_they_name(controlled: Section) -> None:
    drawings = {figure.name: str(figure.drawing) for figure in controlled.figures}
    assert list(drawings) == ["within-shares", "within-levels", "within-spectra"]
    for word in ("all species", "confusable species", "untrained", "random", "spectrum-matched"):
        assert word in drawings["within-shares"]
    assert "consistency across species" in drawings["within-levels"]
    assert "untrained: between" in drawings["within-spectra"]


def test_the_same_generator_gives_the_same_findings() -> None:
    space = partial_space(0.3, species=5, each=8, width=12)
    one, other = (measure_within(space, ["life_stage"], np.random.default_rng(4), settings=QUICK) for _ in range(2))
    assert one.findings == other.findings


@pytest.mark.parametrize(
    ("vectors", "species", "reason"),
    [
        (np.eye(6), [0] * 6, "1 species with 4 images or more, and structure needs two of them."),
        (np.eye(6), [0, 1, 2, 3, 4, 5], "0 species with 4 images or more, and structure needs two of them."),
        (np.ones((8, 3)), [0] * 4 + [1] * 4, "all images of each species have the same vector, and nothing varies"),
    ],
)
def test_one_species_one_image_a_species_and_constant_vectors_are_said(
    vectors: np.ndarray, species: list[int], reason: str
) -> None:
    section = section_of(space_of(vectors, np.array(species)))
    assert section.findings == ()
    assert section.reason.startswith(reason)


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (
            ["adult"] * 60,
            "life_stage is left out: no two levels are there twice or more in two species or more; its levels ",
        ),
        (
            [None] * 60,
            "life_stage is left out: no two levels are there twice or more in two species or more; it is not ",
        ),
    ],
)
def test_a_factor_of_one_value_or_of_none_is_left_out_with_a_sentence(column: list[str | None], told: str) -> None:
    space = partial_space(0.0, species=5, each=12, width=12)
    found = measure_within(
        Space(vectors=space.vectors, taxa=space.taxa, columns={"life_stage": column}),
        ["life_stage"],
        np.random.default_rng(0),
        settings=QUICK,
    )
    assert any(note.startswith(told) for note in found.notes)
    assert all(np.isfinite(one.value.value) for one in found.findings)


def test_a_factor_that_is_no_column_is_a_wrong_request() -> None:
    with pytest.raises(UnknownName, match='unknown column: "plumage"'):
        section_of(partial_space(0.0, species=3, each=4, width=6), ["plumage"])
    with pytest.raises(UsageError, match="temperature is above 0"):
        WithinSettings(temperature=0.0)


def test_observations_are_kept_together_and_their_absence_is_said() -> None:
    space = partial_space(0.0, species=4, each=12, width=10)
    said = measure_within(space, [], np.random.default_rng(0), settings=QUICK)
    assert any("images of one may stand in both halves" in note for note in said.notes)
    groups = np.arange(48) // 4  # three observations a species
    assert "4 observations or more" in section_of(Space(vectors=space.vectors, taxa=space.taxa, groups=groups)).reason


def test_of_very_many_species_some_are_drawn() -> None:
    space = partial_space(0.0, species=20, each=4, width=24)
    settings = WithinSettings(most_species=6, is_unit=False, others=1, draws=Draws(halves=1, subspaces=2))
    found = measure_within(space, [], np.random.default_rng(0), settings=settings)
    assert found.notes[0].startswith("24 images of 6 species (20 are named")


def test_prototypes_that_do_not_fit_are_left_out_with_a_sentence() -> None:
    space = partial_space(0.0, species=4, each=6, width=8)
    told = {}
    for name, texts in (("wide", np.eye(4, 9)), ("alike", np.ones((4, 8)))):
        fitted = space_of(space.vectors, space.species, prototypes=texts)
        told[name] = measure_within(fitted, [], np.random.default_rng(0), settings=QUICK).notes
    assert any("not in the images' dimensions" in note for note in told["wide"])
    assert any("have the same text prototype" in note for note in told["alike"])


@pytest.mark.parametrize(("null", "is_noise"), [(-146.0, True), (2.0, False)])
def test_an_alignment_decides_nothing_beside_a_null_below_zero(null: float, is_noise: bool) -> None:
    """A difference of 194 from a null of -146 was once called a failure."""
    against = Interval(value=null, low=null, high=null)
    assert noise_note(LOCAL_ALIGNMENT, against).startswith("unsteady") is is_noise
    assert noise_note(LOCAL_SHARE, against) == ""
