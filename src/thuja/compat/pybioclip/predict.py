"""pybioclip's module of that name: its classes, its two functions of one call, its constants."""

from collections.abc import Callable, Sequence

import torch
from PIL import Image
from torch import Tensor

from thuja.compat.pybioclip.classifier import BaseClassifier, preprocess_img
from thuja.compat.pybioclip.custom import CustomLabelsBinningClassifier, CustomLabelsClassifier
from thuja.compat.pybioclip.names import (
    BIOCLIP_MODEL_STR,
    Rank,
    Row,
    create_classification_dict,
    ensure_tol_supported_model,
    get_rank_labels,
    get_tol_classification_labels,
    get_tol_repo_id,
)
from thuja.compat.pybioclip.tree import TreeOfLifeClassifier
from thuja.model import Tokenizer
from thuja.model.published import find_model
from thuja.phrasing import PROMPTS

__all__ = [
    "OPENA_AI_IMAGENET_TEMPLATE",
    "BaseClassifier",
    "CustomLabelsBinningClassifier",
    "CustomLabelsClassifier",
    "Rank",
    "TreeOfLifeClassifier",
    "create_bioclip_tokenizer",
    "create_classification_dict",
    "ensure_tol_supported_model",
    "get_rank_labels",
    "get_tol_classification_labels",
    "get_tol_repo_id",
    "predict_classification",
    "predict_classifications_from_list",
    "preprocess_img",
]

_CONTEXT = 77


def _template(prompt: str) -> Callable[[str], str]:
    return lambda label: prompt.replace("{}", label)


OPENA_AI_IMAGENET_TEMPLATE = [_template(prompt) for prompt in PROMPTS]
"""CLIP's 80 prompts as functions of a label."""


def predict_classification(
    img: Image.Image | str,
    rank: Rank,
    device: str | torch.device = "cpu",
    min_prob: float = 1e-9,
    k: int = 5,
) -> list[Row]:
    """The k best taxa of one image at a rank, among the labels of BioCLIP 2. It loads the model at each call."""
    return TreeOfLifeClassifier(device=device).predict([img], rank, min_prob, k)


def predict_classifications_from_list(
    img: Image.Image | str, cls_ary: Sequence[str], device: str | torch.device = "cpu"
) -> list[Row]:
    """How likely one image shows each of these labels, best first. It loads the model at each call."""
    return CustomLabelsClassifier(cls_ary, device=device).predict([img])


def create_bioclip_tokenizer(model_name: str = BIOCLIP_MODEL_STR) -> Callable[[Sequence[str] | str], Tensor]:
    """Texts to the ids (L, 77) that the model's text tower reads, by the vocabulary in the model's own folder."""
    tokenizer = Tokenizer.load(find_model(model_name))

    def tokenize(texts: Sequence[str] | str) -> Tensor:
        listed = [texts] if isinstance(texts, str) else list(texts)
        return tokenizer.pad(tokenizer.encode(listed, _CONTEXT), _CONTEXT)

    return tokenize
