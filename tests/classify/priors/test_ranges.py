"""The prior of place and date against its definition, written out record by record."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.classify.priors.ranges import Occasion, PriorSettings, RangePrior, season
from thuja.classify.priors.records import Records, cell_of, distance_km
from thuja.errors import BadFile, UsageError

LABELS = 12


def scattered(seed, count=60, spread=3.0, labels=LABELS):
    """Records of labels around a place on the date line."""
    generator = np.random.default_rng(seed)
    latitude, longitude = generator.uniform(-spread, spread, count), 180 + generator.uniform(-spread, spread, count)
    return Records.of(
        generator.integers(0, labels - 2, count),  # two labels are never recorded
        cell_of(latitude, longitude),
        labels=labels,
        month=generator.integers(0, 13, count),
        count=generator.integers(1, 5, count),
    )


def dense(prior, occasion):
    weights = prior.weights(occasion)
    whole = np.full(prior.records.labels, weights.rest)
    whole[weights.labels] = weights.values
    return whole


def written_out(records, settings, occasion):
    """The definition of RangePrior, one record after another."""
    place = RangePrior(records).place_of(occasion)
    if place is None:
        return np.zeros(records.labels)
    near = np.zeros(records.labels)
    cells = np.repeat(np.arange(len(records.cells)), np.diff(records.edges))
    for label, month, count, cell in zip(records.label, records.month, records.count, cells, strict=True):
        distance = float(distance_km(place, records.centres[cell : cell + 1])[0])
        if distance >= 3 * settings.reach_km:
            continue
        seasonal = 1.0
        if occasion.day is not None and month > 0:
            half = math.floor((occasion.day - 1) / 365.25 * 24)
            gaussian = []
            for other in range(12):
                apart = abs(half / 2 + 0.25 - other - 0.5)
                gaussian.append(math.exp(-((min(apart, 12 - apart) / settings.months) ** 2) / 2))
            seasonal = gaussian[month - 1] * 12 / sum(gaussian)
        near[label] += count * math.exp(-((distance / settings.reach_km) ** 2) / 2) * seasonal
    total = near.sum()
    doubt = settings.doubt + (1 - settings.doubt) * settings.ignorance / (total + settings.ignorance)
    share = near / total if total else near
    return settings.weight * np.log(records.labels * ((1 - doubt) * share + doubt / records.labels))


@settings(max_examples=30)
@given(
    seed=st.integers(0, 99),
    latitude=st.floats(-6, 6),
    longitude=st.one_of(st.floats(174, 180), st.floats(-180, -174)),
    day=st.one_of(st.none(), st.integers(1, 366)),
    reach=st.sampled_from([50.0, 100.0, 400.0]),
    weight=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_weights_are_those_of_the_definition(seed, latitude, longitude, day, reach, weight):
    settings = PriorSettings(reach_km=reach, weight=weight)
    records, occasion = scattered(seed), Occasion(latitude=latitude, longitude=longitude, day=day)
    prior = RangePrior(records, settings)
    np.testing.assert_allclose(dense(prior, occasion), written_out(records, settings, occasion), rtol=1e-4, atol=1e-5)


@given(seed=st.integers(0, 99), doubt=st.floats(1e-6, 1), day=st.one_of(st.none(), st.integers(1, 366)))
def test_nothing_is_ever_impossible_and_the_prior_is_a_distribution(seed, doubt, day):
    prior = RangePrior(scattered(seed), PriorSettings(doubt=doubt))
    weights = dense(prior, Occasion(latitude=0, longitude=180, day=day))
    assert weights.min() >= math.log(doubt) - 1e-6
    np.testing.assert_allclose(np.exp(weights).mean(), 1, rtol=1e-4)


def test_where_nobody_looked_nothing_is_said():
    prior = RangePrior(scattered(0))
    for occasion in (Occasion(latitude=60, longitude=0, day=3), Occasion(day=3), Occasion()):
        assert dense(prior, occasion).tolist() == [0.0] * LABELS


def test_the_effort_of_observers_cancels():
    """Ten times the visits bring ten times the records of everything: only the ignorance of few records shrinks."""
    records = scattered(1)
    often = Records.of(
        records.label, np.repeat(records.cells, np.diff(records.edges)), labels=LABELS, count=records.count * 10
    )
    sure = PriorSettings(ignorance=1e-9)
    few, many = (
        dense(RangePrior(table, sure), Occasion(latitude=0, longitude=180))
        for table in (Records.of(records.label, np.repeat(records.cells, np.diff(records.edges)), labels=LABELS,
                                 count=records.count), often)
    )  # fmt: skip
    np.testing.assert_allclose(few, many, atol=1e-5)


def test_the_year_is_a_circle():
    january, december = season(1, months=1.0), season(366, months=1.0)
    np.testing.assert_allclose(january[1:], december[:0:-1], rtol=1e-6)  # mirrored in New Year's Eve
    assert january[12] == pytest.approx(december[1])
    assert january[1:].argmax() == 0
    np.testing.assert_allclose(january[1:].mean(), 1, rtol=1e-6)
    assert season(None, months=1.0).tolist() == [1.0] * 13


@pytest.mark.parametrize("count", [1, 9])
def test_a_bias_holds_the_weights_of_any_labels_for_any_block_of_images(count):
    prior = RangePrior(scattered(2), PriorSettings(weight=0.7))
    occasions = [Occasion(latitude=number % 3, longitude=179.5, day=number * 40 + 1) for number in range(count - 1)]
    occasions.insert(count // 2, Occasion())
    expected = np.stack([dense(prior, occasion) for occasion in occasions], axis=1)  # (L, N)
    bias = prior.bias(occasions)
    for images in (slice(0, count), slice(count // 2, count), slice(0, 1)):
        for rows in (slice(0, LABELS), slice(3, 7), np.array([11, 0, 4, 3]), np.array([5])):
            np.testing.assert_allclose(bias(rows, images), expected[rows, images], rtol=1e-6)


def test_images_that_share_a_place_and_a_season_share_their_column():
    prior = RangePrior(scattered(3))
    occasions = [Occasion(latitude=0.1, longitude=179.1, day=100)] * 3 + [Occasion(latitude=2, longitude=178, day=9)]
    tile = prior.bias(occasions)(slice(0, LABELS), slice(0, 4))
    np.testing.assert_array_equal(tile[:, 0], tile[:, 2])
    assert (tile[:, 0] != tile[:, 3]).any()


def test_what_lies_near_a_place_is_kept_within_bounds(monkeypatch):
    monkeypatch.setattr("thuja.classify.priors.ranges._CACHE_BYTES", 2000)
    prior, fresh = RangePrior(scattered(4)), RangePrior(scattered(4))
    for number in range(40):
        occasion = Occasion(latitude=(number % 20) / 4 - 2, longitude=179, day=30)
        np.testing.assert_array_equal(prior.weights(occasion).values, fresh.weights(occasion).values)
    assert 1 <= len(prior._near) < 8


def test_the_prior_of_a_subset_is_made_of_its_records():
    records = scattered(5)
    kept, occasion = np.array([7, 2, 3]), Occasion(latitude=0, longitude=180, day=200)
    part = RangePrior(records).subset(kept)
    np.testing.assert_allclose(
        dense(part, occasion), written_out(records.subset(kept), PriorSettings(), occasion), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latitude": 1.0}, "half a place"),
        ({"latitude": 91.0, "longitude": 0.0}, "latitude lies between"),
        ({"latitude": float("nan"), "longitude": 0.0}, "latitude lies between"),
        ({"latitude": 0.0, "longitude": 181.0}, "longitude lies between"),
        ({"day": 0}, "day of the year"),
        ({"day": 367}, "day of the year"),
    ],
)
def test_an_occasion_that_is_none_is_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        Occasion(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"reach_km": 0.0}, {"months": -1.0}, {"ignorance": 0.0}, {"doubt": 0.0}, {"doubt": 1.1}, {"weight": -1.0}],
)
def test_settings_that_would_rule_labels_out_or_mean_nothing_are_refused(changes):
    with pytest.raises(UsageError):
        PriorSettings(**changes)


def test_settings_come_back_from_a_calibration():
    settings = PriorSettings(reach_km=250, months=0.5, doubt=0.01, ignorance=3, weight=0.8)
    assert PriorSettings.from_json(settings.to_json()) == settings
    for broken in ({"reach": 3}, {"weight": "much"}, {"weight": None}, {"doubt": 0}):
        with pytest.raises(BadFile, match="not the settings of a prior"):
            PriorSettings.from_json(broken)
