"""The classes of a task: what they are called, what a prompt says, which taxon and species each is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, ThujaError
from thuja.taxonomy import RANKS, Taxon

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """C classes by name, and what is known of each; what is not known of any is left empty.

    `texts` stand in the prompts; without them nothing can be asked by text. `taxa` may be finer or coarser than the
    classes. `species` is what images are drawn by in a bootstrap, where several classes are one species (its sexes
    and ages); it is the taxon where there are taxa, and else the class.
    """

    names: tuple[str, ...]
    texts: tuple[str, ...] = ()
    taxa: tuple[Taxon, ...] = ()
    species: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, values in (("texts", self.texts), ("taxa", self.taxa), ("species", self.species)):
            if values and len(values) != len(self.names):
                raise ThujaError(f"expected {len(self.names)} {what}, one a class, got {len(values)}")
        if len(self.names) < 2:
            what = f'one class only, "{self.names[0]}"' if self.names else "no class"
            raise EmptyInput(f"there is {what}, and nothing to tell apart", hint="a task needs two classes or more")

    def __len__(self) -> int:
        return len(self.names)

    def merged(self) -> tuple["Classes", Indices]:
        """Those of equal text (or name) made one, and which of them each class is: (C,).

        Case and runs of blanks are no difference: no tokenizer of these models sees them.
        """
        place: dict[str, int] = {}
        keys = [" ".join(text.split()).casefold() for text in self.texts or self.names]
        group = np.array([place.setdefault(key, len(place)) for key in keys], dtype=np.int64)
        _, first = np.unique(group, return_index=True)
        return self._select(first.tolist()), group

    def clusters(self) -> Indices:
        """The number of each class's species: (C,)."""
        return _numbers(self.species or [taxon.names for taxon in self.taxa] or self.names)

    def groups(self) -> tuple[str, ...]:
        """The species of each class; where none is told, the name of the first class of the same taxon: (C,)."""
        if self.species:
            return self.species
        clusters = self.clusters()
        _, first = np.unique(clusters, return_index=True)
        return tuple(self.names[row] for row in first[clusters].tolist())

    def levels(self) -> dict[str, Indices]:
        """For each rank that parts the classes, the taxon of each class there, or -1: (C,).

        Without taxa the one level is the species, where classes are parts of it.
        """
        if not self.taxa:
            return {"species": _numbers(self.species)} if len(set(self.species)) > 1 else {}
        levels = {}
        for rank in RANKS:
            at = [taxon.at(rank).names if taxon[rank] else None for taxon in self.taxa]
            if len({names for names in at if names}) > 1:
                levels[rank.label] = _numbers(at)
        return levels

    def _select(self, rows: Sequence[int]) -> "Classes":
        def some(values: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(values[row] for row in rows) if values else ()

        return Classes(names=some(self.names), texts=some(self.texts), taxa=some(self.taxa), species=some(self.species))


def _numbers(keys: Sequence[Any]) -> Indices:
    """A number for each distinct key, by first appearance; None is -1."""
    place: dict[Any, int] = {}
    return np.array([-1 if key is None else place.setdefault(key, len(place)) for key in keys], dtype=np.int64)
