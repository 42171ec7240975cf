"""Images around prototypes, with what is known of them."""

import numpy as np

from thuja.analyze.space import Prototypes, Space
from thuja.taxonomy import Taxon


def units(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def prototypes_of(count: int, width: int, seed: int = 0) -> np.ndarray:
    return units(np.random.default_rng(seed).standard_normal((count, width)))


def confusable(count: int, width: int, seed: int = 0) -> np.ndarray:
    """Prototypes some .5 apart, as near as a soft-max at a temperature of .01 can confuse."""
    return units(np.eye(width)[0] + 0.4 * prototypes_of(count, width, seed=seed))


def complement_of(prototypes: np.ndarray) -> np.ndarray:
    """An orthonormal basis (D, k) of what is at right angles to every prototype."""
    full = np.linalg.svd(prototypes)[2]
    return full[np.linalg.matrix_rank(prototypes) :].T


def taxa_of(count: int) -> list[Taxon]:
    """A tree of two species a genus, two genera a family, two families an order."""
    return [
        Taxon(
            kingdom="Animalia", phylum="Chordata", class_="Aves", order=f"O{row // 8}", family=f"F{row // 4}",
            genus=f"G{row // 2}", species=f"s{row}",
        )
        for row in range(count)
    ]  # fmt: skip


def space_of(
    prototypes: np.ndarray, *, each: int, spread: float, gap: np.ndarray | None = None, seed: int = 1
) -> Space:
    """Images of length one around each prototype, all moved by `gap` (D,)."""
    generator = np.random.default_rng(seed)
    count, width = prototypes.shape
    moved = prototypes + (0 if gap is None else gap)
    images = np.repeat(moved, each, axis=0) + spread * generator.standard_normal((count * each, width))
    taxa = taxa_of(count)
    return Space(
        vectors=units(images),
        taxa=[taxon for taxon in taxa for _ in range(each)],
        prototypes=Prototypes(taxa=taxa, vectors=prototypes),
    )
