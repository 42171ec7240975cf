"""Queries whose ranking is given: the lens reads a query as a part of its vector, and images hold the scores."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.protocols.lengths import unit
from thuja.evaluate.protocols.queries import Queries, Query
from thuja.evaluate.task import BOTH, Images, Measure, View, Way


def images(count: int) -> Images:
    return Images(folder=Path("set"), paths=tuple(f"{row}.jpg" for row in range(count)))


def view(scores: np.ndarray) -> View:
    """Images of length one whose cosine to the text "q" is their score in column q: (N, Q) scores."""
    count = scores.shape[1]
    rest = np.sqrt(1 - (scores**2).sum(axis=1, keepdims=True))
    vectors = np.concatenate([scores, rest], axis=1).astype(np.float32)

    def texts(sentences: Sequence[str]) -> np.ndarray:
        return np.eye(count + 1, dtype=np.float32)[[int(sentence) for sentence in sentences]]

    return View(vectors=vectors, texts=texts)


def found(opened: Queries, seen: View, way: Way, *, seed: int = 0) -> dict[tuple[str, str], Measure]:
    return {(measure.part, measure.name): measure for measure in opened.measure(seen, [way], seed=seed).measures}


FALLING = np.array([[0.5, 0.1], [0.4, 0.2], [0.3, 0.3], [0.2, 0.4], [0.1, 0.5]])
"""Query 0 ranks the five images 0, 1, 2, 3, 4; query 1 the other way round."""
FULL = Queries(
    images=images(5),
    queries=(
        Query(text="0", category="Behavior", relevant=(0, 2, 4)),
        Query(text="1", category="Context", relevant=(0,)),
    ),
    depths=(3,),
)


@pytest.mark.parametrize("way", BOTH)
def test_measures_of_a_ranking_cut_short_are_as_written_out(way: Way) -> None:
    measures = found(FULL, view(FALLING), way)
    # Query 0 finds images 0 and 2 at places 1 and 3, of three; query 1 finds its one at place 5, beyond the cut.
    gain = (1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3) + 1 / np.log2(4))
    values = {name: measure.value for (part, name), measure in measures.items() if part == "Behavior"}
    expected = {"AP@3": (1 + 2 / 3) / 3, "nDCG@3": gain, "MRR@3": 1.0}
    if way == Way.CORRECTED:
        expected |= {"recall@3": 2 / 3, "AP@3 over all relevant": (1 + 2 / 3) / 3}
    assert values == pytest.approx(expected)
    assert all(measure.value == 0 for (part, _), measure in measures.items() if part == "Context")
    assert measures["", "AP@3"].value == pytest.approx((1 + 2 / 3) / 6)
    assert (measures["", "AP@3"].units, measures["", "AP@3"].clusters) == (2, 2)
    assert measures["", "AP@3"].low == 0
    assert measures["", "AP@3"].high == pytest.approx((1 + 2 / 3) / 3)


def test_more_relevant_images_than_places_part_the_two_normalisers() -> None:
    opened = replace(FULL, queries=(Query(text="0", category="", relevant=(0, 1, 2, 3)),), depths=(2,))
    measures = found(opened, view(FALLING), Way.CORRECTED)
    assert measures["", "AP@2"].value == 1
    assert measures["", "AP@2 over all relevant"].value == pytest.approx(1 / 2)
    assert measures["", "recall@2"].value == pytest.approx(1 / 2)


@pytest.mark.parametrize("ties", [False, True])
def test_the_public_way_is_the_public_script(ties: bool) -> None:
    """INQUIRE's formulas on lists of k = 8: scikit-learn's AP and nDCG, the unseen relevant at a score of -100."""
    generator = np.random.default_rng(0)
    scores = generator.random((30, 20)) / 5
    if ties:
        scores[15:] = scores[:15]
    queries = [
        Query(
            text=str(row), category="", relevant=tuple(generator.choice(30, generator.integers(1, 15), replace=False))
        )
        for row in range(20)
    ]
    opened = Queries(images=images(30), queries=tuple(queries), depths=(8,))
    expected: dict[str, list[float]] = {"AP@8": [], "nDCG@8": [], "MRR@8": []}
    cosines = unit(view(scores).vectors)[:, :20]
    for row, query in enumerate(queries):
        top = np.flip(cosines[:, row].argsort(kind="stable"))[:8]
        truth, predicted, total = np.isin(top, query.relevant), cosines[top, row], len(query.relevant)
        hits = int(truth.sum())
        precision = average_precision_score(truth, predicted) if hits else 0
        expected["AP@8"].append(precision * hits / min(total, 8))
        padded = [1] * (total - hits)
        expected["nDCG@8"].append(ndcg_score([[*truth, *padded]], [[*predicted, *[-100] * len(padded)]], k=8))
        expected["MRR@8"].append(1 / (truth.argmax() + 1) if hits else 0)
    measures = found(opened, view(scores), Way.PUBLIC)
    assert {name: measures["", name].value for name in expected} == pytest.approx(
        {name: np.mean(values) for name, values in expected.items()}
    )


def test_a_reranking_orders_a_querys_own_candidates_to_the_end() -> None:
    opened = Queries(
        images=images(5),
        queries=(Query(text="1", category="Species", relevant=(1,), candidates=(0, 1, 2)),),
        depths=(None, 1),
    )
    # Query 1 ranks its candidates 2, 1, 0.
    public = found(opened, view(FALLING), Way.PUBLIC)
    assert {name: measure.value for (part, name), measure in public.items() if not part} == pytest.approx(
        {"AP": 1 / 2, "nDCG": 1 / np.log2(3), "MRR": 1 / 2}
    )
    corrected = found(opened, view(FALLING), Way.CORRECTED)
    assert corrected["", "AP"].value == pytest.approx(1 / 2)
    assert corrected["Species", "AP@1"].value == 0
    assert ("", "recall") not in corrected


def test_a_lens_that_sees_nothing_does_not_inherit_the_order_of_the_candidates() -> None:
    query = Query(text="0", category="", relevant=tuple(range(10)), candidates=tuple(range(100)))
    queries = (query,) * 300
    opened = Queries(images=images(100), queries=queries, depths=(None,))
    same = np.full((100, 1), 0.5)
    measure = found(opened, view(same), Way.CORRECTED)["", "AP"]
    chance = float(measure.note.split(";")[0].removeprefix("chance "))
    assert measure.low < chance < measure.high < 0.25
    # Over the whole gallery too; there all queries meet the same order, so seeds are drawn instead.
    full = Queries(images=images(100), queries=(replace(query, candidates=None),), depths=(50,))
    recalls = [found(full, view(same), Way.CORRECTED, seed=seed)["", "recall@50"].value for seed in range(50)]
    assert np.mean(recalls) == pytest.approx(0.5, abs=4 * np.std(recalls) / np.sqrt(50))
    assert np.std(recalls) > 0


def test_the_corrected_way_sees_by_the_caption_head_and_says_where_there_is_none() -> None:
    first, caption = view(FALLING[::-1]), view(FALLING)
    both = View(vectors=first.vectors, texts=first.texts, heads={"caption": caption})
    assert found(FULL, both, Way.CORRECTED) == {
        key: replace(measure, note=measure.note.split(";")[0])
        for key, measure in found(FULL, caption, Way.CORRECTED).items()
    }
    assert found(FULL, both, Way.PUBLIC) == found(FULL, first, Way.PUBLIC)
    assert "no caption head" in found(FULL, first, Way.CORRECTED)["", "AP@3"].note
    assert "head" not in found(FULL, first, Way.PUBLIC)["", "AP@3"].note


def test_over_a_smaller_gallery_every_figure_says_so() -> None:
    measures = FULL.measure(view(FALLING), BOTH).measures
    assert not any("easier" in measure.note for measure in measures)
    measures = replace(FULL, gallery=5_000_000).measure(view(FALLING), BOTH).measures
    assert all("among 5 of the gallery's 5,000,000 images, which is easier" in measure.note for measure in measures)


def test_selected_images_are_ranked_alone_and_queries_without_an_answer_left_out() -> None:
    kept = FULL.select([4, 2])
    assert kept.queries[0].relevant == (1, 0)
    measures = found(kept, view(FALLING[[4, 2]]), Way.CORRECTED)
    assert measures["", "AP@3"].value == 1
    assert measures["", "AP@3"].units == 1
    assert "1 queries without a relevant image are left out" in measures["", "AP@3"].note
    rerank = replace(FULL, queries=(replace(FULL.queries[0], candidates=(0, 1, 4)),), depths=(None,)).select([1, 4])
    assert (rerank.queries[0].relevant, rerank.queries[0].candidates) == ((1,), (0, 1))


def test_every_answer_is_kept() -> None:
    answers = FULL.measure(view(FALLING), [Way.PUBLIC]).answers.to_pylist()
    assert len(answers) == 6
    assert answers[1] | {"score": None} == {
        "path": "1.jpg",
        "way": "public",
        "part": "Behavior",
        "query": "0",
        "truth": "not relevant",
        "answer": "relevant",
        "score": None,
        "place": 2,
    }
    assert answers[1]["score"] == pytest.approx(0.4)


def test_candidates_that_are_fewer_than_the_depth_are_all_ranked() -> None:
    opened = replace(FULL, depths=(50,))
    assert found(opened, view(FALLING), Way.CORRECTED)["Context", "AP@50"].value == pytest.approx(1 / 5)
    assert found(opened, view(FALLING), Way.PUBLIC)["Context", "AP@50"].value == pytest.approx(1 / 5)


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(EmptyInput, match="no query has a relevant image"):
        FULL.select([3]).measure(view(FALLING[[3]]), BOTH)
    with pytest.raises(ThujaError, match="expected 5 image vectors, got 4"):
        FULL.measure(view(FALLING[:4]), BOTH)
    with pytest.raises(ThujaError, match="every query has candidates"):
        replace(FULL, queries=(FULL.queries[0], replace(FULL.queries[1], candidates=(1,))))
    with pytest.raises(ThujaError, match="needs a depth"):
        replace(FULL, depths=(None,))


def test_what_chance_recalls_is_the_share_of_the_gallery_that_is_looked_at() -> None:
    """Three of five images, however many of them are relevant."""
    measures = found(FULL, view(FALLING), Way.CORRECTED)
    assert all(measures[part, "recall@3"].note.startswith("chance 0.6;") for part in ("Behavior", "Context"))
