import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from thuja.classify.examples import votes
from thuja.classify.examples.labelled import Labelled
from thuja.classify.examples.votes import nearest_votes


def plain_votes(query, gallery, *, k, cap, hidden=None):
    """The rule written out: best first, no more than `cap` of one observation and class."""
    cosines = gallery.vectors @ query
    taken, counts = [], {}
    for row in np.argsort(-cosines, kind="stable"):
        source = (gallery.observations[row], gallery.classes[row])
        if (hidden is not None and hidden[row]) or counts.get(source, 0) >= cap:
            continue
        counts[source] = counts.get(source, 0) + 1
        taken.append((cosines[row], gallery.classes[row]))
    return taken[:k]


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 3), st.integers(1, 30), st.booleans())
def test_the_nearest_votes_are_those_of_the_rule_written_out(seed, k, cap, observations, is_hidden):
    generator = np.random.default_rng(seed)
    count = int(generator.integers(1, 60))
    gallery = Labelled.of(
        generator.normal(size=(count, 6)),
        generator.integers(4, size=count),
        generator.integers(observations, size=count),
    )
    queries = Labelled.of(generator.normal(size=(5, 6)), np.zeros(5)).vectors
    parts = (generator.integers(3, size=5), generator.integers(3, size=count)) if is_hidden else None
    cosines, classes = nearest_votes(queries, gallery, k=k, cap=cap, hidden=parts)
    for number, query in enumerate(queries):
        hidden = None if parts is None else parts[0][number] == parts[1]
        expected = plain_votes(query, gallery, k=k, cap=cap, hidden=hidden)
        found = int(np.isfinite(cosines[number]).sum())
        assert found == len(expected)
        np.testing.assert_allclose(cosines[number, :found], [cosine for cosine, _ in expected], atol=1e-6)
        assert classes[number, :found].tolist() == [label for _, label in expected]


def test_tiles_change_nothing(monkeypatch):
    generator = np.random.default_rng(1)
    gallery = Labelled.of(
        generator.normal(size=(50, 8)), generator.integers(5, size=50), generator.integers(9, size=50)
    )
    queries = gallery.vectors[:20]
    whole = nearest_votes(queries, gallery, k=7, cap=2)
    monkeypatch.setattr(votes, "_TILE_BYTES", 4 * 50 * 3)
    for tiled, once in zip(nearest_votes(queries, gallery, k=7, cap=2), whole, strict=True):
        np.testing.assert_allclose(tiled, once, atol=1e-6)
