"""Which words say what a picture could show: a linear classifier of clauses, fitted to labelled introductions.

It calls visible what tells colour, pattern, shape, texture, or the size or number of parts of an organism; not what it
is called, where and when it lives, what it does, what is inside it, or how big the whole of it is, for which a picture
has no scale. `scripts/fit_visual.py` makes its weights; docs/captions-descriptions.md says how well it does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.captions.descriptions.clauses import split_clauses
from thuja.captions.descriptions.keeping import Judge, Keep
from thuja.captions.descriptions.sentences import split_sentences
from thuja.captions.descriptions.visual_features import BUCKETS, HAND, look_at
from thuja.errors import BadFile, UsageError
from thuja.jobs import atomic_path

Span = tuple[int, int]
WEIGHTS: Final = "visual_weights.npz"
CONTEXT: Final = 0.3
"""How much a clause's score leans on its whole sentence's: "usually 28" says more after "they have pairs of legs"."""
_SUREST: Final = 1e-3
"""No probability is taken to be nearer to 0 or 1, so that a judge who says yes or no can be averaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualModel:
    """A logistic regression: a weight a bucket of words, one a feature of HAND, and a bias."""

    words: npt.NDArray[np.float64]  # (BUCKETS,)
    hand: npt.NDArray[np.float64]  # (len(HAND),)
    bias: float

    def logit(self, text: str) -> float:
        """The log odds that a text says what a picture could show."""
        buckets, hand = look_at(text)
        return float(self.words[buckets].sum() / np.sqrt(max(1, len(buckets))) + hand @ self.hand + self.bias)

    def __call__(self, texts: Sequence[str]) -> list[float]:
        """How surely each text says what a picture could show, 0 to 1: a Judge."""
        return [float(1 / (1 + np.exp(-self.logit(text)))) for text in texts]

    def save(self, path: Path, *, maker: str) -> None:
        """Write the weights, those of words as whole steps of 1/127 of the largest; `maker` says who fitted them."""
        step = float(np.abs(self.words).max()) / 127 or 1.0
        arrays = {
            "words": np.round(self.words / step).astype(np.int8),
            "step": np.float64(step),
            "hand": self.hand.astype(np.float32),
            "names": np.array(HAND),
            "bias": np.float64(self.bias),
            "maker": np.array(maker),
        }
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> "VisualModel":
        """What `save` wrote. Raises BadFile for weights of other features."""
        with np.load(path, allow_pickle=False) as arrays:
            if tuple(arrays["names"]) != HAND or arrays["words"].shape != (BUCKETS,):
                raise BadFile(f"{path} holds weights of other features", hint="run scripts/fit_visual.py")
            return cls(
                words=arrays["words"] * float(arrays["step"]),
                hand=arrays["hand"].astype(np.float64),
                bias=float(arrays["bias"]),
            )


@cache
def judge_of() -> Judge:
    """The classifier that comes with thuja."""
    return VisualModel.load(Path(str(files("thuja.captions.descriptions") / WEIGHTS)))


def keep_visible(judge: Judge | None = None, *, threshold: float = 0.5, context: float = CONTEXT) -> Keep:
    """Keeps the clauses that the judge gives `threshold` or more, each run of them in its source's words.

    The judge is asked once for all texts. With a `context` of 0 it is asked for clauses only, not for whole sentences.

    >>> keep_visible()(["It is a moth found in Chile. The forewings are grey with brown spots and it flies in May."])
    [['The forewings are grey with brown spots.']]
    """
    if not 0 <= threshold <= 1 or not 0 <= context < 1:
        raise UsageError(f"a threshold and a context are from 0 to 1, got {threshold} and {context}")
    judge = judge or judge_of()

    def keep(texts: Sequence[str]) -> list[list[str]]:
        parted = [split_sentences(text) for text in texts]
        spans = [[split_clauses(sentence) for sentence in sentences] for sentences in parted]
        scores = iter(_scores(parted, spans, judge, context=context))
        kept: list[list[str]] = []
        for sentences, of_text in zip(parted, spans, strict=True):
            kept.append([])
            for sentence, clauses in zip(sentences, of_text, strict=True):
                kept[-1] += _runs(sentence, clauses, [next(scores) >= threshold for _ in clauses])
        return kept

    return keep


def _scores(
    parted: Sequence[Sequence[str]],
    spans: Sequence[Sequence[Sequence[Span]]],
    judge: Judge,
    *,
    context: float,
) -> list[float]:
    """A score a clause, of all texts in a row."""
    sentences = [sentence for text in parted for sentence in text]
    clauses = [part for text in spans for part in text]
    flat = [sentence[a:b] for sentence, part in zip(sentences, clauses, strict=True) for a, b in part]
    if not flat:
        return []
    several = [sentence for sentence, part in zip(sentences, clauses, strict=True) if context and len(part) > 1]
    odds = _log_odds(judge([*flat, *several]))
    own = odds[: len(flat)]
    of_sentence = dict(zip(several, odds[len(flat) :], strict=True))
    leaning = [of_sentence.get(sentence, np.nan) for sentence in sentences]
    whole = np.repeat(leaning, [len(part) for part in clauses])
    mixed = np.where(np.isnan(whole), own, (1 - context) * own + context * whole)
    return [float(score) for score in 1 / (1 + np.exp(-mixed))]


def _log_odds(scores: Sequence[float]) -> npt.NDArray[np.float64]:
    p = np.clip(np.array(scores, np.float64), _SUREST, 1 - _SUREST)
    odds: npt.NDArray[np.float64] = np.log(p / (1 - p))
    return odds


def _runs(sentence: str, clauses: Sequence[Span], keeps: Sequence[bool]) -> list[str]:
    """The kept clauses of a sentence; neighbours stay together."""
    runs: list[list[int]] = []
    for number, is_kept in enumerate(keeps):
        if is_kept and runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        elif is_kept:
            runs.append([number])
    return [_whole(sentence[clauses[run[0]][0] : clauses[run[-1]][1]]) for run in runs]


def _whole(words: str) -> str:
    """A run of clauses that can stand alone: no conjunction before it, a full stop after it."""
    for conjunction in ("and ", "or ", "but ", "while ", "whereas ", "although ", "though "):
        words = words.removeprefix(conjunction)
    words = words.strip(" ,;:")
    return words if words.endswith((".", "!", "?", '."', ".)")) else f"{words}."
