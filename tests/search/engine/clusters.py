"""Vectors in clusters, as those of organisms are."""

import numpy as np

from thuja.search.engine.building import CodeSettings

SMALL = CodeSettings(least_rows=100, lists=16, rounds=3)
DIM = 24


def clustered(rows: int, seed: int, dim: int = DIM) -> np.ndarray:
    """Unit vectors (rows, dim) around forty centres, neighbours in a row as a lineage's are."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(40, dim))
    vectors = centres[np.sort(generator.integers(40, size=rows))] + 0.7 * generator.normal(size=(rows, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
