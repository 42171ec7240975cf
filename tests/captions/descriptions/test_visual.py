"""What a picture could show is kept, the rest is not."""

import numpy as np
import pytest
from tests.biosphere.accounts import account

from captions_labelled import labelled, parted
from thuja.biosphere.describe import describe
from thuja.biosphere.vocabulary import Wording
from thuja.captions.descriptions.introduction_store import IntroductionStore
from thuja.captions.descriptions.sentences import split_sentences
from thuja.captions.descriptions.visual import VisualModel, judge_of, keep_visible
from thuja.captions.descriptions.visual_features import BUCKETS, HAND, look_at
from thuja.errors import BadFile, UsageError

VISIBLE = [
    "The forewings are grey with two brown spots.",
    "Petals white, notched at the tip.",
    "It has a long bushy tail and small round ears.",
    "The cap is convex, scaly and reddish brown.",
    "A yellow stripe runs along each side of the body.",
]
HIDDEN = [
    "It is a species of moth in the family Noctuidae.",
    "It is found in Brazil, Peru and Bolivia.",
    "Adults are on wing from May to July.",
    "The larvae feed on the leaves of oaks.",
    "The wingspan is 20 to 25 mm.",
    "Its song is a loud, clear whistle.",
    "It was described by Edward Meyrick in 1904.",
    "Its common names include white-tailed eagle and red-headed finch.",
    "The spores are smooth and elliptical, 8 by 5 μm.",
]


def test_looks_are_told_from_names_places_seasons_food_sound_and_measures():
    scores = judge_of()(VISIBLE + HIDDEN)
    assert [score >= 0.5 for score in scores] == [True] * len(VISIBLE) + [False] * len(HIDDEN)


def test_of_a_mixed_sentence_the_visible_clauses_are_kept_in_its_own_words():
    texts = [
        "Acacia alba is a shrub that is endemic to Chad. It has rough bark and yellow flowers, and is used as fodder.",
        "It is native to Chile.",
        "The cap is red with white warts, while the stem is white; it grows under birches.",
    ]
    assert keep_visible()(texts) == [
        ["It has rough bark and yellow flowers."],
        [],
        ["The cap is red with white warts, while the stem is white."],
    ]


def test_no_words_are_kept_that_the_source_does_not_have():
    texts = [" ".join(VISIBLE + HIDDEN)] * 3
    for kept in keep_visible(threshold=0.1)(texts):
        assert all(sentence.rstrip(".") in texts[0] for sentence in kept)


def test_the_judge_is_asked_once_for_all_texts():
    asked: list[int] = []

    def judge(texts):
        asked.append(len(texts))
        return [1.0] * len(texts)

    assert keep_visible(judge)(["One. Two.", "", "Three."]) == [["One.", "Two."], [], ["Three."]]
    assert asked == [3]


def test_a_threshold_of_nought_keeps_all_and_a_higher_one_keeps_less():
    text = " ".join(VISIBLE + HIDDEN)
    lengths = [sum(map(len, keep_visible(threshold=each)([text])[0])) for each in (0.0, 0.3, 0.5, 0.9, 0.999)]
    assert lengths == sorted(lengths, reverse=True)
    assert keep_visible(threshold=0)([text]) == [split_sentences(text)]


def test_a_threshold_is_a_share():
    with pytest.raises(UsageError, match="from 0 to 1"):
        keep_visible(threshold=1.5)


def test_the_classifier_judges_whole_sentences_too():
    sentences = split_sentences(" ".join(VISIBLE + HIDDEN))
    scores = judge_of()(sentences)
    assert [sentence for sentence, score in zip(sentences, scores, strict=True) if score >= 0.5] == VISIBLE


def test_a_model_saved_and_loaded_judges_the_same(tmp_path):
    generator = np.random.default_rng(0)
    model = VisualModel(words=generator.normal(size=BUCKETS), hand=generator.normal(size=len(HAND)), bias=-0.5)
    model.save(tmp_path / "weights.npz", maker="a test")
    loaded = VisualModel.load(tmp_path / "weights.npz")
    np.testing.assert_allclose(loaded(VISIBLE), model(VISIBLE), atol=0.02)


def test_weights_of_other_features_are_refused(tmp_path):
    np.savez(tmp_path / "weights.npz", words=np.zeros(4, np.int8), step=1.0, hand=np.zeros(1), names=["x"], bias=0.0)
    with pytest.raises(BadFile, match="other features"):
        VisualModel.load(tmp_path / "weights.npz")


@pytest.mark.parametrize("text", ["", " ", ".", "-", "42", "’s", "𝛼", "a" * 10_000, "\x00 {x} %s"])
def test_any_text_can_be_looked_at(text):
    buckets, hand = look_at(text)
    assert buckets.max() < BUCKETS
    assert hand.shape == (len(HAND),)
    assert hand.min() >= 0
    assert hand.max() <= 1
    assert 0 <= judge_of()([text])[0] < 0.5


@pytest.mark.parametrize(
    "piece", ["L. ", ".", "(", "found in ", "and is red ", "The a (", "is. It ", '"', "with-", "ly"]
)
def test_a_page_of_one_thing_over_and_over_is_read_to_its_end(piece):
    """Time that grows with the square of the length would be minutes here."""
    assert len(keep_visible()([piece * (100_000 // len(piece))])) == 1


def test_what_is_kept_of_simulated_species_is_visible():
    """The fit has seen no sentence of the biosphere; benchmarks/captions_visual.py counts how many it misses."""
    generator = np.random.default_rng(3)
    species = [account(generator) for _ in range(40)]
    for wording, floor in ((Wording.TRAIN, 0.97), (Wording.TEST, 0.88)):
        sentences = [sentence for each in species for sentence in describe(each, generator, wording=wording)]
        scores = judge_of()([sentence.text for sentence in sentences])
        kept = [sentence for sentence, score in zip(sentences, scores, strict=True) if score >= 0.5]
        assert np.mean([sentence.is_visible for sentence in kept]) > floor


@pytest.mark.slow
def test_most_of_what_was_labelled_visible_is_kept_and_little_else():
    """On taxa that the fit has not seen; the floors stand a point or more below the figures of the docs."""
    test = parted(labelled(IntroductionStore()), "test")
    for stratum, least_precision, least_recall in (
        ("drawn", 0.81, 0.85),
        ("later", 0.85, 0.83),
        ("enriched", 0.92, 0.88),
    ):
        rows = [row for row in test if row.stratum == stratum]
        kept = [" ".join(sentences) for sentences in keep_visible()([row.text for row in rows])]
        pairs = [
            (label, clause.rstrip(".").removeprefix("and ").strip(" ,;:") in words)
            for row, words in zip(rows, kept, strict=True)
            for clause, label in row.clauses
            if label != 0.5
        ]
        right = sum(label == 1 and is_kept for label, is_kept in pairs)
        assert right / sum(is_kept for _, is_kept in pairs) > least_precision
        assert right / sum(label == 1 for label, _ in pairs) > least_recall
