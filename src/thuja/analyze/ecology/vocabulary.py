"""What a habitat and a growth form may be called here, and how several of them are put in one word.

The vocabularies and the reductions are ours.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

MIXED: Final = "mixed"
"""More than one, and none of them the main one."""
TREE_OR_SHRUB: Final = "tree_or_shrub"
"""Genera of trees and shrubs are so common that they have a word of their own; both are woody."""
HABITATS: Final = ("marine", "freshwater", "terrestrial")
GROWTH_FORMS: Final = ("tree", "shrub", "herb", "graminoid", "climber", "fern", "moss", "succulent", "aquatic")


class Trait(StrEnum):
    """What is read: where organisms live, and how plants grow."""

    HABITAT = "habitat"
    GROWTH_FORM = "growth_form"


LABELS: Final[Mapping[Trait, tuple[str, ...]]] = {Trait.HABITAT: HABITATS, Trait.GROWTH_FORM: GROWTH_FORMS}
"""Every label of a set, by trait."""
PRIMARIES: Final[Mapping[Trait, tuple[str, ...]]] = {
    Trait.HABITAT: (*HABITATS, MIXED),
    Trait.GROWTH_FORM: (*GROWTH_FORMS, TREE_OR_SHRUB, MIXED),
}
"""Every word that a set may be reduced to, by trait."""
_WOODY: Final = frozenset({"tree", "shrub"})
_SOFT: Final = frozenset({"herb", "graminoid"})


def primary_of(labels: Collection[str]) -> str:
    """One word for a set of labels: the label itself, `tree_or_shrub`, or `mixed`; empty for none.

    >>> primary_of({"shrub", "tree"}), primary_of({"marine", "freshwater"}), primary_of(set())
    ('tree_or_shrub', 'mixed', '')
    """
    if frozenset(labels) == _WOODY:
        return TREE_OR_SHRUB
    return next(iter(labels)) if len(labels) == 1 else MIXED if labels else ""


def woodiness(labels: Collection[str]) -> str:
    """`woody` for trees and shrubs, `herbaceous` for herbs and grasses, empty for anything else and for both."""
    found = frozenset(labels)
    if not found:
        return ""
    return "woody" if found <= _WOODY else "herbaceous" if found <= _SOFT else ""
