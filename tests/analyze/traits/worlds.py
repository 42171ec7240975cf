"""Spaces whose answer is known: vectors that carry the tree, with or without a variable that knows no tree."""

from dataclasses import dataclass

import numpy as np

from thuja.analyze import Space
from thuja.analyze.ancestry import equal_steps, grafen
from thuja.analyze.traits import SpeciesTrait
from thuja.biosphere.signal import Ancestry
from thuja.taxonomy import Taxon


def taxonomy(generator: np.random.Generator, *, orders: int = 8) -> list[Taxon]:
    """A few dozen species of uneven orders, families and genera."""
    found = []
    for order in range(orders):
        for family in range(1 + int(generator.integers(3))):
            for genus in range(1 + int(generator.integers(2))):
                for species in range(1 + int(generator.integers(3))):
                    names = ["K", "P", f"C{order // 3}", f"O{order}", f"F{order}{family}", f"G{order}{family}{genus}"]
                    found.append(Taxon.from_names([*names, f"s{species}"]))
    return found


def along_tree(
    ancestry: Ancestry, lambda_: float, width: int, generator: np.random.Generator
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Brownian motion for `lambda_` of the variance and white noise for the rest (S, width)."""
    noise = generator.standard_normal((2, len(ancestry.covariance), width))
    brownian = ancestry.axes @ (np.sqrt(ancestry.variances)[:, None] * noise[0])
    return np.asarray(np.sqrt(lambda_) * brownian + np.sqrt(1 - lambda_) * noise[1])


@dataclass(frozen=True, kw_only=True)
class World:
    """S species, their ancestry by the branch lengths that are true here, and vectors (S, D) that carry it."""

    taxa: list[Taxon]
    ancestry: Ancestry
    vectors: np.ndarray

    @classmethod
    def make(
        cls, generator: np.random.Generator, *, orders: int = 8, width: int = 16, is_grafen: bool = True
    ) -> "World":
        taxa = taxonomy(generator, orders=orders)
        ancestry = Ancestry.from_covariance(grafen(taxa) if is_grafen else equal_steps(taxa))
        return cls(taxa=taxa, ancestry=ancestry, vectors=along_tree(ancestry, 1.0, width, generator))

    def trait(self, values: np.ndarray, names: tuple[str, ...] = ()) -> SpeciesTrait:
        return SpeciesTrait(
            species=np.arange(len(self.taxa)), taxa=self.taxa, values=np.asarray(values, dtype=np.float64), names=names
        )

    def space(
        self, generator: np.random.Generator, *, vectors: np.ndarray | None = None, images: int = 3, **columns: list
    ) -> Space:
        """So many images a species, each its species' vector and a little noise; columns are by species."""
        rows = np.repeat(np.arange(len(self.taxa)), images)
        own = self.vectors if vectors is None else vectors
        return Space(
            vectors=own[rows] + 0.1 * generator.standard_normal((len(rows), own.shape[1])),
            taxa=[self.taxa[row] for row in rows],
            columns={name: [column[row] for row in rows] for name, column in columns.items()},
        )
