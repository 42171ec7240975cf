"""What an embedding space has learnt: of the tree, between species, within them, and against controls."""

from thuja.analyze.finding import Figure, Finding, Section, Table, Verdict, verdict_of
from thuja.analyze.phylogeny import Phylogeny
from thuja.analyze.space import Prototypes, Space

__all__ = ["Figure", "Finding", "Phylogeny", "Prototypes", "Section", "Space", "Table", "Verdict", "verdict_of"]
