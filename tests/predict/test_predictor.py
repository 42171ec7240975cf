"""The Predictor against a plain softmax over the same vectors."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from thuja.encode import build_labels, encode_images, encode_texts
from thuja.errors import UnknownName, UsageError
from thuja.model import Model
from thuja.phrasing import PROMPTS
from thuja.predict import Predictor, PredictorOptions
from thuja.taxonomy import Rank, Taxon


def plain_posterior(model, picture, vectors):
    image = encode_images(model, [("x", picture)]).embeddings.vectors[0].astype(np.float64)
    logits = float(model.scale().detach()) * vectors.astype(np.float64) @ image
    return np.exp(logits) / np.exp(logits).sum()


def test_species_are_ranked_by_the_softmax_over_the_saved_labels(model_folder, pictures):
    predictor = Predictor(model_folder)
    [prediction] = predictor.predict([pictures / "a.png"], k=4)
    plain = plain_posterior(predictor.model, pictures / "a.png", np.asarray(predictor.labels.vectors))
    order = np.argsort(-plain)
    assert [answer.taxon for answer in prediction.answers] == [predictor.labels.taxa[place] for place in order]
    np.testing.assert_allclose([answer.score for answer in prediction.answers], plain[order], rtol=1e-4)


def test_a_rank_sums_its_species_and_keeps_homonym_genera_apart(model_folder, pictures):
    predictor = Predictor(model_folder)
    [species] = predictor.predict([pictures / "a.png"], k=4)
    [genera] = predictor.predict([pictures / "a.png"], rank="genus", k=3)
    of_species = {answer.taxon: answer.score for answer in species.answers}
    assert {(answer.taxon.kingdom, answer.text) for answer in genera.answers} == {
        ("Animalia", "Corvus"), ("Animalia", "Pica"), ("Plantae", "Pica"),
    }  # fmt: skip
    for answer in genera.answers:
        parts = [score for taxon, score in of_species.items() if taxon.at(Rank.GENUS) == answer.taxon]
        assert answer.score == pytest.approx(sum(parts), rel=1e-5)


def test_a_bad_image_is_a_prediction_with_its_error_in_its_place(model_folder, pictures):
    found = list(Predictor(model_folder, options=PredictorOptions(batch_size=2)).predict([pictures]))
    assert [Path(prediction.file_name).name for prediction in found] == ["a.png", "b.jpg", "c.png", "d.png"]
    assert [bool(prediction.error) for prediction in found] == [False, True, False, False]
    assert found[1].answers == ()
    assert found[1].reason
    assert len(found[0].answers) == 4  # five by default, or as many as there are


def test_the_batch_size_changes_no_answer(model_folder, pictures):
    few, many = (Predictor(model_folder, options=PredictorOptions(batch_size=size)) for size in (1, 9))
    for one, all_ in zip(few.predict([pictures]), many.predict([pictures]), strict=True):
        assert [answer.text for answer in one.answers] == [answer.text for answer in all_.answers]
        np.testing.assert_allclose(
            [answer.score for answer in one.answers], [answer.score for answer in all_.answers], rtol=1e-4
        )


def test_predictions_stream_before_the_last_image_is_read(model_folder, pictures):
    (pictures / "deeper" / "e.png").symlink_to(pictures / "gone.png")
    predictor = Predictor(model_folder, options=PredictorOptions(batch_size=1))
    first = list(islice(predictor.predict([pictures / "a.png", pictures / "c.png"]), 1))
    assert len(first) == 1


def test_custom_labels_are_the_mean_of_their_prompts_and_all_are_answered(tiny_model, pictures):
    texts = ['crow, "black"', "Pica pica"]
    predictor = Predictor(tiny_model, labels=texts)
    [prediction] = predictor.predict([pictures / "a.png"])
    plain = plain_posterior(tiny_model, pictures / "a.png", encode_texts(tiny_model, texts, prompts=PROMPTS))
    said = {answer.text: answer.score for answer in prediction.answers}
    assert list(said) == [texts[place] for place in np.argsort(-plain)]
    np.testing.assert_allclose([said[text] for text in texts], plain, rtol=1e-4)
    assert all(answer.taxon is None for answer in prediction.answers)


def test_a_rank_or_a_k_that_does_not_fit_is_refused_before_any_image_is_read(model_folder, tiny_model):
    predictor = Predictor(model_folder)
    with pytest.raises(UnknownName, match="genera"):
        predictor.predict(["nowhere"], rank="genera")
    with pytest.raises(UsageError, match="best 0 answers"):
        predictor.predict(["nowhere"], k=0)
    with pytest.raises(UsageError, match="best 3 of 2 taxa at that rank"):
        predictor.predict(["nowhere"], rank="family", k=3)
    with pytest.raises(UsageError, match="no ranks"):
        Predictor(tiny_model, labels=["a", "b"]).predict(["nowhere"], rank="family")


def test_labels_of_another_model_are_refused(tiny_model, model_folder):
    labels = build_labels(tiny_model, [Taxon(genus="Corvus")])
    other = Model.load(model_folder)
    other.id = "another"
    with pytest.raises(UsageError, match="not by the model another"):
        Predictor(other, labels=labels)


@pytest.mark.parametrize(
    ("labels", "said"), [([], "empty"), (["", "  "], "empty"), (["a", "b", "a "], '"a" stands twice')]
)
def test_labels_that_say_nothing_or_the_same_are_refused(tiny_model, labels, said):
    with pytest.raises(UsageError, match=said):
        Predictor(tiny_model, labels=labels)


def test_a_model_without_labels_says_how_to_give_some(tiny_model, tmp_path):
    tiny_model.save(tmp_path / "bare")
    with pytest.raises(UsageError, match="--label TEXT"):
        Predictor(tmp_path / "bare")


def test_a_run_folder_stands_for_its_model(model_folder, pictures, tmp_path):
    (tmp_path / "recipe.json").write_text("{}")
    assert list(Predictor(tmp_path).predict([pictures])) == list(Predictor(model_folder).predict([pictures]))


@pytest.mark.shared
def test_every_hostile_photo_is_a_prediction_or_an_error(model_folder, shared):
    found = list(Predictor(model_folder).predict([shared / "photos" / "robust"], k=1))
    assert len(found) == sum(path.is_file() for path in (shared / "photos" / "robust").rglob("*"))
    assert all(bool(prediction.error) != bool(prediction.answers) for prediction in found)
    bad = {Path(prediction.file_name).name for prediction in found if prediction.error}
    assert bad >= {"broken.png", "decompression_bomb.gif", "truncated_jpeg.jpg", "zero_height.j2k"}
    assert len(bad) < len(found) / 2
