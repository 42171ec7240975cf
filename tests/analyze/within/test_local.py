"""The local span: what a projection written out says, and what is left where species are more than dimensions."""

import numpy as np
import pytest
from tests.analyze.spaces import crowded_space

from thuja.analyze import Prototypes, Space, Verdict
from thuja.analyze.within import WithinSettings, measure_within
from thuja.errors import UsageError
from thuja.structure.local import Confusables, LocalSpans, confusables_of
from thuja.structure.local_share import LOCAL_ALIGNMENT, LOCAL_SHARE, dealt_alike, measure_local, rests_by_species
from thuja.structure.variation import DEBIASED, SHARE, Draws

QUICK = WithinSettings(confusables=2, temperature=1.0, is_unit=False, others=19, draws=Draws(halves=2, subspaces=4))


def covariance_of(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    apart = points - weights @ points
    return (apart * weights[:, None]).T @ apart


def test_the_span_of_exact_points_is_that_of_their_weighted_covariance() -> None:
    generator = np.random.default_rng(0)
    points, rests = generator.standard_normal((9, 12)), generator.standard_normal((40, 12))
    confusables = confusables_of(points, count=3, temperature=0.2)
    spans = LocalSpans.of(points, confusables)
    for species in range(9):
        near = points[confusables.places[species]]
        covariance = covariance_of(near, confusables.weights[species])
        basis = np.linalg.qr((near[1:] - near[0]).T)[0]
        inside, along = spans.seen_by(rests, species, 0)
        assert spans.dimensions[species] == 3
        assert inside == pytest.approx(((rests @ basis) ** 2).sum())
        assert along == pytest.approx(np.einsum("nd,de,ne->", rests, covariance, rests))
        assert spans.traces[0, species] == pytest.approx(np.trace(covariance))


def test_the_leading_span_has_as_many_directions_as_the_participation_ratio_says() -> None:
    points = np.array([[0.0, 0, 0], [5, 0, 0], [0, 0.1, 0], [0, 0, 0.1]])
    places = np.array([[0, 1, 2, 3]])
    spans = LocalSpans.of(points, Confusables(places=places, weights=np.full((1, 4), 0.25)), is_leading=True)
    assert spans.dimensions.tolist() == [2]  # a ratio of 1.001 is two directions begun
    inside, _ = spans.seen_by(np.array([[1.0, 0, 0]]), 0, 0)
    assert inside == pytest.approx(1, abs=1e-3)


def test_weights_are_the_soft_max_of_cosines_over_the_species_and_its_nearest() -> None:
    points = np.array([[1.0, 0], [0.8, 0.6], [0, 2], [-1, 0]])
    found = confusables_of(points, count=2, temperature=0.5)
    assert found.places[0].tolist() == [0, 1, 2]
    expected = np.exp(np.array([1, 0.8, 0]) / 0.5)
    np.testing.assert_allclose(found.weights[0], expected / expected.sum(), rtol=1e-6)
    assert confusables_of(points, count=99).places.shape == (4, 4)
    with pytest.raises(UsageError, match="two points"):
        confusables_of(points[:1])


def test_halves_take_the_noise_of_few_images_out_of_the_local_share() -> None:
    """Six images a species, variation in every direction but those of species: as it stands the span leans to it."""
    generator = np.random.default_rng(0)
    plain, debiased = [], []
    for _ in range(8):
        true = np.zeros((16, 30))
        true[:, :4] = generator.standard_normal((16, 4)) * 2
        species = np.repeat(np.arange(16), 6)
        vectors = true[species]
        vectors[:, 4:] += generator.standard_normal((96, 26)) * np.geomspace(2, 0.2, 26)
        means = vectors.reshape(16, 2, 3, 30).mean(axis=2)
        rests = (vectors.reshape(16, 2, 3, 30) - means[:, :, None]).transpose(1, 0, 2, 3).reshape(2, 48, 30)
        own = np.repeat(np.arange(16), 3)
        whole = means.mean(axis=1)
        confusables = confusables_of(true, count=4, temperature=1.0)
        by_species = rests_by_species([(0, rests[0], own), (0, rests[1], own)], 16)
        for found, halves in ((plain, []), (debiased, [(means[:, 0], means[:, 1])])):
            spans = LocalSpans.of(whole, confusables, halves=halves)
            share = measure_local("", spans, by_species, generator, others=1, width=30)[0]
            found.append(share.ratio.value)
    assert np.mean(plain) > 0.1
    assert abs(np.mean(debiased)) < 0.25 * np.mean(plain)


@pytest.mark.parametrize(("inside", "verdict"), [(0.0, Verdict.HOLDS), (1.0, Verdict.FAILS)])
def test_of_more_species_than_dimensions_the_local_span_alone_tells_orthogonal_from_entangled(
    inside: float, verdict: Verdict
) -> None:
    section = measure_within(crowded_space(inside, clades=20, width=24), [], np.random.default_rng(0), settings=QUICK)
    said = {(one.measure, one.control): one for one in section.findings}
    for (measure, _), finding in said.items():
        if measure in (SHARE, DEBIASED):
            assert finding.value.value == pytest.approx(1)
            assert finding.verdict is Verdict.DESCRIPTIVE
            assert finding.note.startswith("meaningless: the means of 60 species span all 24 dimensions")
        if measure in (LOCAL_SHARE, LOCAL_ALIGNMENT):
            assert finding.verdict is verdict
        if measure == LOCAL_SHARE:
            assert finding.value.value == pytest.approx(inside, abs=0.02)
    assert any("Only the local span of confusable species can tell" in note for note in section.notes)


def test_spans_are_dealt_among_species_of_about_as_many_dimensions() -> None:
    dimensions = np.repeat([0, 3, 7], 20)
    deals = [dealt_alike(dimensions, np.random.default_rng(seed)) for seed in range(50)]
    for deal in deals:
        assert sorted(deal) == list(range(60))
        assert (dimensions[deal] == dimensions).all()
    assert len({int(deal[0]) for deal in deals}) > 10
    assert sorted(dealt_alike(np.array([4, 1, 2]), np.random.default_rng(0))) == [0, 1, 2]


def test_species_that_vary_much_and_are_known_little_do_not_make_the_share_pass_for_low() -> None:
    """Half of the species vary ten times as far, and halves agree on less of them: wider spans were dealt to them.

    All variation is the same in every direction, so that no local span holds more of it than another as wide.
    """
    own, dealt = [], []
    for seed in range(12):
        generator = np.random.default_rng(seed)
        number = np.repeat(np.arange(30), 8)
        scales = np.where(number % 2 == 0, 0.4, 4.0)[:, None]
        vectors = 2 * generator.standard_normal((30, 12))[number] + scales * generator.standard_normal((240, 12))
        halved = vectors.reshape(30, 2, 4, 12)
        means = halved.mean(axis=2)
        rests = (halved - means[:, :, None]).transpose(1, 0, 2, 3).reshape(2, 120, 12)
        points = means.mean(axis=1)
        spans = LocalSpans.of(
            points, confusables_of(points, count=4, temperature=1.0), halves=[(means[:, 0], means[:, 1])]
        )
        by_species = rests_by_species([(0, half, np.repeat(np.arange(30), 4)) for half in rests], 30)
        share = measure_local("", spans, by_species, generator, others=20, width=12)[0]
        own.append(share.ratio.value)
        dealt.append(share.null_ratio.value)
    assert np.mean(own) == pytest.approx(np.mean(dealt), rel=0.04)


def test_confusable_species_as_many_as_dimensions_are_said_to_tell_nothing() -> None:
    space = crowded_space(0.0, clades=6, width=8)
    settings = WithinSettings(is_unit=False, others=3, temperature=1.0, draws=Draws(halves=1, subspaces=2))
    section = measure_within(space, [], np.random.default_rng(0), settings=settings)
    local = next(one for one in section.findings if one.measure == LOCAL_SHARE)
    assert local.note == "meaningless: 17 confusable species span all 8 dimensions"
    assert local.verdict is Verdict.DESCRIPTIVE


def test_a_text_prototype_is_the_species_own_point() -> None:
    space = crowded_space(1.0, clades=10, width=24)
    means = np.stack([space.vectors[space.species == one].mean(axis=0) for one in range(30)])
    prototypes = Prototypes(taxa=list(dict.fromkeys(space.taxa)), vectors=means)
    with_texts = Space(vectors=space.vectors, taxa=space.taxa, prototypes=prototypes)
    section = measure_within(with_texts, [], np.random.default_rng(0), settings=QUICK)
    texts = [one for one in section.findings if one.measure == f"{LOCAL_SHARE}, by text prototypes"]
    assert len(texts) == 2
    assert texts[0].value.value > 0.9
