"""What is said of an organism among taxa, against the posterior written out."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests.classify.making import random_taxa, space, units

from thuja.classify import Clades, Tree
from thuja.classify.calibrate.fitting import Identified, fit_calibration
from thuja.classify.priors.ranges import Occasion, PriorSettings, RangePrior
from thuja.classify.priors.records import Records
from thuja.errors import UsageError
from thuja.predict import Question
from thuja.predict.among_taxa import AmongTaxa, Weighing
from thuja.taxonomy import RANKS, Rank

SCALE = 12.0
NOWHERE = Occasion()


@pytest.fixture(scope="module")
def labels():
    generator = np.random.default_rng(4)
    return space(units(generator, 60), sorted(set(random_taxa(generator, 90, names=3)))[:60])


@pytest.fixture(scope="module")
def vectors(labels):
    """Images that lie about a label each, some nearer than others."""
    generator = np.random.default_rng(5)
    near = labels.vectors[np.arange(400) % len(labels)] + generator.normal(0, 0.3, (400, labels.vectors.shape[1]))
    return (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def calibration(labels, vectors):
    taxa = [labels.taxa[row % len(labels)] for row in range(len(vectors))]
    labelled = Identified(vectors=vectors, taxa=taxa, observations=[str(row) for row in range(len(vectors))])
    return fit_calibration(labelled, labels, scale=SCALE)


def posterior(labels, vectors):
    logits = SCALE * vectors.astype(np.float64) @ np.asarray(labels.vectors, dtype=np.float64).T
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def said(among, vectors, question):
    among.check(question)
    return list(among.judge(vectors, [NOWHERE] * len(vectors), question))


@pytest.mark.parametrize("rank", [None, *RANKS])
def test_answers_are_the_best_of_the_posterior_summed_at_a_rank(labels, vectors, rank):
    whole = posterior(labels, vectors[:20])
    shares = whole if rank is None else Clades.of(labels, rank).gather(whole)
    found = said(AmongTaxa(labels, scale=SCALE), vectors[:20], Question(rank=rank))
    for judgement, row in zip(found, shares, strict=True):
        wanted = np.sort(row)[::-1][:5]
        np.testing.assert_allclose([answer.score for answer in judgement.answers], wanted, rtol=1e-4)
        assert all(rank is None or answer.taxon.at(rank) == answer.taxon for answer in judgement.answers)


def test_a_path_is_nested_and_never_rises(labels, vectors):
    for judgement in said(AmongTaxa(labels, scale=SCALE), vectors[:50], Question()):
        path = judgement.path
        assert len(path) >= 1
        for above, below in pairwise(path):
            assert below.taxon.is_within(above.taxon)
            assert below.score <= above.score + 1e-6


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95])
def test_what_is_settled_is_the_deepest_of_the_path_that_reaches_the_confidence(
    labels, vectors, calibration, confidence
):
    among = AmongTaxa(labels, scale=SCALE, weighing=Weighing(calibration=calibration))
    depths = set()
    for judgement in said(among, vectors[:80], Question(confidence=confidence)):
        reaching = [answer for answer in judgement.path if answer.score >= confidence]
        assert judgement.settled == (reaching[-1] if reaching else None)
        depths.add(None if judgement.settled is None else judgement.settled.taxon.rank)
    assert len(depths) > 1


def test_sets_hold_the_truth_as_often_as_asked_and_are_asked_for(labels, vectors, calibration):
    among = AmongTaxa(labels, scale=SCALE, weighing=Weighing(calibration=calibration))
    found = said(among, vectors, Question(coverage=0.9))
    truth = [labels.taxa[row % len(labels)] for row in range(len(vectors))]
    held = [
        any(taxon.is_within(answer.taxon) for answer in judgement.within)
        for judgement, taxon in zip(found, truth, strict=True)
    ]
    assert 0.85 < np.mean(held) < 0.95
    assert all(judgement.within is None for judgement in said(among, vectors[:5], Question()))
    with pytest.raises(UsageError, match="needs a calibration"):
        AmongTaxa(labels, scale=SCALE).check(Question(coverage=0.9))


def test_a_prior_is_told_beside_the_score_without_it(labels, vectors):
    records = Records.of(np.full(500, 7), np.full(500, 0), labels=len(labels), degrees=1.0)
    prior = RangePrior(records, PriorSettings())
    place = Occasion(latitude=float(records.centres[0][0]), longitude=float(records.centres[0][1]))
    among = AmongTaxa(labels, scale=SCALE, weighing=Weighing(prior=prior))
    question = Question(k=60)
    [placed, unplaced] = among.judge(vectors[[3, 3]], [place, NOWHERE], question)
    plain = {labels.taxa[row]: share for row, share in enumerate(posterior(labels, vectors[3:4])[0])}
    for answer in placed.answers:
        assert answer.unplaced == pytest.approx(plain[answer.taxon], rel=1e-3)
    risen = [answer.taxon for answer in placed.answers if answer.score > answer.unplaced * 1.01]
    assert risen == [labels.taxa[7]]
    for answer in unplaced.answers:
        assert answer.score == pytest.approx(plain[answer.taxon], rel=1e-3)
        assert answer.unplaced is None  # beside an image that has a place


def test_a_voice_is_added_to_the_logits_of_each_image(labels, vectors):
    heard = np.random.default_rng(6).normal(0, 2, (60, 20)).astype(np.float32)
    among = AmongTaxa(
        labels, scale=SCALE, weighing=Weighing(voice=lambda seen: lambda rows, images: heard[rows, images])
    )
    whole = posterior(labels, vectors[:20]) * np.exp(heard.T.astype(np.float64))
    whole /= whole.sum(axis=1, keepdims=True)
    for judgement, row in zip(said(among, vectors[:20], Question()), whole, strict=True):
        wanted = np.sort(row)[::-1][:5]
        np.testing.assert_allclose([answer.score for answer in judgement.answers], wanted, rtol=1e-3)


def test_more_answers_than_there_are_taxa_are_refused(labels):
    among = AmongTaxa(labels, scale=SCALE)
    kingdoms = len(Tree.of(labels).taxa[Rank.KINGDOM])
    with pytest.raises(UsageError, match=f"best {kingdoms + 1} of {kingdoms} taxa at that rank"):
        among.check(Question(rank=Rank.KINGDOM, k=kingdoms + 1))


def test_what_decides_an_answer_is_told(labels, calibration):
    plain = AmongTaxa(labels, scale=SCALE).identity
    facts = {"calibration": calibration.digest}
    weighed = AmongTaxa(labels, scale=SCALE, weighing=Weighing(calibration=calibration, facts=facts)).identity
    other = replace(calibration, temperature=calibration.temperature * 2)
    assert plain["labels"] == weighed["labels"] == labels.id
    assert plain["scale"] == SCALE
    assert weighed["scale"] == pytest.approx(SCALE / calibration.temperature)
    assert other.digest != calibration.digest
