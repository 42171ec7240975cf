"""The weight of a prior: the least of the written-out likelihood, wherever images lie."""

import numpy as np
import pytest
from tests.classify.making import random_taxa, space
from tests.classify.priors.test_placed import world

from thuja.classify import Tree
from thuja.classify.priors.clade_size import size_bias
from thuja.classify.priors.placed import placed_marginals
from thuja.classify.priors.ranges import Occasion, PriorSettings, RangePrior
from thuja.classify.priors.records import Records, cell_of
from thuja.classify.priors.weight import fit_prior_weight, least
from thuja.errors import EmptyInput, ThujaError


def many(seed, count):
    labels, vectors, prior, occasions = world(seed, count)
    truth = np.random.default_rng(seed).integers(0, count // 2, len(vectors) * 4)
    return labels, np.tile(vectors, (4, 1)), prior, occasions * 4, truth


def likelihood(fitted, weight, bias=None):
    """The mean -log p(truth) of the images with a place, label by label, and how often the truth is best."""
    labels, vectors, prior, occasions, truth = fitted
    logits = 3.0 * vectors @ labels.vectors.astype(np.float32).T
    logits += prior.under(PriorSettings(weight=weight)).bias(occasions)(slice(0, len(labels)), slice(0, len(vectors))).T
    if bias is not None:
        logits += bias(slice(0, len(labels)), slice(0, len(vectors))).T
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    use = [row for row, occasion in enumerate(occasions) if occasion.is_placed]
    return -logs[use, truth[use]].mean(), (logs[use].argmax(axis=1) == truth[use]).mean()


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_the_fitted_weight_is_the_least_of_the_written_out_likelihood(strength, monkeypatch):
    monkeypatch.setattr("thuja.classify.tiled._IMAGES", 10)
    case = many(3, 30)
    labels, vectors, prior, occasions, truth = case
    bias = size_bias(Tree.of(labels), strength)
    fit = fit_prior_weight(
        vectors, labels, prior, truth=truth, occasions=occasions, scale=3.0, bias=bias, doubts=[0.05]
    )
    at = fit.settings.weight
    assert 0 < at < 2
    assert fit.images == 32
    assert (fit.nll, fit.top1) == pytest.approx(likelihood(case, at, bias), rel=1e-5)
    assert (fit.plain_nll, fit.plain_top1) == pytest.approx(likelihood(case, 0, bias), rel=1e-5)
    assert fit.settings.doubt == 0.05
    assert fit.nll <= min(likelihood(case, weight, bias)[0] for weight in np.linspace(0, 2, 81)) + 1e-6


def test_a_prior_that_misleads_is_left_out():
    """All truths are labels that are never recorded: any weight makes them less likely."""
    labels, vectors, prior, occasions, truth = many(4, 30)
    fit = fit_prior_weight(vectors, labels, prior, truth=truth + 15, occasions=occasions, scale=3.0)
    assert fit.settings.weight == 0
    assert fit.nll == pytest.approx(fit.plain_nll)


def test_doubt_and_weight_are_those_that_the_truths_were_drawn_by():
    """Images that say nothing, of 100 organisms as a doubt of 20 % has them: 77, 13, 5 and 5 of the four labels."""
    labels = space(np.eye(4, dtype=np.float32), random_taxa(np.random.default_rng(1), 4, names=9))
    records = Records.of([0, 1], [cell_of([0], [0])[0]] * 2, labels=4, count=[9e6, 1e6])
    prior = RangePrior(records, PriorSettings(reach_km=200, doubt=0.5))
    truth, here = np.repeat(np.arange(4), [77, 13, 5, 5]), [Occasion(latitude=0.5, longitude=0.5)] * 100
    fit = fit_prior_weight(np.eye(4, dtype=np.float32)[truth], labels, prior, truth=truth, occasions=here, scale=1e-6)
    assert (fit.settings.doubt, fit.settings.reach_km) == (0.2, 200)
    assert fit.settings.weight == pytest.approx(1, abs=0.01)
    fixed = {"truth": truth, "occasions": here, "scale": 1e-6, "doubts": [0.01]}
    assert fit_prior_weight(np.eye(4, dtype=np.float32)[truth], labels, prior, **fixed).nll > fit.nll


def test_images_without_a_label_or_a_place_take_no_part():
    labels, vectors, prior, occasions, truth = many(5, 30)
    both = fit_prior_weight(vectors, labels, prior, truth=truth, occasions=occasions, scale=3.0)
    more = fit_prior_weight(
        np.concatenate([vectors[::-1], vectors]),
        labels,
        prior,
        truth=np.concatenate([np.full(36, -1), truth]),
        occasions=occasions + occasions,
        scale=3.0,
    )
    assert more == both
    with pytest.raises(EmptyInput, match="at least 20 images with a place and a known label, got 0"):
        fit_prior_weight(vectors, labels, prior, truth=truth, occasions=[Occasion()] * 36, scale=3.0)
    with pytest.raises(ThujaError, match="35 labels and 36 occasions for 36 images"):
        fit_prior_weight(vectors, labels, prior, truth=truth[1:], occasions=occasions, scale=3.0)


def test_a_fit_stands_in_a_calibration_as_plain_numbers():
    labels, vectors, prior, occasions, truth = many(6, 30)
    fit = fit_prior_weight(vectors, labels, prior, truth=truth, occasions=occasions, scale=3.0)
    facts = fit.to_json()
    assert facts["settings"]["weight"] == fit.settings.weight
    assert {type(value) for name, value in facts.items() if name != "settings"} <= {float, int}
    placed = placed_marginals(vectors, labels, prior.under(fit.settings), occasions=occasions, scale=3.0)
    assert len(next(placed).labels) == 36


@pytest.mark.parametrize("at", [0.0, 0.3, 1.7, 2.0])
def test_a_search_by_sections_finds_the_least(at):
    assert least(lambda x: (x - at) ** 2, 2.0) == pytest.approx(at, abs=1e-5)
