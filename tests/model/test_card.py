"""The model card: what the folder knows of itself, in the hub's form."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from thuja.errors import BadFile, UsageError
from thuja.model import Model
from thuja.model.card import add_facts, metrics_of, write_card
from thuja.model.listing import scores_of

FACTS = {
    "recipe": "small",
    "label_text": "taxon_com",
    "settings": {"name": "small", "optimizer": {"lr": 0.001, "betas": [0.9, 0.98]}, "texts": {"sci": 1}},
    "data": "ab" * 32,
    "images": 12345,
    "taxa": 200,
    "image_licences": {"CC BY 4.0": 12000, "no licence told": 345},
    "metrics": {"step": 300, "loss": 1.25, "val_zero_shot_top1": 0.8125},
}
SCORE = {
    "task": "zero-shot", "split": "unseen", "rank": "species", "method": "model",
    "accuracy": 0.5, "macro": 0.25, "candidates": 1200,
}  # fmt: skip


def written(folder: Path) -> ModelCard:
    return ModelCard.load(write_card(folder))


def test_a_card_tells_data_recipe_figures_limits_and_licence(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.save(tmp_path, name="tiny", facts=FACTS | {"license": "cc0-1.0"})
    card = written(tmp_path)
    assert card.data.license == "cc0-1.0"
    assert card.data.library_name == "open_clip"
    assert card.data.pipeline_tag == "zero-shot-image-classification"
    assert card.data.model_name == "tiny"
    (result,) = card.data.eval_results
    assert (result.dataset_name, result.metric_name, result.metric_value) == (
        "validation",
        "zero shot top1, accuracy",
        0.8125,
    )
    for said in (
        "# tiny\n",
        f"`{tiny_model.id}`",
        "| training images | 12,345 |",
        "| images under CC BY 4.0 | 12,000 |",
        "`small`; labels are phrased as `taxon_com`",
        "| optimizer.lr | `0.001` |",
        "| validation | zero shot top1 | accuracy | 81.2% |",
        "The model: cc0-1.0.",
        "## Intended use and limits",
        "- the head `caption` with its own temperature\n",
    ):
        assert said in card.text or said in card.content, said


def test_a_model_that_nobody_measured_says_so_and_claims_no_licence(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.save(tmp_path)
    card = written(tmp_path)
    assert card.data.to_dict().keys() == {"library_name", "pipeline_tag", "tags"}
    assert "It has not been measured." in card.text
    assert "until it is, it is not given" in card.text


def test_what_open_clip_cannot_say_is_named(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.preparation = replace(tiny_model.preparation, mode="crop", crop_fraction=0.875)
    tiny_model.save(tmp_path)
    assert "- the crop to 0.875 of the resized image's side\n" in written(tmp_path).text
    tiny_model.preparation = replace(tiny_model.preparation, interpolation="opencv")
    tiny_model.save(tmp_path)
    assert "- OpenCV's interpolation" in written(tmp_path).text


def test_an_evaluations_figures_go_before_the_runs_own(tmp_path: Path, tiny_model: Model) -> None:
    identity = tiny_model.save(tmp_path / "model", facts=FACTS)
    (tmp_path / "report").mkdir()
    path = tmp_path / "report" / "scores.json"
    scores = [SCORE | {"top5": None}, SCORE | {"method": "chance"}]
    path.write_text(json.dumps({"model": identity, "scores": scores}), encoding="utf-8")
    add_facts(tmp_path / "model", {"scores": scores_of(tmp_path / "report", tmp_path / "model")})
    assert Model.load(tmp_path / "model").facts["scores"] == [SCORE]
    results = written(tmp_path / "model").data.eval_results
    assert {(one.dataset_name, one.metric_name, one.metric_value) for one in results} == {
        ("unseen", "zero-shot, species of 1,200, top-1", 0.5),
        ("unseen", "zero-shot, species of 1,200, mean over taxa", 0.25),
    }
    path.write_text(json.dumps({"model": "another-0123", "scores": scores}), encoding="utf-8")
    with pytest.raises(BadFile, match="are of another-0123"):
        scores_of(tmp_path / "report", tmp_path / "model")


def test_facts_of_a_stranger_break_no_card(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.save(tmp_path, facts={"scores": "none", "metrics": [1], "settings": {"a|b": "x\ny"}, "images": "many"})
    assert r"| a\|b | `x y` |" in written(tmp_path).text
    assert metrics_of({"scores": [], "metrics": {"loss": 1.0}}) == []


def test_a_folder_that_is_no_model_gets_no_card(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"it has no open_clip_config\.json"):
        write_card(tmp_path)
    with pytest.raises(UsageError, match=r"has no thuja\.json"):
        add_facts(tmp_path, {"license": "mit"})
    assert list(tmp_path.iterdir()) == []
