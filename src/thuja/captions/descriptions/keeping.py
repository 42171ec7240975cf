"""What keeps sentences of a text, and what judges them; `visual.keep_visible` keeps what a picture could show."""

from collections.abc import Callable, Sequence

Split = Callable[[str], Sequence[str]]
"""A text to its sentences."""

Judge = Callable[[Sequence[str]], Sequence[float]]
"""Sentences to how surely each says what a picture could show, 0 to 1."""

Keep = Callable[[Sequence[str]], Sequence[Sequence[str]]]
"""Texts to the sentences that are kept of each, in their order."""


def keep_all(split: Split) -> Keep:
    """Keeps every sentence."""
    return lambda texts: [[sentence for sentence in split(text) if sentence.strip()] for text in texts]
