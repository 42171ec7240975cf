"""Why an answer was given: what it was weighed against, and where the image speaks for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.classify.clades import Tree
from thuja.classify.siblings import rows_of, siblings, voice
from thuja.classify.tiled import Bias
from thuja.errors import ThujaError
from thuja.images import decode, read_bytes, to_rgb
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.attribution import Attribution
from thuja.predict.answers import Answer, Prediction
from thuja.predict.why.explanations import Box, Explanation, box_of
from thuja.taxonomy import Rank, Taxon

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Members = Callable[[Answer], Indices]
"""The labels (rows of the label space) that stand behind an answer; none where it has no vector."""

_SHOWN: Final = 640
"""Pixels of the longest side of an image as it is shown."""


class Explainer:
    """Explains the answers that a model gives from one label space.

    `rank` is what is answered, None for labels by themselves. `scale` is what multiplied the cosines: the model's, over
    the calibration's temperature. `members` tells the labels behind an answer where these are neither a taxon nor
    a label's own text, as bins are. The model may have been made fast: maps are made by a plain copy of its tower,
    which `attribution` brings where there is one already.
    """

    def __init__(
        self,
        model: Model,
        labels: LabelSpace,
        *,
        scale: float,
        rank: Rank | None = None,
        tree: Tree | None = None,
        members: Members | None = None,
        attribution: Attribution | None = None,
        most: int = 8,
    ) -> None:
        self._model, self._labels, self._scale, self._most = model, labels, scale, most
        self._rank = Rank.SPECIES if rank is None else rank  # the kingdom is rank 0
        self._tree = tree if tree is not None or not labels.taxa else Tree.of(labels)
        self._members = members or self._own_labels
        self._attribution = attribution or Attribution(model)
        self._places: dict[str, int] | None = None

    def explain(
        self, image: bytes | Path | Image.Image, vector: Floats, prediction: Prediction, *, bias: Bias | None = None
    ) -> Explanation:
        """Why this prediction's first answer was given to the image with this (D,) vector.

        A group's image is its first, and its vector the pooled one. `bias` is what was added to this image's logits.
        Raises ImageError where the image cannot be read.
        """
        if not prediction.answers:
            raise ThujaError(f"there is no answer to explain for {prediction.file_name}")
        answer = prediction.answers[0]
        whole = _opened(image, is_cut=bool(prediction.box))
        clade, kin = self._kin(vector, answer, prediction, bias=bias)
        rival = max([*prediction.answers[1:], *kin], key=lambda other: other.score, default=None)
        seen, heat = self._heat(whole, vector, prediction, rival=rival, bias=bias)
        return Explanation(
            prediction=prediction,
            answer=answer,
            rival=rival,
            clade=clade,
            siblings=kin[: self._most],
            others=len(kin[self._most :]),
            others_score=min(sum(other.score for other in kin[self._most :]), 1.0),
            image=_shrunk(whole),
            seen=seen,
            heat=heat,
        )

    def _kin(
        self, vector: Floats, answer: Answer, prediction: Prediction, *, bias: Bias | None
    ) -> tuple[Taxon | None, tuple[Answer, ...]]:
        """The least clade with another taxon of the answer's rank, and all of those; else the other answers.

        Custom labels have no clades, and examples may answer with a taxon that no label is of.
        """
        tree = self._tree
        if tree is None or answer.taxon is None or len(rows_of(tree, answer.taxon, self._rank)) == 0:
            return None, prediction.answers[1:]
        found = siblings(
            vector,
            self._labels,
            (answer.taxon, answer.score),
            tree=tree,
            rank=self._rank,
            scale=self._scale,
            bias=bias,
        )
        told = zip(found.taxa, found.scores, strict=True)
        return found.clade, tuple(Answer(text=taxon.scientific_name, taxon=taxon, score=score) for taxon, score in told)

    def _heat(
        self, image: Image.Image, vector: Floats, prediction: Prediction, *, rival: Answer | None, bias: Bias | None
    ) -> tuple[Box, Floats | None]:
        """The part of the image that the model saw, in shares, and the map on it; None without a rival or labels."""
        part = _cut(image, prediction.box)
        left, top, right, bottom = part
        width, height = right - left, bottom - top
        preparation = self._model.preparation
        inner = preparation.seen_box(width, height)
        seen = (
            (left + inner[0]) / image.width,
            (top + inner[1]) / image.height,
            (left + inner[2]) / image.width,
            (top + inner[3]) / image.height,
        )
        voices = [self._voice(vector, one, bias) for one in (prediction.answers[0], rival) if one is not None]
        if len(voices) < 2 or voices[0] is None or voices[1] is None:
            return seen, None
        pixels = preparation(image.crop(part))
        return seen, self._attribution.maps(pixels[None], (voices[0] - voices[1])[None])[0]

    def _voice(self, vector: Floats, answer: Answer, bias: Bias | None) -> Floats | None:
        rows = self._members(answer)
        return None if len(rows) == 0 else voice(vector, self._labels, rows, scale=self._scale, bias=bias)

    def _own_labels(self, answer: Answer) -> Indices:
        if self._tree is not None and answer.taxon is not None:
            return rows_of(self._tree, answer.taxon, self._rank)
        if self._places is None:
            self._places = {text: row for row, text in enumerate(self._labels.texts)}
        return np.array([self._places[answer.text]] if answer.text in self._places else [], dtype=np.int64)


def _opened(image: bytes | Path | Image.Image, *, is_cut: bool) -> Image.Image:
    """The whole image, upright; of a large JPEG no more than is shown, unless a box will be cut out of it."""
    if isinstance(image, Image.Image):
        return image if image.mode == "RGB" else to_rgb(image)
    data = read_bytes(image) if isinstance(image, Path) else image
    return decode(data, draft=None if is_cut else 2 * _SHOWN)


def _shrunk(image: Image.Image) -> Image.Image:
    shown = image.copy()
    shown.thumbnail((_SHOWN, _SHOWN))
    return shown


def _cut(image: Image.Image, box: str) -> tuple[int, int, int, int]:
    """A box "x,y,width,height" in shares as left, top, right and bottom in pixels; the whole where it is empty."""
    if not box:
        return 0, 0, image.width, image.height
    x, y, width, height = box_of(box)
    left, top = min(round(x * image.width), image.width - 1), min(round(y * image.height), image.height - 1)
    right, bottom = round((x + width) * image.width), round((y + height) * image.height)
    return left, top, min(max(right, left + 1), image.width), min(max(bottom, top + 1), image.height)
