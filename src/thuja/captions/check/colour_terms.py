"""The eleven basic colour terms of English, and which of them one colour may be called by two people."""

from collections.abc import Set
from typing import Final

BASIC: Final = ("black", "white", "gray", "brown", "red", "orange", "yellow", "green", "blue", "purple", "pink")
"""Berlin and Kay (1969), American spelling."""

_NEIGHBOURS: Final = (
    ("black", "gray"),
    ("black", "brown"),
    ("white", "gray"),
    ("white", "yellow"),
    ("white", "pink"),
    ("gray", "brown"),
    ("gray", "blue"),
    ("gray", "green"),
    ("gray", "purple"),
    ("brown", "red"),
    ("brown", "orange"),
    ("brown", "yellow"),
    ("brown", "purple"),
    ("red", "orange"),
    ("red", "pink"),
    ("red", "purple"),
    ("orange", "yellow"),
    ("orange", "pink"),
    ("yellow", "green"),
    ("green", "blue"),
    ("blue", "purple"),
    ("purple", "pink"),
)
"""Colours that share a border, between which names of one and the same shade waver."""
_NEAR: Final = frozenset({frozenset(pair) for pair in _NEIGHBOURS})


def are_near(one: str, other: str) -> bool:
    """Whether two basic colours are the same or share a border."""
    return one == other or frozenset((one, other)) in _NEAR


def may_be_one(some: Set[str], others: Set[str]) -> bool:
    """Whether a shade that one text calls `some` may be what another calls `others`."""
    return any(are_near(one, other) for one in some for other in others)
