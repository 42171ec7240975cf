import numpy as np
import pytest

from thuja.classify.centroid import NearestCentroid
from thuja.classify.examples.gallery import fit_head
from thuja.classify.examples.heads import CentroidHead, HeadKind, KnnHead, ProbeHead, probabilities, restored
from thuja.classify.examples.labelled import Labelled, fit_temperature, log_softmax, mean_loss
from thuja.classify.examples.left_out import left_out_scores
from thuja.errors import EmptyInput, ThujaError, UnknownName, UsageError

KINDS = [kind.value for kind in HeadKind]


def drawn(classes=6, observations=8, *, images=1, dim=12, noise=0.8, seed=0):
    """Labelled vectors: images of one observation are nearly the same."""
    generator = np.random.default_rng(seed)
    middles = np.random.default_rng(99).normal(size=(classes, dim))
    truth = np.repeat(np.arange(classes), observations)
    shown = middles[truth] + noise * generator.normal(size=(len(truth), dim))
    vectors = np.repeat(shown, images, axis=0) + 0.02 * generator.normal(size=(len(truth) * images, dim))
    return Labelled.of(vectors, np.repeat(truth, images), np.repeat(np.arange(len(truth)), images))


def test_scores_left_out_are_those_of_what_was_learnt_from_the_other_rounds():
    labelled = drawn()
    rows = np.arange(len(labelled))
    rounds = labelled.rounds()

    def learn(rest):
        centroids = NearestCentroid().fit(rest.vectors, rest.classes)
        return centroids.classes_, centroids.likeness

    scores = left_out_scores(labelled, rows, learn)
    for row in (0, 17, 40):
        rest = rounds != rounds[row]
        plain = NearestCentroid().fit(labelled.vectors[rest], labelled.classes[rest])
        np.testing.assert_allclose(scores[row], plain.likeness(labelled.vectors[[row]])[0], atol=1e-6)


def test_a_round_leaves_out_whole_observations_and_at_most_one_of_a_class():
    labelled = drawn(observations=8, images=3)
    rounds = labelled.rounds()
    for number in np.unique(rounds):
        out = rounds == number
        assert not set(labelled.observations[out]) & set(labelled.observations[~out])
        pairs = set(zip(labelled.classes[out].tolist(), labelled.observations[out].tolist(), strict=True))
        assert len(pairs) == len({label for label, _ in pairs})


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_says_probabilities_and_is_right_as_often_as_left_out_observations_say(kind):
    fitted = fit_head(drawn(observations=12), kind)
    asked = drawn(observations=200, seed=5)
    found = probabilities(fitted.head, asked.vectors)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    accuracy = (found.argmax(axis=1) == asked.classes).mean()
    assert fitted.accuracy is not None
    assert fitted.accuracy.low <= accuracy <= fitted.accuracy.high
    # Its mean confidence is how often it is right: the temperature is fitted.
    assert found.max(axis=1).mean() == pytest.approx(accuracy, abs=0.08)


@pytest.mark.parametrize("kind", KINDS)
def test_many_frames_of_an_observation_are_not_found_again_when_it_is_left_out(kind):
    """Labels that say nothing, ten frames each: what leaves out single frames is always right."""
    generator = np.random.default_rng(3)
    observations = np.repeat(np.arange(60), 10)
    vectors = generator.normal(size=(60, 8))[observations] + 0.01 * generator.normal(size=(600, 8))
    labelled = Labelled.of(vectors, generator.integers(4, size=60)[observations], observations)
    accuracy = fit_head(labelled, kind).accuracy
    assert accuracy is not None
    assert accuracy.value < 0.45


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_with_one_observation_cannot_be_right_and_is_counted_apart(kind):
    plain = drawn(classes=4)
    kept = (plain.classes > 0) | (plain.observations == 0)
    fitted = fit_head(plain.at(kept), kind)
    assert fitted.alone == 1
    assert fitted.accuracy is not None
    assert fitted.accuracy.images == int(kept.sum()) - 1


@pytest.mark.parametrize("kind", KINDS)
def test_one_example_a_class_is_enough_to_answer_and_says_no_accuracy(kind):
    labelled = drawn(observations=1, noise=0.1)
    fitted = fit_head(labelled, kind)
    assert fitted.accuracy is None
    assert fitted.alone == len(labelled)
    asked = drawn(observations=20, noise=0.1, seed=2)
    found = probabilities(fitted.head, asked.vectors)
    assert (found.argmax(axis=1) == asked.classes).mean() > 0.95
    assert found.max(axis=1).mean() < 0.9999  # nothing says how sure it may be


def test_auto_without_anything_to_leave_out_is_the_nearest_centroid():
    assert fit_head(drawn(observations=1)).head.kind is HeadKind.CENTROID


@pytest.mark.parametrize("kind", KINDS)
def test_all_examples_of_one_observation_still_answer(kind):
    plain = drawn(noise=0.1)
    labelled = Labelled.of(plain.vectors, plain.classes, np.zeros(len(plain)))
    fitted = fit_head(labelled, kind)
    assert fitted.accuracy is None
    assert (probabilities(fitted.head, plain.vectors).argmax(axis=1) == plain.classes).all()


def test_auto_takes_the_head_that_is_least_surprised():
    fitted = fit_head(drawn())
    assert set(fitted.tried) == set(HeadKind)
    assert fitted.tried[fitted.head.kind] == min(fitted.tried.values())


def test_a_burst_of_frames_does_not_outvote_other_observations():
    generator = np.random.default_rng(0)
    queries = drawn(classes=2, observations=1, noise=0).vectors
    others = queries[0] + 0.3 * generator.normal(size=(5, queries.shape[1]))  # five observations of class 0
    burst = np.repeat(queries[:1] + 0.25, 500, axis=0) + 0.001 * generator.normal(size=(500, queries.shape[1]))
    labelled = Labelled.of(np.concatenate([others, burst]), [0] * 5 + [1] * 500, [0, 1, 2, 3, 4] + [9] * 500)
    for cap, answer in ((1, 0), (50, 1)):
        head = KnnHead(gallery=labelled, k=50, cap=cap, sharpness=4.0, doubt=0.01)
        assert head.log_probabilities(queries[:1]).argmax() == answer


@pytest.mark.parametrize("kind", list(HeadKind))
def test_a_head_restored_from_its_state_answers_the_same(kind):
    labelled = drawn()
    head = fit_head(labelled, kind.value).head
    asked = drawn(seed=4).vectors
    np.testing.assert_allclose(
        restored(kind, labelled, head.state()).log_probabilities(asked), head.log_probabilities(asked), atol=1e-5
    )


def test_a_probe_in_two_classes_says_what_scikit_learn_says():
    from thuja.classify.probe import LinearProbe

    for classes in (2, 5):
        labelled = drawn(classes=classes)
        probe = LinearProbe(strength=0.1).fit(labelled.vectors, labelled.classes)
        head = ProbeHead.of(probe, 1.0)
        np.testing.assert_allclose(
            np.exp(head.log_probabilities(labelled.vectors)), probe.probabilities(labelled.vectors), atol=1e-5
        )


def test_the_fitted_temperature_is_that_of_a_fine_grid():
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(400, 5)).astype(np.float32)
    drawn_truth = (scores / 0.5 + generator.gumbel(size=scores.shape)).argmax(axis=1)
    found = fit_temperature(scores, drawn_truth, usual=1.0)
    grid = np.geomspace(0.1, 5, 400)
    losses = [mean_loss(log_softmax(scores / np.float32(value)), drawn_truth) for value in grid]
    assert found == pytest.approx(grid[int(np.argmin(losses))], rel=0.03)
    assert found == pytest.approx(0.5, rel=0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_thirty_right_answers_of_thirty_do_not_make_a_head_certain(kind):
    fitted = fit_head(drawn(observations=5, noise=0.05), kind)
    assert fitted.accuracy is not None
    assert fitted.accuracy.value == 1
    found = probabilities(fitted.head, drawn(observations=20, noise=0.05, seed=1).vectors)
    assert 0.85 < found.max(axis=1).mean() < 0.995


def test_with_many_observations_an_even_draw_is_left_out(monkeypatch):
    monkeypatch.setattr("thuja.classify.examples.labelled.MOST_LEFT_OUT", 12)
    labelled = drawn(images=2)
    rows = labelled.left_out_rows()
    assert len(rows) == 24
    assert set(labelled.classes[rows]) == set(range(6))
    _, told = CentroidHead.fit(labelled)
    assert told.rows.tolist() == rows.tolist()


def test_examples_that_cannot_be_learnt_from_are_refused():
    with pytest.raises(EmptyInput, match="all of one class"):
        fit_head(drawn(classes=1))
    with pytest.raises(EmptyInput, match="no example"):
        Labelled.of(np.zeros((0, 4)), [])
    with pytest.raises(ThujaError, match="1 of 2 example vectors are not numbers"):
        Labelled.of(np.array([[1.0, 2.0], [np.nan, 1.0]]), [0, 1])
    with pytest.raises(UnknownName, match="unknown head"):
        fit_head(drawn(), "forest")
    with pytest.raises(UsageError, match="at least one vote"):
        fit_head(drawn(), "knn", votes=0)


def test_without_scikit_learn_a_probe_says_what_to_install_and_auto_goes_on(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.linear_model", None)
    monkeypatch.setattr("thuja.classify.examples.gallery.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="scikit-learn, which is not installed"):
        fit_head(drawn(), "probe")
    fitted = fit_head(drawn())
    assert fitted.head.kind in (HeadKind.CENTROID, HeadKind.KNN)
    assert "thuja[analyze]" in fitted.skipped[HeadKind.PROBE]
