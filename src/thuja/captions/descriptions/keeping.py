"""Which sentences of a text are kept: all of them, or those that a judge calls visible."""

from collections.abc import Callable, Sequence

from thuja.errors import UsageError

Split = Callable[[str], Sequence[str]]
"""A text to its sentences."""

Judge = Callable[[Sequence[str]], Sequence[float]]
"""Sentences to how surely each says what a picture could show, 0 to 1."""

Keep = Callable[[Sequence[str]], Sequence[Sequence[str]]]
"""Texts to the sentences that are kept of each, in their order."""


def keep_all(split: Split) -> Keep:
    """Keeps every sentence."""
    return lambda texts: [[sentence for sentence in split(text) if sentence.strip()] for text in texts]


def keep_looks(split: Split, judge: Judge, *, threshold: float = 0.5) -> Keep:
    """Keeps the sentences that the judge gives `threshold` or more; it is asked once for all texts."""
    if not 0 <= threshold <= 1:
        raise UsageError(f"a threshold is from 0 to 1, got {threshold}", hint="0.5 keeps what is more likely visible")
    every = keep_all(split)

    def keep(texts: Sequence[str]) -> list[list[str]]:
        parted = every(texts)
        flat = [sentence for sentences in parted for sentence in sentences]
        scores = iter(judge(flat) if flat else ())
        return [
            [sentence for sentence, score in zip(sentences, scores, strict=False) if score >= threshold]
            for sentences in parted
        ]

    return keep
