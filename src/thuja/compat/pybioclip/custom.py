"""Answers from labels of one's own, and from bins of them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from thuja.compat.pybioclip.classifier import BaseClassifier, Callback, OneImage, listed
from thuja.compat.pybioclip.errors import WrongValue
from thuja.compat.pybioclip.names import (
    BIOCLIP_MODEL_STR,
    DEFAULT_BATCH_SIZE,
    PRED_CLASSICATION_KEY,
    PRED_FILENAME_KEY,
    PRED_SCORE_KEY,
    Row,
)
from thuja.encode import encode_texts
from thuja.phrasing import PROMPTS

_EMPTY = {"", "None", "nan", "NaT", "<NA>"}
"""How None and the nulls of pandas and NumPy are written; the integer 0 is a bin."""


class CustomLabelsClassifier(BaseClassifier):
    """Which of these labels an image shows; each is put into CLIP's 80 prompts."""

    def __init__(
        self,
        cls_ary: Sequence[str],
        *,
        model_str: str | None = BIOCLIP_MODEL_STR,
        pretrained_str: str | None = None,
        device: str | torch.device = "cpu",
        precision: str = "fp32",
    ) -> None:
        super().__init__(model_str, pretrained_str, device, precision=precision)
        self.classes = [label.strip() for label in cls_ary]
        if not self.classes:
            raise WrongValue("the list of classes is empty", hint="give at least one label")
        vectors = torch.from_numpy(encode_texts(self.model, self.classes, prompts=PROMPTS))
        self.txt_embeddings = vectors.T.contiguous().to(self.device)  # (D, C)

    def predict(
        self,
        images: OneImage | Sequence[OneImage],
        k: int | None = None,
        batch_size: int | None = DEFAULT_BATCH_SIZE,
        callback: Callback | None = None,
    ) -> list[Row]:
        """The k best labels of each image in the images' order, best first; all of them without k."""
        wanted = listed(images)
        rows = []
        for place, probabilities in self._stream(wanted, self.txt_embeddings, batch_size, callback):
            rows += self.group_probs(self.make_key(wanted[place], place), probabilities, k)
        self.record_event(wanted, k=k, batch_size=batch_size)
        return rows

    def group_probs(self, image_key: str, img_probs: Tensor, k: int | None = None) -> list[Row]:
        """The rows of one image."""
        best = img_probs.topk(_depth(k, len(self.classes)))
        return [
            _row(image_key, self.classes[place], score)
            for place, score in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def _labels(self) -> Tensor:
        return self.txt_embeddings


class CustomLabelsBinningClassifier(CustomLabelsClassifier):
    """Which bin of labels an image shows: the probabilities of the labels in a bin are summed."""

    def __init__(
        self,
        cls_to_bin: Mapping[str, object],
        *,
        model_str: str | None = BIOCLIP_MODEL_STR,
        pretrained_str: str | None = None,
        device: str | torch.device = "cpu",
        precision: str = "fp32",
    ) -> None:
        if any(str(name) in _EMPTY for name in cls_to_bin.values()):
            raise WrongValue("Empty, null, or nan are not allowed for bin values.")
        super().__init__(
            list(cls_to_bin), model_str=model_str, pretrained_str=pretrained_str, device=device, precision=precision
        )
        self.cls_to_bin = cls_to_bin
        self._bins = list(dict.fromkeys(cls_to_bin.values()))
        number = {name: place for place, name in enumerate(self._bins)}
        self._bin_of = torch.tensor([number[name] for name in cls_to_bin.values()])

    def group_probs(self, image_key: str, img_probs: Tensor, k: int | None = None) -> list[Row]:
        """The rows of one image; of equal bins the one that was named first comes first."""
        sums = torch.zeros(len(self._bins)).index_add_(0, self._bin_of, img_probs)
        best = sums.sort(descending=True, stable=True)
        depth = _depth(k, len(self._bins))
        return [
            _row(image_key, self._bins[place], score)
            for place, score in zip(best.indices[:depth].tolist(), best.values[:depth].tolist(), strict=True)
        ]


def _row(key: str, label: object, score: float) -> Row:
    return {PRED_FILENAME_KEY: key, PRED_CLASSICATION_KEY: label, PRED_SCORE_KEY: score}  # type: ignore[dict-item]


def _depth(k: int | None, count: int) -> int:
    """How many answers there are: all of them for no k, as there."""
    if k is not None and k < 0:
        raise WrongValue(f"cannot give the best {k} answers", hint="choose k of 1 or more")
    return min(k or count, count)
