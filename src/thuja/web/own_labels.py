"""Labels of one's own as vectors: each read once, in as many prompts as there is time for, and the last ones kept.

Through 80 prompts a label costs as much as 80 texts. A core reads sixty of these a second through the text tower of a
ViT-L, so that 30 labels cost it 38 seconds, and 60 are what an answer may take.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.encode import encode_texts
from thuja.labels import LabelSpace, require_distinct
from thuja.model import TextConfig
from thuja.phrasing import FEW_PROMPTS
from thuja.predict.predictor import Predictor
from thuja.predict.remarks import Remark

Vector = npt.NDArray[np.float32]

PLAIN: Final = ("a photo of a {}.",)
"""What is left where even few prompts are too many."""
_WORK: Final = 2e12
"""Operations that a set of labels may take on a CPU: half a minute of one core."""
_LETTERS, _AROUND = 4, 4
"""Letters of a token, about, and what comes to a label's tokens in each prompt: what is before them is read once."""
_KEPT: Final = 8_192
"""Vectors of labels that are kept: 25 MB of 768 numbers each."""


class OwnLabels:
    """Reads them for one model. Not for several threads at once."""

    def __init__(self, predictor: Predictor, *, most: float) -> None:
        """`most` is how many tokens a set of labels may be, in all of its prompts: `tokens_in_time` says it."""
        self._encoder, self._most = predictor.encoder, most
        self._prompts = tuple(predictor.options.prompts)
        self._kept: OrderedDict[tuple[int, str], Vector] = OrderedDict()

    def prompts(self, texts: Sequence[str]) -> tuple[str, ...]:
        """The prompts that labels are put into: as many as there is time for."""
        longest = self._encoder.model.config.text.context_length
        tokens = sum(min(longest, len(text) // _LETTERS + _AROUND) for text in texts)
        choices = [self._prompts, *(few for few in (FEW_PROMPTS, PLAIN) if len(few) < len(self._prompts))]
        return next((some for some in choices if tokens * len(some) <= self._most), choices[-1])

    def told(self, texts: Sequence[str]) -> tuple[Remark, ...]:
        """What is said of labels that are not read in all prompts."""
        distinct = require_distinct(texts) if texts else []
        used, all_ = len(self.prompts(distinct)), len(self._prompts)
        if used == all_:
            return ()
        few = "one prompt" if used == 1 else f"{used} prompts"
        said = f"{len(distinct):,} own labels were read in {few} of {all_}, to answer in time"
        return (Remark(said, "thuja predict takes all"),)

    def labels(self, texts: Sequence[str]) -> LabelSpace:
        """The label space of these texts; raises what `require_distinct` raises."""
        distinct = require_distinct(texts)
        prompts = self.prompts(distinct)
        model = self._encoder.model
        found: dict[str, Vector] = {}
        missing: list[str] = []
        for text in distinct:
            key = (len(prompts), text)
            if key in self._kept:
                self._kept.move_to_end(key)
                found[text] = self._kept[key]
            else:
                missing.append(text)
        if missing:
            found |= zip(missing, encode_texts(model, missing, prompts=prompts), strict=True)
            self._kept.update({(len(prompts), text): found[text] for text in missing})
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return LabelSpace(texts=distinct, vectors=np.stack([found[text] for text in distinct]), model=model.id)


def tokens_in_time(tower: TextConfig, *, device: str) -> float:
    """How many tokens a text tower reads in the time that there is; on an accelerator there is time for all."""
    weights = (4 + 2 * tower.mlp_ratio) * tower.layers * tower.width**2
    return _WORK / (2 * weights) if device == "cpu" else float("inf")
